/// The parameters behind a path's question mark.
package struct QueryItems: Equatable, Sendable {
    private var items: [(name: String, value: String)] = []

    package init(_ text: String?) {
        for pair in text?.split(separator: "&") ?? [] {
            let halves = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            let value = halves.count == 2 ? Self.unescaped(Self.withSpaces(halves[1])) : ""
            items.append((Self.unescaped(halves[0]), value))
        }
    }

    /// The first value; nil when there is none.
    package subscript(name: String) -> String? { items.first { $0.name == name }?.value }

    package func all(_ name: String) -> [String] { items.filter { $0.name == name }.map(\.value) }

    package static func == (left: QueryItems, right: QueryItems) -> Bool {
        left.items.elementsEqual(right.items) { $0 == $1 }
    }

    private static func withSpaces(_ text: Substring) -> Substring {
        text.contains("+") ? Substring(text.map { $0 == "+" ? " " : String($0) }.joined()) : text
    }

    /// Undoes percent signs; what is no escape stays as it is.
    package static func unescaped(_ text: some StringProtocol) -> String {
        guard text.utf8.contains(UInt8(ascii: "%")) else { return String(text) }
        var bytes: [UInt8] = []
        var rest = Array(text.utf8)[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%"), let high = digit(rest.first), let low = digit(rest.dropFirst().first)
            else {
                bytes.append(byte)
                continue
            }
            bytes.append(high << 4 | low)
            rest = rest.dropFirst(2)
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Makes `text` fit for the value of a parameter.
    package static func escaped(_ text: String) -> String {
        var escaped = ""
        for byte in text.utf8 {
            let isPlain =
                (48...57).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte)
                || [45, 46, 95, 126].contains(byte)
            let digits = String(byte, radix: 16, uppercase: true)
            escaped += isPlain ? String(UnicodeScalar(byte)) : "%" + (digits.utf8.count == 1 ? "0" : "") + digits
        }
        return escaped
    }

    private static func digit(_ byte: UInt8?) -> UInt8? {
        switch byte {
        case .some(let byte) where (48...57).contains(byte): byte - 48
        case .some(let byte) where (97...102).contains(byte): byte - 87
        case .some(let byte) where (65...70).contains(byte): byte - 55
        default: nil
        }
    }
}
