package import Pieces

/// What the tracker allows the pool.
package struct TrackerConfiguration: Sendable {
    /// How often a node that fetches announces itself, in a small swarm; larger ones stretch it.
    package var interval = Span.seconds(2)
    package var longestInterval = Span.seconds(10)
    /// How often a node that has everything does.
    package var idleInterval = Span.seconds(15)
    /// How many announcements of one swarm the tracker wants to answer in a second.
    package var announcementsPerSecond = 1000.0
    /// After a start with an empty memory, how long nobody is sent to the registry: who has what is not known yet.
    package var relearning = Span.seconds(4)
    /// A seed that brings no piece for so long is replaced, and a swarm counts as stalled.
    package var stall = Span.seconds(8)
    /// Full copies that may be fetched from the registry before anything stalls.
    package var copies = 1.0
    /// Nodes that must accuse another before the whole pool is told to shun it.
    package var accusers = 2
    /// Seeds that the registry must refuse before all are told so.
    package var refusals = 3
    /// How long a node that serves another blob as its seed is passed over for this one.
    package var spread = Span.milliseconds(200)
    /// How many neighbours an answer names at most.
    package var mostPeers = 32

    package init() {}
}
