/// One thing that a user can ask for: its flags, its operands and the work.
///
/// Made empty, filled by ``FlagParser`` and ``take(_:)``, then run once.
protocol Verb {
    /// How it is called and what it is for.
    static var usage: Usage { get }
    static var flags: [Flag<Self>] { get }

    init()

    /// Takes the words that are no flags; their number fits ``Usage/operands``.
    mutating func take(_ operands: [String]) throws(UsageError)
    func run(_ session: Session) throws(Failure)
}

extension Verb {
    static var flags: [Flag<Self>] { [] }
    mutating func take(_ operands: [String]) throws(UsageError) {}
}

/// How a verb is called.
struct Usage {
    /// As it stands on the command line.
    let name: String
    /// The operands as help shows them, such as `CONTAINER [CONTAINER...]`.
    var synopsis = ""
    let summary: String
    /// How many operands it takes.
    var operands: ClosedRange<Int> = 0...0
    /// Everything from the first operand on belongs to the container's command.
    var stopsAtOperand = false
    /// What the shell offers for operands.
    var completes = Completes.nothing

    /// Any number from `least` on.
    static func atLeast(_ least: Int) -> ClosedRange<Int> { least...Int.max }
}

/// The commands that `pouch` knows, as a tree.
enum Command {
    case verb(any Verb.Type, aliases: [String] = [])
    /// A word with commands below it, such as `container`.
    case group(String, summary: String, [Command])

    var name: String {
        switch self {
        case .verb(let type, _): type.usage.name
        case .group(let name, _, _): name
        }
    }

    var summary: String {
        switch self {
        case .verb(let type, _): type.usage.summary
        case .group(_, let summary, _): summary
        }
    }

    func answers(to word: String) -> Bool {
        if case .verb(_, let aliases) = self, aliases.contains(word) { return true }
        return name == word
    }
}

extension Verb {
    /// Fills a verb from the words after its name.
    static func parsed(_ words: ArraySlice<String>) throws(UsageError) -> Self {
        var verb = Self()
        let parser = FlagParser(flags: flags, stopsAtOperand: usage.stopsAtOperand)
        let operands = try parser.parse(words, into: &verb)
        guard usage.operands.contains(operands.count) else { throw .operands(operandComplaint(operands.count)) }
        try verb.take(operands)
        return verb
    }

    private static func operandComplaint(_ count: Int) -> String {
        let (least, most) = (usage.operands.lowerBound, usage.operands.upperBound)
        func counted(_ number: Int) -> String { "\(number) argument\(number == 1 ? "" : "s")" }
        if most == 0 { return "'pouch \(usage.name)' accepts no arguments" }
        if least == most { return "'pouch \(usage.name)' requires \(counted(least))" }
        if count < least { return "'pouch \(usage.name)' requires at least \(counted(least))" }
        return "'pouch \(usage.name)' requires at most \(counted(most))"
    }
}
