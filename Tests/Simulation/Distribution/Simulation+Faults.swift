internal import ImageSpec
internal import Peer
internal import Pieces

/// The registry, and what goes wrong.
extension Simulation {
    func openOrigin(_ digest: Digest, _ pieces: PieceSet, of node: SimulatedNode) {
        guard let blob = blobNumbers[digest] else { return }
        if node.origins[blob] != nil { violate("node \(node.number) opens the registry twice") }
        guard registryIsUp else {
            return tellLater(node.number, .originEnded(digest, .interrupted(after: nil)), after: .milliseconds(20))
        }
        guard !refusesAll, !refused.contains(node.number) else {
            let end = OriginEnd.refused("the registry answers 401")
            return tellLater(node.number, .originEnded(digest, end), after: .milliseconds(20))
        }
        node.origins[blob] = SimulatedNode.OriginStream(pieces: pieces.members.reversed())
        outcome.mostStreams = max(outcome.mostStreams, nodes.reduce(0) { $0 + $1.origins.count })
        nextOriginPiece(node, blob)
    }

    private func nextOriginPiece(_ node: SimulatedNode, _ blob: Int) {
        guard let piece = node.origins[blob]?.pieces.last else {
            node.origins[blob] = nil
            return tellLater(node.number, .originEnded(digests[blob], .done), after: .zero)
        }
        var changes: [Links.Change] = []
        let bytes = layouts[blob].length(of: piece)
        let flow = links.open(from: registry, to: node.number, bytes: bytes, at: now, changes: &changes)
        own(flow, .origin(node: node.number, blob: blob))
        node.origins[blob]?.flow = flow
        plan(changes)
    }

    func originPieceCame(_ node: SimulatedNode, _ blob: Int, _ bytes: Int64) {
        originBytes += bytes
        guard let piece = node.origins[blob]?.pieces.popLast() else { return }
        node.origins[blob]?.carried += 1
        node.origins[blob]?.flow = nil
        if node.isDiskFull {
            node.origins[blob] = nil
            return tell(node.number, .diskFull(digests[blob]))
        }
        if node.blobs[blob].have.insert(piece) { gained(piece, blob, node) }
        let proof = scenario.peer.maySeed ? proof(by: node, blob, piece) : nil
        tell(node.number, .originPiece(digests[blob], piece: piece, proof))
        guard let stream = node.origins[blob], stream.flow == nil else { return }
        if let limit = breaksAfter, stream.carried >= limit, !stream.pieces.isEmpty {
            node.origins[blob] = nil
            return tellLater(
                node.number, .originEnded(digests[blob], .interrupted(after: .seconds(1))), after: .milliseconds(1))
        }
        nextOriginPiece(node, blob)
    }

    func closeOrigin(_ digest: Digest, of node: SimulatedNode) {
        guard let blob = blobNumbers[digest], let stream = node.origins.removeValue(forKey: blob) else { return }
        if let flow = stream.flow { originBytes += close(flow) }
    }

    // MARK: Faults

    func inflict(_ fault: Scenario.Kind) {
        switch fault {
        case .kill(let node): kill(nodes[node])
        case .killSeed:
            if let seed = currentSeed() { kill(seed) }
        case .revive(let node, let keepsPieces): revive(nodes[node], keepsPieces: keepsPieces)
        case .stopTracker:
            tracker = nil
            for node in nodes where node.isAlive { tellLater(node.number, .trackerLost, after: scenario.latency) }
        case .startTracker: startTracker()
        case .stopRegistry:
            registryIsUp = false
            for node in nodes {
                for blob in node.origins.keys.sorted() {
                    closeOrigin(digests[blob], of: node)
                    tellLater(node.number, .originEnded(digests[blob], .interrupted(after: nil)), after: .zero)
                }
            }
        case .startRegistry: registryIsUp = true
        case .refuse(let node): if let node { refused.insert(node) } else { refusesAll = true }
        case .breakStreams(let pieces): breaksAfter = pieces
        case .corrupt(let node, let share): nodes[node].spoils = share
        case .damage(let node, let share): damage(nodes[node], share)
        case .lie(let node):
            nodes[node].lies = true
            recount(nodes[node])
        case .forge(let node): nodes[node].forges = true
        case .throttle(let node, let up, let down):
            var changes: [Links.Change] = []
            links.set(node: node, up: up, down: down, at: now, changes: &changes)
            plan(changes)
        case .fillDisk(let node):
            nodes[node].isDiskFull = true
            recount(nodes[node])
        case .freeDisk(let node):
            nodes[node].isDiskFull = false
            recount(nodes[node])
            tellLater(node, .diskFreed, after: .zero)
        }
    }

    private func damage(_ node: SimulatedNode, _ share: Double) {
        for blob in layouts.indices {
            for piece in node.blobs[blob].have.members where Double(random.below(1_000_000)) < share * 1e6 {
                node.blobs[blob].damaged.insert(piece)
            }
        }
    }

    /// Who fetches from the registry, else who did, else who had everything at the start.
    private func currentSeed() -> SimulatedNode? {
        let living = nodes.filter(\.isAlive)
        if let node = living.first(where: { !$0.origins.isEmpty }) { return node }
        let former = living.first { $0.peer.progress(of: digests[0])?.ledger.originReceived ?? 0 > 0 }
        return former ?? living.first { scenario.complete.contains($0.number) }
    }

    private func kill(_ node: SimulatedNode) {
        guard node.isAlive else { return }
        node.isAlive = false
        recount(node)
        node.life += 1
        for (_, stream) in node.origins { if let flow = stream.flow { originBytes += close(flow) } }
        node.origins = [:]
        for (id, upload) in node.uploads.sorted(by: { $0.key.raw < $1.key.raw }) {
            if let flow = upload.flow { _ = close(flow) }
            node.uploads[id] = nil
            answer(upload, .failed)
        }
        for (_, fetch) in node.fetches.sorted(by: { $0.key.raw < $1.key.raw }) {
            guard let id = fetch.upload, let upload = nodes[fetch.target].uploads.removeValue(forKey: id) else {
                continue
            }
            let bytes = upload.flow.map { close($0) } ?? 0
            if upload.flow != nil { tellLater(fetch.target, .sendFailed(id, bytes: bytes), after: scenario.latency) }
        }
        node.fetches = [:]
    }

    private func revive(_ node: SimulatedNode, keepsPieces: Bool) {
        guard !node.isAlive else { return }
        let maps = digests.map { node.peer.map(of: $0) }
        node.peer = makePeer(node.contact, life: node.life, poolSize: node.peer.poolSize)
        node.isAlive = true
        node.wake = nil
        recount(node)
        for blob in layouts.indices {
            if !keepsPieces, !node.isDone {
                gainedPieces -= node.blobs[blob].have.count
                node.blobs[blob] = SimulatedNode.StoredBlob(have: PieceSet(capacity: layouts[blob].count))
            }
            var order = BlobOrder(blob: digests[blob], length: layouts[blob].length)
            let map = maps[blob] ?? order.map
            // Only what a proof vouches for counts after a restart.
            order.have = PieceSet(
                capacity: layouts[blob].count, node.blobs[blob].have.members.filter { map[$0] != nil })
            order.map = map
            order.isComplete = node.blobs[blob].isConfirmed
            node.blobs[blob].have = order.have
            if keepsPieces || node.isDone { node.blobs[blob].have.formUnion(order.have) }
            tell(node.number, .begin(order))
        }
    }
}
