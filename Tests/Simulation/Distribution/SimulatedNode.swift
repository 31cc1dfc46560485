internal import ImageSpec
internal import Peer
internal import Pieces

/// One node: the real peer, and a store and connections on paper.
final class SimulatedNode {
    let number: Int
    let contact: Contact
    var peer: Peer
    var isAlive = true
    /// Counts lives, so that what was meant for an earlier one is lost.
    var life: UInt32 = 0
    var begun: Instant?
    var blobs: [StoredBlob]
    /// Fetches under way: the flow, once there is one.
    var fetches: [FetchID: FetchState] = [:]
    var uploads: [UploadID: UploadState] = [:]
    var origins: [Int: OriginStream] = [:]
    var spoils = 0.0
    var lies = false
    var forges = false
    var isDiskFull = false
    var wake: Instant?
    var failure: TransferFailure?
    /// Whether the run waits for it.
    var isAwaited = false

    struct StoredBlob {
        var have: PieceSet
        /// Pieces whose bytes are not what they were.
        var damaged: PieceSet
        var isConfirmed = false
        var unpackedPieces = 0
        var unpackFree = Instant.zero
        var unpackedAt: Instant?

        init(have: PieceSet) {
            self.have = have
            damaged = PieceSet(capacity: have.capacity)
        }
    }

    struct FetchState {
        var request: Fetch
        var upload: UploadID?
        var target: Int
    }

    struct UploadState {
        var fetch: FetchID
        var to: Int
        var life: UInt32
        var blob: Int
        var piece: Int
        var flow: Int?
        var isSpoilt = false
        var proof: PieceProof?
    }

    struct OriginStream {
        var pieces: [Int]
        var flow: Int?
        var carried = 0
    }

    init(_ number: Int, contact: Contact, peer: consuming Peer, layouts: [PieceLayout]) {
        self.number = number
        self.contact = contact
        self.peer = peer
        blobs = layouts.map { StoredBlob(have: PieceSet(capacity: $0.count)) }
    }

    var isDone: Bool { blobs.allSatisfy { $0.unpackedAt != nil } }
}
