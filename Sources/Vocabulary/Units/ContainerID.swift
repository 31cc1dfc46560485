/// The id of a container: 64 lower-case hexadecimal digits.
package struct ContainerID: Hashable, Sendable {
    package let text: String

    /// Reads a whole id.
    ///
    /// - Throws: ``ParseError`` unless `text` is exactly such digits.
    package init(parsing text: String) throws(ParseError) {
        guard text.utf8.count == 64, text.utf8.allSatisfy(Self.isDigit) else {
            throw ParseError("container id", text, "64 lower-case hexadecimal digits")
        }
        self.text = text
    }

    /// An id that nothing else in the world has.
    ///
    /// Its short form is never a number, so that it cannot be mistaken for one.
    package static func random() -> ContainerID {
        var kernel = SystemRandomNumberGenerator()  // getrandom(2)
        return random(using: &kernel)
    }

    package static func random(using source: inout some RandomNumberGenerator) -> ContainerID {
        while true {
            let id = ContainerID(words: (0..<4).map { _ in source.next() })
            if id.short.utf8.contains(where: { $0 >= UInt8(ascii: "a") }) { return id }
        }
    }

    private init(words: [UInt64]) {
        text = words.map { word in
            let digits = String(word, radix: 16)
            return String(repeating: "0", count: 16 - digits.count) + digits
        }.joined()
    }

    /// The first twelve digits.
    package var short: String { String(text.prefix(12)) }

    private static func isDigit(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(byte)
    }
}

extension ContainerID: CustomStringConvertible, Codable {
    package var description: String { text }

    package init(from decoder: any Decoder) throws {
        try self.init(parsing: decoder.singleValueContainer().decode(String.self))
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(text)
    }
}
