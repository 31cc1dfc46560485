internal import ImageSpec
internal import Pieces

/// The tracker: told everything now and then, believed about newcomers, seeds and bans.
extension Peer {
    mutating func announce(_ number: Int, detail: String = "") {
        let swarm = swarms[number]
        var value = Announcement(
            contact: me, blob: swarm.blob, length: swarm.layout.length, have: swarm.shareable,
            phase: phase(of: swarm))
        value.urgency = swarm.urgency
        value.maySeed = configuration.maySeed && swarm.phase != .held
        if swarm.origin.isOpen || swarm.origin.retryAt != nil { value.fromOrigin = swarm.origin.fetching }
        value.wanted = swarm.isActive ? max(0, configuration.neighbours - swarm.neighbours.count) : 0
        if isStarving(number) { value.wanted = max(value.wanted, 8) }
        value.sent = swarm.ledger.sent
        value.received = swarm.ledger.received
        value.originReceived = swarm.ledger.originReceived
        value.struck = swarm.tracking.struck.sorted()
        value.contradicted = swarm.tracking.contradicted.sorted()
        value.detail = detail
        effects.append(.announce(value))
        swarms[number].tracking.isWaiting = true
        swarms[number].tracking.nextAnnouncement = now + .seconds(10)
    }

    private func phase(of swarm: Swarm) -> Announcement.Phase {
        switch swarm.phase {
        case .fetching, .assembled, .held: .fetching
        case .complete: .complete
        case .failed: .failed
        case .left: .left
        }
    }

    /// Whether a blob that is wanted has not moved for a while.
    func isStarving(_ number: Int) -> Bool {
        swarms[number].phase == .fetching && now - swarms[number].lastProgress > configuration.stall
    }

    mutating func trackerReplied(_ reply: TrackerReply) {
        guard let number = swarmNumbers[reply.blob] else { return }
        swarms[number].tracking.isWaiting = false
        swarms[number].tracking.silences = 0
        poolSize = max(poolSize, reply.swarm)
        swarms[number].tracking.nextAnnouncement = now + reply.interval
        swarms[number].origin.turn = nil
        for peer in reply.banned { ban(peer) }
        for author in reply.revoked { disbelieve(author, in: number) }
        guard swarms[number].phase != .left, swarms[number].phase != .failed else { return }
        if let bytes = reply.inline, swarms[number].phase == .fetching {
            cancelFetches(of: number)
            closeOrigin(number)
            swarms[number].phase = .assembled
            if !configuration.maySeed { swarms[number].unproven = .all(of: swarms[number].layout.count) }
            effects.append(.takeInline(reply.blob, bytes))
            return
        }
        if let refusal = reply.refusal, swarms[number].phase == .fetching {
            fail(number, .refused(refusal))
            return
        }
        if reply.seed.capacity == swarms[number].layout.count, !reply.seed.isEmpty {
            swarms[number].isSource = true
            openOrigin(reply.seed, of: number)
        }
        for contact in reply.peers { greet(contact, about: number) }
    }

    /// What is missing here may be nowhere any more: the tracker should know sooner than it asked for.
    mutating func announceSoon(_ number: Int) {
        guard swarms[number].phase == .fetching, !swarms[number].tracking.isWaiting,
            swarms[number].tracking.silences == 0
        else { return }
        swarms[number].tracking.nextAnnouncement = min(
            swarms[number].tracking.nextAnnouncement, now + configuration.haste)
    }

    /// A tracker that starts anew learns what is here before it sends anybody to the registry.
    mutating func trackerLost() {
        for number in swarms.indices {
            let moment = now + configuration.reintroduction * (Double(random.below(1000)) / 1000)
            swarms[number].tracking.nextAnnouncement = min(swarms[number].tracking.nextAnnouncement, moment)
        }
    }

    mutating func trackerSilent(_ blob: Digest) {
        guard let number = swarmNumbers[blob] else { return }
        swarms[number].tracking.isWaiting = false
        swarms[number].tracking.silences += 1
        let pause = Span.milliseconds(min(8000, 500 << Int64(min(swarms[number].tracking.silences, 5))))
        swarms[number].tracking.nextAnnouncement = now + pause
    }

    mutating func announceDue() {
        for number in swarms.indices {
            let isDue = swarms[number].tracking.nextAnnouncement <= now
            switch swarms[number].phase {
            case .fetching, .assembled, .complete, .held: if isDue { announce(number) }
            case .failed, .left: continue
            }
        }
    }

    // MARK: Time

    mutating func tick() {
        expireOffers()
        expireAcknowledgements()
        abortSlowUploads()
        watchFetches()
        retryOrigins()
        announceDue()
        fallBack()
        pull()
        fillSlots()
    }

    /// Names the next moment at which something must be looked after.
    mutating func planWake() {
        let isBusy =
            !fetches.isEmpty || !offers.isEmpty || !uploads.isEmpty || !unacknowledged.isEmpty
            || swarms.contains { $0.isActive }
        var next = isBusy ? now + configuration.tick : nil
        for swarm in swarms where swarm.phase == .complete || swarm.phase == .held {
            let due = max(swarm.tracking.nextAnnouncement, now + .milliseconds(1))
            next = next.map { min($0, due) } ?? due
        }
        guard let next else { return }
        if let planned = wakesAt, planned > now, planned <= next { return }
        wakesAt = next
        effects.append(.wake(next))
    }
}
