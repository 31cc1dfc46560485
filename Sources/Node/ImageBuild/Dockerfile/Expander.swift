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

    /// Bytes of a word or of words: variables that hold one another several times grow with every line.
    package static let longestWord = 1 << 20
    package static let longestDocument = 16 << 20
    /// Braces within braces.
    package static let deepest = 64
    /// Bytes of a value in which a pattern is looked for, which takes the square of it.
    package static let longestMatched = 8192

    /// The text as one word, whatever blanks are in it.
    ///
    /// - Throws: a reason without a line number, for a quote or brace that does not end, a variable that must be set, and what grows
    ///   beyond all measure.
    package func word(_ text: some StringProtocol) throws(DockerfileError) -> String {
        var scan = Scan(self, text, limit: Self.longestWord)
        try scan.run(until: nil)
        return scan.text
    }

    /// The text as words; what an unquoted variable holds is cut at its blanks too.
    package func words(_ text: some StringProtocol) throws(DockerfileError) -> [String] {
        var scan = Scan(self, text, limit: Self.longestWord)
        try scan.run(until: nil)
        return scan.finishedWords
    }

    /// The contents of a here-document: variables are replaced, quotes stay.
    package func document(_ text: some StringProtocol) throws(DockerfileError) -> String {
        var scan = Scan(self, text, limit: Self.longestDocument)
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
    private let limit: Int
    /// How many braces are open around it.
    private let depth: Int

    init(_ expander: Expander, _ text: some StringProtocol, limit: Int, depth: Int = 0) {
        self.expander = expander
        self.limit = limit
        self.depth = depth
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

    private mutating func add(_ more: String, splits: Bool) throws(DockerfileError) {
        guard text.utf8.count + more.utf8.count <= limit else {
            throw DockerfileError(line: 0, "more than \(limit) bytes once variables are replaced")
        }
        for character in more { add(character, splits: splits) }
    }

    /// Goes on to `end`, which is taken, or to the end of the text.
    mutating func run(until end: Character?) throws(DockerfileError) {
        while let character = rest.popFirst() {
            if character == end { return }
            switch character {
            case "'": try singleQuoted()
            case "\"": try doubleQuoted()
            case "$": try add(try dollar(), splits: true)
            case expander.escape: if let next = rest.popFirst() { add(next, splits: false) }
            default: add(character, splits: true)
            }
        }
        if let end { throw DockerfileError(line: 0, "syntax error: missing '\(end)' in substitution") }
    }

    mutating func runDocument() throws(DockerfileError) {
        while let character = rest.popFirst() {
            if character == "$" {
                try add(try dollar(), splits: false)
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
                try add(try dollar(), splits: false)
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
            try checkMatched(value)
            return modifier == "#"
                ? pattern.removingPrefix(of: value ?? "", isGreedy: isGreedy)
                : pattern.removingSuffix(of: value ?? "", isGreedy: isGreedy)
        case "/":
            let isGlobal = rest.first == "/"
            if isGlobal { rest.removeFirst() }
            let pattern = ShellPattern(try raw(until: "/"))
            let replacement = try nested()
            try checkMatched(value)
            // Every character may be replaced.
            guard (value ?? "").utf8.count * replacement.utf8.count <= limit else {
                throw DockerfileError(line: 0, "more than \(limit) bytes once variables are replaced")
            }
            return pattern.replacing(in: value ?? "", with: replacement, isGlobal: isGlobal)
        default: throw DockerfileError(line: 0, "unsupported modifier (\(modifier)) in substitution")
        }
    }

    private func checkMatched(_ value: String?) throws(DockerfileError) {
        guard (value ?? "").utf8.count <= Expander.longestMatched else {
            throw DockerfileError(
                line: 0, "a value of more than \(Expander.longestMatched) bytes is too long to look for a pattern in")
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
        guard depth < Expander.deepest else {
            throw DockerfileError(line: 0, "more than \(Expander.deepest) substitutions inside one another")
        }
        var inner = Scan(expander, rest, limit: limit, depth: depth + 1)
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
                guard text.utf8.count <= limit else {
                    throw DockerfileError(line: 0, "more than \(limit) bytes once variables are replaced")
                }
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

    private func matches(_ text: ArraySlice<Character>) -> Bool {
        // The last star that was passed, to be tried again with one more character: no earlier one has to be.
        var star: (part: Int, place: Int)?
        var (part, place) = (0, text.startIndex)
        while place < text.endIndex {
            if part < parts.count, case .many = parts[part] {
                star = (part, place)
                part += 1
            } else if part < parts.count, fits(parts[part], text[place]) {
                part += 1
                place += 1
            } else if let last = star {
                star = (last.part, last.place + 1)
                (part, place) = (last.part + 1, last.place + 1)
            } else {
                return false
            }
        }
        return parts[part...].allSatisfy { if case .many = $0 { true } else { false } }
    }

    private func fits(_ part: Part, _ character: Character) -> Bool {
        switch part {
        case .literal(let wanted): wanted == character
        case .one: true
        case .many: false
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
