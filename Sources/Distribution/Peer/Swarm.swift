internal import ImageSpec
package import Pieces

/// One blob of one node: what it has, what is under way, and who else takes part.
struct Swarm {
    enum Phase: Equatable {
        case fetching
        /// All pieces are there, the whole is being compared with its digest.
        case assembled
        case complete
        /// The disk is full.
        case held
        case failed
        /// Nobody here wants it any more.
        case left
    }

    let blob: Digest
    let layout: PieceLayout
    var urgency: Urgency
    var phase = Phase.fetching
    var have: PieceSet
    /// Pieces without a proof: they serve this node only.
    var unproven: PieceSet
    var map: PieceMap
    /// Missing pieces that nothing is under way for.
    var wanted: PieceSet
    var neighbours: [Neighbour] = []
    var numbers: [PeerID: Int] = [:]
    /// For each piece how many neighbours have it, and how many are promised it by this node.
    var holders: [UInt16]
    var promises: [UInt16]
    /// The piece that whoever reads the blob in order waits for.
    var awaited = 0
    /// Whether this node had the blob before the others did: what it sends twice, they could have passed on.
    var isSource = false
    var origin = OriginState()
    var tracking = TrackingState()
    var ledger = TransferLedger()
    /// Pieces that neighbours said they fetch from the registry, with the time until which that is believed.
    var claims: [Int: Instant] = [:]
    var lastProgress: Instant
    var lastOffer: Instant
    /// Seeds whose word on this blob does not count.
    var disbelieved: Set<PeerID> = []
    var contradictions = 0
    /// How many pieces were asked for twice.
    var hedges = 0
    /// Pieces whose copy here is being read again, since somebody got wrong bytes, and who said so.
    var suspects: PieceSet?
    var complainants: Set<PeerID> = []

    init(_ order: BlobOrder, at now: Instant) {
        blob = order.blob
        layout = order.map.layout
        urgency = order.urgency
        let count = layout.count
        have = order.have.capacity == count ? order.have : PieceSet(capacity: count)
        if order.isComplete { have = .all(of: count) }
        map = order.map
        unproven = PieceSet(capacity: count)
        wanted = have.complement
        holders = Array(repeating: 0, count: count)
        promises = holders
        lastProgress = now
        lastOffer = now
        if order.isComplete {
            phase = .complete
            isSource = true
        }
    }

    /// Pieces that `author` vouches for serve this node only: its word does not count with others.
    mutating func discount(_ author: PeerID) {
        for piece in have.members where map[piece]?.author == author { unproven.insert(piece) }
    }

    /// What neighbours may be told of and sent.
    var shareable: PieceSet { unproven.isEmpty ? have : have.subtracting(unproven) }
    var isActive: Bool { phase == .fetching || phase == .assembled }

    /// Whether a missing piece that nothing is under way for is among `pieces`.
    func wantsAny(of pieces: PieceSet) -> Bool {
        for index in wanted.words.indices where wanted.words[index] & pieces.words[index] != 0 { return true }
        return false
    }

    mutating func add(_ neighbour: Neighbour) {
        numbers[neighbour.id] = neighbours.count
        neighbours.append(neighbour)
        neighbour.have.forEach { holders[$0] += 1 }
    }

    mutating func remove(_ id: PeerID) {
        guard let number = numbers.removeValue(forKey: id) else { return }
        let gone = neighbours[number]
        gone.have.forEach { holders[$0] -= 1 }
        for piece in gone.promised { promises[piece] -= 1 }
        let last = neighbours.count - 1
        if number != last {
            neighbours[number] = neighbours[last]
            numbers[neighbours[number].id] = number
        }
        neighbours.removeLast()
    }

    /// Notes that a neighbour has more pieces.
    mutating func learn(_ pieces: PieceSet, of number: Int) {
        guard pieces.capacity == layout.count else { return }
        pieces.forEach { piece in
            guard neighbours[number].have.insert(piece) else { return }
            holders[piece] += 1
            if neighbours[number].promised.remove(piece) != nil { promises[piece] -= 1 }
        }
        if !neighbours[number].isComplete, neighbours[number].have.isFull { neighbours[number].isComplete = true }
    }

    mutating func unlearn(_ pieces: PieceSet, of number: Int) {
        pieces.forEach { piece in
            if neighbours[number].have.remove(piece) { holders[piece] -= 1 }
        }
        neighbours[number].isComplete = neighbours[number].have.isFull
    }

    mutating func promise(_ piece: Int, to number: Int) {
        if neighbours[number].promised.insert(piece).inserted { promises[piece] += 1 }
    }

    mutating func release(_ piece: Int, of id: PeerID) {
        guard let number = numbers[id] else { return }
        if neighbours[number].promised.remove(piece) != nil { promises[piece] -= 1 }
    }
}

/// The registry's part in one blob.
struct OriginState {
    /// What is being fetched from the registry; empty when nothing is.
    var fetching = PieceSet(capacity: 0)
    var isOpen = false
    /// When a broken stream is tried again.
    var retryAt: Instant?
    var failures = 0
    /// The registry's last words, when it refused.
    var refusal: String?
    /// When this node's turn comes without a tracker.
    var turn: Instant?
}

/// The tracker's part in one blob.
struct TrackingState {
    var nextAnnouncement = Instant.zero
    var isWaiting = false
    var silences = 0
    var struck: Set<PeerID> = []
    var contradicted: Set<PeerID> = []
}

/// Where the bytes of a blob came from and went to.
package struct TransferLedger: Sendable, Equatable {
    /// For each piece the peer it came from; the node's own identity for the registry.
    package internal(set) var sources: [Int: PeerID] = [:]
    package internal(set) var sent: Int64 = 0
    package internal(set) var received: Int64 = 0
    package internal(set) var originReceived: Int64 = 0
    /// Bytes that came and were not needed, or were wrong.
    package internal(set) var wasted: Int64 = 0
    package internal(set) var stalls = 0
    package internal(set) var hedges = 0
    package internal(set) var wrongPieces = 0
    /// Pieces that this node's own disk had damaged.
    package internal(set) var damaged = 0
    package internal(set) var bans = 0
}
