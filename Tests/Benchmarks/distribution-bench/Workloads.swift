internal import DistributionSimulation
internal import Glibc
internal import Peer
internal import Pieces
internal import TestSupport

/// A pool and the least that its efficiency may be.
struct Workload {
    var name: String
    var scenario: Scenario
    /// Seconds that no protocol can beat.
    var bound: Double
    var bar: Double
    /// Whether what the node that had it sent, rather than the registry, is to be limited.
    var watchesSource = false

    static let mebibyte: Int64 = 1 << 20

    static var all: [Workload] {
        var source = Scenario(nodes: 9, upload: 5e6, download: 1e9, blobs: [64 * mebibyte])
        source.complete = [0]
        var streaming = source
        streaming.unpackRate = 20e6
        let bound = Double(64 * mebibyte) / 5e6
        return [
            Workload(name: "distribution.sim.8", scenario: source, bound: bound, bar: 0.85, watchesSource: true),
            Workload(name: "distribution.sim.8.streamed", scenario: streaming, bound: bound, bar: 0.8),
            symmetric("distribution.sim.50", nodes: 50, megabits: 10, blobs: 4, each: 8, bar: 0.8),
            symmetric("distribution.sim.4", nodes: 4, megabits: 100, blobs: 1, each: 256, bar: 0.8),
            symmetric("distribution.sim.500", nodes: 500, megabits: 100, blobs: 1, each: 256, bar: 0.8),
            symmetric("distribution.sim.10k", nodes: 10_000, megabits: 100, blobs: 1, each: 256, bar: 0.7),
        ]
    }

    /// Nobody has the image, every link carries as much each way: a node cannot get it faster than its link.
    static func symmetric(
        _ name: String, nodes: Int, megabits: Double, blobs: Int, each mebibytes: Int64, bar: Double
    ) -> Workload {
        let rate = megabits * 1e6 / 8
        let lengths = Array(repeating: mebibytes * mebibyte, count: blobs)
        return Workload(
            name: name, scenario: Scenario(nodes: nodes, upload: rate, download: rate, blobs: lengths),
            bound: Double(lengths.reduce(0, +)) / rate, bar: bar)
    }

    func measure() -> [Row] {
        let start = clock()
        let outcome = Simulation(scenario).run()
        let cost = Double(clock() - start) / Double(CLOCKS_PER_SEC)
        let length = Double(scenario.blobs.reduce(0, +))
        let isWhole = outcome.stuck.isEmpty && outcome.violations.isEmpty
        let slowest = isWhole ? outcome.unpacked.compactMap { $0 }.max() ?? .infinity : .infinity
        var rows = [Row(name: name, value: bound / slowest, unit: "of bound", bar: .atLeast(bar))]
        if watchesSource {
            rows.append(
                Row(name: "\(name).sent", value: outcome.sent[0] / length, unit: "copies", bar: .atMost(1.1)))
        } else if scenario.complete.isEmpty {
            rows.append(Row(name: "\(name).egress", value: outcome.copies, unit: "copies", bar: .atMost(1.05)))
        }
        if scenario.nodes >= 500 {
            let share = outcome.trackerSeconds / slowest
            rows.append(Row(name: "\(name).tracker", value: share, unit: "cores", bar: .atMost(1)))
        }
        rows.append(Row(name: "\(name).cost", value: cost, unit: "CPU-s", bar: .none))
        return rows
    }
}
