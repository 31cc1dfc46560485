package import ImageSpec
package import Pieces

/// Something that happened, told to the tracker.
package enum TrackerEvent: Sendable {
    /// A node, whose identity its connection proved and which may have the blob, announces itself; answered at once.
    case announced(Announcement)
    /// The node left the pool, or its identity was taken away.
    case removed(PeerID)
    /// Some time has passed.
    case tick
}

/// What the tracker wants done.
package enum TrackerEffect: Sendable, Equatable {
    /// The answer to an announcement; the shell adds the signed grant.
    case reply(TrackerReply, to: PeerID)
    /// For the log and the metrics.
    case note(TrackerNote)
}

/// Something a person may ask about.
package enum TrackerNote: Sendable, Equatable {
    /// The node fetches these pieces from the registry; so many copies' worth of bytes were granted so far.
    case seedElected(blob: Digest, node: PeerID, pieces: Int, copies: Double)
    /// It made no progress, or is silent.
    case seedLost(blob: Digest, node: PeerID)
    case banned(PeerID, reason: String)
    /// No piece came anywhere for a while, and the budget for the registry is spent until the next copy is due.
    case stalled(blob: Digest)
}
