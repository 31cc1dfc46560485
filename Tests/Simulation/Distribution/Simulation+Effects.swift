internal import Glibc
internal import ImageSpec
internal import Peer
internal import Pieces
internal import Tracker

/// Does what the machines say, and refuses what makes no sense.
extension Simulation {
    func perform(_ effect: PeerEffect, of node: SimulatedNode) {
        switch effect {
        case .meet: break
        case .send(let envelope, let peer): send(envelope, from: node, to: peer)
        case .fetch(let fetch): start(fetch, of: node)
        case .cancelFetch(let id): cancel(id, of: node)
        case .serve(let id): serve(id, by: node)
        case .refuse(let id, let refusal): refuse(id, refusal, by: node)
        case .abortUpload(let id): abort(id, of: node)
        case .announce(let announcement):
            outcome.announcements += 1
            queue.push(.announced(announcement, node: node.number, life: node.life), at: now + scenario.latency)
        case .openOrigin(let digest, let pieces): openOrigin(digest, pieces, of: node)
        case .closeOrigin(let digest): closeOrigin(digest, of: node)
        case .assembled(let digest): assembled(digest, of: node)
        case .takeInline(let digest, _):
            guard let blob = blobNumbers[digest] else { return }
            node.blobs[blob].have = .all(of: layouts[blob].count)
            confirm(blob, of: node)
        case .recheck(let digest, let pieces): recheck(digest, pieces, of: node)
        case .drop(let digest, let pieces):
            guard let blob = blobNumbers[digest] else { return }
            node.blobs[blob].have.subtract(pieces)
            node.blobs[blob].damaged.subtract(pieces)
        case .failed(_, let failure):
            if node.failure == nil, failure != .diskFull {
                node.failure = failure
                recount(node)
            }
        case .wake(let time):
            if let planned = node.wake, planned <= time, planned > now { return }
            node.wake = time
            queue.push(.wake(node: node.number, life: node.life), at: time)
        }
    }

    private func send(_ envelope: PeerEnvelope, from node: SimulatedNode, to peer: PeerID) {
        guard let target = numbers[peer] else { return violate("a message to nobody") }
        outcome.messages += 1
        var envelope = envelope
        switch envelope.message {
        case .offer: outcome.offers += 1
        case .decline: outcome.declined += 1
        case .hello(var hello) where node.lies:
            hello.have = .all(of: hello.have.capacity)
            envelope.message = .hello(hello)
        case .hello, .have, .lost, .ready, .claim, .wrong, .bye: break
        }
        guard nodes[target].isAlive else {
            return tellLater(node.number, .unreachable(peer), after: scenario.latency * 2)
        }
        tellLater(target, .received(envelope, from: node.contact.id), after: scenario.latency)
    }

    /// Reads pieces again, as slowly as a disk does.
    private func recheck(_ digest: Digest, _ pieces: PieceSet, of node: SimulatedNode) {
        guard let blob = blobNumbers[digest] else { return }
        let stored = node.blobs[blob]
        let isDamaged = !stored.damaged.intersection(pieces).isEmpty
        let found = isDamaged ? stored.damaged.intersection(stored.have) : PieceSet(capacity: stored.have.capacity)
        tellLater(node.number, .rechecked(digest, damaged: found), after: .milliseconds(50))
    }

    // MARK: Pieces

    private func start(_ fetch: Fetch, of node: SimulatedNode) {
        guard let target = numbers[fetch.from], let blob = blobNumbers[fetch.blob] else {
            return violate("a fetch from nobody")
        }
        if node.peer.progress(of: fetch.blob)?.have.contains(fetch.piece) ?? false {
            violate("node \(node.number) fetches what it has")
        }
        if node.fetches.count >= scenario.peer.fetches { violate("node \(node.number) fetches too much at once") }
        let upload = UploadID(nextUpload)
        nextUpload += 1
        node.fetches[fetch.id] = SimulatedNode.FetchState(request: fetch, upload: upload, target: target)
        guard nodes[target].isAlive else {
            node.fetches[fetch.id] = nil
            return tellLater(node.number, .fetched(fetch.id, .failed), after: scenario.latency * 2)
        }
        nodes[target].uploads[upload] = SimulatedNode.UploadState(
            fetch: fetch.id, to: node.number, life: node.life, blob: blob, piece: fetch.piece)
        queue.push(.request(upload, target: target, by: node.number), at: now + scenario.latency)
    }

    func arrive(_ id: UploadID, at target: Int, by: Int) {
        let node = nodes[target]
        guard node.isAlive, let upload = node.uploads[id] else { return }
        guard let request = nodes[by].fetches[upload.fetch]?.request, isCurrent(by, upload.life) else {
            node.uploads[id] = nil
            return
        }
        if node.lies, !node.blobs[upload.blob].have.contains(upload.piece) {
            node.uploads[id]?.isSpoilt = true
            return carry(id, from: node)
        }
        tell(
            target,
            .asked(
                UploadRequest(
                    id: id, by: nodes[by].contact.id, blob: request.blob, piece: request.piece, ticket: request.ticket))
        )
    }

    private func serve(_ id: UploadID, by node: SimulatedNode) {
        guard let upload = node.uploads[id] else { return violate("node \(node.number) serves nobody") }
        guard node.blobs[upload.blob].have.contains(upload.piece),
            let proof = node.peer.proof(of: upload.piece, in: digests[upload.blob])
        else { return violate("node \(node.number) serves what it has not, or without a proof") }
        node.uploads[id]?.proof = proof
        if node.blobs[upload.blob].damaged.contains(upload.piece) { node.uploads[id]?.isSpoilt = true }
        if node.spoils > 0, node.uploads[id]?.isSpoilt == false {
            node.uploads[id]?.isSpoilt = Double(random.below(1_000_000)) < node.spoils * 1e6
        }
        carry(id, from: node)
    }

    private func carry(_ id: UploadID, from node: SimulatedNode) {
        guard let upload = node.uploads[id] else { return }
        let bytes = layouts[upload.blob].length(of: upload.piece)
        var changes: [Links.Change] = []
        let flow = links.open(from: node.number, to: upload.to, bytes: bytes, at: now, changes: &changes)
        own(flow, .upload(node: node.number, id))
        node.uploads[id]?.flow = flow
        plan(changes)
    }

    func own(_ flow: Int, _ owner: FlowOwner) {
        while owners.count <= flow { owners.append(nil) }
        owners[flow] = owner
    }

    func plan(_ changes: [Links.Change]) {
        for change in changes where links.isCurrent(change.flow, change.version) {
            queue.push(.flowEnd(flow: change.flow, version: change.version), at: change.end)
        }
    }

    func close(_ flow: Int) -> Int64 {
        var changes: [Links.Change] = []
        let bytes = links.close(flow, at: now, changes: &changes)
        plan(changes)
        return bytes
    }

    private func refuse(_ id: UploadID, _ refusal: Refusal, by node: SimulatedNode) {
        guard let upload = node.uploads.removeValue(forKey: id) else { return }
        let outcome: FetchOutcome =
            switch refusal {
            case .absent: .absent
            case .busy: .busy
            case .banned: .failed
            }
        answer(upload, outcome)
    }

    /// The requester hears how it ended, unless it died or gave up on it.
    func answer(_ upload: SimulatedNode.UploadState, _ outcome: FetchOutcome) {
        guard isCurrent(upload.to, upload.life), nodes[upload.to].fetches.removeValue(forKey: upload.fetch) != nil
        else {
            return
        }
        if case .verified = outcome { store(upload) }
        tellLater(upload.to, .fetched(upload.fetch, outcome), after: scenario.latency)
    }

    private func store(_ upload: SimulatedNode.UploadState) {
        let node = nodes[upload.to]
        guard node.blobs[upload.blob].have.insert(upload.piece) else { return }
        gained(upload.piece, upload.blob, node)
    }

    private func cancel(_ id: FetchID, of node: SimulatedNode) {
        guard let state = node.fetches.removeValue(forKey: id), let upload = state.upload else { return }
        let sender = nodes[state.target]
        guard sender.isAlive, let open = sender.uploads.removeValue(forKey: upload) else { return }
        guard let flow = open.flow else { return }
        let bytes = close(flow)
        outcome.wasted += bytes
        tellLater(state.target, .sendFailed(upload, bytes: bytes), after: scenario.latency)
    }

    private func abort(_ id: UploadID, of node: SimulatedNode) {
        guard let upload = node.uploads.removeValue(forKey: id) else { return }
        let bytes = upload.flow.map { close($0) } ?? 0
        answer(upload, .failed)
        tellLater(node.number, .sendFailed(id, bytes: bytes), after: .zero)
    }

    func flowEnded(_ flow: Int) {
        let bytes = close(flow)
        guard let owner = owners[flow] else { return }
        switch owner {
        case .origin(let node, let blob): originPieceCame(nodes[node], blob, bytes)
        case .upload(let number, let id):
            guard let upload = nodes[number].uploads.removeValue(forKey: id) else { return }
            if nodes[upload.to].isDiskFull, isCurrent(upload.to, upload.life) {
                nodes[upload.to].fetches[upload.fetch] = nil
                tellLater(upload.to, .diskFull(digests[upload.blob]), after: .zero)
            } else if let proof = upload.proof, !upload.isSpoilt {
                answer(upload, .verified(proof))
            } else {
                answer(upload, .wrong)
            }
            tell(number, .sent(id, bytes: bytes))
        }
    }

    // MARK: The end of a blob

    /// Hands pieces in order to the unpacking.
    func gained(_ piece: Int, _ blob: Int, _ node: SimulatedNode) {
        gainedPieces += 1
        let layout = layouts[blob]
        var stored = node.blobs[blob]
        guard piece == stored.unpackedPieces else { return }
        let end = stored.have.firstMissing(from: piece) ?? layout.count
        for next in piece..<end {
            let seconds = Double(layout.length(of: next)) / scenario.unpackRate
            stored.unpackFree = max(stored.unpackFree, now) + .seconds(seconds)
        }
        stored.unpackedPieces = end
        node.blobs[blob] = stored
        tellLater(node.number, .awaits(digests[blob], piece: end), after: .zero)
    }

    private func assembled(_ digest: Digest, of node: SimulatedNode) {
        guard let blob = blobNumbers[digest], let map = node.peer.map(of: digest) else { return }
        guard node.blobs[blob].have.isFull else { return violate("node \(node.number) assembled a blob with holes") }
        let isRight = (0..<layouts[blob].count).allSatisfy { piece in
            map[piece].map { $0.hash == hashes[blob][piece] } ?? true
        }
        if isRight {
            confirm(blob, of: node)
        } else {
            node.blobs[blob].unpackedPieces = 0
            tellLater(node.number, .contradicted(digest), after: .zero)
        }
    }

    private func confirm(_ blob: Int, of node: SimulatedNode) {
        node.blobs[blob].isConfirmed = true
        tellLater(node.number, .confirmed(digests[blob]), after: .zero)
        let end = max(now, node.blobs[blob].unpackFree)
        queue.push(.unpacked(node: node.number, life: node.life, blob: blob), at: end)
    }

    // MARK: The tracker

    func announced(_ announcement: Announcement, node: Int, life: UInt32) {
        guard isCurrent(node, life) else { return }
        var announcement = announcement
        guard let house = tracker else {
            return tellLater(node, .trackerSilent(announcement.blob), after: .milliseconds(500))
        }
        if announcement.phase == .complete, PieceLayout(length: announcement.length).isInline {
            announcement.inline = Array(repeating: 7, count: Int(announcement.length))
        }
        let start = clock()
        let effects = house.tracker.handle(.announced(announcement), at: now)
        outcome.trackerSeconds += Double(clock() - start) / Double(CLOCKS_PER_SEC)
        for effect in effects {
            switch effect {
            case .reply(let reply, let peer):
                guard let target = numbers[peer] else { continue }
                tellLater(target, .trackerReplied(reply), after: scenario.latency)
            case .note: break
            }
        }
    }
}
