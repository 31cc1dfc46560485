internal import ImageSpec
internal import Pieces

/// What this node takes, and from whom.
extension Peer {
    /// Whether a prewarm has to give way: somebody waits for another blob on this node.
    func isPaused(_ number: Int) -> Bool {
        guard swarms[number].urgency == .prewarm else { return false }
        return swarms.contains {
            $0.urgency == .foreground && $0.phase == .fetching && now - $0.lastProgress < configuration.stall
        }
    }

    /// An offer is taken, or declined at once, so that the other's slot is not kept from others.
    mutating func consider(_ offer: PeerMessage.Offer, from peer: PeerID, in number: Int) {
        func decline(_ reason: PeerMessage.Decline) {
            send(.decline(ticket: offer.ticket, reason), about: number, to: peer)
        }
        guard swarms[number].phase == .fetching else { return decline(.nothingWanted) }
        guard (remotes[peer]?.shunnedUntil ?? .zero) <= now else { return decline(.distrusted) }
        guard !isPaused(number) else { return decline(.paused) }
        guard fetches.count < configuration.fetches else {
            let offer = WaitingOffer(peer: peer, swarm: number)
            if !waiting.contains(offer) { waiting.append(offer) }
            return decline(.full)
        }
        if let index = swarms[number].numbers[peer] {
            swarms[number].learn(
                PieceSet(capacity: swarms[number].layout.count, CollectionOfOne(offer.piece)), of: index)
        }
        guard let piece = choose(for: offer, from: peer, in: number) else { return decline(.nothingWanted) }
        swarms[number].lastOffer = now
        fetch(piece, of: number, from: peer, ticket: offer.ticket)
    }

    /// What to take from a neighbour with a free slot: what the unpacking waits for, else what the neighbour found rarest,
    /// else the rarest seen from here.
    private func choose(for offer: PeerMessage.Offer, from peer: PeerID, in number: Int) -> Int? {
        if offer.isExclusive { return swarms[number].wanted.contains(offer.piece) ? offer.piece : nil }
        guard let index = swarms[number].numbers[peer] else { return nil }
        let candidates = swarms[number].neighbours[index].have.intersection(swarms[number].wanted)
        if let due = urgentPiece(of: number), candidates.contains(due) { return due }
        if candidates.contains(offer.piece) { return offer.piece }
        return rarest(of: candidates, in: number)
    }

    /// The first missing piece within the window behind the one that the reader waits for.
    private func urgentPiece(of number: Int) -> Int? {
        let start = swarms[number].have.firstMissing(from: min(swarms[number].awaited, swarms[number].layout.count))
        guard let start else { return nil }
        let end = min(start + configuration.window, swarms[number].layout.count)
        return (start..<end).first { swarms[number].wanted.contains($0) }
    }

    private func rarest(of candidates: PieceSet, in number: Int) -> Int? {
        var best: Int?
        var fewest = UInt16.max
        candidates.forEach { piece in
            if swarms[number].holders[piece] < fewest { (best, fewest) = (piece, swarms[number].holders[piece]) }
        }
        return best
    }

    mutating func fetch(_ piece: Int, of number: Int, from peer: PeerID, ticket: UInt32?, isHedge: Bool = false) {
        let id = FetchID(nextFetch)
        nextFetch += 1
        swarms[number].wanted.remove(piece)
        if let index = swarms[number].numbers[peer] { swarms[number].neighbours[index].fetching += 1 }
        fetches[id] = OpenFetch(swarm: number, piece: piece, from: peer, since: now, isHedge: isHedge)
        effects.append(.fetch(Fetch(id: id, blob: swarms[number].blob, piece: piece, from: peer, ticket: ticket)))
    }

    /// Takes the fetch off the books; the piece is wanted again unless it is there or somebody else brings it.
    mutating func endFetch(_ id: FetchID, _ fetch: OpenFetch) {
        fetches[id] = nil
        if let index = swarms[fetch.swarm].numbers[fetch.from] {
            swarms[fetch.swarm].neighbours[index].fetching -= 1
        }
        let isComing = fetches.values.contains { $0.swarm == fetch.swarm && $0.piece == fetch.piece }
        if !swarms[fetch.swarm].have.contains(fetch.piece), !isComing { swarms[fetch.swarm].wanted.insert(fetch.piece) }
    }

    mutating func cancelFetches(of number: Int) {
        for (id, fetch) in fetches where fetch.swarm == number {
            effects.append(.cancelFetch(id))
            endFetch(id, fetch)
        }
    }

    mutating func fetched(_ id: FetchID, _ outcome: FetchOutcome) {
        guard let fetch = fetches[id] else { return }
        let number = fetch.swarm
        let length = swarms[number].layout.length(of: fetch.piece)
        endFetch(id, fetch)
        switch outcome {
        case .verified(let proof):
            swarms[number].ledger.received += length
            learnPace(of: fetch, length: length)
            accept(fetch, proof)
        case .wrong:
            swarms[number].ledger.wrongPieces += 1
            swarms[number].ledger.wasted += length
            let piece = PieceSet(capacity: swarms[number].layout.count, CollectionOfOne(fetch.piece))
            send(.wrong(piece), about: number, to: fetch.from)
            if let index = swarms[number].numbers[fetch.from] {
                swarms[number].neighbours[index].wrong.insert(fetch.piece)
            }
            // Time to look at its copy, if that is what is wrong.
            let pause = now + configuration.afterWrong
            if let until = remotes[fetch.from]?.shunnedUntil, until < pause {
                remotes[fetch.from]?.shunnedUntil = pause
            }
            strike(fetch.from, in: number)
        case .absent:
            if let index = swarms[number].numbers[fetch.from] {
                let piece = PieceSet(capacity: swarms[number].layout.count, CollectionOfOne(fetch.piece))
                swarms[number].unlearn(piece, of: index)
            }
            strike(fetch.from, in: number)
        case .busy: break
        case .failed: markSlow(fetch.from, in: number)
        }
        callWaiting()
    }

    private mutating func accept(_ fetch: OpenFetch, _ proof: PieceProof) {
        let number = fetch.swarm
        guard swarms[number].phase == .fetching || swarms[number].phase == .held,
            !swarms[number].have.contains(fetch.piece)
        else {
            swarms[number].ledger.wasted += swarms[number].layout.length(of: fetch.piece)
            return
        }
        guard !swarms[number].disbelieved.contains(proof.author), swarms[number].map.take(proof, for: fetch.piece)
        else {
            // Not the forwarder's fault: it was told the same. It has nothing that is of use here.
            if let index = swarms[number].numbers[fetch.from] {
                let piece = PieceSet(capacity: swarms[number].layout.count, CollectionOfOne(fetch.piece))
                swarms[number].unlearn(piece, of: index)
            }
            effects.append(
                .drop(
                    swarms[number].blob,
                    PieceSet(capacity: swarms[number].layout.count, CollectionOfOne(fetch.piece))))
            return
        }
        acquire(fetch.piece, of: number, from: fetch.from)
    }

    /// A verified piece is stored: neighbours hear of it, whoever else was to bring it is told to stop.
    mutating func acquire(_ piece: Int, of number: Int, from source: PeerID) {
        swarms[number].have.insert(piece)
        swarms[number].wanted.remove(piece)
        swarms[number].claims[piece] = nil
        swarms[number].ledger.sources[piece] = source
        swarms[number].lastProgress = now
        swarms[number].origin.turn = nil
        for (id, fetch) in fetches where fetch.piece == piece && fetch.swarm == number {
            effects.append(.cancelFetch(id))
            endFetch(id, fetch)
        }
        if !swarms[number].unproven.contains(piece) {
            tellOfPiece(piece, from: source, in: number)
            wakeNeighbours(lacking: piece, in: number)
        }
        settle(number)
        fillSlots()
    }

    /// Whoever wanted nothing of what was here may want this.
    private mutating func wakeNeighbours(lacking piece: Int, in number: Int) {
        for index in swarms[number].neighbours.indices
        where !swarms[number].neighbours[index].have.contains(piece) {
            swarms[number].neighbours[index].quietUntil = min(swarms[number].neighbours[index].quietUntil, now)
        }
    }

    /// Calls back those who were declined, two for each fetch that could begin: one of them may be busy by now.
    mutating func callWaiting() {
        var calls = 2 * (configuration.fetches - fetches.count)
        while calls > 0, !waiting.isEmpty {
            let offer = waiting.removeFirst()
            guard swarms[offer.swarm].phase == .fetching, let index = swarms[offer.swarm].numbers[offer.peer],
                swarms[offer.swarm].wantsAny(of: swarms[offer.swarm].neighbours[index].have)
            else { continue }
            calls -= 1
            send(.ready, about: offer.swarm, to: offer.peer)
        }
    }

    // MARK: Pace

    private mutating func learnPace(of fetch: OpenFetch, length: Int64) {
        let taken = Double((now - fetch.since).nanoseconds) / Double(max(length, 1))
        if pace > 0, taken > pace * 8, now - fetch.since > .milliseconds(300) {
            markSlow(fetch.from, in: fetch.swarm)
            return
        }
        remotes[fetch.from]?.slow = 0
        pace = pace == 0 ? taken : pace * 0.9 + taken * 0.1
    }

    /// Twice slow or silent, and a neighbour gets no more requests for a while.
    mutating func markSlow(_ peer: PeerID, in number: Int) {
        guard var remote = remotes[peer] else { return }
        remote.slow += 1
        swarms[number].ledger.stalls += 1
        if remote.slow >= 2 {
            remote.slow = 0
            remote.shunnedUntil = now + configuration.shun
        }
        remotes[peer] = remote
    }

    /// When a transfer of so many bytes counts as stalled.
    func stalledAfter(_ length: Int64) -> Span {
        max(.seconds(4), .seconds(4 * Double(length) / 1e6))
    }

    /// When a transfer of so many bytes is late enough to ask somebody else as well.
    private func lateAfter(_ length: Int64) -> Span {
        pace == 0
            ? stalledAfter(length) * 0.5 : max(.milliseconds(300), Span(nanoseconds: Int64(pace * Double(length) * 4)))
    }

    /// Doubles fetches that are late and ends those that stall.
    mutating func watchFetches() {
        for (id, fetch) in fetches.sorted(by: { $0.key.raw < $1.key.raw }) {
            let length = swarms[fetch.swarm].layout.length(of: fetch.piece)
            let age = now - fetch.since
            if age > stalledAfter(length) {
                effects.append(.cancelFetch(id))
                endFetch(id, fetch)
                remotes[fetch.from]?.slow = 2
                markSlow(fetch.from, in: fetch.swarm)
            } else if age > lateAfter(length), !fetch.isHedge, !fetch.isHedged {
                hedge(id, fetch)
            }
        }
    }

    /// Asks another holder for a piece that is late; the first to bring it wins.
    private mutating func hedge(_ id: FetchID, _ fetch: OpenFetch) {
        let number = fetch.swarm
        let budget = 2 + swarms[number].layout.count / 50
        guard swarms[number].hedges < budget, fetches.count < configuration.fetches,
            let other = holder(of: fetch.piece, in: number, except: fetch.from)
        else { return }
        fetches[id]?.isHedged = true
        swarms[number].hedges += 1
        swarms[number].ledger.hedges += 1
        if age(fetch) > lateAfter(swarms[number].layout.length(of: fetch.piece)) * 2 {
            markSlow(fetch.from, in: number)
        }
        self.fetch(fetch.piece, of: number, from: other, ticket: nil, isHedge: true)
    }

    private func age(_ fetch: OpenFetch) -> Span { now - fetch.since }

    /// Some neighbour that has `piece`, is not shunned, and brings this node least just now.
    private mutating func holder(of piece: Int, in number: Int, except: PeerID? = nil) -> PeerID? {
        var best: PeerID?
        var least = Int.max
        let neighbours = swarms[number].neighbours
        let turn = random.below(neighbours.count)
        for offset in neighbours.indices {
            let neighbour = neighbours[(offset + turn) % neighbours.count]
            guard neighbour.id != except, neighbour.have.contains(piece), neighbour.fetching < least,
                let remote = remotes[neighbour.id], remote.shunnedUntil <= now
            else { continue }
            (best, least) = (neighbour.id, neighbour.fetching)
        }
        return best
    }

    /// Asks for pieces without being offered any, when offers have not come for a while.
    mutating func pull() {
        for number in swarms.indices where swarms[number].phase == .fetching && !isPaused(number) {
            guard now - swarms[number].lastOffer > configuration.pullAfter,
                now - swarms[number].lastProgress > configuration.pullAfter,
                !fetches.values.contains(where: { $0.swarm == number }), fetches.count < configuration.fetches
            else { continue }
            let piece = urgentPiece(of: number).flatMap { swarms[number].holders[$0] > 0 ? $0 : nil }
            guard let piece = piece ?? rarestHeld(in: number), let other = holder(of: piece, in: number) else {
                continue
            }
            fetch(piece, of: number, from: other, ticket: nil)
        }
    }

    private func rarestHeld(in number: Int) -> Int? {
        var held = PieceSet(capacity: swarms[number].layout.count)
        swarms[number].wanted.forEach { if swarms[number].holders[$0] > 0 { held.insert($0) } }
        return rarest(of: held, in: number)
    }
}
