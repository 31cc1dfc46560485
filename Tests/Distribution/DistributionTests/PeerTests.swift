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
            // In between it has time to look at its copy.
            let now = Double(strike)
            let taken = fetches(
                in: peer.handle(offer(strike, ticket: UInt32(strike), of: blob, from: 2), at: moment(now)))
            #expect(taken.count == 1)
            for fetch in taken { _ = peer.handle(.fetched(fetch.id, .wrong), at: moment(now + 0.1)) }
            let isBanned = peer.isBanned(PeerID(2))
            #expect(isBanned == (strike == 3))
        }
        let have = peer.progress(of: blob)?.have
        #expect(have?.isEmpty == true)
        let heard = peer.handle(offer(5, ticket: 5, of: blob, from: 2), at: moment(4))
        #expect(fetches(in: heard).isEmpty)
        let request = UploadRequest(id: UploadID(1), by: PeerID(2), blob: blob, piece: 0, ticket: nil)
        let answer = peer.handle(.asked(request), at: moment(4))
        #expect(answer.contains(.refuse(UploadID(1), .banned)))
        let told = peer.handle(.tick, at: moment(30)).compactMap {
            if case .announce(let value) = $0 { value.struck } else { nil }
        }
        #expect(told == [[PeerID(2)]])
    }

    @Test("without a tracker a large pool's nodes go to the registry a few at a time, also for a blob nobody told of")
    func turns() {
        var began: [Double] = []
        for node in UInt64(1)...40 {
            let contact = Contact(id: PeerID(SeededGenerator.mixed(node)), address: "n\(node):1")
            var peer = Peer(contact, seed: node)
            _ = peer.handle(.begin(BlobOrder(blob: blob, length: length)), at: moment(0))
            var reply = TrackerReply(blob: blob, interval: .seconds(2), capacity: 8)
            reply.swarm = 40
            _ = peer.handle(.trackerReplied(reply), at: moment(0.1))
            _ = peer.handle(.begin(BlobOrder(blob: other, length: length)), at: moment(1))
            for _ in 0..<3 { _ = peer.handle(.trackerSilent(other), at: moment(1.1)) }
            for second in 0..<200 {
                let effects = peer.handle(.tick, at: moment(2 + Double(second)))
                guard effects.contains(.openOrigin(other, .all(of: 8))) else { continue }
                began.append(Double(second))
                break
            }
        }
        #expect(began.count == 40)
        #expect(began.count { $0 < 4 } < 10, "\(began.sorted())")
        #expect((began.max() ?? 0) <= 122)
    }

    @Test("a disk that refuses ends the blob with the disk's words, and a new order begins it anew")
    func brokenDisk() {
        var peer = Peer(me, seed: 1)
        _ = peer.handle(.begin(BlobOrder(blob: blob, length: length)), at: moment(0))
        _ = peer.handle(hello(from: 2, about: blob, having: 0..<8), at: moment(0.1))
        let taken = fetches(in: peer.handle(offer(3, ticket: 4, of: blob, from: 2), at: moment(0.2)))
        #expect(taken.count == 1)
        let effects = peer.handle(.diskFailed(blob, "pwrite: EROFS"), at: moment(0.3))
        #expect(effects.contains(.failed(blob, .disk("pwrite: EROFS"))))
        #expect(effects.contains { if case .cancelFetch = $0 { true } else { false } })
        let told = effects.compactMap { if case .announce(let value) = $0 { value } else { nil } }
        #expect(told.map(\.phase) == [.failed] && told.first?.detail.contains("EROFS") == true)
        let again = peer.handle(.begin(BlobOrder(blob: blob, length: length)), at: moment(1))
        #expect(again.contains { if case .announce(let value) = $0 { value.phase == .fetching } else { false } })
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

    private func sends(_ effects: [PeerEffect], to peer: UInt64) -> [PeerMessage] {
        effects.compactMap {
            if case .send(let envelope, let to) = $0, to == PeerID(peer) { envelope.message } else { nil }
        }
    }

    @Test("who sent a wrong piece is told; a holder looks at its own copy, and fetches what is damaged anew")
    func damagedCopies() {
        var receiver = Peer(me, seed: 1)
        _ = receiver.handle(.begin(BlobOrder(blob: blob, length: length)), at: moment(0))
        _ = receiver.handle(hello(from: 2, about: blob, having: 0..<8), at: moment(0.1))
        let taken = fetches(in: receiver.handle(offer(3, ticket: 1, of: blob, from: 2), at: moment(0.2)))
        let complaint = PeerMessage.wrong(PieceSet(capacity: 8, [3]))
        let said = taken.flatMap { receiver.handle(.fetched($0.id, .wrong), at: moment(0.3)) }
        #expect(sends(said, to: 2).contains(complaint))

        var holder = Peer(me, seed: 1)
        var order = BlobOrder(blob: blob, length: length)
        order.isComplete = true
        _ = holder.handle(.begin(order), at: moment(0))
        _ = holder.handle(hello(from: 2, about: blob, having: 0..<0), at: moment(0.1))
        let heard = holder.handle(
            .received(PeerEnvelope(blob: blob, message: complaint), from: PeerID(2)), at: moment(0.3))
        #expect(heard.contains(.recheck(blob, PieceSet(capacity: 8, [3]))))
        // One look at a time, however many complain.
        let again = holder.handle(
            .received(PeerEnvelope(blob: blob, message: complaint), from: PeerID(2)), at: moment(0.3))
        #expect(!again.contains(.recheck(blob, PieceSet(capacity: 8, [3]))))
        let lost = PieceSet(capacity: 8, [3, 4])
        let mended = holder.handle(.rechecked(blob, damaged: lost), at: moment(0.4))
        #expect(mended.contains(.drop(blob, lost)))
        #expect(sends(mended, to: 2).contains(.lost(lost)))
        let told = mended.compactMap { if case .announce(let value) = $0 { value } else { nil } }
        #expect(told.map(\.phase) == [.fetching] && told.map(\.have.count) == [6])
    }

    @Test("complaints about pieces that are right are not heard for ever")
    func falseAlarms() {
        var holder = Peer(me, seed: 1)
        var order = BlobOrder(blob: blob, length: length)
        order.isComplete = true
        _ = holder.handle(.begin(order), at: moment(0))
        _ = holder.handle(hello(from: 2, about: blob, having: 0..<0), at: moment(0.1))
        let complaint = PeerEnvelope(blob: blob, message: .wrong(PieceSet(capacity: 8, [3])))
        var looks = 0
        for _ in 0..<20 {
            let effects = holder.handle(.received(complaint, from: PeerID(2)), at: moment(0.3))
            guard effects.contains(.recheck(blob, PieceSet(capacity: 8, [3]))) else { continue }
            looks += 1
            _ = holder.handle(.rechecked(blob, damaged: PieceSet(capacity: 8)), at: moment(0.3))
        }
        #expect(looks == 8)
    }

    @Test("more goes out at once where requests are long on their way", arguments: [(0.001, 4...4), (0.4, 9...16)])
    func slots(wait: Double, expected: ClosedRange<Int>) {
        var peer = Peer(me, seed: 1)
        var order = BlobOrder(blob: blob, length: 8 << 20)
        order.isComplete = true
        _ = peer.handle(.begin(order), at: moment(0))
        var open: [(peer: PeerID, offer: PeerMessage.Offer)] = []
        func keep(_ effects: [PeerEffect]) {
            for case .send(let envelope, let to) in effects {
                if case .offer(let offer) = envelope.message { open.append((to, offer)) }
            }
        }
        for number in UInt64(2)...40 {
            let hello = PeerMessage.Hello(
                have: PieceSet(capacity: 64), wantsAnswer: false, urgency: .foreground,
                contact: Contact(id: PeerID(number), address: "n:1"))
            let envelope = PeerEnvelope(blob: blob, message: .hello(hello))
            keep(peer.handle(.received(envelope, from: PeerID(number)), at: moment(0.1)))
        }
        // Every offer waits so long for its request, every piece takes 0.2 s from there.
        var clock = 0.1
        for round in 0..<5 {
            let taken = open
            open = []
            clock += wait
            for (index, (to, offer)) in taken.enumerated() {
                let request = UploadRequest(
                    id: UploadID(UInt64(round * 100 + index)), by: to, blob: blob, piece: offer.piece,
                    ticket: offer.ticket)
                keep(peer.handle(.asked(request), at: moment(clock)))
            }
            clock += 0.2
            for index in taken.indices {
                keep(peer.handle(.sent(UploadID(UInt64(round * 100 + index)), bytes: 128 << 10), at: moment(clock)))
            }
        }
        #expect(expected.contains(open.count), "\(open.count)")
    }

    @Test("a piece that is late is asked of another holder too; whoever is first ends the other's")
    func hedged() {
        var peer = Peer(me, seed: 1)
        _ = peer.handle(.begin(BlobOrder(blob: blob, length: length)), at: moment(0))
        for neighbour in UInt64(2)...3 {
            _ = peer.handle(hello(from: neighbour, about: blob, having: 0..<8), at: moment(0.1))
        }
        let first = fetches(in: peer.handle(offer(3, ticket: 1, of: blob, from: 2), at: moment(0.2)))
        #expect(first.map(\.from) == [PeerID(2)])
        let early = fetches(in: peer.handle(.tick, at: moment(1))).filter { $0.piece == 3 }
        #expect(early.isEmpty)
        let second = fetches(in: peer.handle(.tick, at: moment(3))).filter { $0.piece == 3 }
        #expect(second.map(\.from) == [PeerID(3)] && second.allSatisfy { $0.ticket == nil })
        let won = second.flatMap { peer.handle(.fetched($0.id, .verified(proof)), at: moment(3.1)) }
        #expect(first.allSatisfy { won.contains(.cancelFetch($0.id)) })
        let count = peer.progress(of: blob)?.have.count
        #expect(count == 1)
    }

    @Test("a neighbour that is slow twice is left alone for a while, one that sends nothing at once")
    func slowParents() {
        var peer = Peer(me, seed: 1)
        _ = peer.handle(.begin(BlobOrder(blob: blob, length: length)), at: moment(0))
        for neighbour in UInt64(2)...3 {
            _ = peer.handle(hello(from: neighbour, about: blob, having: 0..<8), at: moment(0.1))
        }
        var clock = 0.2
        func take(_ piece: Int, from neighbour: UInt64, seconds: Double) -> [PeerEffect] {
            let effects = peer.handle(
                offer(piece, ticket: UInt32(piece + 1), of: blob, from: neighbour), at: moment(clock))
            clock += seconds
            for fetch in fetches(in: effects) {
                _ = peer.handle(.fetched(fetch.id, .verified(proof)), at: moment(clock))
            }
            return effects
        }
        for piece in 0...2 { #expect(fetches(in: take(piece, from: 3, seconds: 0.05)).count == 1) }
        // A twentieth of the usual speed, for two pieces.
        for piece in 3...4 { #expect(fetches(in: take(piece, from: 2, seconds: 1)).count == 1) }
        let refused = take(5, from: 2, seconds: 0)
        let decline = PeerEnvelope(blob: blob, message: .decline(ticket: 6, .distrusted))
        #expect(fetches(in: refused).isEmpty && refused.contains(.send(decline, to: PeerID(2))))
        #expect(fetches(in: take(5, from: 3, seconds: 0.05)).count == 1)
        // Silence: four seconds, then somebody else brings the piece.
        let silent = fetches(in: peer.handle(offer(6, ticket: 7, of: blob, from: 3), at: moment(clock)))
        let ended = peer.handle(.tick, at: moment(clock + 4.1))
        #expect(silent.count == 1 && silent.allSatisfy { ended.contains(.cancelFetch($0.id)) })
    }

    @Test("asking for a blob again is the same transfer")
    func oneTransfer() {
        var peer = Peer(me, seed: 1)
        func announcements(_ effects: [PeerEffect]) -> Int {
            effects.count { if case .announce = $0 { true } else { false } }
        }
        let first = peer.handle(.begin(BlobOrder(blob: blob, length: length, urgency: .prewarm)), at: moment(0))
        _ = peer.handle(hello(from: 2, about: blob, having: 0..<8), at: moment(0.1))
        let taken = peer.handle(offer(3, ticket: 1, of: blob, from: 2), at: moment(0.2))
        let again = peer.handle(.begin(BlobOrder(blob: blob, length: length)), at: moment(0.3))
        #expect(announcements(first) == 1 && announcements(again) == 0)
        #expect(fetches(in: taken).count == 1 && fetches(in: again).isEmpty)
        let underWay = peer.progress(of: blob)?.underWay
        #expect(underWay == 1)
    }

    @Test("when the connection to the tracker breaks it soon hears of every blob")
    func reintroduces() {
        var peer = Peer(me, seed: 1)
        for digest in [blob, other] {
            var order = BlobOrder(blob: digest, length: length)
            order.isComplete = true
            _ = peer.handle(.begin(order), at: moment(0))
            _ = peer.handle(
                .trackerReplied(TrackerReply(blob: digest, interval: .seconds(15), capacity: 0)), at: moment(0))
        }
        func told(at time: Double) -> Int {
            peer.handle(.tick, at: moment(time)).count { if case .announce = $0 { true } else { false } }
        }
        #expect(told(at: 1) == 0)
        _ = peer.handle(.trackerLost, at: moment(2))
        #expect(told(at: 4) == 2)
    }
}
