internal import ImageSpec
internal import Pieces

/// Who takes part, and what they have.
extension Peer {
    mutating func send(_ message: PeerMessage, about number: Int, to peer: PeerID) {
        effects.append(.send(PeerEnvelope(blob: swarms[number].blob, message: message), to: peer))
    }

    mutating func broadcast(_ message: PeerMessage, in number: Int) {
        for neighbour in swarms[number].neighbours { send(message, about: number, to: neighbour.id) }
    }

    /// Tells of a new piece whoever may lack it, and whom it came from: that it arrived is not known there.
    mutating func tellOfPiece(_ piece: Int, from source: PeerID, in number: Int) {
        let message = PeerMessage.have(PieceSet(capacity: swarms[number].layout.count, CollectionOfOne(piece)))
        for neighbour in swarms[number].neighbours where !neighbour.have.contains(piece) || neighbour.id == source {
            send(message, about: number, to: neighbour.id)
        }
    }

    mutating func meet(_ contact: Contact) {
        if remotes[contact.id]?.contact == contact { return }
        remotes[contact.id, default: Remote(contact: contact)].contact = contact
        effects.append(.meet(contact))
    }

    func hello(of number: Int, wantsAnswer: Bool) -> PeerMessage {
        .hello(
            PeerMessage.Hello(
                have: swarms[number].shareable, wantsAnswer: wantsAnswer, urgency: swarms[number].urgency, contact: me))
    }

    mutating func greet(_ contact: Contact, about number: Int) {
        guard contact.id != me.id, swarms[number].numbers[contact.id] == nil, !isBanned(contact.id),
            swarms[number].neighbours.count < configuration.mostNeighbours
        else { return }
        meet(contact)
        send(hello(of: number, wantsAnswer: true), about: number, to: contact.id)
    }

    mutating func receive(_ envelope: PeerEnvelope, from peer: PeerID) {
        guard !isBanned(peer), peer != me.id else { return }
        guard let number = swarmNumbers[envelope.blob], swarms[number].phase != .left, swarms[number].phase != .failed
        else {
            if case .hello(let hello) = envelope.message, hello.wantsAnswer {
                meet(named(hello.contact, peer))
                effects.append(.send(PeerEnvelope(blob: envelope.blob, message: .bye), to: peer))
            }
            return
        }
        if case .hello(let hello) = envelope.message {
            welcome(hello, from: peer, to: number)
            return
        }
        guard let index = swarms[number].numbers[peer] else { return }
        switch envelope.message {
        case .hello: break
        case .have(let pieces):
            swarms[number].learn(pieces, of: index)
            swarms[number].neighbours[index].quietUntil = now
            fillSlots()
        case .lost(let pieces):
            guard pieces.capacity == swarms[number].layout.count else { return }
            swarms[number].unlearn(pieces, of: index)
            forgive(pieces, of: index, in: number)
            announceSoon(number)
        case .offer(let offer): consider(offer, from: peer, in: number)
        case .decline(let ticket, let reason): declined(ticket, reason, by: peer)
        case .ready:
            swarms[number].neighbours[index].quietUntil = now
            remotes[peer]?.fullUntil = now
            fillSlots()
        case .claim(let pieces):
            guard pieces.capacity == swarms[number].layout.count else { return }
            let end = now + configuration.fallbackTurn
            pieces.forEach { swarms[number].claims[$0] = end }
        case .wrong(let pieces): suspect(pieces, saidBy: peer, in: number)
        case .bye: part(with: peer, in: number)
        }
    }

    /// Who says itself that its copy was damaged has not lied.
    private mutating func forgive(_ pieces: PieceSet, of index: Int, in number: Int) {
        let peer = swarms[number].neighbours[index].id
        for piece in swarms[number].neighbours[index].wrong where pieces.contains(piece) {
            swarms[number].neighbours[index].wrong.remove(piece)
            remotes[peer]?.strikes -= 1
            remotes[peer]?.shunnedUntil = now
        }
    }

    /// A neighbour got wrong bytes: either it lies, or the way spoils them, or the copy here is damaged, which is looked at.
    private mutating func suspect(_ pieces: PieceSet, saidBy peer: PeerID, in number: Int) {
        guard pieces.capacity == swarms[number].layout.count, swarms[number].suspects == nil,
            remotes[peer]?.falseAlarms ?? 0 < configuration.falseAlarms
        else { return }
        let mine = pieces.intersection(swarms[number].shareable)
        guard !mine.isEmpty else { return }
        swarms[number].suspects = mine
        swarms[number].complainants.insert(peer)
        effects.append(.recheck(swarms[number].blob, mine))
    }

    /// The contact as its sender states it, under the identity that its connection proved.
    private func named(_ contact: Contact, _ peer: PeerID) -> Contact {
        var contact = contact
        contact.id = peer
        return contact
    }

    private mutating func welcome(_ hello: PeerMessage.Hello, from peer: PeerID, to number: Int) {
        guard hello.have.capacity == swarms[number].layout.count else { return }
        if let index = swarms[number].numbers[peer] {
            // It started anew, or both said hello at once: what it says now counts.
            let stale = swarms[number].neighbours[index].have.subtracting(hello.have)
            swarms[number].unlearn(stale, of: index)
            swarms[number].learn(hello.have, of: index)
        } else {
            guard swarms[number].neighbours.count < configuration.mostNeighbours || makeRoom(in: number) else {
                if hello.wantsAnswer {
                    meet(named(hello.contact, peer))
                    send(.bye, about: number, to: peer)
                }
                return
            }
            meet(named(hello.contact, peer))
            swarms[number].add(Neighbour(id: peer, have: hello.have))
        }
        if let index = swarms[number].numbers[peer] { swarms[number].neighbours[index].urgency = hello.urgency }
        if hello.wantsAnswer { send(self.hello(of: number, wantsAnswer: false), about: number, to: peer) }
        fillSlots()
    }

    /// Parts with a neighbour that needs nothing, when this node needs nothing either.
    private mutating func makeRoom(in number: Int) -> Bool {
        guard swarms[number].phase == .complete,
            let idle = swarms[number].neighbours.first(where: { $0.isComplete && $0.promised.isEmpty })
        else { return false }
        send(.bye, about: number, to: idle.id)
        part(with: idle.id, in: number)
        return true
    }

    /// Takes a neighbour out of one blob.
    mutating func part(with peer: PeerID, in number: Int) {
        withdrawOffers(to: peer, in: number)
        for (id, fetch) in fetches where fetch.from == peer && fetch.swarm == number {
            effects.append(.cancelFetch(id))
            endFetch(id, fetch)
        }
        swarms[number].remove(peer)
    }

    mutating func unreachable(_ peer: PeerID) {
        for number in swarms.indices where swarms[number].numbers[peer] != nil {
            part(with: peer, in: number)
            announceSoon(number)
        }
        fillSlots()
    }

    /// A node that lies is not spoken to again, in any blob.
    mutating func ban(_ peer: PeerID) {
        guard peer != me.id, !isBanned(peer) else { return }
        remotes[peer, default: Remote(contact: Contact(id: peer, address: ""))].isBanned = true
        for number in swarms.indices {
            if swarms[number].numbers[peer] != nil {
                swarms[number].ledger.bans += 1
                part(with: peer, in: number)
                announceSoon(number)
            }
        }
    }

    /// Takes back the word of a seed on one blob, unless the whole has confirmed it, and deletes what stands on it.
    mutating func disbelieve(_ author: PeerID, in number: Int) {
        guard author != me.id, swarms[number].disbelieved.insert(author).inserted, swarms[number].phase != .complete
        else { return }
        dropPieces(swarms[number].map.revoke(author), of: number)
    }

    /// Three strikes end it, and the tracker is told.
    mutating func strike(_ peer: PeerID, in number: Int) {
        remotes[peer]?.strikes += 1
        guard let strikes = remotes[peer]?.strikes, strikes >= configuration.strikes else { return }
        swarms[number].tracking.struck.insert(peer)
        ban(peer)
    }
}
