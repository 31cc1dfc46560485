/// One way in that a registry offers with a 401.
///
/// Source: RFC 7235, section 2.1; distribution, "Token Authentication Specification".
struct Challenge: Equatable, Sendable {
    /// In lower case, such as `bearer`.
    var scheme: String
    /// Names in lower case.
    var parameters: [String: String]

    /// Every challenge of one `WWW-Authenticate` field; what cannot be read is left out.
    static func parse(_ field: String) -> [Challenge] {
        var parser = Parser(rest: Array(field.utf8)[...])
        var found: [Challenge] = []
        while let word = parser.token() {
            // A word before "=" is a parameter of the challenge at hand; any other word begins one.
            if parser.take(UInt8(ascii: "=")) {
                guard let value = parser.value(), !found.isEmpty else { continue }
                found[found.count - 1].parameters[word.lowercased()] = value
            } else {
                found.append(Challenge(scheme: word.lowercased(), parameters: [:]))
            }
        }
        return found
    }

    private struct Parser {
        var rest: ArraySlice<UInt8>

        /// The next word; commas and blanks before it are skipped, and whatever cannot begin a word.
        mutating func token() -> String? {
            rest = rest.drop { !Self.isToken($0) }
            let word = rest.prefix(while: Self.isToken)
            guard !word.isEmpty else { return nil }
            rest = rest[word.endIndex...]
            return String(decoding: word, as: UTF8.self)
        }

        mutating func take(_ byte: UInt8) -> Bool {
            let after = rest.drop { $0 == 32 || $0 == 9 }
            guard after.first == byte else { return false }
            rest = after.dropFirst()
            return true
        }

        /// A word or a quoted string; nil when the quotes are not closed.
        mutating func value() -> String? {
            guard take(UInt8(ascii: "\"")) else { return token() ?? "" }
            var bytes: [UInt8] = []
            while let byte = rest.popFirst() {
                if byte == UInt8(ascii: "\"") { return String(decoding: bytes, as: UTF8.self) }
                if byte == UInt8(ascii: "\\"), let escaped = rest.popFirst() {
                    bytes.append(escaped)
                } else {
                    bytes.append(byte)
                }
            }
            return nil
        }

        private static func isToken(_ byte: UInt8) -> Bool {
            switch byte {
            case 48...57, 65...90, 97...122: true
            default: "!#$%&'*+-.^_`|~/:".utf8.contains(byte)
            }
        }
    }
}
