import DistributionSimulation
import Pieces
import TestSupport
import Testing
import Tracker

/// Everything that may go wrong, mixed by seed; a seed that fails is named and replays alone.
@Suite("all faults mixed")
struct MixedFaultTests {
    static func scenario(seed: UInt64) -> Scenario {
        var random = SplitMix64(seed: seed)
        func number(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &random) }
        let nodes = number(4...14)
        var scenario = Scenario(
            nodes: nodes, upload: Double(number(1...10)) * 1e6, download: Double(number(2...30)) * 1e6,
            blobs: (0..<number(1...3)).map { _ in Int64(number(0...4 << 20)) })
        scenario.seed = seed
        scenario.latency = .milliseconds(Int64(number(1...40)))
        scenario.racks = number(1...3)
        scenario.registryRate = Double(number(1...50)) * 1e6
        scenario.tracker.relearning = .seconds(Double(number(0...3)))
        scenario.limit = .seconds(400)
        if number(0...3) == 0 { scenario.complete = [number(0...nodes - 1)] }
        for _ in 0..<number(0...6) {
            let node = number(0...nodes - 1)
            let moment = Double(number(0...900)) / 1000
            let start = Double(number(0...10))
            switch number(0...12) {
            case 0:
                scenario.faults += [
                    .at(start, .kill(node)),
                    .at(start + Double(number(1...20)), .revive(node, keepsPieces: number(0...1) == 0)),
                ]
            case 1: scenario.faults.append(.progress(moment, .killSeed))
            case 2: scenario.faults += [.progress(moment, .stopTracker), .at(Double(number(20...40)), .startTracker)]
            case 3:
                scenario.faults += [.progress(moment, .stopRegistry), .at(Double(number(20...40)), .startRegistry)]
            case 4: scenario.faults.append(.progress(moment, .corrupt(node, Double(number(1...100)) / 1000)))
            case 5: scenario.faults.append(.at(0, .lie(node)))
            case 6: scenario.faults.append(.progress(moment, .throttle(node, up: 5e4, down: 2e6)))
            case 7: scenario.faults += [.progress(moment, .fillDisk(node)), .at(50, .freeDisk(node))]
            case 8: scenario.faults.append(.at(start, .damage(node, Double(number(1...100)) / 100)))
            case 9: scenario.faults.append(.at(0, .forge(node)))
            case 10: scenario.faults.append(.at(0, .refuse(node)))
            case 11:
                // A part of the pool goes at once, for good.
                scenario.faults += (0..<nodes / 3).map { .progress(moment, .kill((node + $0) % nodes)) }
            default: scenario.faults.append(.at(0, .breakStreams(afterPieces: number(1...8))))
            }
        }
        return scenario
    }

    @Test("every survivor ends with the blob or with a clear error", arguments: UInt64(0)..<110)
    func survivors(seed: UInt64) {
        let outcome = Simulation(Self.scenario(seed: seed)).run()
        #expect(outcome.stuck.isEmpty, "seed \(seed): \(outcome.predicaments)")
        #expect(outcome.violations.isEmpty, "seed \(seed)")
    }
}
