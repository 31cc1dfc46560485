import ImageSpec
import Pieces
import Testing
import Tracker

@Suite("the tracker alone")
struct TrackerTests {
    private let blob = Digest(hash: Array(repeating: 1, count: 32))

    private func moment(_ seconds: Double) -> Instant { .zero + .seconds(seconds) }

    private func word(of node: UInt64, having pieces: Range<Int> = 0..<0) -> Announcement {
        var value = Announcement(
            contact: Contact(id: PeerID(node), address: "n\(node):1", rack: "r\(node % 2)"), blob: blob,
            length: 1 << 20, have: PieceSet(capacity: 8, pieces), phase: .fetching)
        value.wanted = 16
        return value
    }

    private func reply(_ effects: [TrackerEffect]) -> TrackerReply? {
        effects.compactMap { if case .reply(let reply, _) = $0 { reply } else { nil } }.first
    }

    private func awake() -> TrackerConfiguration {
        var configuration = TrackerConfiguration()
        configuration.relearning = .zero
        return configuration
    }

    @Test("one node is sent to the registry; when it goes, the next, for what is lost")
    func oneSeed() {
        var tracker = Tracker(awake(), seed: 1, at: .zero)
        let first = reply(tracker.handle(.announced(word(of: 1)), at: moment(1)))
        #expect(first?.seed == .all(of: 8))
        let second = reply(tracker.handle(.announced(word(of: 2)), at: moment(1.1)))
        #expect(second?.seed.isEmpty == true && second?.peers.map(\.id) == [PeerID(1)])
        _ = tracker.handle(.announced(word(of: 2, having: 0..<5)), at: moment(3))
        _ = tracker.handle(.removed(PeerID(1)), at: moment(3.1))
        let heir = reply(tracker.handle(.announced(word(of: 2, having: 0..<5)), at: moment(3.2)))
        #expect(heir?.seed.members == [5, 6, 7])
    }

    @Test("a tracker without memory sends nobody to the registry, and learns who is there already")
    func relearns() {
        var tracker = Tracker(seed: 1, at: .zero)
        let early = reply(tracker.handle(.announced(word(of: 2)), at: moment(1)))
        #expect(early?.seed.isEmpty == true)
        var seed = word(of: 1, having: 0..<3)
        seed.fromOrigin = PieceSet(capacity: 8, 3..<8)
        for second in [2.0, 3.5, 5] { _ = tracker.handle(.announced(seed), at: moment(second)) }
        let late = reply(tracker.handle(.announced(word(of: 2)), at: moment(6)))
        #expect(late?.seed.isEmpty == true)
        let standing = tracker.standing(of: blob)
        #expect(standing?.seed == PeerID(1))
    }

    @Test("two nodes that banned a third ban it for all, one does not")
    func bans() {
        var tracker = Tracker(awake(), seed: 1, at: .zero)
        for node in UInt64(1)...4 { _ = tracker.handle(.announced(word(of: node)), at: moment(1)) }
        for accuser in UInt64(1)...2 {
            let isBanned = tracker.isBanned(PeerID(4))
            #expect(!isBanned)
            var value = word(of: accuser)
            value.struck = [PeerID(4)]
            _ = tracker.handle(.announced(value), at: moment(2))
        }
        let isBanned = tracker.isBanned(PeerID(4))
        #expect(isBanned)
        let told = reply(tracker.handle(.announced(word(of: 3)), at: moment(3)))
        #expect(told?.banned == [PeerID(4)])
        let refused = reply(tracker.handle(.announced(word(of: 4)), at: moment(3)))
        #expect(refused?.refusal != nil)
    }

    @Test("numbers of any size are borne, and one node's claim does not keep the registry from the others")
    func extremes() {
        var tracker = Tracker(awake(), seed: 1, at: .zero)
        for round in 0..<20 {
            for node in UInt64(10)..<20 {
                var value = word(of: node)
                (value.sent, value.received, value.originReceived) = (.max, .max, .max)
                _ = tracker.handle(.announced(value), at: moment(Double(round)))
                value.phase = .left
                if node > 12 { _ = tracker.handle(.announced(value), at: moment(Double(round) + 0.5)) }
            }
        }
        let copies = tracker.standing(of: blob)?.copies ?? 0
        #expect(copies > 100 && copies < 1000, "\(copies)")
    }

    @Test("a blob of another length than the first node stated is refused by name")
    func lengths() {
        var tracker = Tracker(awake(), seed: 1, at: .zero)
        _ = tracker.handle(.announced(word(of: 1)), at: moment(1))
        let other = Announcement(
            contact: Contact(id: PeerID(2), address: ""), blob: blob, length: 1 << 21,
            have: PieceSet(capacity: 16), phase: .fetching)
        let answer = reply(tracker.handle(.announced(other), at: moment(1)))
        #expect(answer?.refusal?.contains("bytes") == true)
    }
}
