package import ImageSpec
package import Pieces

/// A node's part in the exchange of pieces: events and time in, effects out.
///
/// It has no clock, does no I/O and takes no lock; the same events at the same times give the same effects. One value serves all
/// blobs of a node, since they share its links. Whoever feeds it has checked identities, grants, hashes and signatures.
package struct Peer: ~Copyable {
    let configuration: PeerConfiguration
    package let me: Contact
    var random: SeededGenerator
    var swarms: [Swarm] = []
    var swarmNumbers: [Digest: Int] = [:]
    var remotes: [PeerID: Remote] = [:]
    var offers: [UInt32: OpenOffer] = [:]
    var uploads: [UploadID: Upload] = [:]
    var fetches: [FetchID: OpenFetch] = [:]
    /// Neighbours whose offers were declined because enough was under way; the longest waiting first.
    var waiting: [WaitingOffer] = []
    var unacknowledged: [Unacknowledged] = []
    var effects: [PeerEffect] = []
    var nextTicket: UInt32 = 1
    var nextFetch: UInt64 = 1
    /// How long a piece usually takes, in nanoseconds per byte; zero before the first.
    var pace = 0.0
    /// How long an offer usually waits for its request, and a piece takes from then on, in seconds; zero before the first.
    var offerWait = 0.0
    var sendTime = 0.0
    /// How many nodes the pool has: the most that took part in any blob, as the tracker said.
    package internal(set) var poolSize: Int
    var wakesAt: Instant?
    var now = Instant.zero

    /// A peer that knows nobody; `seed` decides whatever is left to chance.
    package init(_ me: Contact, _ configuration: PeerConfiguration = PeerConfiguration(), seed: UInt64) {
        self.me = me
        self.configuration = configuration
        poolSize = configuration.poolSize
        random = SeededGenerator(seed: seed)
    }

    /// Takes `event` in and says what to do about it, in this order.
    package mutating func handle(_ event: PeerEvent, at time: Instant) -> [PeerEffect] {
        now = max(now, time)
        switch event {
        case .begin(let order): begin(order)
        case .confirmed(let blob): confirmed(blob)
        case .contradicted(let blob): contradicted(blob)
        case .forget(let blob): forget(blob)
        case .awaits(let blob, let piece): if let swarm = swarmNumbers[blob] { swarms[swarm].awaited = piece }
        case .received(let envelope, let peer): receive(envelope, from: peer)
        case .unreachable(let peer): unreachable(peer)
        case .trackerReplied(let reply): trackerReplied(reply)
        case .trackerSilent(let blob): trackerSilent(blob)
        case .trackerLost: trackerLost()
        case .asked(let request): asked(request)
        case .sent(let upload, let bytes): uploadEnded(upload, bytes: bytes, whole: true)
        case .sendFailed(let upload, let bytes): uploadEnded(upload, bytes: bytes, whole: false)
        case .fetched(let fetch, let outcome): fetched(fetch, outcome)
        case .originPiece(let blob, let piece, let proof): originPiece(blob, piece, proof)
        case .originEnded(let blob, let end): originEnded(blob, end)
        case .rechecked(let blob, let damaged): rechecked(blob, damaged)
        case .diskFull(let blob): diskFull(blob)
        case .diskFailed(let blob, let reason): diskFailed(blob, reason)
        case .diskFreed: diskFreed()
        case .tick: tick()
        }
        planWake()
        defer { effects = [] }
        return effects
    }

    // MARK: What may be asked about it

    package struct Progress: Sendable, Equatable {
        package var have: PieceSet
        package var isComplete: Bool
        package var neighbours: Int
        package var underWay: Int
        package var ledger: TransferLedger
    }

    /// How far a blob is; `nil` for one that was never begun.
    package func progress(of blob: Digest) -> Progress? {
        guard let number = swarmNumbers[blob] else { return nil }
        let swarm = swarms[number]
        return Progress(
            have: swarm.have, isComplete: swarm.phase == .complete, neighbours: swarm.neighbours.count,
            underWay: fetches.values.count { $0.swarm == number }, ledger: swarm.ledger)
    }

    /// The word of a seed on a piece, which goes out beside it.
    package func proof(of piece: Int, in blob: Digest) -> PieceProof? {
        swarmNumbers[blob].flatMap { swarms[$0].map[piece] }
    }

    /// All that is known about a blob's pieces, to be kept for the next run.
    package func map(of blob: Digest) -> PieceMap? { swarmNumbers[blob].map { swarms[$0].map } }

    /// Whether this node banned `peer`.
    package func isBanned(_ peer: PeerID) -> Bool { remotes[peer]?.isBanned ?? false }

    // MARK: Life of a blob

    private mutating func begin(_ order: BlobOrder) {
        guard let number = swarmNumbers[order.blob] else {
            swarmNumbers[order.blob] = swarms.count
            swarms.append(swarm(order))
            settle(swarms.count - 1)
            announce(swarms.count - 1)
            return
        }
        swarms[number].urgency = max(swarms[number].urgency, order.urgency)
        switch swarms[number].phase {
        case .failed, .left:
            swarms[number] = swarm(order)
            settle(number)
            announce(number)
        case .fetching, .assembled, .complete, .held: break
        }
    }

    private func swarm(_ order: BlobOrder) -> Swarm {
        var swarm = Swarm(order, at: now)
        if !configuration.maySeed { swarm.discount(me.id) }
        return swarm
    }

    /// Starts the comparison of the whole when no piece is missing.
    mutating func settle(_ number: Int) {
        guard swarms[number].phase == .fetching, swarms[number].have.isFull else { return }
        // An inline blob has pieces too; the tracker may bring it whole.
        swarms[number].phase = .assembled
        closeOrigin(number)
        effects.append(.assembled(swarms[number].blob))
    }

    private mutating func confirmed(_ blob: Digest) {
        guard let number = swarmNumbers[blob] else { return }
        swarms[number].have = .all(of: swarms[number].layout.count)
        swarms[number].wanted = PieceSet(capacity: swarms[number].layout.count)
        swarms[number].phase = .complete
        cancelFetches(of: number)
        closeOrigin(number)
        announce(number)
        fillSlots()
    }

    /// The seeds' words fit the pieces but not the whole: nothing that stands on them is kept.
    private mutating func contradicted(_ blob: Digest) {
        guard let number = swarmNumbers[blob] else { return }
        let authors = swarms[number].map.authors
        swarms[number].contradictions += 1
        swarms[number].phase = .fetching
        let all = PieceSet.all(of: swarms[number].layout.count)
        for author in authors where author != me.id {
            swarms[number].tracking.contradicted.insert(author)
            swarms[number].disbelieved.insert(author)
            // With several authors one of them lied: none is believed about this blob, only a single one is banned.
            if authors.count == 1 { ban(author) }
        }
        swarms[number].map = PieceMap(blob: blob, layout: swarms[number].layout)
        dropPieces(all, of: number)
        guard swarms[number].contradictions < 3 else {
            fail(number, .contradicted)
            return
        }
        announce(number)
    }

    /// Deletes pieces and tells the neighbours that they are gone.
    mutating func dropPieces(_ pieces: PieceSet, of number: Int) {
        let gone = swarms[number].have.intersection(pieces)
        guard !gone.isEmpty else { return }
        cancelFetches(of: number)
        swarms[number].have.subtract(gone)
        swarms[number].unproven.subtract(gone)
        swarms[number].map.forget(gone)
        swarms[number].wanted = swarms[number].have.complement
        if swarms[number].phase == .assembled { swarms[number].phase = .fetching }
        effects.append(.drop(swarms[number].blob, gone))
        broadcast(.lost(gone), in: number)
    }

    /// Pieces that were damaged on this node's disk are fetched again, by and by; until then the others know.
    private mutating func rechecked(_ blob: Digest, _ damaged: PieceSet) {
        guard let number = swarmNumbers[blob] else { return }
        if damaged.isEmpty {
            for peer in swarms[number].complainants { remotes[peer]?.falseAlarms += 1 }
        }
        (swarms[number].suspects, swarms[number].complainants) = (nil, [])
        let gone = swarms[number].have.intersection(damaged)
        guard !gone.isEmpty, swarms[number].phase != .left, swarms[number].phase != .failed else { return }
        swarms[number].ledger.damaged += gone.count
        if swarms[number].phase == .complete {
            swarms[number].phase = .fetching
            swarms[number].urgency = .prewarm
            swarms[number].isSource = false
            swarms[number].lastProgress = now
        }
        dropPieces(gone, of: number)
        announce(number)
    }

    private mutating func forget(_ blob: Digest) {
        guard let number = swarmNumbers[blob], swarms[number].phase != .left else { return }
        leave(number, phase: .left)
    }

    mutating func fail(_ number: Int, _ reason: TransferFailure) {
        effects.append(.failed(swarms[number].blob, reason))
        leave(number, phase: .failed, detail: reason.description)
    }

    private mutating func leave(_ number: Int, phase: Swarm.Phase, detail: String = "") {
        cancelFetches(of: number)
        closeOrigin(number)
        broadcast(.bye, in: number)
        for neighbour in swarms[number].neighbours { withdrawOffers(to: neighbour.id, in: number) }
        swarms[number].phase = phase
        announce(number, detail: detail)
        swarms[number].neighbours = []
        swarms[number].numbers = [:]
        swarms[number].holders = Array(repeating: 0, count: swarms[number].layout.count)
        swarms[number].promises = swarms[number].holders
    }

    private mutating func diskFull(_ blob: Digest) {
        guard let number = swarmNumbers[blob], swarms[number].isActive else { return }
        cancelFetches(of: number)
        closeOrigin(number)
        swarms[number].phase = .held
        effects.append(.failed(blob, .diskFull))
        announce(number, detail: TransferFailure.diskFull.description)
    }

    private mutating func diskFailed(_ blob: Digest, _ reason: String) {
        guard let number = swarmNumbers[blob] else { return }
        switch swarms[number].phase {
        case .fetching, .assembled, .held, .complete: fail(number, .disk(reason))
        case .failed, .left: break
        }
    }

    private mutating func diskFreed() {
        for number in swarms.indices where swarms[number].phase == .held {
            swarms[number].phase = .fetching
            swarms[number].wanted = swarms[number].have.complement
            swarms[number].lastProgress = now
            settle(number)
            announce(number)
        }
    }
}
