package import Pieces

/// What a peer allows itself.
package struct PeerConfiguration: Sendable {
    /// How many pieces it sends at once where an offer is answered quickly.
    ///
    /// Few: a piece that is sent alone arrives sooner and is passed on sooner. There are more, up to `mostSlots`, where
    /// offers wait for their requests as long as pieces take, and a receiver that is much slower than usual does not count.
    package var uploadSlots = 4
    package var mostSlots = 16
    /// How many requests without an offer it serves beside them.
    package var pullSlots = 1
    /// How many pieces it fetches at once; as many as it sends, since a pool takes what it gives.
    package var fetches = 4
    /// How many neighbours it asks the tracker for, per blob.
    package var neighbours = 16
    /// How many it bears when others come to it.
    package var mostNeighbours = 40
    /// How often it looks after offers, fetches and stalls while something is under way.
    package var tick = Span.milliseconds(100)
    /// How long an offer waits for its request.
    package var offerPatience = Span.milliseconds(500)
    /// How long an uploader leaves a neighbour alone that declined; word of a new piece there ends it.
    package var declinePause = Span.milliseconds(250)
    /// After so long without an offer a peer asks its neighbours itself.
    package var pullAfter = Span.milliseconds(400)
    /// After so long without any new piece the blob counts as stalled.
    package var stall = Span.seconds(5)
    /// Within this time a tracker that was away hears of all blobs again, spread by chance.
    package var reintroduction = Span.seconds(2)
    /// How soon the tracker hears when a neighbour or its pieces are gone.
    package var haste = Span.milliseconds(250)
    /// How long a slow or idle neighbour is shunned.
    package var shun = Span.seconds(30)
    /// How long a neighbour that sent a wrong piece is asked for nothing: it may find that its copy is damaged.
    package var afterWrong = Span.milliseconds(500)
    /// Wrong or missing pieces after which a neighbour is banned.
    package var strikes = 3
    /// Complaints about pieces that were right, after which a neighbour's complaints are not heard.
    package var falseAlarms = 8
    /// Announcements without an answer after which the tracker counts as gone.
    package var silentAnnouncements = 3
    /// How many nodes of the pool fetch from the registry at once when the tracker is gone.
    package var fallbackLimit = 2
    /// How long one of them is given before the next begins.
    package var fallbackTurn = Span.seconds(4)
    /// All of them have begun after this time, however large the pool was: without a tracker a node waits no longer.
    package var fallbackSpan = Span.seconds(120)
    /// How many nodes the pool had, as far as an earlier run was told.
    package var poolSize = 1
    /// Whether this node's certificate lets it publish piece hashes.
    package var maySeed = true
    /// A seed sends a piece again while fewer of its neighbours than this have it.
    package var seedRedundancy = 2
    /// The pieces after the one that the unpacking waits for which come before rarer ones.
    package var window = 2

    package init() {}
}
