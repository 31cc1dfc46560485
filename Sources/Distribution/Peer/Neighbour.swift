internal import Pieces

/// Another node that takes part in a blob, as seen from here.
struct Neighbour {
    let id: PeerID
    var have: PieceSet
    var isComplete: Bool
    var urgency = Urgency.foreground
    /// Pieces that are offered or being sent to it.
    var promised: Set<Int> = []
    /// Until then it is offered nothing.
    var quietUntil = Instant.zero
    /// Pieces it got from here.
    var served = 0
    /// Fetches from it that are under way.
    var fetching = 0
    /// Pieces of which it sent wrong bytes.
    var wrong: Set<Int> = []

    init(id: PeerID, have: PieceSet) {
        self.id = id
        self.have = have
        isComplete = have.isFull
    }
}

/// What is known about a node whatever the blob.
struct Remote {
    var contact: Contact
    var strikes = 0
    var slow = 0
    var isBanned = false
    var shunnedUntil = Instant.zero
    /// It could not take more, and says when it can; after this it is tried without that.
    var fullUntil = Instant.zero
    /// Offers that wait for their requests, and uploads that run.
    var engaged = 0
    /// How often it said that a piece from here was wrong when it was not.
    var falseAlarms = 0

    init(contact: Contact) {
        self.contact = contact
    }
}

/// An offer that was made and not taken yet.
struct OpenOffer {
    let to: PeerID
    let swarm: Int
    let piece: Int
    let isExclusive: Bool
    let since: Instant
    let expires: Instant
}

/// An offer that came too soon.
struct WaitingOffer: Equatable {
    let peer: PeerID
    let swarm: Int
}

/// A piece on its way out.
struct Upload {
    let to: PeerID
    let swarm: Int
    let piece: Int
    /// Whether it counts against the slots for offers, or those for requests without one.
    let wasOffered: Bool
    let since: Instant
    var isAborted = false
}

/// A piece that was sent, until its receiver says that it has it.
struct Unacknowledged {
    let to: PeerID
    let swarm: Int
    let piece: Int
    let until: Instant
}

/// A piece on its way in.
struct OpenFetch {
    let swarm: Int
    let piece: Int
    let from: PeerID
    let since: Instant
    /// Whether it doubles another.
    let isHedge: Bool
    /// Whether a second request was made because this one takes long.
    var isHedged = false
}
