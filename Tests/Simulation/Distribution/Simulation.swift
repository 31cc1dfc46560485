internal import Glibc
internal import ImageSpec
internal import Peer
internal import Pieces
internal import Tracker

/// A pool in virtual time: the real peers and the real tracker, over links, stores and a registry on paper.
///
/// Everything follows from the scenario and its seed, so a run that failed can be told again.
package final class Simulation {
    enum Payload {
        case event(node: Int, life: UInt32, PeerEvent)
        case wake(node: Int, life: UInt32)
        case request(UploadID, target: Int, by: Int)
        case flowEnd(flow: Int, version: UInt32)
        case announced(Announcement, node: Int, life: UInt32)
        case trackerTick
        case unpacked(node: Int, life: UInt32, blob: Int)
        case begin(node: Int)
        case fault(Int)
    }

    enum FlowOwner {
        case upload(node: Int, UploadID)
        case origin(node: Int, blob: Int)
    }

    let scenario: Scenario
    let digests: [Digest]
    let layouts: [PieceLayout]
    let hashes: [[PieceHash]]
    var blobNumbers: [Digest: Int] = [:]
    var nodes: [SimulatedNode] = []
    var numbers: [PeerID: Int] = [:]
    var queue = EventQueue<Payload>()
    var links: Links
    var owners: [FlowOwner?] = []
    var tracker: TrackerHouse?
    var random: SeededGenerator
    var now = Instant.zero
    var nextUpload: UInt64 = 1
    var registryIsUp = true
    var refusesAll = false
    var refused: Set<Int> = []
    var breaksAfter: Int?
    var outcome = Outcome()
    /// Pieces that all living nodes want, and have.
    var wantedPieces = 0
    var gainedPieces = 0
    var waitingFaults: [(share: Double, fault: Int)] = []
    var originBytes: Int64 = 0
    var unfinished = 0
    var registry: Int { scenario.nodes }

    /// Holds the tracker, which cannot be copied.
    final class TrackerHouse {
        var tracker: Tracker
        init(_ tracker: consuming Tracker) { self.tracker = tracker }
    }

    package init(_ scenario: Scenario) {
        self.scenario = scenario
        random = SeededGenerator(seed: scenario.seed)
        layouts = scenario.blobs.map { PieceLayout(length: $0) }
        digests = scenario.blobs.indices.map { blob in
            Digest(hash: (0..<32).map { UInt8(truncatingIfNeeded: blob &* 31 &+ $0) })
        }
        hashes = layouts.enumerated().map { blob, layout in
            (0..<layout.count).map { Self.hash(blob: blob, piece: $0, forged: false) }
        }
        links = Links(
            up: Array(repeating: scenario.upload, count: scenario.nodes) + [scenario.registryRate],
            down: Array(repeating: scenario.download, count: scenario.nodes + 1))
        for (blob, digest) in digests.enumerated() { blobNumbers[digest] = blob }
        for number in 0..<scenario.nodes { nodes.append(makeNode(number)) }
        if scenario.hasTracker { startTracker() }
    }

    static func hash(blob: Int, piece: Int, forged: Bool) -> PieceHash {
        var bytes = [UInt8](repeating: forged ? 1 : 0, count: 32)
        for index in 0..<8 { bytes[index] = UInt8(truncatingIfNeeded: piece >> (index * 8)) }
        bytes[8] = UInt8(truncatingIfNeeded: blob)
        return PieceHash(bytes)
    }

    private func makeNode(_ number: Int) -> SimulatedNode {
        let id = PeerID(SeededGenerator.mixed(UInt64(number + 1) &* 0x9E37_79B9))
        numbers[id] = number
        let contact = Contact(
            id: id, address: "n\(number)", rack: scenario.racks > 1 ? "r\(number % scenario.racks)" : "")
        return SimulatedNode(number, contact: contact, peer: makePeer(contact, life: 0), layouts: layouts)
    }

    /// With the size of the pool that an earlier life wrote down.
    func makePeer(_ contact: Contact, life: UInt32, poolSize: Int? = nil) -> Peer {
        var configuration = scenario.peer
        if let poolSize { configuration.poolSize = poolSize }
        return Peer(contact, configuration, seed: contact.id.raw ^ scenario.seed ^ UInt64(life))
    }

    func startTracker() {
        tracker = TrackerHouse(Tracker(scenario.tracker, seed: scenario.seed &+ 7, at: now))
    }

    // MARK: Running

    package func run() -> Outcome {
        for (index, fault) in scenario.faults.enumerated() {
            switch fault.when {
            case .at(let time): queue.push(.fault(index), at: .zero + time)
            case .progress(let share): waitingFaults.append((share, index))
            }
        }
        let pieces = layouts.reduce(0) { $0 + $1.count }
        for node in nodes {
            let delay = scenario.arrival * (Double(random.below(1000)) / 1000)
            let isComplete = scenario.complete.contains(node.number)
            queue.push(.begin(node: node.number), at: isComplete ? .zero : .zero + .milliseconds(20) + delay)
            if !isComplete {
                wantedPieces += pieces
                recount(node)
            }
        }
        while unfinished > 0 || hasPendingFaults, let (time, payload) = queue.pop() {
            guard time - .zero <= scenario.limit else { break }
            now = time
            handle(payload)
            if !waitingFaults.isEmpty { checkProgressFaults() }
        }
        return conclude()
    }

    private var hasPendingFaults: Bool {
        scenario.faults.contains {
            guard case .at(let time) = $0.when, .zero + time > now else { return false }
            if case .revive = $0.what { return true }
            if case .freeDisk = $0.what { return true }
            return false
        }
    }

    private func checkProgressFaults() {
        let share = Double(gainedPieces) / Double(max(wantedPieces, 1))
        for fault in waitingFaults where fault.share <= share { queue.push(.fault(fault.fault), at: now) }
        waitingFaults.removeAll { $0.share <= share }
    }

    private func handle(_ payload: Payload) {
        switch payload {
        case .event(let node, let life, let event):
            guard isCurrent(node, life) else { return }
            tell(node, event)
        case .wake(let node, let life):
            guard isCurrent(node, life), nodes[node].wake.map({ $0 <= now }) ?? false else { return }
            nodes[node].wake = nil
            tell(node, .tick)
        case .request(let upload, let target, let by): arrive(upload, at: target, by: by)
        case .flowEnd(let flow, let version): if links.isCurrent(flow, version) { flowEnded(flow) }
        case .announced(let announcement, let node, let life): announced(announcement, node: node, life: life)
        case .trackerTick: break
        case .unpacked(let node, let life, let blob):
            guard isCurrent(node, life), nodes[node].blobs[blob].unpackedAt == nil else { return }
            nodes[node].blobs[blob].unpackedAt = now
            if nodes[node].isDone { finished(node) }
        case .begin(let node): begin(node)
        case .fault(let index): inflict(scenario.faults[index].what)
        }
    }

    func isCurrent(_ node: Int, _ life: UInt32) -> Bool { nodes[node].isAlive && nodes[node].life == life }

    /// Gives an event to a node's peer and does what it says.
    func tell(_ number: Int, _ event: PeerEvent) {
        let node = nodes[number]
        for effect in node.peer.handle(event, at: now) { perform(effect, of: node) }
    }

    /// The same a little later.
    func tellLater(_ number: Int, _ event: PeerEvent, after delay: Span) {
        queue.push(.event(node: number, life: nodes[number].life, event), at: now + delay)
    }

    func begin(_ number: Int) {
        let node = nodes[number]
        guard node.isAlive else { return }
        if node.begun == nil { node.begun = now }
        for blob in layouts.indices {
            var order = BlobOrder(blob: digests[blob], length: layouts[blob].length)
            if scenario.complete.contains(number) {
                node.blobs[blob].have = .all(of: layouts[blob].count)
                node.blobs[blob].isConfirmed = true
                node.blobs[blob].unpackedAt = now
                order.isComplete = true
                for piece in 0..<layouts[blob].count { _ = order.map.take(proof(by: node, blob, piece), for: piece) }
            } else {
                order.have = node.blobs[blob].have
                order.map = node.peer.map(of: digests[blob]) ?? order.map
            }
            tell(number, .begin(order))
        }
    }

    func proof(by node: SimulatedNode, _ blob: Int, _ piece: Int) -> PieceProof {
        let hash = node.forges ? Self.hash(blob: blob, piece: piece, forged: true) : hashes[blob][piece]
        return PieceProof(author: node.contact.id, hash: hash, signature: [])
    }

    /// Counts the nodes that can still get what they want.
    func recount(_ node: SimulatedNode) {
        let isAwaited = node.isAlive && !node.isDone && node.failure == nil && !node.isDiskFull && !node.lies
        if isAwaited != node.isAwaited { unfinished += isAwaited ? 1 : -1 }
        node.isAwaited = isAwaited
    }

    func finished(_ number: Int) {
        recount(nodes[number])
        outcome.slowest = max(outcome.slowest, (now - .zero).seconds)
    }

    private func conclude() -> Outcome {
        var result = outcome
        let total = scenario.blobs.reduce(0, +)
        for node in nodes {
            let begun = node.begun ?? .zero
            result.unpacked.append(
                node.isDone ? node.blobs.compactMap { $0.unpackedAt }.map { ($0 - begun).seconds }.max() : nil)
            if let failure = node.failure { result.failures[node.number] = failure }
            if node.isDiskFull, !node.isDone { result.failures[node.number] = .diskFull }
            // A liar is left to itself once it is found out.
            if node.isAlive, !node.isDone, node.failure == nil, !node.isDiskFull, !node.lies {
                result.stuck.append(node.number)
                result.predicaments += digests.compactMap { predicament(of: node, $0) }
            }
            for digest in digests {
                guard let progress = node.peer.progress(of: digest) else { continue }
                result.wasted += progress.ledger.wasted
                result.wrongPieces += progress.ledger.wrongPieces
                result.bans += progress.ledger.bans
                result.hedges += progress.ledger.hedges
                result.damaged += progress.ledger.damaged
            }
            result.bannedByTracker += tracker?.tracker.isBanned(node.contact.id) ?? false ? 1 : 0
        }
        result.copies = Double(originBytes) / Double(max(total, 1))
        result.sent = Array(links.sent.prefix(scenario.nodes))
        return result
    }

    private func predicament(of node: SimulatedNode, _ digest: Digest) -> String? {
        guard let progress = node.peer.progress(of: digest), !progress.isComplete else { return nil }
        return
            "node \(node.number) has \(progress.have), \(progress.neighbours) neighbours, \(progress.underWay) under way, "
            + "tracker: \(tracker?.tracker.standing(of: digest).map { "\($0)" } ?? "none")"
    }

    func violate(_ text: String) {
        if outcome.violations.count < 20 { outcome.violations.append("\((now - .zero).seconds) s: \(text)") }
    }
}
