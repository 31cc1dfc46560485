/// Replaces variables and takes quotes away, as a shell would; pure.
///
/// Source: Dockerfile reference, "Environment replacement".
package struct Expander {
    /// Takes the meaning of the next character away.
    package var escape: Character = "\\"
    /// What a variable holds; nil when there is none.
    package var value: (String) -> String?

    package init(escape: Character = "\\", value: @escaping (String) -> String?) {
        self.escape = escape
        self.value = value
    }

    /// The text as one word, whatever blanks are in it.
    ///
    /// - Throws: a reason without a line number, for a quote or brace that does not end, or a variable that must be set.
    package func word(_ text: some StringProtocol) throws(DockerfileError) -> String {
        var scan = Scan(self, text)
        try scan.run(until: nil)
        return scan.text
    }

    /// The text as words; what an unquoted variable holds is cut at its blanks too.
    package func words(_ text: some StringProtocol) throws(DockerfileError) -> [String] {
        var scan = Scan(self, text)
        try scan.run(until: nil)
        return scan.finishedWords
    }

    /// The contents of a here-document: variables are replaced, quotes stay.
    package func document(_ text: some StringProtocol) throws(DockerfileError) -> String {
        var scan = Scan(self, text)
        try scan.runDocument()
        return scan.text
    }
}

/// One pass over a text.
private struct Scan {
    let expander: Expander
    private var rest: Substring
    private(set) var text = ""
    private var words: [String] = []
    private var word = ""
    private var isInWord = false

    init(_ expander: Expander, _ text: some StringProtocol) {
        self.expander = expander
        rest = Substring(text)
    }

    var finishedWords: [String] { isInWord ? words + [word] : words }

    private mutating func add(_ character: Character, splits: Bool) {
        text.append(character)
        if splits, character.isWhitespace {
            if isInWord { words.append(word) }
            (word, isInWord) = ("", false)
        } else {
            word.append(character)
            isInWord = true
        }
    }

    private mutating func add(_ more: String, splits: Bool) {
        for character in more { add(character, splits: splits) }
    }

    /// Goes on to `end`, which is taken, or to the end of the text.
    mutating func run(until end: Character?) throws(DockerfileError) {
        while let character = rest.popFirst() {
            if character == end { return }
            switch character {
            case "'": try singleQuoted()
            case "\"": try doubleQuoted()
            case "$": add(try dollar(), splits: true)
            case expander.escape: if let next = rest.popFirst() { add(next, splits: false) }
            default: add(character, splits: true)
            }
        }
        if let end { throw DockerfileError(line: 0, "syntax error: missing '\(end)' in substitution") }
    }

    mutating func runDocument() throws(DockerfileError) {
        while let character = rest.popFirst() {
            if character == "$" {
                add(try dollar(), splits: false)
            } else if character == expander.escape, let next = rest.first, next == "$" || next == expander.escape {
                add(rest.removeFirst(), splits: false)
            } else {
                add(character, splits: false)
            }
        }
    }

    private mutating func singleQuoted() throws(DockerfileError) {
        isInWord = true
        while let character = rest.popFirst() {
            if character == "'" { return }
            add(character, splits: false)
        }
        throw DockerfileError(line: 0, "unexpected end of statement while looking for matching single-quote")
    }

    private mutating func doubleQuoted() throws(DockerfileError) {
        isInWord = true
        while let character = rest.popFirst() {
            if character == "\"" { return }
            if character == "$" {
                add(try dollar(), splits: false)
            } else if character == expander.escape, let next = rest.first,
                next == "\"" || next == "$" || next == expander.escape
            {
                add(rest.removeFirst(), splits: false)
            } else {
                add(character, splits: false)
            }
        }
        throw DockerfileError(line: 0, "unexpected end of statement while looking for matching double-quote")
    }

    // MARK: variables

    private mutating func dollar() throws(DockerfileError) -> String {
        guard rest.first == "{" else {
            let name = self.name()
            return name.isEmpty ? "$" : expander.value(name) ?? ""
        }
        rest.removeFirst()
        let name = self.name()
        guard !name.isEmpty else { throw DockerfileError(line: 0, "bad substitution: ${\(rest.prefix(10))") }
        guard let modifier = rest.popFirst() else {
            throw DockerfileError(line: 0, "syntax error: missing '}' in substitution")
        }
        let value = expander.value(name)
        switch modifier {
        case "}": return value ?? ""
        case ":":
            guard let kind = rest.popFirst(), "-+?".contains(kind) else {
                throw DockerfileError(line: 0, "unsupported modifier (:\(rest.prefix(1))) in substitution")
            }
            return try choose(kind, name, value.flatMap { $0.isEmpty ? nil : $0 })
        case "-", "+", "?": return try choose(modifier, name, value)
        case "#", "%":
            let isGreedy = rest.first == modifier
            if isGreedy { rest.removeFirst() }
            let pattern = ShellPattern(try raw(until: "}"))
            return modifier == "#"
                ? pattern.removingPrefix(of: value ?? "", isGreedy: isGreedy)
                : pattern.removingSuffix(of: value ?? "", isGreedy: isGreedy)
        case "/":
            let isGlobal = rest.first == "/"
            if isGlobal { rest.removeFirst() }
            let pattern = ShellPattern(try raw(until: "/"))
            let replacement = try nested()
            return pattern.replacing(in: value ?? "", with: replacement, isGlobal: isGlobal)
        default: throw DockerfileError(line: 0, "unsupported modifier (\(modifier)) in substitution")
        }
    }

    private mutating func choose(_ kind: Character, _ name: String, _ value: String?) throws(DockerfileError) -> String
    {
        let other = try nested()
        switch kind {
        case "-": return value ?? other
        case "+": return value == nil ? "" : other
        default:
            if let value { return value }
            throw DockerfileError(line: 0, "\(name): \(other.isEmpty ? "is not allowed to be unset" : other)")
        }
    }

    /// What stands before the closing brace, replaced in its turn.
    private mutating func nested() throws(DockerfileError) -> String {
        var inner = Scan(expander, rest)
        try inner.run(until: "}")
        rest = inner.rest
        return inner.text
    }

    /// What stands before `end`, with escapes kept for the pattern and variables replaced.
    private mutating func raw(until end: Character) throws(DockerfileError) -> String {
        var text = ""
        while let character = rest.popFirst() {
            if character == end { return text }
            if character == "$" {
                text += try dollar()
            } else {
                text.append(character)
                if character == expander.escape, let next = rest.popFirst() { text.append(next) }
            }
        }
        throw DockerfileError(line: 0, "syntax error: missing '\(end)' in substitution")
    }

    private mutating func name() -> String {
        guard let first = rest.first else { return "" }
        if first.isASCII, first.isLetter || first == "_" {
            let name = rest.prefix { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_") }
            rest = rest[name.endIndex...]
            return String(name)
        }
        if first.isASCII, first.isNumber {
            let name = rest.prefix { $0.isASCII && $0.isNumber }
            rest = rest[name.endIndex...]
            return String(name)
        }
        guard "@*#".contains(first) else { return "" }
        rest.removeFirst()
        return String(first)
    }
}

/// A shell's pattern inside a substitution: `*`, `?` and the backslash.
private struct ShellPattern {
    private enum Part {
        case literal(Character)
        case one
        case many
    }

    private var parts: [Part] = []

    init(_ text: String) {
        var rest = Substring(text)
        while let character = rest.popFirst() {
            switch character {
            case "*": if case .many? = parts.last {} else { parts.append(.many) }
            case "?": parts.append(.one)
            case "\\": parts.append(.literal(rest.popFirst() ?? "\\"))
            default: parts.append(.literal(character))
            }
        }
    }

    private func matches(_ text: ArraySlice<Character>) -> Bool { Self.matches(parts[...], text) }

    private static func matches(_ parts: ArraySlice<Part>, _ text: ArraySlice<Character>) -> Bool {
        guard let first = parts.first else { return text.isEmpty }
        switch first {
        case .literal(let wanted): return text.first == wanted && matches(parts.dropFirst(), text.dropFirst())
        case .one: return !text.isEmpty && matches(parts.dropFirst(), text.dropFirst())
        case .many: return (0...text.count).contains { matches(parts.dropFirst(), text.dropFirst($0)) }
        }
    }

    func removingPrefix(of value: String, isGreedy: Bool) -> String {
        let text = Array(value)
        let lengths = isGreedy ? Array((0...text.count).reversed()) : Array(0...text.count)
        guard let length = lengths.first(where: { matches(text[..<$0]) }) else { return value }
        return String(text[length...])
    }

    func removingSuffix(of value: String, isGreedy: Bool) -> String {
        let text = Array(value)
        let starts = isGreedy ? Array(0...text.count) : Array((0...text.count).reversed())
        guard let start = starts.first(where: { matches(text[$0...]) }) else { return value }
        return String(text[..<start])
    }

    func replacing(in value: String, with replacement: String, isGlobal: Bool) -> String {
        let text = Array(value)
        var result = ""
        var place = 0
        while place < text.count {
            let end = stride(from: text.count, to: place, by: -1).first { matches(text[place..<$0]) }
            guard let end else {
                result.append(text[place])
                place += 1
                continue
            }
            result += replacement
            place = end
            if !isGlobal { break }
        }
        return result + String(text[place...])
    }
}
