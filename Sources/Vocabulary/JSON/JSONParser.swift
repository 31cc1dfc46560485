/// Reads one JSON text.
///
/// Strict: no comment, no trailing comma, no byte order mark, UTF-8 only, at most ``deepest`` levels. One pass, one
/// level of recursion for each level of nesting, and no allocation but the values' own.
///
/// Source: RFC 8259.
struct JSONParser {
    /// Arrays and objects within each other.
    static let deepest = 512

    let bytes: [UInt8]
    var position = 0
    private var depth = 0

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
    }

    mutating func document() throws(JSONError) -> JSONValue {
        skipSpace()
        let value = try value()
        skipSpace()
        guard position == bytes.count else { throw unexpected("the end of the text") }
        return value
    }

    private mutating func value() throws(JSONError) -> JSONValue {
        switch current {
        case Byte.quote: return .string(try string())
        case Byte.openBrace: return .object(try object())
        case Byte.openBracket: return .array(try array())
        case Byte.minus, Byte.zero...Byte.nine: return try number()
        case UInt8(ascii: "t"): return try word("true", .bool(true))
        case UInt8(ascii: "f"): return try word("false", .bool(false))
        case UInt8(ascii: "n"): return try word("null", .null)
        default: throw unexpected("a value")
        }
    }

    private mutating func object() throws(JSONError) -> JSONObject {
        try descend()
        var object = JSONObject()
        skipSpace()
        while !take(Byte.closeBrace) {
            if !object.isEmpty {
                guard take(Byte.comma) else { throw unexpected("\",\" or \"}\"") }
                skipSpace()
            }
            guard current == Byte.quote else { throw unexpected("a key in quotes") }
            let key = try string()
            skipSpace()
            guard take(Byte.colon) else { throw unexpected("\":\"") }
            skipSpace()
            object[key] = try value()
            skipSpace()
        }
        depth -= 1
        return object
    }

    private mutating func array() throws(JSONError) -> [JSONValue] {
        try descend()
        var array: [JSONValue] = []
        skipSpace()
        while !take(Byte.closeBracket) {
            if !array.isEmpty {
                guard take(Byte.comma) else { throw unexpected("\",\" or \"]\"") }
                skipSpace()
            }
            array.append(try value())
            skipSpace()
        }
        depth -= 1
        return array
    }

    /// Steps over the opening bracket.
    private mutating func descend() throws(JSONError) {
        guard depth < Self.deepest else { throw unexpected("at most \(Self.deepest) levels") }
        depth += 1
        position += 1
    }

    private mutating func word(_ word: StaticString, _ value: JSONValue) throws(JSONError) -> JSONValue {
        for expected in word.description.utf8 {
            guard take(expected) else { throw unexpected(word.description) }
        }
        return value
    }
}

extension JSONParser {
    /// The byte at the position, or 0, which no rule of the grammar takes, at the end.
    var current: UInt8 {
        position < bytes.count ? bytes[position] : 0
    }

    /// Steps over `byte` if it is next.
    mutating func take(_ byte: UInt8) -> Bool {
        guard position < bytes.count, bytes[position] == byte else { return false }
        position += 1
        return true
    }

    private mutating func skipSpace() {
        if position < bytes.count, bytes[position] <= Byte.space { position = endOfSpace() }
    }

    private func endOfSpace() -> Int {
        let text = bytes.span
        var index = position
        while index < text.count {
            let byte = text[index]
            guard byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 else { break }
            index += 1
        }
        return index
    }

    /// The error that something else than `expected` stands at the position.
    func unexpected(_ expected: String) -> JSONError {
        unexpected(expected, at: position)
    }

    func unexpected(_ expected: String, at offset: Int) -> JSONError {
        let before = bytes[..<offset]
        let line = before.lazy.filter { $0 == Byte.newline }.count + 1
        let column = offset - (before.lastIndex(of: Byte.newline) ?? -1)
        return .syntax(
            expected: expected, found: found(at: offset), place: .init(offset: offset, line: line, column: column))
    }

    private func found(at offset: Int) -> String {
        guard offset < bytes.count else { return "the end of the text" }
        let byte = bytes[offset]
        if byte == Byte.quote { return "a quote" }
        if (0x20..<0x7F).contains(byte) { return "\"\(Character(Unicode.Scalar(byte)))\"" }
        return "byte 0x" + (byte < 16 ? "0" : "") + String(byte, radix: 16)
    }
}

/// The bytes that the grammar names.
enum Byte {
    static let quote = UInt8(ascii: "\"")
    static let backslash = UInt8(ascii: "\\")
    static let openBrace = UInt8(ascii: "{")
    static let closeBrace = UInt8(ascii: "}")
    static let openBracket = UInt8(ascii: "[")
    static let closeBracket = UInt8(ascii: "]")
    static let comma = UInt8(ascii: ",")
    static let colon = UInt8(ascii: ":")
    static let minus = UInt8(ascii: "-")
    static let plus = UInt8(ascii: "+")
    static let dot = UInt8(ascii: ".")
    static let zero = UInt8(ascii: "0")
    static let nine = UInt8(ascii: "9")
    static let newline = UInt8(ascii: "\n")
    static let space = UInt8(ascii: " ")
}

extension JSONValue {
    /// Reads one JSON text that fills `bytes`.
    ///
    /// - Throws: ``JSONError/syntax(expected:found:place:)`` at the first byte that breaks the grammar.
    package init(parsing bytes: [UInt8]) throws(JSONError) {
        var parser = JSONParser(bytes)
        self = try parser.document()
    }

    /// Reads one JSON text.
    ///
    /// - Throws: as ``init(parsing:)``.
    package init(parsing text: String) throws(JSONError) {
        try self.init(parsing: Array(text.utf8))
    }
}
