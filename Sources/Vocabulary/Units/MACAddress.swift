/// The address of a network card, six bytes.
///
/// Written `02:42:ac:11:00:02`, also with dashes.
package struct MACAddress: Hashable, Sendable {
    /// In the order they are written and sent; always six.
    package let bytes: [UInt8]

    package init?(bytes: some Collection<UInt8>) {
        guard bytes.count == 6 else { return nil }
        self.bytes = Array(bytes)
    }

    /// One that belongs to no maker of cards, derived from the last bytes of an IP address: who has the address has it too.
    package init(of address: IPAddress) {
        bytes = address.family == .v4 ? [0x02, 0x42] + address.bytes : [0x02, 0x46] + address.bytes.suffix(4)
    }

    /// Reads what a person typed.
    ///
    /// - Throws: ``ParseError`` unless it is the address of one card.
    package init(parsing text: String) throws(ParseError) {
        let separator: Character = text.contains("-") ? "-" : ":"
        let parts = text.split(separator: separator, omittingEmptySubsequences: false)
        var bytes: [UInt8] = []
        for part in parts {
            guard part.utf8.count == 2, part.utf8.allSatisfy({ $0 != 43 }), let byte = UInt8(part, radix: 16) else {
                throw ParseError("MAC address", text, "not an address such as 02:42:ac:11:00:02")
            }
            bytes.append(byte)
        }
        guard bytes.count == 6 else { throw ParseError("MAC address", text, "it has six bytes") }
        guard bytes[0] & 1 == 0 else { throw ParseError("MAC address", text, "it names a group, not one card") }
        guard bytes != [0, 0, 0, 0, 0, 0] else { throw ParseError("MAC address", text, "it is all zeros") }
        self.bytes = bytes
    }
}

extension MACAddress: CustomStringConvertible {
    package var description: String {
        bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined(separator: ":")
    }
}

extension MACAddress: Codable {
    package init(from decoder: any Decoder) throws {
        try self.init(parsing: decoder.singleValueContainer().decode(String.self))
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}
