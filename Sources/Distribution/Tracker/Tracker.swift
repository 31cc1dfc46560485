package import ImageSpec
package import Pieces

/// Knows who has what, introduces nodes to each other, and sends as few as possible to the registry: events and time in,
/// effects out.
///
/// It keeps nothing: announcements say all that it must know, so one that starts with an empty memory learns the pool anew
/// within two of their intervals, and sends nobody to the registry until then.
package struct Tracker: ~Copyable {
    let configuration: TrackerConfiguration
    var random: SeededGenerator
    var swarms: [TrackedSwarm] = []
    var swarmNumbers: [Digest: Int] = [:]
    /// How many leases a node holds.
    var leases: [PeerID: Int] = [:]
    /// Who said that a node sends wrong pieces.
    var strikes: [PeerID: Set<PeerID>] = [:]
    var banned: Set<PeerID> = []
    var effects: [TrackerEffect] = []
    let started: Instant
    var now: Instant

    /// A tracker that knows nothing yet; `seed` decides whatever is left to chance.
    package init(_ configuration: TrackerConfiguration = TrackerConfiguration(), seed: UInt64, at start: Instant) {
        self.configuration = configuration
        random = SeededGenerator(seed: seed)
        started = start
        now = start
    }

    /// Takes `event` in and says what to do about it, in this order.
    package mutating func handle(_ event: TrackerEvent, at time: Instant) -> [TrackerEffect] {
        now = max(now, time)
        switch event {
        case .announced(let announcement): announced(announcement)
        case .removed(let node): removed(node)
        case .tick: for number in swarms.indices { sweep(number) }
        }
        defer { effects = [] }
        return effects
    }

    // MARK: What may be asked about it

    package struct Standing: Sendable, Equatable {
        package var members: Int
        package var complete: Int
        /// Pieces that no node has.
        package var missing: Int
        /// Bytes from the registry over the blob's length.
        package var copies: Double
        package var seed: PeerID?
    }

    /// How far a blob has spread; `nil` for one that nobody announced.
    package func standing(of blob: Digest) -> Standing? {
        guard let number = swarmNumbers[blob] else { return nil }
        let swarm = swarms[number]
        return Standing(
            members: swarm.members.count, complete: swarm.members.count(where: \.isComplete),
            missing: swarm.missingCount, copies: swarm.originReceived / Double(max(swarm.layout.length, 1)),
            seed: swarm.lease?.node)
    }

    package func isBanned(_ node: PeerID) -> Bool { banned.contains(node) }

    // MARK: Announcements

    private mutating func announced(_ value: Announcement) {
        let node = value.contact.id
        let number = swarmNumber(of: value)
        guard value.have.capacity == swarms[number].layout.count else {
            refuse(value, "the blob has \(swarms[number].layout.length) bytes, not \(value.length)")
            return
        }
        guard !banned.contains(node) else {
            refuse(value, "this node is banned: it sent wrong pieces")
            return
        }
        hearAccusations(value, in: number)
        if value.phase == .left || value.phase == .failed {
            loseLease(of: node, in: number)
            swarms[number].remove(node)
            effects.append(.reply(TrackerReply(blob: value.blob, interval: .seconds(30), capacity: 0), to: node))
            return
        }
        sweep(number)
        let index = record(value, in: number)
        if let inline = value.inline, swarms[number].layout.isInline { swarms[number].inline = inline }
        reviewLease(value, in: number)
        answer(value, index: index, in: number)
    }

    private mutating func swarmNumber(of value: Announcement) -> Int {
        if let number = swarmNumbers[value.blob] { return number }
        swarmNumbers[value.blob] = swarms.count
        swarms.append(TrackedSwarm(blob: value.blob, length: value.length, at: now))
        return swarms.count - 1
    }

    private mutating func refuse(_ value: Announcement, _ reason: String) {
        var reply = TrackerReply(blob: value.blob, interval: configuration.idleInterval, capacity: 0)
        reply.refusal = reason
        effects.append(.reply(reply, to: value.contact.id))
    }

    private mutating func record(_ value: Announcement, in number: Int) -> Int {
        let node = value.contact.id
        let index =
            swarms[number].numbers[node]
            ?? swarms[number].add(
                Member(
                    contact: value.contact, have: PieceSet(capacity: value.have.capacity), isComplete: false,
                    lastSeen: now, interval: configuration.interval))
        swarms[number].members[index].contact = value.contact
        swarms[number].members[index].lastSeen = now
        swarms[number].members[index].isComplete = value.phase == .complete
        swarms[number].members[index].originReceived = believed(value.originReceived, in: number)
        swarms[number].members[index].maySeed = value.maySeed
        swarms[number].members[index].named = 0
        if swarms[number].update(index, have: value.have) { swarms[number].lastProgress = now }
        return index
    }

    /// One node's claim cannot use up the pool's budget for good.
    private func believed(_ bytes: Int64, in number: Int) -> Int64 {
        min(max(bytes, 0), 4 * swarms[number].layout.length)
    }

    private mutating func answer(_ value: Announcement, index: Int, in number: Int) {
        // No copy of the swarm here: it would be copied whole with the first change below.
        let members = swarms[number].members.count
        var reply = TrackerReply(blob: value.blob, interval: interval(for: value, in: number), capacity: 0)
        reply.swarm = members
        reply.banned = Array(banned.sorted().prefix(64))
        reply.revoked = swarms[number].accusers.filter { $0.value.count >= configuration.accusers }.keys.sorted()
        if value.phase == .fetching {
            reply.inline = swarms[number].inline
            reply.seed = election(of: value, in: number)
            if swarms[number].refusals.count >= min(configuration.refusals, members),
                swarms[number].missingCount > 0, swarms[number].refusalEnds > now, reply.seed.isEmpty
            {
                reply.refusal = swarms[number].refusals.min { $0.key < $1.key }?.value
            }
        }
        reply.peers = introductions(for: value, in: number)
        let isLonely = value.phase == .fetching && reply.peers.count < value.wanted && members < 4
        if isLonely || swarms[number].openToAllAt != nil { reply.interval = min(reply.interval, .milliseconds(500)) }
        swarms[number].members[index].interval = reply.interval
        effects.append(.reply(reply, to: value.contact.id))
    }

    private func interval(for value: Announcement, in number: Int) -> Span {
        let members = Double(swarms[number].members.count)
        let stretched = Span.seconds(members / configuration.announcementsPerSecond)
        if value.phase == .complete { return max(configuration.idleInterval, stretched) }
        // A seed is asked more often: whom it knows decides how fast the first pieces spread.
        if swarms[number].lease?.node == value.contact.id { return min(configuration.interval, .seconds(1)) }
        return min(max(configuration.interval, stretched), configuration.longestInterval)
    }

    // MARK: Members that go

    private mutating func removed(_ node: PeerID) {
        for number in swarms.indices where swarms[number].numbers[node] != nil {
            loseLease(of: node, in: number)
            swarms[number].remove(node)
        }
    }

    /// Forgets members that missed three announcements.
    private mutating func sweep(_ number: Int) {
        guard swarms[number].nextSweep <= now else { return }
        swarms[number].nextSweep = now + .seconds(1)
        let silent = swarms[number].members.filter { now - $0.lastSeen > $0.interval * 3 + .seconds(2) }
        for member in silent {
            loseLease(of: member.contact.id, in: number)
            swarms[number].remove(member.contact.id)
        }
    }

    // MARK: Accusations

    private mutating func hearAccusations(_ value: Announcement, in number: Int) {
        let accuser = value.contact.id
        for node in value.struck where node != accuser {
            strikes[node, default: []].insert(accuser)
            if strikes[node]?.count ?? 0 >= configuration.accusers {
                ban(node, "\(configuration.accusers) nodes got wrong pieces from it")
            }
        }
        for author in value.contradicted where author != accuser {
            swarms[number].distrust(author, accusedBy: accuser)
            loseLease(of: author, in: number)
            if swarms[number].accusers[author]?.count ?? 0 >= configuration.accusers {
                ban(author, "its piece hashes lead to another digest")
            }
        }
    }

    private mutating func ban(_ node: PeerID, _ reason: String) {
        guard banned.insert(node).inserted else { return }
        effects.append(.note(.banned(node, reason: reason)))
        removed(node)
    }
}
