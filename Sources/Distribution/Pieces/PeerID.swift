/// Who a node is, whatever its address: the first eight bytes of the hash of its certificate's public key.
///
/// An address may be given to another node; an identity may not. The shells compare it with the certificate of every
/// connection, so what arrives at the machines under an identity is that node's word.
package struct PeerID: Hashable, Comparable, Sendable {
    package let raw: UInt64

    package init(_ raw: UInt64) {
        self.raw = raw
    }

    package static func < (left: PeerID, right: PeerID) -> Bool { left.raw < right.raw }
}

extension PeerID: CustomStringConvertible {
    /// Sixteen hexadecimal digits.
    package var description: String {
        let digits = String(raw, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }

    /// Reads what ``description`` wrote.
    package init?(_ text: String) {
        guard text.utf8.count == 16, let raw = UInt64(text, radix: 16) else { return nil }
        self.init(raw)
    }
}

/// Where a node stands and how it is reached.
package struct Contact: Hashable, Sendable {
    package var id: PeerID
    /// Host and port of its piece server.
    package var address: String
    /// Empty where the pool has no zones, or no racks.
    package var zone: String
    package var rack: String

    package init(id: PeerID, address: String, zone: String = "", rack: String = "") {
        self.id = id
        self.address = address
        self.zone = zone
        self.rack = rack
    }
}
