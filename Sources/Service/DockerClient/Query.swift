/// The part of a request's target after `?`, percent-encoded as it grows.
package struct Query: Sendable, ExpressibleByDictionaryLiteral {
    package private(set) var text = ""

    package init() {}

    package init(dictionaryLiteral elements: (String, String)...) {
        for (name, value) in elements { add(name, value) }
    }

    /// Appends `name=value`; the same name may stand several times.
    package mutating func add(_ name: String, _ value: String) {
        text += text.isEmpty ? "?" : "&"
        text += Self.encoded(name)
        text += "="
        text += Self.encoded(value)
    }

    /// Appends `name=value` when there is a value.
    package mutating func add(_ name: String, _ value: String?) {
        if let value { add(name, value) }
    }

    /// Appends `name=1` when `value` is true.
    package mutating func add(_ name: String, _ value: Bool) {
        if value { add(name, "1") }
    }

    /// Replaces every byte outside RFC 3986's unreserved set by `%XX`.
    package static func encoded(_ text: String) -> String {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.utf8.count)
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
                UInt8(ascii: "~"):
                bytes.append(byte)
            default:
                bytes.append(UInt8(ascii: "%"))
                bytes.append(hexadecimal(byte >> 4))
                bytes.append(hexadecimal(byte & 15))
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    private static func hexadecimal(_ digit: UInt8) -> UInt8 {
        digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "A") + digit - 10
    }
}
