import ImageSpec
import Peer
import Pieces
import Testing

@Suite("one peer alone")
struct PeerTests {
    private let blob = Digest(hash: Array(repeating: 1, count: 32))
    private let other = Digest(hash: Array(repeating: 2, count: 32))
    private let length: Int64 = 1 << 20
    private let me = Contact(id: PeerID(1), address: "me:1")
    private let proof = PieceProof(
        author: PeerID(1), hash: PieceHash(Array(repeating: 7, count: 32)), signature: [])

    private func moment(_ seconds: Double) -> Instant { .zero + .seconds(seconds) }

    private func hello(from peer: UInt64, about blob: Digest, having pieces: Range<Int>) -> PeerEvent {
        let hello = PeerMessage.Hello(
            have: PieceSet(capacity: 8, pieces), wantsAnswer: false, urgency: .foreground,
            contact: Contact(id: PeerID(peer), address: "n\(peer):1"))
        return .received(PeerEnvelope(blob: blob, message: .hello(hello)), from: PeerID(peer))
    }

    private func offer(_ piece: Int, ticket: UInt32, of blob: Digest, from peer: UInt64) -> PeerEvent {
        let offer = PeerMessage.Offer(ticket: ticket, piece: piece, isExclusive: true)
        return .received(PeerEnvelope(blob: blob, message: .offer(offer)), from: PeerID(peer))
    }

    private func fetches(in effects: [PeerEffect]) -> [Fetch] {
        effects.compactMap { if case .fetch(let fetch) = $0 { fetch } else { nil } }
    }

    private func offers(in effects: [PeerEffect]) -> [PeerMessage.Offer] {
        effects.compactMap {
            guard case .send(let envelope, _) = $0, case .offer(let offer) = envelope.message else { return nil }
            return offer
        }
    }

    @Test("a prewarm gives way while somebody waits for another blob, and goes on afterwards")
    func prewarmYields() {
        var peer = Peer(me, seed: 1)
        _ = peer.handle(.begin(BlobOrder(blob: blob, length: length, urgency: .prewarm)), at: moment(0))
        _ = peer.handle(.begin(BlobOrder(blob: other, length: length)), at: moment(0))
        _ = peer.handle(hello(from: 2, about: blob, having: 0..<8), at: moment(0.1))
        _ = peer.handle(hello(from: 3, about: other, having: 0..<8), at: moment(0.1))
        let paused = peer.handle(offer(3, ticket: 9, of: blob, from: 2), at: moment(0.2))
        let refusal = PeerEnvelope(blob: blob, message: .decline(ticket: 9, .paused))
        #expect(paused.contains(.send(refusal, to: PeerID(2))))
        #expect(fetches(in: paused).isEmpty)
        let urgent = peer.handle(offer(3, ticket: 4, of: other, from: 3), at: moment(0.3))
        #expect(fetches(in: urgent).map(\.piece) == [3])
        _ = peer.handle(.confirmed(other), at: moment(0.4))
        let resumed = peer.handle(offer(3, ticket: 10, of: blob, from: 2), at: moment(0.5))
        #expect(fetches(in: resumed).map(\.blob) == [blob])
    }

    @Test("three wrong pieces ban their sender, here at once and in what the tracker hears")
    func strikes() {
        var peer = Peer(me, seed: 1)
        _ = peer.handle(.begin(BlobOrder(blob: blob, length: length)), at: moment(0))
        _ = peer.handle(hello(from: 2, about: blob, having: 0..<8), at: moment(0.1))
        for strike in 1...3 {
            let taken = fetches(
                in: peer.handle(offer(strike, ticket: UInt32(strike), of: blob, from: 2), at: moment(0.2)))
            #expect(taken.count == 1)
            for fetch in taken { _ = peer.handle(.fetched(fetch.id, .wrong), at: moment(0.3)) }
            let isBanned = peer.isBanned(PeerID(2))
            #expect(isBanned == (strike == 3))
        }
        let have = peer.progress(of: blob)?.have
        #expect(have?.isEmpty == true)
        let heard = peer.handle(offer(5, ticket: 5, of: blob, from: 2), at: moment(0.4))
        #expect(fetches(in: heard).isEmpty)
        let request = UploadRequest(id: UploadID(1), by: PeerID(2), blob: blob, piece: 0, ticket: nil)
        let answer = peer.handle(.asked(request), at: moment(0.4))
        #expect(answer.contains(.refuse(UploadID(1), .banned)))
        let told = peer.handle(.tick, at: moment(30)).compactMap {
            if case .announce(let value) = $0 { value.struck } else { nil }
        }
        #expect(told == [[PeerID(2)]])
    }

    @Test("what no seed vouches for is kept and not passed on")
    func unproven() {
        var peer = Peer(me, seed: 1)
        _ = peer.handle(.begin(BlobOrder(blob: blob, length: length)), at: moment(0))
        _ = peer.handle(hello(from: 2, about: blob, having: 0..<0), at: moment(0.1))
        var reply = TrackerReply(blob: blob, interval: .seconds(2), capacity: 8)
        reply.seed = .all(of: 8)
        let chosen = peer.handle(.trackerReplied(reply), at: moment(0.2))
        #expect(chosen.contains(.openOrigin(blob, .all(of: 8))))
        let kept = peer.handle(.originPiece(blob, piece: 0, nil), at: moment(0.3))
        #expect(offers(in: kept).isEmpty)
        let request = UploadRequest(id: UploadID(1), by: PeerID(2), blob: blob, piece: 0, ticket: nil)
        let answer = peer.handle(.asked(request), at: moment(0.4))
        #expect(answer.contains(.refuse(UploadID(1), .absent)))
        let shared = peer.handle(.originPiece(blob, piece: 1, proof), at: moment(0.5))
        #expect(offers(in: shared).map(\.piece) == [1])
    }

    @Test("a source gives each neighbour another piece, and only that one")
    func eachPieceOnce() {
        var peer = Peer(me, seed: 1)
        var order = BlobOrder(blob: blob, length: length)
        order.isComplete = true
        _ = peer.handle(.begin(order), at: moment(0))
        var given: [PeerMessage.Offer] = []
        for neighbour in UInt64(2)...4 {
            given += offers(in: peer.handle(hello(from: neighbour, about: blob, having: 0..<0), at: moment(0.1)))
        }
        #expect(given.map(\.piece) == [0, 1, 2])
        let areExclusive = given.allSatisfy(\.isExclusive)
        #expect(areExclusive)
        let request = UploadRequest(
            id: UploadID(1), by: PeerID(2), blob: blob, piece: 0, ticket: given.first?.ticket)
        let answer = peer.handle(.asked(request), at: moment(0.2))
        #expect(answer.contains(.serve(UploadID(1))))
        // Somebody who takes it in drops loses the slot.
        let (early, late) = (peer.handle(.tick, at: moment(7)), peer.handle(.tick, at: moment(9)))
        #expect(!early.contains(.abortUpload(UploadID(1))))
        #expect(late.contains(.abortUpload(UploadID(1))))
    }
}
