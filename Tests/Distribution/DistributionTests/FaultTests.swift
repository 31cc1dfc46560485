import DistributionSimulation
import Pieces
import Peer
import Testing
import Tracker

@Suite("what goes wrong")
struct FaultTests {
    private func run(_ scenario: Scenario, _ faults: Scenario.Fault...) -> Outcome {
        var scenario = scenario
        scenario.faults = faults
        return Simulation(scenario).run()
    }

    @Test("the seed dies when the others hold every piece: all finish, the registry is not asked again")
    func seedDiesLate() {
        let outcome = run(smallPool(), .progress(0.97, .killSeed), .progress(0.97, .stopRegistry))
        outcome.expectSound()
        #expect(outcome.unpacked.count { $0 != nil } >= 8)
        #expect(outcome.copies <= 1.001)
    }

    @Test("the seed dies with pieces that nobody else has: only those are fetched again")
    func seedDiesEarly() {
        let outcome = run(smallPool(), .progress(0.3, .killSeed))
        outcome.expectSound()
        #expect(outcome.unpacked.count { $0 != nil } >= 8)
        #expect(outcome.copies > 1 && outcome.copies < 1.9, "copies \(outcome.copies)")
    }

    @Test("the only node that has it dies: the registry brings what is lost")
    func sourceDies() {
        var scenario = smallPool()
        scenario.complete = [0]
        let outcome = run(scenario, .progress(0.2, .kill(0)))
        outcome.expectSound()
        #expect(outcome.unpacked.count { $0 != nil } == 9)
        #expect(outcome.copies > 0 && outcome.copies < 1, "copies \(outcome.copies)")
    }

    @Test("the registry dies after the seed has everything: nobody notices")
    func registryDies() {
        let outcome = run(smallPool(), .progress(0.5, .stopRegistry))
        outcome.expectAll()
        #expect(outcome.copies <= 1.001)
    }

    @Test(
        "the only node that has it has a damaged copy: it is told, and what is damaged comes from the registry",
        arguments: [0.02, 0.3, 1])
    func damagedCopy(share: Double) {
        var scenario = smallPool(4, blobs: [8 << 20])
        scenario.complete = [0]
        let outcome = run(scenario, .at(0.001, .damage(0, share)))
        outcome.expectAll("share \(share)")
        #expect(outcome.damaged > 0)
        #expect(outcome.copies <= share + 0.2, "copies \(outcome.copies)")
        // Nobody waits for a stall: the holder says itself what it has lost.
        #expect(outcome.worst < 8, "\(outcome.worst) s")
    }

    @Test("nodes that may not seed still get what only the registry has, one after the other")
    func onlyPeers() {
        var scenario = smallPool(3, blobs: [1 << 20])
        scenario.peer.maySeed = false
        let outcome = run(scenario)
        outcome.expectAll()
        #expect(outcome.mostStreams == 1)
    }

    @Test("the registry is gone once one full copy is anywhere: all finish", arguments: UInt64(1)...6)
    func originDiesAfterOneCopy(seed: UInt64) {
        var scenario = smallPool(10, seed: seed)
        scenario.complete = [3]
        scenario.faults = [.at(0, .stopRegistry), .progress(0.3, .kill(5))]
        let outcome = Simulation(scenario).run()
        outcome.expectSound("seed \(seed)")
        #expect(outcome.unpacked.enumerated().allSatisfy { $0.offset == 5 || $0.element != nil }, "seed \(seed)")
        #expect(outcome.copies == 0)
    }

    @Test("thirty of a hundred nodes die one after the other: the rest finish, in hardly more than a copy and a half")
    func thirtyPercentDie() {
        var scenario = smallPool(100, blobs: [8 << 20])
        scenario.faults = (0..<30).map { .progress(0.1 + Double($0) * 0.025, .kill($0 * 3 + 1)) }
        let outcome = Simulation(scenario).run()
        outcome.expectSound()
        #expect(outcome.unpacked.count { $0 != nil } >= 70)
        #expect(outcome.copies <= 1.5, "copies \(outcome.copies)")
    }

    @Test("a third of the nodes die: the rest finish")
    func manyDie() {
        let outcome = run(
            smallPool(12), .progress(0.3, .kill(1)), .progress(0.4, .kill(4)), .progress(0.5, .kill(7)),
            .progress(0.5, .kill(9)))
        outcome.expectSound()
        #expect(outcome.unpacked.count { $0 != nil } >= 8)
        #expect(outcome.copies < 3, "copies \(outcome.copies)")
    }

    @Test("a peer spoils every hundredth piece: each is refused before it is stored, all finish")
    func spoiltPieces() {
        let outcome = run(smallPool(), .at(0, .corrupt(3, 0.01)), .at(0, .corrupt(5, 0.05)))
        outcome.expectSound()
        #expect(outcome.unpacked.allSatisfy { $0 != nil })
    }

    @Test("a peer that spoils all it sends is banned by everybody it met, and by the tracker")
    func spoiler() {
        let outcome = run(smallPool(), .at(0, .corrupt(3, 1)))
        outcome.expectSound()
        #expect(outcome.unpacked.enumerated().allSatisfy { $0.offset == 3 || $0.element != nil })
        #expect(outcome.wrongPieces >= 2 && outcome.bannedByTracker == 1)
        #expect(outcome.wrongPieces <= 3 * 9)
    }

    @Test("a peer that says it has everything is found out")
    func liar() {
        let outcome = run(smallPool(), .at(0, .lie(2)))
        outcome.expectSound()
        #expect(outcome.unpacked.enumerated().allSatisfy { $0.offset == 2 || $0.element != nil })
    }

    @Test("a seed makes its hashes up: the whole digest tells, its pieces go, another seed is chosen")
    func forger() {
        var scenario = smallPool(6, blobs: [2 << 20])
        scenario.complete = [0]
        let outcome = run(scenario, .at(0, .forge(0)))
        outcome.expectSound()
        #expect(outcome.unpacked.allSatisfy { $0 != nil })
        #expect(outcome.copies >= 0.99 && outcome.copies < 2.1, "copies \(outcome.copies)")
    }

    @Test("the tracker restarts with an empty memory: nobody runs to the registry")
    func trackerRestarts() {
        var scenario = smallPool(12, blobs: [32 << 20])
        scenario.tracker.relearning = .seconds(4)
        let outcome = run(scenario, .progress(0.3, .stopTracker), .progress(0.4, .startTracker))
        outcome.expectAll()
        #expect(outcome.copies <= 1.001, "copies \(outcome.copies)")
    }

    @Test("the tracker dies for good: those who know each other finish")
    func trackerDies() {
        let outcome = run(smallPool(12), .progress(0.3, .stopTracker))
        outcome.expectAll()
        #expect(outcome.copies <= 1.1)
    }

    @Test("no tracker, in a pool whose size was told before: the registry serves a few at a time")
    func noTracker() {
        var scenario = smallPool(16, blobs: [2 << 20])
        scenario.hasTracker = false
        scenario.peer.poolSize = 16
        scenario.download = 2e6
        let outcome = run(scenario)
        outcome.expectAll()
        #expect(outcome.mostStreams <= 8, "streams \(outcome.mostStreams)")
    }

    @Test("a slow peer, and one that sends nothing at all, hold nobody up")
    func slowPeers() {
        let quick = run(smallPool(12))
        let outcome = run(
            smallPool(12), .progress(0.1, .throttle(3, up: 0.25e6, down: 20e6)),
            .progress(0.1, .throttle(6, up: 1, down: 20e6)))
        outcome.expectAll()
        #expect(outcome.worst <= quick.worst * 2 + 10, "\(outcome.worst) against \(quick.worst) s")
        #expect(Double(outcome.wasted) <= 0.02 * 12 * Double(16 << 20))
    }

    @Test("a node that takes pieces in drops keeps no slot from others")
    func slowLoris() {
        let outcome = run(
            smallPool(10, blobs: [8 << 20]), .progress(0.1, .throttle(4, up: 5e6, down: 100)), .at(60, .kill(4)))
        outcome.expectSound()
        let others = outcome.unpacked.enumerated().filter { $0.offset != 4 }.compactMap(\.element)
        #expect(others.count == 9)
        #expect((others.max() ?? .infinity) < 20, "\(others)")
    }

    @Test("a full disk ends one node's transfer and nobody else's; with space it goes on")
    func diskFull() {
        let outcome = run(smallPool(8), .progress(0.3, .fillDisk(5)), .at(30, .freeDisk(5)))
        outcome.expectAll()
        let others = outcome.unpacked.enumerated().filter { $0.offset != 5 }.compactMap(\.element)
        #expect((others.max() ?? .infinity) < 20, "\(others)")
    }

    @Test("a node restarts midway: what it had verified is not fetched again")
    func restarts() {
        let plain = run(smallPool(8)).sent.reduce(0, +)
        let outcome = run(smallPool(8), .progress(0.5, .kill(4)), .at(6, .revive(4, keepsPieces: true)))
        outcome.expectAll()
        // At most what was in flight goes twice.
        #expect(outcome.sent.reduce(0, +) <= plain + 24 * Double(128 << 10))
    }

    @Test("the registry refuses one node: another becomes the seed; it refuses all: each ends with its words")
    func refused() {
        let one = run(smallPool(6, blobs: [2 << 20]), .at(0, .refuse(0)), .at(0, .refuse(1)))
        one.expectAll()
        let all = run(smallPool(6, blobs: [2 << 20]), .at(0, .refuse(nil)))
        all.expectSound()
        #expect(all.failures.count == 6)
        #expect(all.failures.values.allSatisfy { $0 == .refused("the registry answers 401") })
    }

    @Test("the registry's streams break off again and again: each goes on where it broke")
    func brokenStreams() {
        let outcome = run(smallPool(6, blobs: [4 << 20]), .at(0, .breakStreams(afterPieces: 5)))
        outcome.expectAll()
        #expect(outcome.copies <= 1.05, "copies \(outcome.copies)")
    }

    @Test("a fifth of the nodes leave and come back every ten seconds: all finish")
    func churn() {
        var scenario = smallPool(20, blobs: [32 << 20])
        scenario.upload = 2e6
        for round in 0..<4 {
            for node in 0..<4 {
                let number = (round * 4 + node + 1) % 20
                scenario.faults.append(.at(Double(round) * 10 + 3, .kill(number)))
                scenario.faults.append(.at(Double(round) * 10 + 10, .revive(number, keepsPieces: node % 2 == 0)))
            }
        }
        let outcome = Simulation(scenario).run()
        outcome.expectAll()
        #expect(outcome.copies <= 2.1, "copies \(outcome.copies)")
    }
}
