package import ImageSpec

/// What peers tell each other about one blob; pieces themselves travel as HTTP ranges.
///
/// ```
/// A                                B
/// | hello(have, …) --------------> |   both ways, once per pair and blob
/// | <-------------- hello(have, …) |
/// | offer(ticket, piece) --------> |   A has a free slot and B lacks the piece
/// | <---- GET piece, ticket ------ |   B takes it, or another that A has, or declines
/// | ============ bytes, proof ===> |
/// | <----------------- have(piece) |   to every neighbour that may lack it
/// ```
///
/// The uploader decides to whom, since it knows its own queue; the downloader decides what, since it knows what is under
/// way. Neither asks in vain and no piece is sent twice to one node.
package enum PeerMessage: Hashable, Sendable {
    case hello(Hello)
    /// Pieces that the sender has now, verified, beyond those it told of.
    case have(PieceSet)
    /// Pieces that it has no more.
    case lost(PieceSet)
    case offer(Offer)
    case decline(ticket: UInt32, Decline)
    /// The sender declined as full before and is so no more.
    case ready
    /// The sender fetches these from the registry itself, since nobody it knows has them: others need not.
    case claim(PieceSet)
    /// What came from the receiver of these did not match its proofs: the receiver's own copy may be damaged.
    case wrong(PieceSet)
    /// The sender takes no part in this blob any more.
    case bye

    /// The first word between two peers.
    package struct Hello: Hashable, Sendable {
        package var have: PieceSet
        /// Whether the other side should say hello too; never on an answer.
        package var wantsAnswer: Bool
        /// A prewarm gives way to whoever waits for the blob.
        package var urgency: Urgency
        /// Where the sender is reached, as it sees itself.
        package var contact: Contact

        package init(have: PieceSet, wantsAnswer: Bool, urgency: Urgency, contact: Contact) {
            self.have = have
            self.wantsAnswer = wantsAnswer
            self.urgency = urgency
            self.contact = contact
        }
    }

    /// The receiver may fetch one piece from the sender now.
    package struct Offer: Hashable, Sendable {
        /// Comes back with the request; the sender's own number.
        package var ticket: UInt32
        /// The rarest that the other lacks, as the sender sees it.
        package var piece: Int
        /// Whether only this piece is offered: a seed hands out each piece once before any a second time.
        package var isExclusive: Bool

        package init(ticket: UInt32, piece: Int, isExclusive: Bool) {
            self.ticket = ticket
            self.piece = piece
            self.isExclusive = isExclusive
        }
    }

    package enum Decline: UInt8, Sendable, CaseIterable {
        /// It has, or is getting, everything the other has.
        case nothingWanted
        /// As many fetches are under way as it wants at once.
        case full
        /// A foreground pull comes first, the disk is full, or the blob is paused.
        case paused
        /// The other was too slow, or sent wrong pieces.
        case distrusted
    }
}

/// How much somebody waits for a blob.
package enum Urgency: UInt8, Comparable, Sendable, CaseIterable {
    case prewarm
    case foreground

    package static func < (left: Urgency, right: Urgency) -> Bool { left.rawValue < right.rawValue }
}

/// A message and the blob it is about; several may travel in one body.
package struct PeerEnvelope: Hashable, Sendable {
    package var blob: Digest
    package var message: PeerMessage

    package init(blob: Digest, message: PeerMessage) {
        self.blob = blob
        self.message = message
    }
}
