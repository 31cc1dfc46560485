package import ImageSpec

/// What a node tells the tracker about one blob, now and then: all of its state, so that a tracker that has just started
/// with an empty memory learns everything from one round of announcements.
package struct Announcement: Hashable, Sendable {
    package enum Phase: UInt8, Sendable, CaseIterable {
        /// It wants the pieces that it lacks.
        case fetching
        /// It has all of them, and the whole has its digest.
        case complete
        /// It takes no part any more.
        case left
        /// It gave up; ``Announcement/detail`` says why.
        case failed
    }

    package var contact: Contact
    package var blob: Digest
    /// In bytes; as the manifest states it.
    package var length: Int64
    package var have: PieceSet
    package var phase: Phase
    package var urgency: Urgency
    /// Whether its certificate lets it publish piece hashes.
    package var maySeed: Bool
    /// What it is fetching from the registry, or empty.
    package var fromOrigin: PieceSet
    /// How many more neighbours it could use.
    package var wanted: Int
    /// Bytes it sent to peers, fetched from peers, and fetched from the registry, of this blob.
    package var sent: Int64
    package var received: Int64
    package var originReceived: Int64
    /// Peers that this node banned: they sent wrong pieces, or claimed what they lack, three times.
    package var struck: [PeerID]
    /// Seeds whose piece hashes were right piece by piece while the whole blob had another digest.
    package var contradicted: [PeerID]
    /// The bytes of a blob that is small enough to travel inline, from the node that fetched it.
    package var inline: [UInt8]?
    package var detail: String

    package init(contact: Contact, blob: Digest, length: Int64, have: PieceSet, phase: Phase) {
        self.contact = contact
        self.blob = blob
        self.length = length
        self.have = have
        self.phase = phase
        urgency = .foreground
        maySeed = true
        fromOrigin = PieceSet(capacity: have.capacity)
        wanted = 0
        sent = 0
        received = 0
        originReceived = 0
        struck = []
        contradicted = []
        detail = ""
    }
}

/// The tracker's answer to an announcement.
package struct TrackerReply: Hashable, Sendable {
    package var blob: Digest
    /// When to announce again; sooner when something is wrong.
    package var interval: Span
    /// New neighbours, best first.
    package var peers: [Contact]
    /// Pieces to fetch from the registry and to publish, for this node is their seed; empty for all others.
    package var seed: PieceSet
    /// Nodes not to talk to.
    package var banned: [PeerID]
    /// Seeds not to believe about this blob.
    package var revoked: [PeerID]
    /// How many nodes take part; the ground of the fall-back's pace when the tracker is gone.
    package var swarm: Int
    /// The whole blob, when it is tiny.
    package var inline: [UInt8]?
    /// What the node shows its peers.
    package var grant: Grant?
    /// Why nobody can fetch the blob, when that is so: the registry refused it to every seed that was tried.
    package var refusal: String?

    package init(blob: Digest, interval: Span, capacity: Int) {
        self.blob = blob
        self.interval = interval
        peers = []
        seed = PieceSet(capacity: capacity)
        banned = []
        revoked = []
        swarm = 1
    }
}
