internal import ImageSpec
internal import Pieces

/// The registry: only when the tracker chose this node, or nobody else is left.
extension Peer {
    mutating func openOrigin(_ pieces: PieceSet, of number: Int) {
        let missing = pieces.subtracting(swarms[number].have)
        guard !missing.isEmpty, swarms[number].phase == .fetching else { return }
        if swarms[number].origin.isOpen {
            guard missing.hasMore(than: swarms[number].origin.fetching) else { return }
            effects.append(.closeOrigin(swarms[number].blob))
        }
        endOrigin(number)
        swarms[number].origin.fetching = missing
        swarms[number].origin.isOpen = true
        swarms[number].origin.retryAt = nil
        swarms[number].wanted.subtract(missing)
        effects.append(.openOrigin(swarms[number].blob, missing))
    }

    mutating func closeOrigin(_ number: Int) {
        if swarms[number].origin.isOpen { effects.append(.closeOrigin(swarms[number].blob)) }
        endOrigin(number)
    }

    /// What did not come is wanted from peers again.
    private mutating func endOrigin(_ number: Int) {
        let rest = swarms[number].origin.fetching.subtracting(swarms[number].have)
        rest.forEach { piece in
            let isComing = fetches.values.contains { $0.swarm == number && $0.piece == piece }
            if !isComing { swarms[number].wanted.insert(piece) }
        }
        swarms[number].origin.isOpen = false
        swarms[number].origin.retryAt = nil
        swarms[number].origin.fetching = PieceSet(capacity: swarms[number].layout.count)
    }

    mutating func originPiece(_ blob: Digest, _ piece: Int, _ proof: PieceProof?) {
        guard let number = swarmNumbers[blob], swarms[number].phase == .fetching else { return }
        swarms[number].ledger.originReceived += swarms[number].layout.length(of: piece)
        guard !swarms[number].have.contains(piece), piece < swarms[number].layout.count else { return }
        swarms[number].origin.failures = 0
        if let proof, swarms[number].map.take(proof, for: piece) {
            swarms[number].isSource = true
        } else if proof == nil {
            swarms[number].unproven.insert(piece)
        } else {
            // Another seed said otherwise; what came from the registry is what the digest will decide on.
            if let other = swarms[number].map[piece]?.author { swarms[number].tracking.contradicted.insert(other) }
            return
        }
        acquire(piece, of: number, from: me.id)
    }

    mutating func originEnded(_ blob: Digest, _ end: OriginEnd) {
        guard let number = swarmNumbers[blob], swarms[number].origin.isOpen else { return }
        let rest = swarms[number].origin.fetching.subtracting(swarms[number].have)
        switch end {
        case .done:
            endOrigin(number)
        case .interrupted(let after):
            swarms[number].origin.failures += 1
            let failures = swarms[number].origin.failures
            if failures <= 4 {
                let pause = after ?? .milliseconds(250 << Int64(failures))
                swarms[number].origin.isOpen = false
                swarms[number].origin.retryAt = now + min(pause, .seconds(60))
                return
            }
            swarms[number].origin.refusal = "the registry broke off \(failures) times"
            endOrigin(number)
            announce(number, detail: swarms[number].origin.refusal ?? "")
        case .refused(let reason):
            swarms[number].origin.refusal = reason
            endOrigin(number)
            if isTrackerGone(number), !isAnywhere(rest, in: number) {
                fail(number, .refused(reason))
            } else {
                announce(number, detail: reason)
            }
        }
    }

    /// Opens a broken stream again when its time has come.
    mutating func retryOrigins() {
        for number in swarms.indices {
            guard let at = swarms[number].origin.retryAt, at <= now else { continue }
            swarms[number].origin.retryAt = nil
            openOrigin(swarms[number].origin.fetching, of: number)
        }
    }

    private func isAnywhere(_ pieces: PieceSet, in number: Int) -> Bool {
        pieces.members.allSatisfy { swarms[number].holders[$0] > 0 }
    }

    // MARK: Without a tracker

    func isTrackerGone(_ number: Int) -> Bool {
        swarms[number].tracking.silences >= configuration.silentAnnouncements
    }

    /// Goes to the registry itself when the tracker is gone and no neighbour has what is missing.
    ///
    /// Not all at once: the nodes of the pool take turns, in an order that each computes from its identity alone, and
    /// leave to others what those said they fetch.
    mutating func fallBack() {
        for number in swarms.indices where swarms[number].phase == .fetching && isTrackerGone(number) {
            guard !swarms[number].origin.isOpen, swarms[number].origin.retryAt == nil,
                fetches.values.allSatisfy({ $0.swarm != number })
            else { continue }
            guard let turn = swarms[number].origin.turn else {
                swarms[number].origin.turn = now + configuration.fallbackTurn * Double(place(in: number))
                continue
            }
            guard turn <= now else { continue }
            let orphans = swarms[number].wanted.members.filter { piece in
                swarms[number].holders[piece] == 0 && (swarms[number].claims[piece] ?? .zero) <= now
            }
            guard !orphans.isEmpty else { continue }
            let set = PieceSet(capacity: swarms[number].layout.count, orphans)
            broadcast(.claim(set), in: number)
            openOrigin(set, of: number)
        }
    }

    /// How many turns pass before this node's.
    private func place(in number: Int) -> Int {
        let nodes = max(poolSize, remotes.count + 1)
        let longest = Int(configuration.fallbackSpan.nanoseconds / max(configuration.fallbackTurn.nanoseconds, 1))
        let turns = min((nodes + configuration.fallbackLimit - 1) / configuration.fallbackLimit, longest)
        let rank = SeededGenerator.mixed(me.id.raw ^ UInt64(truncatingIfNeeded: swarms[number].layout.length))
        return Int(rank % UInt64(max(turns, 1)))
    }
}
