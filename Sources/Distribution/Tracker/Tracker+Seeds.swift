internal import ImageSpec
internal import Pieces

/// Who fetches what from the registry.
extension Tracker {
    /// Takes a lease back, when `node` has it.
    mutating func loseLease(of node: PeerID, in number: Int) {
        guard let lease = swarms[number].lease, lease.node == node else { return }
        swarms[number].lease = nil
        leases[node, default: 1] -= 1
        effects.append(.note(.seedLost(blob: swarms[number].blob, node: node)))
    }

    /// Learns of a lease's progress, of its end, and of one that an earlier tracker gave.
    mutating func reviewLease(_ value: Announcement, in number: Int) {
        let node = value.contact.id
        if let lease = swarms[number].lease, lease.node == node {
            let remaining = lease.pieces.subtracting(value.have).count
            if remaining < lease.remaining {
                swarms[number].lease?.remaining = remaining
                swarms[number].lease?.lastProgress = now
            }
            if remaining == 0 || value.phase == .complete {
                swarms[number].lease = nil
                leases[node, default: 1] -= 1
            } else if value.fromOrigin.isEmpty, !value.detail.isEmpty {
                swarms[number].refusals[node] = value.detail
                swarms[number].refusalEnds = now + .seconds(30)
                loseLease(of: node, in: number)
            }
        } else if swarms[number].lease == nil, !value.fromOrigin.isEmpty, swarms[number].isTrusted(node) {
            let pieces = value.fromOrigin.subtracting(value.have)
            guard !pieces.isEmpty else { return }
            swarms[number].lease = Lease(node: node, pieces: pieces, remaining: pieces.count, lastProgress: now)
            leases[node, default: 0] += 1
        }
        guard let lease = swarms[number].lease else { return }
        let isSlow =
            now - lease.lastProgress > configuration.stall && now - swarms[number].lastProgress > configuration.stall
        if isSlow, lease.node != node { loseLease(of: lease.node, in: number) }
    }

    /// The pieces that `value`'s node is to fetch from the registry: those that nobody has, when nobody fetches them, the
    /// pool's budget allows, and it is known long enough who has what.
    mutating func election(of value: Announcement, in number: Int) -> PieceSet {
        let none = PieceSet(capacity: swarms[number].layout.count)
        let node = value.contact.id
        let isStalled = now - swarms[number].lastProgress > configuration.stall
        if let lease = swarms[number].lease, lease.node == node {
            // A node that has started anew since does not know of it any more.
            return value.fromOrigin.isEmpty ? lease.pieces.subtracting(value.have) : none
        }
        let isFree = swarms[number].lease.map({ value.struck.contains($0.node) }) ?? true
        guard swarms[number].missingCount > 0 || isStalled || !value.struck.isEmpty,
            isFree || isStalled,
            value.maySeed || (isStalled && !swarms[number].members.contains { $0.maySeed && !$0.isComplete }),
            swarms[number].inline == nil,
            swarms[number].isTrusted(node), swarms[number].refusals[node] == nil || isLastResort(node, in: number),
            now - started >= configuration.relearning || isFresh(number)
        else { return none }
        // When nothing moves although every piece is somewhere, whoever alone has some of them does not give them.
        var missing = swarms[number].pieces(heldByAtMost: isStalled ? 1 : 0).subtracting(value.have)
        let withheld = withheld(from: value, in: number)
        missing.formUnion(withheld)
        guard !missing.isEmpty else { return none }
        let isRescue = !withheld.isEmpty && swarms[number].rescued.insert(node).inserted
        guard isRescue || mayAfford(missing, in: number) else { return none }
        if leases[node, default: 0] > 0 {
            let openAt = swarms[number].openToAllAt ?? now + configuration.spread
            swarms[number].openToAllAt = openAt
            guard openAt <= now else { return none }
        }
        swarms[number].openToAllAt = nil
        if let former = swarms[number].lease { loseLease(of: former.node, in: number) }
        swarms[number].lease = Lease(node: node, pieces: missing, remaining: missing.count, lastProgress: now)
        swarms[number].lastProgress = now
        leases[node, default: 0] += 1
        let copies = swarms[number].originBytes() / Double(max(swarms[number].layout.length, 1))
        effects.append(
            .note(.seedElected(blob: value.blob, node: node, pieces: missing.count, copies: copies)))
        return missing
    }

    /// What a node lacks and only those have who sent it wrong pieces.
    private func withheld(from value: Announcement, in number: Int) -> PieceSet {
        let lacked = value.have.complement
        let liars = Set(value.struck)
        guard !liars.isEmpty, !lacked.isEmpty, swarms[number].members.contains(where: { liars.contains($0.contact.id) })
        else { return PieceSet(capacity: swarms[number].layout.count) }
        var there = PieceSet(capacity: swarms[number].layout.count)
        for member in swarms[number].members
        where !liars.contains(member.contact.id) && swarms[number].isTrusted(member.contact.id) {
            there.formUnion(member.have)
        }
        return lacked.subtracting(there)
    }

    /// Whether the pool is at its very beginning rather than the tracker: the first word on a blob that nobody has.
    private func isFresh(_ number: Int) -> Bool { configuration.relearning == .zero }

    /// A node that was refused is tried again only after a while.
    private func isLastResort(_ node: PeerID, in number: Int) -> Bool { swarms[number].refusalEnds <= now }

    /// One copy is free, and what was lost again; another one is earned by each stall, the next one only after twice the time.
    private mutating func mayAfford(_ pieces: PieceSet, in number: Int) -> Bool {
        var bytes: Int64 = 0
        let layout = swarms[number].layout
        pieces.forEach { bytes += layout.length(of: $0) }
        let granted =
            (configuration.copies + swarms[number].extraCopies) * Double(layout.length)
            + Double(swarms[number].lostBytes)
        // A piece may have been under way twice when a seed died.
        let slack = Double(layout.pieceSize) * 2
        if swarms[number].originBytes() + Double(bytes) <= granted + slack { return true }
        guard now - swarms[number].lastProgress > configuration.stall, swarms[number].nextExtraAt <= now else {
            return false
        }
        effects.append(.note(.stalled(blob: swarms[number].blob)))
        swarms[number].extraCopies += 1
        swarms[number].nextExtraAt = now + configuration.stall * (2 * swarms[number].extraCopies)
        return true
    }
}
