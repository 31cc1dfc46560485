package import ImageSpec
package import Pieces

/// Something that happened, told to the peer.
package enum PeerEvent: Sendable {
    /// Somebody wants the blob; asking again only raises the urgency.
    case begin(BlobOrder)
    /// The blob that was assembled has its digest.
    case confirmed(Digest)
    /// Every piece matched its proof, the whole does not have its digest: a seed lied.
    case contradicted(Digest)
    /// The blob is not wanted any more, or was evicted.
    case forget(Digest)
    /// Whoever reads the blob in order waits for this piece next; what lies before it is unpacked.
    case awaits(Digest, piece: Int)

    case received(PeerEnvelope, from: PeerID)
    /// No connection to this peer can be made, or the one there was broke.
    case unreachable(PeerID)
    case trackerReplied(TrackerReply)
    /// The announcement was not answered.
    case trackerSilent(Digest)
    /// The connection to the tracker broke: it may have forgotten everything.
    case trackerLost

    /// A peer, whose grant was checked, requests a piece; answered by one of ``PeerEffect/serve(_:)`` and
    /// ``PeerEffect/refuse(_:_:)``, perhaps a little later.
    case asked(UploadRequest)
    /// The upload was sent whole.
    case sent(UploadID, bytes: Int64)
    /// It broke off after so many bytes, or was aborted.
    case sendFailed(UploadID, bytes: Int64)

    case fetched(FetchID, FetchOutcome)
    /// A piece came from the registry and is stored; the proof is this node's own, `nil` when it may not seed.
    case originPiece(Digest, piece: Int, PieceProof?)
    case originEnded(Digest, OriginEnd)

    /// What ``PeerEffect/recheck(_:_:)`` asked for: pieces that do not match their proofs any more; empty when all do.
    case rechecked(Digest, damaged: PieceSet)

    /// The disk took no more of this blob.
    case diskFull(Digest)
    /// The disk refused this blob for another reason, in its words; trying again at once would not help.
    case diskFailed(Digest, String)
    /// There is space again.
    case diskFreed
    /// Nothing happened, but the time that ``PeerEffect/wake(_:)`` named has come.
    case tick
}

/// What the peer wants done.
package enum PeerEffect: Sendable, Equatable {
    /// How a peer is reached; comes before the first effect that names it.
    case meet(Contact)
    case send(PeerEnvelope, to: PeerID)
    /// Request the piece, check it against its proof before a byte is stored, say ``PeerEvent/fetched(_:_:)``.
    case fetch(Fetch)
    /// Not needed any more; nothing is to be said about it.
    case cancelFetch(FetchID)
    case serve(UploadID)
    case refuse(UploadID, Refusal)
    /// The receiver is too slow; ends with ``PeerEvent/sendFailed(_:bytes:)``.
    case abortUpload(UploadID)
    /// To the tracker; a shell that has a complete inline blob adds its bytes.
    case announce(Announcement)
    /// Fetch these pieces from the registry, in order; sign and store each as it comes.
    case openOrigin(Digest, PieceSet)
    case closeOrigin(Digest)
    /// All pieces are there: compare the whole with its digest, say `confirmed` or `contradicted`.
    case assembled(Digest)
    /// The whole blob, from the tracker; compare it with the digest, say `confirmed` or `contradicted`.
    case takeInline(Digest, [UInt8])
    /// Somebody got wrong bytes from here: read these pieces again, and if one is damaged all others too, then say
    /// ``PeerEvent/rechecked(_:damaged:)``.
    case recheck(Digest, PieceSet)
    /// These pieces stood on a word that is revoked, or are damaged: delete them.
    case drop(Digest, PieceSet)
    /// It ends without the blob.
    case failed(Digest, TransferFailure)
    /// Say `tick` then, unless something was said since; the latest one counts.
    case wake(Instant)
}

/// A blob that somebody wants.
package struct BlobOrder: Sendable {
    package var blob: Digest
    /// In bytes; as the manifest states it.
    package var length: Int64
    package var urgency: Urgency
    /// What an earlier run left: the pieces that are stored and match their proofs.
    package var have: PieceSet
    /// Their proofs, and others that are known.
    package var map: PieceMap
    /// Whether the whole blob is stored and has its digest already: it is only offered to others.
    package var isComplete: Bool

    package init(blob: Digest, length: Int64, urgency: Urgency = .foreground) {
        self.blob = blob
        self.length = length
        self.urgency = urgency
        let layout = PieceLayout(length: length)
        have = PieceSet(capacity: layout.count)
        map = PieceMap(blob: blob, layout: layout)
        isComplete = false
    }
}

/// A download of one piece; the peer's own number.
package struct FetchID: Hashable, Sendable {
    package let raw: UInt64

    package init(_ raw: UInt64) {
        self.raw = raw
    }
}

/// An upload of one piece; the shell's own number.
package struct UploadID: Hashable, Sendable {
    package let raw: UInt64

    package init(_ raw: UInt64) {
        self.raw = raw
    }
}

package struct Fetch: Hashable, Sendable {
    package var id: FetchID
    package var blob: Digest
    package var piece: Int
    package var from: PeerID
    /// The offer that it takes; `nil` for a request that nobody invited, which the other may refuse as busy.
    package var ticket: UInt32?
}

package struct UploadRequest: Hashable, Sendable {
    package var id: UploadID
    package var by: PeerID
    package var blob: Digest
    package var piece: Int
    package var ticket: UInt32?

    package init(id: UploadID, by: PeerID, blob: Digest, piece: Int, ticket: UInt32?) {
        self.id = id
        self.by = by
        self.blob = blob
        self.piece = piece
        self.ticket = ticket
    }
}

package enum FetchOutcome: Sendable, Equatable {
    /// The bytes match the proof, the proof's signature is a seed's, the piece is stored.
    case verified(PieceProof)
    /// Bytes or signature do not match: nothing was stored.
    case wrong
    /// The peer does not have the piece.
    case absent
    /// It has no slot free.
    case busy
    /// The connection broke, or it answered with something else.
    case failed
}

package enum Refusal: Sendable, Equatable {
    /// No such blob or piece here: a clean 404.
    case absent
    /// No slot is free: 503.
    case busy
    /// The sender is banned: 403.
    case banned
}

package enum OriginEnd: Sendable, Equatable {
    /// All that was asked for came.
    case done
    /// It broke off; the registry said when to come back, or did not.
    case interrupted(after: Span?)
    /// It does not have the blob, or not for this node.
    case refused(String)
}

/// Why a blob does not come.
package enum TransferFailure: Error, Sendable, Equatable {
    /// Neither a peer nor the registry gives it; the registry's words.
    case refused(String)
    case diskFull
    /// This node's disk refused it; in its words.
    case disk(String)
    /// Seeds contradicted each other, or the digest, too often.
    case contradicted
}

extension TransferFailure: CustomStringConvertible {
    package var description: String {
        switch self {
        case .refused(let reason): reason
        case .disk(let reason): "the disk of the content store: \(reason)"
        case .diskFull: "no space left on the disk of the content store"
        case .contradicted: "no seed's piece hashes lead to a blob with this digest"
        }
    }
}
