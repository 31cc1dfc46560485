/// The addresses that begin with the same bits, such as `10.1.0.0/16`.
///
/// Source: RFC 4632; RFC 4291, section 2.3.
package struct Subnet: Hashable, Sendable {
    /// The first address: all bits after the prefix are zero.
    package let base: IPAddress
    /// Bits of the prefix.
    package let length: Int

    /// The subnet of `length` bits that holds `address`.
    package init(holding address: IPAddress, length: Int) {
        precondition((0...address.family.width).contains(length), "a prefix is no longer than an address")
        self.length = length
        base = IPAddress(address.family, address.value & ~Self.hostMask(address.family, length))
    }

    /// Reads `address/length`; host bits of the address do not count.
    ///
    /// - Throws: ``ParseError`` unless both parts are there and make sense.
    package init(parsing text: String) throws(ParseError) {
        let (address, length) = try Self.interface(text)
        self.init(holding: address, length: length)
    }

    /// Reads `address/length` as an interface has it: the address stays whole.
    package static func interface(_ text: String) throws(ParseError) -> (address: IPAddress, length: Int) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2, parts[1].utf8.count <= 3, parts[1].utf8.allSatisfy({ (48...57).contains($0) }),
            let length = Int(parts[1])
        else { throw ParseError("subnet", text, "not a subnet such as 10.1.0.0/16") }
        let address = try IPAddress(parsing: String(parts[0]))
        guard length <= address.family.width else {
            throw ParseError("subnet", text, "the prefix has more than \(address.family.width) bits")
        }
        return (address, length)
    }

    private static func hostMask(_ family: IPAddress.Family, _ length: Int) -> UInt128 {
        let bits = family.width - length
        return bits == 128 ? .max : (1 << UInt128(bits)) - 1
    }

    package var family: IPAddress.Family { base.family }
    package var first: IPAddress { base }
    package var last: IPAddress { IPAddress(family, base.value | Self.hostMask(family, length)) }

    package func contains(_ address: IPAddress) -> Bool {
        address.family == family && address.value & ~Self.hostMask(family, length) == base.value
    }

    package func overlaps(_ other: Subnet) -> Bool {
        family == other.family && (contains(other.base) || other.contains(base))
    }
}

extension Subnet: CustomStringConvertible {
    package var description: String { "\(base)/\(length)" }
}

extension Subnet: Codable {
    package init(from decoder: any Decoder) throws {
        try self.init(parsing: decoder.singleValueContainer().decode(String.self))
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}
