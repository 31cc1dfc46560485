/// Text between an instruction and a word that ends it.
package struct Heredoc: Equatable, Sendable {
    /// The word that ends it, and the name of the file it makes.
    package var name: String
    package var content: String
    /// Variables in it are replaced, as the word was not quoted.
    package var expands = true
    /// Tabs at the beginning of its lines do not count (`<<-`).
    package var stripsTabs = false

    /// What it stands for.
    package var text: String {
        guard stripsTabs else { return content }
        return content.split(separator: "\n", omittingEmptySubsequences: false)
            .map { $0.drop { $0 == "\t" } }.joined(separator: "\n")
    }
}

/// An instruction as it is written: continued lines joined, comments gone, flags apart.
package struct WrittenInstruction: Equatable, Sendable {
    /// In capitals.
    package var keyword: String
    /// Such as `--from=build`.
    package var flags: [String] = []
    /// What follows the flags.
    package var rest = ""
    package var heredocs: [Heredoc] = []
    /// The line it begins on, counted from 1.
    package var line = 0
    /// The whole of it on one line.
    package var text = ""
}

/// Reads a Dockerfile into instructions, without knowing what they mean; pure.
///
/// Source: Dockerfile reference, "Format", "Parser directives", "Here-documents"; buildkit's parser for the corners.
package struct DockerfileReader {
    /// What continues a line and takes a character's meaning away.
    package private(set) var escape: Character = "\\"
    package private(set) var instructions: [WrittenInstruction] = []
    private var lines: [Substring]
    private var next = 0

    private static let withHeredocs: Set = ["ADD", "COPY", "RUN"]

    package init(_ source: String) throws(DockerfileError) {
        var source = Substring(source)
        if source.unicodeScalars.first == "\u{FEFF}" { source.unicodeScalars.removeFirst() }
        // A carriage return and a line feed are one Character.
        lines = source.split(omittingEmptySubsequences: false) { $0 == "\n" || $0 == "\r\n" }
        try readDirectives()
        while let instruction = try nextInstruction() { instructions.append(instruction) }
    }

    /// Reads one instruction of its own, such as an ONBUILD trigger.
    package static func one(_ text: String, escape: Character = "\\") throws(DockerfileError) -> WrittenInstruction {
        var instruction = WrittenInstruction(keyword: "")
        try Self.split(text, escape, into: &instruction)
        return instruction
    }

    // MARK: directives

    private mutating func readDirectives() throws(DockerfileError) {
        var seen: Set<String> = []
        while next < lines.count, let (name, value) = Self.directive(lines[next]) {
            guard ["check", "escape", "syntax"].contains(name) else { return }
            guard seen.insert(name).inserted else {
                throw DockerfileError(line: next + 1, "only one \(name) parser directive can be used")
            }
            if name == "escape" {
                guard value == "\\" || value == "`" else {
                    throw DockerfileError(
                        line: next + 1, "invalid ESCAPE token '\(value)' does not match ` or \\")
                }
                escape = Character(value)
            }
            next += 1
        }
    }

    private static func directive(_ line: Substring) -> (name: String, value: String)? {
        let line = line.trimmed
        guard line.hasPrefix("#"), let equals = line.firstIndex(of: "=") else { return nil }
        let name = line.dropFirst()[..<equals].trimmed
        let value = line[line.index(after: equals)...].trimmed
        guard let first = name.first, first.isASCII, first.isLetter, !value.isEmpty,
            name.allSatisfy({ $0.isASCII && ($0.isLetter || $0.isNumber) })
        else { return nil }
        return (name.lowercased(), String(value))
    }

    // MARK: lines

    private mutating func nextInstruction() throws(DockerfileError) -> WrittenInstruction? {
        while next < lines.count {
            let number = next + 1
            let first = lines[next].drop(while: \.isWhitespace)
            next += 1
            if first.isEmpty || first.hasPrefix("#") { continue }
            var (text, continues) = continued(first)
            while continues, next < lines.count {
                let line = lines[next]
                next += 1
                let start = line.drop(while: \.isWhitespace)
                if start.isEmpty || start.hasPrefix("#") { continue }
                let (more, goesOn) = continued(line)
                text += more
                continues = goesOn
            }
            if text.allSatisfy(\.isWhitespace) { continue }
            return try instruction(text, line: number)
        }
        return nil
    }

    /// The line without the character that continues it, and whether it had one.
    private func continued(_ line: Substring) -> (String, Bool) {
        var end = line
        while end.last == " " || end.last == "\t" { end.removeLast() }
        guard end.last == escape else { return (String(line), false) }
        end.removeLast()
        return end.last == escape ? (String(line), false) : (String(end), true)
    }

    private mutating func instruction(_ text: String, line: Int) throws(DockerfileError) -> WrittenInstruction {
        var instruction = WrittenInstruction(keyword: "", line: line)
        do throws(DockerfileError) {
            try Self.split(text, escape, into: &instruction)
        } catch {
            throw DockerfileError(line: line, error.reason)
        }
        let keyword =
            instruction.keyword == "ONBUILD"
            ? instruction.rest.prefix { !$0.isWhitespace }.uppercased() : instruction.keyword
        if Self.withHeredocs.contains(keyword) {
            for var heredoc in Heredoc.announced(in: instruction.rest, escape) {
                try read(&heredoc, line)
                instruction.heredocs.append(heredoc)
            }
        }
        return instruction
    }

    private mutating func read(_ heredoc: inout Heredoc, _ line: Int) throws(DockerfileError) {
        while next < lines.count {
            let line = lines[next]
            next += 1
            if (heredoc.stripsTabs ? line.drop { $0 == "\t" } : line) == heredoc.name { return }
            heredoc.content += line + "\n"
        }
        throw DockerfileError(line: line, "unterminated heredoc: no line says \(heredoc.name)")
    }

    // MARK: one line

    private static func split(_ text: String, _ escape: Character, into instruction: inout WrittenInstruction)
        throws(DockerfileError)
    {
        let line = text.trimmed
        instruction.text = String(line)
        let keyword = line.prefix { !$0.isWhitespace }
        instruction.keyword = keyword.uppercased()
        var rest = line[keyword.endIndex...].trimmed
        while rest.hasPrefix("--") {
            let (word, after) = try Self.flag(rest, escape)
            rest = after.trimmed
            if word == "--" { break }
            instruction.flags.append(word)
        }
        instruction.rest = String(rest)
    }

    /// The first word, where quotes keep blanks in it, and what follows.
    private static func flag(_ text: Substring, _ escape: Character) throws(DockerfileError) -> (String, Substring) {
        var word = ""
        var quote: Character?
        var rest = text
        while let character = rest.first {
            if quote == nil, character.isWhitespace { break }
            rest.removeFirst()
            if character == escape, quote != "'", let next = rest.popFirst() {
                word.append(next)
            } else if character == quote {
                quote = nil
            } else if quote == nil, character == "\"" || character == "'" {
                quote = character
            } else {
                word.append(character)
            }
        }
        if quote != nil { throw DockerfileError(line: 0, "a quote in \(text) does not end") }
        return (word, rest)
    }
}

extension Heredoc {
    /// Those that a line begins, without their contents.
    static func announced(in text: String, _ escape: Character) -> [Heredoc] {
        WordSplitter(escape: escape).words(text).compactMap { Heredoc(word: $0) }
    }

    /// Reads `<<NAME`, `<<-NAME` or `<<"NAME"`, with a descriptor's number before it or not; nil for other words.
    init?(word: String) {
        var rest = word.drop { $0.isASCII && $0.isNumber }
        guard rest.hasPrefix("<<") else { return nil }
        rest = rest.dropFirst(2)
        stripsTabs = rest.hasPrefix("-")
        if stripsTabs { rest = rest.dropFirst() }
        guard !rest.isEmpty, !rest.contains("<") else { return nil }
        let bare = rest.filter { $0 != "\"" && $0 != "'" }
        guard !bare.isEmpty, !bare.contains(where: \.isWhitespace) else { return nil }
        expands = bare.count == rest.count
        name = String(bare)
        content = ""
    }
}

extension StringProtocol {
    /// Without blanks at either end.
    var trimmed: SubSequence {
        let start = self[(firstIndex { !$0.isWhitespace } ?? endIndex)...]
        guard let last = start.lastIndex(where: { !$0.isWhitespace }) else { return start }
        return start[...last]
    }
}
