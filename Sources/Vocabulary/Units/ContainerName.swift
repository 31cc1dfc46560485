/// The name of a container, volume or network: a letter or digit, then letters, digits, `_`, `.` or `-`, two
/// characters at least.
///
/// Source: moby, `daemon/names`.
package struct ContainerName: Hashable, Sendable {
    package let text: String

    /// Reads a name; one slash before it, as Docker's API writes names, does not count.
    ///
    /// - Throws: ``ParseError``.
    package init(parsing text: String) throws(ParseError) {
        let name = text.hasPrefix("/") ? String(text.dropFirst()) : text
        guard name.utf8.count >= 2, name.utf8.count <= 255, let first = name.utf8.first, Self.isAlphanumeric(first),
            name.utf8.allSatisfy({ Self.isAlphanumeric($0) || "_.-".utf8.contains($0) })
        else { throw ParseError("name", text, "only [a-zA-Z0-9][a-zA-Z0-9_.-]+ is allowed") }
        self.text = name
    }

    /// A name that keeps the rule by the way in which it is made.
    init(checked text: String) {
        self.text = text
    }

    private static func isAlphanumeric(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
            || (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte)
    }
}

extension ContainerName: CustomStringConvertible, Codable {
    package var description: String { text }

    package init(from decoder: any Decoder) throws {
        try self.init(parsing: decoder.singleValueContainer().decode(String.self))
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(text)
    }
}
