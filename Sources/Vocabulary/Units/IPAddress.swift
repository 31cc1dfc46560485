/// An address of the Internet protocol, version 4 or 6.
///
/// Written `10.0.0.1` or `2001:db8::1`; shown in the one form that RFC 5952 recommends.
///
/// Source: RFC 4291, section 2.2; RFC 5952.
package struct IPAddress: Hashable, Sendable {
    package enum Family: String, Sendable {
        case v4
        case v6

        /// Bits of an address.
        package var width: Int { self == .v4 ? 32 : 128 }
    }

    package let family: Family
    /// The address as a number; version 4 in the low 32 bits.
    package let value: UInt128

    package init(_ family: Family, _ value: UInt128) {
        self.family = family
        self.value = family == .v4 ? value & 0xffff_ffff : value
    }

    package init(v4 value: UInt32) { self.init(.v4, UInt128(value)) }

    /// 4 or 16 bytes in network order.
    package init?(bytes: some Collection<UInt8>) {
        guard bytes.count == 4 || bytes.count == 16 else { return nil }
        self.init(bytes.count == 4 ? .v4 : .v6, bytes.reduce(0) { $0 << 8 | UInt128($1) })
    }

    /// In network order.
    package var bytes: [UInt8] {
        stride(from: family.width - 8, through: 0, by: -8).map { UInt8(truncatingIfNeeded: value >> UInt128($0)) }
    }

    /// Reads what a person typed.
    ///
    /// - Throws: ``ParseError`` unless it is an address without prefix, port or zone.
    package init(parsing text: String) throws(ParseError) {
        if let value = Self.v4(text[...]) {
            self.init(.v4, UInt128(value))
        } else if let value = Self.v6(text) {
            self.init(.v6, value)
        } else {
            throw ParseError("IP address", text, "not an address such as 10.0.0.1 or 2001:db8::1")
        }
    }

    private static func v4(_ text: Substring) -> UInt32? {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 4 else { return nil }
        var value: UInt32 = 0
        for part in parts {
            // A leading zero means octal to some readers and nothing to others: neither is guessed.
            guard part.utf8.count <= 3, part == "0" || !part.hasPrefix("0"),
                part.utf8.allSatisfy({ (48...57).contains($0) }), let byte = UInt8(part)
            else { return nil }
            value = value << 8 | UInt32(byte)
        }
        return value
    }

    private static func v6(_ text: String) -> UInt128? {
        let halves = gapSplit(text)
        guard let head = groups(halves.head, mayEndInV4: halves.tail == nil) else { return nil }
        guard let tailText = halves.tail else {
            return head.count == 8 ? head.reduce(0) { $0 << 16 | UInt128($1) } : nil
        }
        guard let tail = groups(tailText, mayEndInV4: true), head.count + tail.count < 8 else { return nil }
        let all = head + Array(repeating: 0, count: 8 - head.count - tail.count) + tail
        return all.reduce(0) { $0 << 16 | UInt128($1) }
    }

    /// What stands before and after the first `::`.
    private static func gapSplit(_ text: String) -> (head: Substring, tail: Substring?) {
        let bytes = text.utf8
        var index = bytes.startIndex
        while index != bytes.endIndex {
            let next = bytes.index(after: index)
            if next != bytes.endIndex, bytes[index] == 58, bytes[next] == 58 {
                return (text[..<index], text[bytes.index(after: next)...])
            }
            index = next
        }
        return (text[...], nil)
    }

    private static func groups(_ text: Substring, mayEndInV4: Bool) -> [UInt16]? {
        guard !text.isEmpty else { return [] }
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        var result: [UInt16] = []
        for (index, part) in parts.enumerated() {
            if mayEndInV4, index == parts.count - 1, part.contains(".") {
                guard let value = v4(part) else { return nil }
                result += [UInt16(value >> 16), UInt16(value & 0xffff)]
                continue
            }
            guard (1...4).contains(part.utf8.count), part.utf8.allSatisfy(isHexDigit),
                let group = UInt16(part, radix: 16)
            else { return nil }
            result.append(group)
        }
        return result.count <= 8 ? result : nil
    }

    private static func isHexDigit(_ byte: UInt8) -> Bool {
        (48...57).contains(byte) || (97...102).contains(byte | 32)
    }

    /// In 127.0.0.0/8, or ::1.
    package var isLoopback: Bool { family == .v4 ? value >> 24 == 127 : value == 1 }
    /// In 224.0.0.0/4 or ff00::/8.
    package var isMulticast: Bool { family == .v4 ? value >> 28 == 0xe : value >> 120 == 0xff }
    package var isUnspecified: Bool { value == 0 }
    /// In 169.254.0.0/16 or fe80::/10.
    package var isLinkLocal: Bool { family == .v4 ? value >> 16 == 0xa9fe : value >> 118 == 0x3fa }

    /// The address that a card makes up for itself on its link (EUI-64).
    ///
    /// Source: RFC 4291, appendix A.
    package static func linkLocal(of mac: MACAddress) -> IPAddress {
        let card = mac.bytes
        let lower = [card[0] ^ 2, card[1], card[2], 0xff, 0xfe, card[3], card[4], card[5]]
        return IPAddress(.v6, lower.reduce(UInt128(0xfe80) << 48) { $0 << 8 | UInt128($1) })
    }
}

extension IPAddress: CustomStringConvertible {
    package var description: String {
        guard family == .v6 else { return bytes.map(String.init).joined(separator: ".") }
        let groups = stride(from: 112, through: 0, by: -16).map { UInt16(truncatingIfNeeded: value >> UInt128($0)) }
        guard let gap = Self.longestZeros(groups) else { return Self.joined(groups[...]) }
        return Self.joined(groups[..<gap.lowerBound]) + "::" + Self.joined(groups[gap.upperBound...])
    }

    private static func joined(_ groups: ArraySlice<UInt16>) -> String {
        groups.map { String($0, radix: 16) }.joined(separator: ":")
    }

    /// The first of the longest runs of two zeros or more.
    private static func longestZeros(_ groups: [UInt16]) -> Range<Int>? {
        var best = 0..<1
        var start = 0
        for index in 0...groups.count where index == groups.count || groups[index] != 0 {
            if index - start > best.count { best = start..<index }
            start = index + 1
        }
        return best.count > 1 ? best : nil
    }
}

extension IPAddress: Comparable {
    /// Version 4 before version 6, then by number.
    package static func < (left: IPAddress, right: IPAddress) -> Bool {
        left.family == right.family ? left.value < right.value : left.family == .v4
    }
}

extension IPAddress: Codable {
    package init(from decoder: any Decoder) throws {
        try self.init(parsing: decoder.singleValueContainer().decode(String.self))
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}
