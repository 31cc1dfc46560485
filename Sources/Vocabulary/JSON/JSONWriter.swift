/// How a JSON text is laid out.
package struct JSONStyle: Equatable, Sendable {
    /// One member or element to a line, two spaces for each level.
    package var isIndented = false
    /// Keys in the order of their code points rather than as they stand.
    package var sortsKeys = false

    /// No space at all.
    package static let compact = JSONStyle()
    package static let pretty = JSONStyle(isIndented: true)
    /// Compact, and the same bytes for equal values.
    package static let sorted = JSONStyle(sortsKeys: true)

    package init(isIndented: Bool = false, sortsKeys: Bool = false) {
        self.isIndented = isIndented
        self.sortsKeys = sortsKeys
    }
}

/// Writes one JSON text.
struct JSONWriter {
    private let style: JSONStyle
    private var depth = 0
    private(set) var bytes: [UInt8] = []

    init(_ style: JSONStyle) {
        self.style = style
    }

    mutating func write(_ value: JSONValue) {
        switch value {
        case .null: write("null")
        case .bool(let value): write(value ? "true" : "false")
        case .integer(let value): write(String(value))
        case .unsigned(let value): write(String(value))
        case .double(let value): write(value.isFinite ? value.description : "null")
        case .string(let value): quote(value)
        case .array(let elements): write(elements)
        case .object(let members): write(members)
        }
    }

    private mutating func write(_ elements: [JSONValue]) {
        guard !elements.isEmpty else { return write("[]") }
        bytes.append(Byte.openBracket)
        depth += 1
        var isFirst = true
        for element in elements {
            separate(&isFirst)
            write(element)
        }
        depth -= 1
        breakLine()
        bytes.append(Byte.closeBracket)
    }

    private mutating func write(_ members: JSONObject) {
        guard !members.isEmpty else { return write("{}") }
        bytes.append(Byte.openBrace)
        depth += 1
        var isFirst = true
        if style.sortsKeys {
            for (key, value) in members.sorted(by: { $0.key < $1.key }) { write(key, value, &isFirst) }
        } else {
            for (key, value) in members { write(key, value, &isFirst) }
        }
        depth -= 1
        breakLine()
        bytes.append(Byte.closeBrace)
    }

    private mutating func write(_ key: String, _ value: JSONValue, _ isFirst: inout Bool) {
        separate(&isFirst)
        quote(key)
        bytes.append(Byte.colon)
        if style.isIndented { bytes.append(Byte.space) }
        write(value)
    }

    private mutating func separate(_ isFirst: inout Bool) {
        if !isFirst { bytes.append(Byte.comma) }
        isFirst = false
        breakLine()
    }

    private mutating func breakLine() {
        guard style.isIndented else { return }
        bytes.append(Byte.newline)
        bytes.append(contentsOf: repeatElement(Byte.space, count: depth * 2))
    }

    private mutating func write(_ text: String) {
        bytes.append(contentsOf: text.utf8)
    }

    private mutating func quote(_ text: String) {
        bytes.append(Byte.quote)
        if text.utf8.allSatisfy({ $0 >= 0x20 && $0 != Byte.quote && $0 != Byte.backslash }) {
            bytes.append(contentsOf: text.utf8)
            bytes.append(Byte.quote)
            return
        }
        for byte in text.utf8 {
            if byte >= 0x20 && byte != Byte.quote && byte != Byte.backslash {
                bytes.append(byte)
            } else {
                escape(byte)
            }
        }
        bytes.append(Byte.quote)
    }

    private mutating func escape(_ byte: UInt8) {
        bytes.append(Byte.backslash)
        switch byte {
        case Byte.quote, Byte.backslash: bytes.append(byte)
        case 0x08: bytes.append(UInt8(ascii: "b"))
        case 0x09: bytes.append(UInt8(ascii: "t"))
        case 0x0A: bytes.append(UInt8(ascii: "n"))
        case 0x0C: bytes.append(UInt8(ascii: "f"))
        case 0x0D: bytes.append(UInt8(ascii: "r"))
        default: write((byte < 16 ? "u000" : "u00") + String(byte, radix: 16))
        }
    }
}

extension JSONValue {
    /// The JSON text, in UTF-8 and without a final newline; a double that is not finite becomes `null`.
    package func encoded(_ style: JSONStyle = .compact) -> [UInt8] {
        var writer = JSONWriter(style)
        writer.write(self)
        return writer.bytes
    }
}
