internal import ImageSpec
internal import Pieces

/// Who gets what from here.
extension Peer {
    /// How many pieces may go out at once: a slot whose offer waits does not use the link meanwhile.
    private var slots: Int {
        guard sendTime > 0 else { return configuration.uploadSlots }
        let cycle = 1 + min(4, offerWait / sendTime)
        return min(configuration.mostSlots, Int(Double(configuration.uploadSlots) * cycle))
    }

    private var freeSlots: Int {
        var (busy, all) = (offers.count, offers.count)
        for upload in uploads.values where upload.wasOffered && !upload.isAborted {
            all += 1
            // Whoever takes it much more slowly than others leaves the link to them.
            if sendTime == 0 || (now - upload.since).seconds < max(0.5, sendTime * 4) { busy += 1 }
        }
        return min(slots - busy, configuration.mostSlots - all)
    }

    /// Offers pieces as long as a slot is free and somebody lacks something.
    mutating func fillSlots() {
        var free = freeSlots
        while free > 0, let chosen = bestOffer() {
            free -= 1
            let ticket = nextTicket
            nextTicket = nextTicket == .max ? 1 : nextTicket + 1
            let peer = swarms[chosen.swarm].neighbours[chosen.neighbour].id
            swarms[chosen.swarm].promise(chosen.piece, to: chosen.neighbour)
            remotes[peer]?.engaged += 1
            offers[ticket] = OpenOffer(
                to: peer, swarm: chosen.swarm, piece: chosen.piece, isExclusive: chosen.isExclusive,
                since: now, expires: now + configuration.offerPatience)
            send(
                .offer(PeerMessage.Offer(ticket: ticket, piece: chosen.piece, isExclusive: chosen.isExclusive)),
                about: chosen.swarm, to: peer)
        }
    }

    struct Choice {
        var swarm: Int
        var neighbour: Int
        var piece: Int
        var isExclusive: Bool
        /// How many have or will have the piece.
        var copies: Int
        var urgency: Urgency
    }

    /// The rarest piece that somebody lacks, to the one who got least; those who wait come before prewarms.
    private mutating func bestOffer() -> Choice? {
        var best: Choice?
        for number in swarms.indices {
            guard !swarms[number].neighbours.isEmpty, let choice = bestOffer(in: number) else { continue }
            if let known = best, (known.urgency, -known.copies) >= (choice.urgency, -choice.copies) { continue }
            best = choice
        }
        return best
    }

    private func isReady(_ neighbour: Neighbour) -> Bool {
        guard !neighbour.isComplete, neighbour.quietUntil <= now, let remote = remotes[neighbour.id] else {
            return false
        }
        return remote.engaged == 0 && remote.fullUntil <= now
    }

    private mutating func bestOffer(in number: Int) -> Choice? {
        let mine = swarms[number].shareable
        var lacked = PieceSet(capacity: mine.capacity)
        var ready: [Int] = []
        var urgency = Urgency.prewarm
        for (index, neighbour) in swarms[number].neighbours.enumerated() where isReady(neighbour) {
            guard mine.hasMore(than: neighbour.have) else { continue }
            if neighbour.urgency > urgency {
                urgency = neighbour.urgency
                ready = []
                lacked = PieceSet(capacity: mine.capacity)
            } else if neighbour.urgency < urgency {
                continue
            }
            ready.append(index)
            lacked.formUnion(mine.subtracting(neighbour.have))
        }
        guard !ready.isEmpty else { return nil }
        let isSeed = swarms[number].isSource
        var piece = -1
        var copies = Int.max
        lacked.forEach { candidate in
            let known = Int(swarms[number].holders[candidate]) + Int(swarms[number].promises[candidate])
            if known < copies { (piece, copies) = (candidate, known) }
        }
        guard piece >= 0, !isSeed || copies < configuration.seedRedundancy else { return nil }
        guard let neighbour = leastServed(of: ready, lacking: piece, in: number) else { return nil }
        return Choice(
            swarm: number, neighbour: neighbour, piece: piece, isExclusive: isSeed, copies: copies, urgency: urgency)
    }

    private mutating func leastServed(of ready: [Int], lacking piece: Int, in number: Int) -> Int? {
        var best: Int?
        var served = Int.max
        let turn = random.below(ready.count)
        for offset in ready.indices {
            let index = ready[(offset + turn) % ready.count]
            let neighbour = swarms[number].neighbours[index]
            guard !neighbour.have.contains(piece), !neighbour.promised.contains(piece), neighbour.served < served
            else { continue }
            (best, served) = (index, neighbour.served)
        }
        return best
    }

    mutating func declined(_ ticket: UInt32, _ reason: PeerMessage.Decline, by peer: PeerID) {
        guard let offer = offers[ticket], offer.to == peer else { return }
        withdraw(ticket, offer)
        let pause =
            switch reason {
            case .nothingWanted: configuration.declinePause
            case .full, .paused: configuration.declinePause * 4
            case .distrusted: configuration.shun
            }
        if reason == .full {
            remotes[peer]?.fullUntil = now + pause
        } else if let index = swarms[offer.swarm].numbers[peer] {
            swarms[offer.swarm].neighbours[index].quietUntil = now + pause
        }
        fillSlots()
    }

    private mutating func withdraw(_ ticket: UInt32, _ offer: OpenOffer) {
        offers[ticket] = nil
        remotes[offer.to]?.engaged -= 1
        swarms[offer.swarm].release(offer.piece, of: offer.to)
    }

    mutating func withdrawOffers(to peer: PeerID, in number: Int) {
        for (ticket, offer) in offers where offer.to == peer && offer.swarm == number { withdraw(ticket, offer) }
    }

    /// Takes back offers that nobody answered; whoever is so slow is left alone for a while.
    mutating func expireOffers() {
        for (ticket, offer) in offers where offer.expires <= now {
            withdraw(ticket, offer)
            if let index = swarms[offer.swarm].numbers[offer.to] {
                swarms[offer.swarm].neighbours[index].quietUntil = now + configuration.declinePause * 4
            }
        }
    }

    mutating func asked(_ request: UploadRequest) {
        guard !isBanned(request.by) else {
            effects.append(.refuse(request.id, .banned))
            return
        }
        guard let number = swarmNumbers[request.blob], swarms[number].shareable.contains(request.piece) else {
            effects.append(.refuse(request.id, .absent))
            return
        }
        var wasOffered = false
        if let ticket = request.ticket, let offer = offers[ticket], offer.to == request.by, offer.swarm == number,
            !offer.isExclusive || offer.piece == request.piece
        {
            wasOffered = true
            let wait = (now - offer.since).seconds
            offerWait = offerWait == 0 ? wait : offerWait * 0.9 + wait * 0.1
            withdraw(ticket, offer)
        } else if uploads.values.count(where: { !$0.wasOffered }) >= configuration.pullSlots {
            effects.append(.refuse(request.id, .busy))
            return
        }
        remotes[request.by]?.engaged += 1
        uploads[request.id] = Upload(
            to: request.by, swarm: number, piece: request.piece, wasOffered: wasOffered, since: now)
        if let index = swarms[number].numbers[request.by] { swarms[number].promise(request.piece, to: index) }
        effects.append(.serve(request.id))
        if !wasOffered { return }
        fillSlots()
    }

    mutating func uploadEnded(_ id: UploadID, bytes: Int64, whole: Bool) {
        guard let upload = uploads.removeValue(forKey: id) else { return }
        remotes[upload.to]?.engaged -= 1
        swarms[upload.swarm].ledger.sent += bytes
        if whole, bytes == Int64(swarms[upload.swarm].layout.pieceSize) {
            let time = (now - upload.since).seconds
            sendTime = sendTime == 0 ? time : sendTime * 0.9 + time * 0.1
        }
        if whole, let index = swarms[upload.swarm].numbers[upload.to] {
            swarms[upload.swarm].neighbours[index].served += 1
            // It says itself whether the piece was right; till then the promise stands.
            unacknowledged.append(
                Unacknowledged(to: upload.to, swarm: upload.swarm, piece: upload.piece, until: now + .seconds(1)))
        } else {
            swarms[upload.swarm].release(upload.piece, of: upload.to)
        }
        fillSlots()
    }

    /// Takes promises back of pieces that were sent and that the receiver did not say it has.
    mutating func expireAcknowledgements() {
        for sent in unacknowledged.prefix(while: { $0.until <= now }) {
            swarms[sent.swarm].release(sent.piece, of: sent.to)
        }
        unacknowledged.removeAll { $0.until <= now }
    }

    /// Ends uploads to nodes that take a piece in drops: a slot is for those who use it.
    mutating func abortSlowUploads() {
        for (id, upload) in uploads where !upload.isAborted && now - upload.since > patience(of: upload) {
            uploads[id]?.isAborted = true
            effects.append(.abortUpload(id))
            if let index = swarms[upload.swarm].numbers[upload.to] {
                swarms[upload.swarm].neighbours[index].quietUntil = now + configuration.shun
            }
        }
    }

    private func patience(of upload: Upload) -> Span {
        stalledAfter(swarms[upload.swarm].layout.length(of: upload.piece)) * 2
    }
}
