internal import ImageSpec
internal import Pieces

/// One node's part in one blob, as it last said.
struct Member {
    var contact: Contact
    var have: PieceSet
    var isComplete: Bool
    var lastSeen: Instant
    var interval: Span
    var originReceived: Int64 = 0
    var maySeed = true
    /// How often it was named to others since it last announced.
    var named = 0
}

/// Who was sent to the registry, and for what.
struct Lease {
    let node: PeerID
    var pieces: PieceSet
    var remaining: Int
    var lastProgress: Instant
}

/// One blob and all who take part in it.
struct TrackedSwarm {
    let blob: Digest
    let layout: PieceLayout
    var members: [Member] = []
    var numbers: [PeerID: Int] = [:]
    /// For each piece how many trusted members have it.
    var holders: [Int32]
    /// How many pieces nobody trusted has.
    var missingCount: Int
    var lease: Lease?
    /// Bytes from the registry of members that are gone.
    var goneOriginBytes: Int64 = 0
    /// Bytes that were in the pool and are nowhere any more; they may be fetched again.
    var lostBytes: Int64 = 0
    /// Sums of what nodes say stop here: anybody may come, claim and go for ever.
    private static let mostBytes: Int64 = 1 << 60
    /// Nodes that were sent to the registry beyond the budget, since those who have the rest sent them wrong pieces.
    var rescued: Set<PeerID> = []
    /// Copies beyond the first that stalls have earned.
    var extraCopies = 0.0
    var nextExtraAt = Instant.zero
    /// Earliest moment at which a node with another lease may get this one too.
    var openToAllAt: Instant?
    var lastProgress: Instant
    /// Seeds to which the registry refused the blob.
    var refusals: [PeerID: String] = [:]
    var refusalEnds = Instant.zero
    /// Authors whose word somebody found wrong, and who found it.
    var accusers: [PeerID: Set<PeerID>] = [:]
    var inline: [UInt8]?
    var nextSweep: Instant

    init(blob: Digest, length: Int64, at now: Instant) {
        self.blob = blob
        layout = PieceLayout(length: length)
        holders = Array(repeating: 0, count: layout.count)
        missingCount = layout.count
        lastProgress = now
        nextSweep = now
    }

    /// Pieces that at most so many trusted members have.
    func pieces(heldByAtMost limit: Int32) -> PieceSet {
        PieceSet(capacity: layout.count, holders.indices.filter { holders[$0] <= limit })
    }

    /// Bytes that came from the registry, as the members say.
    var originReceived: Double { members.reduce(Double(goneOriginBytes)) { $0 + Double($1.originReceived) } }

    /// Bytes that came, or are about to come, from the registry.
    func originBytes() -> Double { originReceived + Double(lease?.remaining ?? 0) * Double(layout.pieceSize) }

    func isTrusted(_ node: PeerID) -> Bool { accusers[node] == nil }

    /// Notes what a member has now; says whether it has more than before.
    mutating func update(_ index: Int, have: PieceSet) -> Bool {
        guard isTrusted(members[index].contact.id) else {
            members[index].have = have
            return false
        }
        let old = members[index].have
        let isProgress = have.hasMore(than: old)
        count(old.subtracting(have), by: -1)
        count(have.subtracting(old), by: 1)
        members[index].have = have
        return isProgress
    }

    mutating func count(_ pieces: PieceSet, by change: Int32) {
        pieces.forEach { piece in
            holders[piece] += change
            if change > 0, holders[piece] == 1 { missingCount -= 1 }
            if change < 0, holders[piece] == 0 {
                missingCount += 1
                lostBytes = min(lostBytes + layout.length(of: piece), Self.mostBytes)
            }
        }
    }

    mutating func add(_ member: Member) -> Int {
        numbers[member.contact.id] = members.count
        members.append(member)
        return members.count - 1
    }

    mutating func remove(_ node: PeerID) {
        guard let index = numbers.removeValue(forKey: node) else { return }
        if isTrusted(node) { count(members[index].have, by: -1) }
        goneOriginBytes = min(goneOriginBytes + members[index].originReceived, Self.mostBytes)
        let last = members.count - 1
        if index != last {
            members[index] = members[last]
            numbers[members[index].contact.id] = index
        }
        members.removeLast()
    }

    /// Nothing that `node` has counts any more.
    mutating func distrust(_ node: PeerID, accusedBy accuser: PeerID) {
        if isTrusted(node), let index = numbers[node] { count(members[index].have, by: -1) }
        accusers[node, default: []].insert(accuser)
    }
}
