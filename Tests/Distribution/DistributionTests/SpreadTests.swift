import DistributionSimulation
import Peer
import Pieces
import Testing

/// A pool of a few nodes behind links of 5 MB/s, and one image.
func smallPool(_ nodes: Int = 9, blobs: [Int64] = [16 << 20], seed: UInt64 = 1) -> Scenario {
    var scenario = Scenario(nodes: nodes, upload: 5e6, download: 20e6, blobs: blobs)
    scenario.seed = seed
    scenario.limit = .seconds(150)
    return scenario
}

extension Outcome {
    /// Nobody hangs, nothing was asked that makes no sense.
    func expectSound(_ note: String = "", sourceLocation: SourceLocation = #_sourceLocation) {
        #expect(stuck.isEmpty, "\(note) \(predicaments)", sourceLocation: sourceLocation)
        #expect(violations.isEmpty, "\(note)", sourceLocation: sourceLocation)
    }

    func expectAll(_ note: String = "", sourceLocation: SourceLocation = #_sourceLocation) {
        expectSound(note, sourceLocation: sourceLocation)
        #expect(failures.isEmpty, "\(note)", sourceLocation: sourceLocation)
        #expect(unpacked.allSatisfy { $0 != nil }, "\(note)", sourceLocation: sourceLocation)
    }

    var worst: Double { unpacked.compactMap { $0 }.max() ?? .infinity }
}

@Suite("how pieces spread")
struct SpreadTests {
    @Test("one node has the blob: the rest get it hardly later than it can be sent once")
    func oneSource() {
        var scenario = smallPool()
        scenario.download = 1e9
        scenario.complete = [0]
        let outcome = Simulation(scenario).run()
        outcome.expectAll()
        let bound = Double(16 << 20) / 5e6
        #expect(bound / outcome.worst >= 0.85)
        #expect(outcome.sent[0] / Double(16 << 20) <= 1.1)
        #expect(outcome.wasted == 0 && outcome.copies == 0)
    }

    @Test("nobody has it: it comes from the registry once, and meanwhile from neighbours", arguments: UInt64(1)...4)
    func cold(seed: UInt64) {
        var scenario = smallPool(20, blobs: [8 << 20, 4 << 20, 200 << 10], seed: seed)
        scenario.download = 5e6
        let outcome = Simulation(scenario).run()
        outcome.expectAll("seed \(seed)")
        #expect(outcome.copies <= 1.05)
        #expect(Double(12 << 20) / 5e6 / outcome.worst >= 0.6, "seed \(seed)")
    }

    @Test(
        "blobs of every odd size arrive: none, one byte, inline, a piece, a piece and a byte",
        arguments: [0, 1, 1024, 16 << 10, (16 << 10) + 1, 128 << 10, (128 << 10) + 1])
    func oddSizes(length: Int64) {
        let outcome = Simulation(smallPool(5, blobs: [length, length])).run()
        outcome.expectAll("\(length) bytes")
        #expect(outcome.copies <= 1.001)
    }

    @Test("two blobs share the links of a node, neither starves")
    func twoBlobs() {
        let outcome = Simulation(smallPool(8, blobs: [8 << 20, 8 << 20])).run()
        outcome.expectAll()
        #expect(outcome.copies <= 1.05)
    }

    @Test("many at once ask the registry for one copy")
    func crowd() {
        var scenario = smallPool(60, blobs: [2 << 20])
        scenario.arrival = .zero
        let outcome = Simulation(scenario).run()
        outcome.expectAll()
        #expect(outcome.copies <= 1.05)
        #expect(outcome.mostStreams == 1)
    }

    @Test("unpacking in order while pieces come costs neither a fifth more time nor a fifth more from the source")
    func inOrder() {
        var scenario = smallPool()
        scenario.download = 1e9
        scenario.complete = [0]
        scenario.peer.window = 0
        let rarestFirst = Simulation(scenario).run()
        scenario.peer.window = 2
        // Unpacking is hardly quicker than the link, so it must go on all the time.
        scenario.unpackRate = 8e6
        let streamed = Simulation(scenario).run()
        streamed.expectAll()
        #expect(streamed.worst <= 1.2 * rarestFirst.worst, "\(streamed.worst) against \(rarestFirst.worst) s")
        #expect(streamed.sent[0] <= 1.2 * rarestFirst.sent[0])
    }

    @Test("nodes behind slow links take as long as those; the others do not wait for them")
    func unequalLinks() {
        var scenario = smallPool(12)
        // The first that asks becomes the seed, so these are others.
        scenario.faults = (9..<12).map { .at(0, .throttle($0, up: 1e6, down: 2e6)) }
        let outcome = Simulation(scenario).run()
        outcome.expectAll()
        let slow = outcome.unpacked.suffix(3).compactMap { $0 }
        let quick = outcome.unpacked.dropLast(3).compactMap { $0 }
        let bound = Double(16 << 20) / 2e6
        #expect((slow.max() ?? .infinity) < bound / 0.7, "\(slow)")
        #expect((quick.max() ?? .infinity) < bound, "\(quick)")
        #expect(outcome.copies <= 1.05)
    }

    @Test("the same scenario and seed give the same run")
    func repeats() {
        let (first, second) = (Simulation(smallPool(12, seed: 5)).run(), Simulation(smallPool(12, seed: 5)).run())
        #expect(first.unpacked == second.unpacked && first.messages == second.messages)
    }
}
