package import ImageSpec

/// The sha256 of a piece.
package struct PieceHash: Hashable, Sendable {
    package let bytes: [UInt8]

    /// - Precondition: there are 32 bytes.
    package init(_ bytes: [UInt8]) {
        precondition(bytes.count == 32, "sha256 has 32 bytes")
        self.bytes = bytes
    }
}

/// A seed's word on what a piece must hash to; it travels beside the piece, from node to node, unchanged.
///
/// Provisional until somebody has hashed the whole blob: peers store and forward the piece meanwhile, unpack it in
/// private, and show nothing. A seed whose word proves wrong is banned, those who forwarded it are not.
package struct PieceProof: Hashable, Sendable {
    /// The seed.
    package let author: PeerID
    package let hash: PieceHash
    /// The author's, over ``statement(about:of:layout:)``.
    package let signature: [UInt8]

    package init(author: PeerID, hash: PieceHash, signature: [UInt8]) {
        self.author = author
        self.hash = hash
        self.signature = signature
    }

    /// The bytes that the author signs.
    package func statement(about piece: Int, of blob: Digest, layout: PieceLayout) -> [UInt8] {
        Self.statement(author: author, hash: hash, about: piece, of: blob, layout: layout)
    }

    package static func statement(
        author: PeerID, hash: PieceHash, about piece: Int, of blob: Digest, layout: PieceLayout
    ) -> [UInt8] {
        var writer = WireWriter()
        writer.text("pouch piece 1")
        writer.digest(blob)
        writer.count(layout.length)
        writer.count(layout.pieceSize)
        writer.count(piece)
        writer.peer(author)
        writer.raw(hash.bytes)
        return writer.bytes
    }

    package func encoded() -> [UInt8] {
        var writer = WireWriter()
        encode(into: &writer)
        return writer.bytes
    }

    func encode(into writer: inout WireWriter) {
        writer.peer(author)
        writer.raw(hash.bytes)
        writer.data(signature)
    }

    init(from reader: inout WireReader) throws(WireError) {
        author = try reader.peer("author")
        hash = PieceHash(try reader.raw(32, "hash"))
        signature = try reader.data("signature", upTo: 1024)
    }

    /// Reads what ``encoded()`` wrote.
    package init(decoding bytes: [UInt8]) throws(WireError) {
        var reader = WireReader(bytes)
        try self.init(from: &reader)
        guard reader.isAtEnd else { throw WireError("proof: bytes follow it") }
    }
}

/// What is known about a blob's pieces: for each the word of some seed, or nothing yet.
package struct PieceMap: Hashable, Sendable {
    package let blob: Digest
    package let layout: PieceLayout
    package private(set) var proofs: [PieceProof?]

    package init(blob: Digest, layout: PieceLayout) {
        self.blob = blob
        self.layout = layout
        proofs = Array(repeating: nil, count: layout.count)
    }

    package subscript(_ piece: Int) -> PieceProof? {
        proofs.indices.contains(piece) ? proofs[piece] : nil
    }

    /// Takes `proof` as the word on `piece` unless there is one.
    ///
    /// Returns whether the map agrees: two seeds that name different hashes contradict each other.
    package mutating func take(_ proof: PieceProof, for piece: Int) -> Bool {
        guard proofs.indices.contains(piece) else { return false }
        guard let known = proofs[piece] else {
            proofs[piece] = proof
            return true
        }
        return known.hash == proof.hash
    }

    /// Forgets what `author` said; returns the pieces that stood on it.
    package mutating func revoke(_ author: PeerID) -> PieceSet {
        var dropped = PieceSet(capacity: layout.count)
        for (piece, proof) in proofs.enumerated() where proof?.author == author {
            dropped.insert(piece)
            proofs[piece] = nil
        }
        return dropped
    }

    /// Forgets what was said about `pieces`: whoever brings them anew may have it from another author.
    package mutating func forget(_ pieces: PieceSet) {
        pieces.forEach { if proofs.indices.contains($0) { proofs[$0] = nil } }
    }

    package var authors: Set<PeerID> { Set(proofs.compactMap(\.?.author)) }

    /// What a node keeps beside a blob that is under way, so that it goes on after a crash.
    package func encoded() -> [UInt8] {
        var writer = WireWriter()
        writer.digest(blob)
        writer.count(layout.length)
        writer.count(layout.pieceSize)
        let known = proofs.enumerated().compactMap { piece, proof in proof.map { (piece, $0) } }
        writer.count(known.count)
        for (piece, proof) in known {
            writer.count(piece)
            proof.encode(into: &writer)
        }
        return writer.bytes
    }

    package init(decoding bytes: [UInt8]) throws(WireError) {
        var reader = WireReader(bytes)
        let blob = try reader.digest()
        let length = try reader.count("length", upTo: Int(PieceLayout.longestBlob))
        let pieceSize = try reader.count("piece size", upTo: Int(PieceLayout.largestPiece))
        guard pieceSize >= Int(PieceLayout.smallestPiece), pieceSize & (pieceSize - 1) == 0 else {
            throw WireError("piece size: \(pieceSize) is no power of two that a layout has")
        }
        self.init(blob: blob, layout: PieceLayout(length: Int64(length), pieceSize: Int32(pieceSize)))
        for _ in 0..<(try reader.count("proofs", upTo: layout.count)) {
            let piece = try reader.count("piece", upTo: layout.count - 1)
            proofs[piece] = try PieceProof(from: &reader)
        }
        guard reader.isAtEnd else { throw WireError("map: bytes follow it") }
    }
}
