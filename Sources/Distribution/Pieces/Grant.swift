package import ImageSpec

/// The tracker's permission for one node to fetch some blobs from its peers, which check it without asking anybody.
///
/// Given after the node's own credentials have passed at the registry.
package struct Grant: Hashable, Sendable {
    package var node: PeerID
    package var blobs: [Digest]
    /// Seconds since 1970.
    package var expires: Int64
    /// The tracker's, over ``statement``.
    package var signature: [UInt8]

    package init(node: PeerID, blobs: [Digest], expires: Int64, signature: [UInt8] = []) {
        self.node = node
        self.blobs = blobs
        self.expires = expires
        self.signature = signature
    }

    /// The bytes that the tracker signs.
    package var statement: [UInt8] {
        var writer = WireWriter()
        writer.text("pouch grant 1")
        encodeClaims(into: &writer)
        return writer.bytes
    }

    private func encodeClaims(into writer: inout WireWriter) {
        writer.peer(node)
        writer.number(UInt64(clamping: expires))
        writer.count(blobs.count)
        for blob in blobs { writer.digest(blob) }
    }

    package func encoded() -> [UInt8] {
        var writer = WireWriter()
        encodeClaims(into: &writer)
        writer.data(signature)
        return writer.bytes
    }

    package init(decoding bytes: [UInt8]) throws(WireError) {
        var reader = WireReader(bytes)
        node = try reader.peer("node")
        expires = Int64(try reader.count("expiry"))
        blobs = []
        for _ in 0..<(try reader.count("blobs", upTo: 1024)) { blobs.append(try reader.digest()) }
        signature = try reader.data("signature", upTo: 1024)
        guard reader.isAtEnd else { throw WireError("grant: bytes follow it") }
    }

    /// Whether it lets `node` have `blob` at `seconds` since 1970; the signature is checked apart.
    package func covers(_ blob: Digest, for node: PeerID, at seconds: Int64) -> Bool {
        self.node == node && seconds < expires && blobs.contains(blob)
    }
}
