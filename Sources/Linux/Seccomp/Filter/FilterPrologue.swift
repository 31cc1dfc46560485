/// What runs before libseccomp's filter: answers for every call whose number is enough to know, for calls that this
/// libseccomp has no name for, and ENOSYS for calls newer than the profile.
///
/// A C library tries the newest call first and falls back when it is told ENOSYS. A profile that was written before the
/// call existed would answer EPERM instead, and the program would fail. So numbers above the highest that the profile
/// names are answered as an older kernel would. What the profile says of its own calls stays untouched.
///
/// ```
///   load arch ── is x86_64? ─ no ─► is i386? ─ no ─► … ► libseccomp's filter, which ends foreign calls
///                   │ yes               │ yes
///                   load number         load number
///                   number line         number line ──► an answer, or libseccomp's filter
///                   (x32 from bit 30 on)
/// ```
struct FilterPrologue: Hashable, Sendable {
    /// What is known about one calling convention.
    struct Section: Hashable, Sendable {
        var architecture: SeccompArchitecture
        /// For the numbers that the profile names.
        var answers: [UInt32: Answer] = [:]
        /// The highest number the profile names; `nil` leaves newer ones to the default action.
        var newestKnown: UInt32?
    }

    static let notImplemented = SeccompAction.errno(38)

    var sections: [Section]
    /// The profile's default action.
    var otherwise: SeccompAction

    var instructions: [FilterInstruction] {
        var tokens: [UInt32] = []
        for section in sections where !tokens.contains(section.architecture.auditToken) {
            tokens.append(section.architecture.auditToken)
        }
        var program: [FilterInstruction] = [.load(CallField.architecture)]
        for token in tokens {
            let line = line(sections.filter { $0.architecture.auditToken == token }).instructions
            program.append(.branch(FilterInstruction.Code.jumpIfEqual, token, whenTrue: 1))
            program.append(.skip(line.count + 1))
            program += [.load(CallField.number)] + line
        }
        for index in program.indices where program[index] == NumberLine.toLibrary {
            program[index] = .skip(program.count - index - 1)
        }
        return program
    }

    /// The numbers of one audit architecture, of which x86_64's are x32's too with a bit on top.
    private func line(_ sections: [Section]) -> NumberLine {
        var line = NumberLine()
        guard sections.contains(where: { $0.architecture.auditToken == SeccompArchitecture.x86_64.token }) else {
            for section in sections { append(section, from: 0, to: &line) }
            return line
        }
        for (architecture, start) in [(SeccompArchitecture.x86_64, UInt32(0)), (.x32, 0x4000_0000)] {
            if let section = sections.first(where: { $0.architecture == architecture }) {
                append(section, from: start, to: &line)
            } else {
                line.append(.library, from: start)
            }
        }
        return line
    }

    private func append(_ section: Section, from start: UInt32, to line: inout NumberLine) {
        let unnamed = Answer.action(otherwise)
        let newer = section.newestKnown == nil ? unnamed : .action(Self.notImplemented)
        let apart = section.architecture.numbersApart
        // Where the answer for numbers that nobody names changes.
        var background = [(start, unnamed)]
        if let newest = section.newestKnown { background.append((newest + 1, newer)) }
        if let apart { background += [(apart.lowerBound, unnamed), (apart.upperBound + 1, newer)] }
        background.sort { $0.0 < $1.0 }
        var next = background.startIndex
        var current = unnamed
        func appendBackground(upTo number: UInt32) {
            while next < background.endIndex, background[next].0 <= number {
                current = background[next].1
                line.append(current, from: background[next].0)
                next += 1
            }
        }
        for (number, answer) in section.answers.sorted(by: { $0.key < $1.key }) {
            appendBackground(upTo: number)
            line.append(answer, from: number)
            appendBackground(upTo: number + 1)
            line.append(section.answers[number + 1] ?? current, from: number + 1)
        }
        appendBackground(upTo: .max)
    }
}

extension SeccompArchitecture {
    /// Calls of its own that an architecture keeps far above the common ones: they say nothing about newness.
    var numbersApart: ClosedRange<UInt32>? {
        switch self {
        case .x32: 0x4000_0200...0x4000_0223
        case .arm: 0x000f_0001...0x000f_0006
        default: nil
        }
    }
}
