package import Units

/// Subnets for networks that name none.
package enum SubnetChoice {
    /// Docker's own candidates: 172.17 to 172.31 by /16, then 192.168 by /20.
    static let candidates: [Subnet] =
        (17...31).map { Subnet(holding: IPAddress(v4: 172 << 24 | UInt32($0) << 16), length: 16) }
        + (0..<16).map { Subnet(holding: IPAddress(v4: 192 << 24 | 168 << 16 | UInt32($0) << 12), length: 20) }

    /// The first candidate that collides with nothing in `taken`: routes and addresses of this machine, other networks.
    package static func v4(avoiding taken: [Subnet]) -> Subnet? {
        candidates.first { candidate in
            // A default route covers everything and says nothing.
            !taken.contains { $0.length > 0 && $0.overlaps(candidate) }
        }
    }

    /// A unique local /64 that follows from `seed`, 48 random bits.
    ///
    /// Source: RFC 4193, section 3.
    package static func v6(seed: UInt64) -> Subnet {
        let prefix = UInt128(0xfd) << 120 | UInt128(seed & 0xff_ffff_ffff) << 80 | UInt128(seed >> 40 & 0xff) << 64
        return Subnet(holding: IPAddress(.v6, prefix), length: 64)
    }
}
