import Glibc
import LinuxKernel
import TestSupport

/// The rows, one after the other.
struct Bench {
    var programs: String
    /// Every image is so many times smaller.
    var scale: Int
    /// A Python that has libtorrent; without one its row is left out.
    var python: String?
    var only: String?

    static let mebibyte = 1 << 20

    func wants(_ name: String) -> Bool { only.map(name.hasPrefix) ?? true }

    func run() async throws -> Report {
        var report = Report()
        if wants("swarm.8") { for row in try await seedAndEight() { report.add(row) } }
        if wants("swarm.50") {
            for row in try await cold("swarm.50", nodes: 50, megabits: 10, layers: 4, megabytes: 8) { report.add(row) }
        }
        if wants("swarm.4") {
            for row in try await cold("swarm.4", nodes: 4, megabits: 100, layers: 1, megabytes: 256) { report.add(row) }
        }
        if wants("swarm.tiny") { report.add(try await tiny()) }
        if wants("swarm.memory") { for row in try await memory() { report.add(row) } }
        return report
    }

    /// One node has the image, eight want it; each sends at most 5 MB/s.
    private func seedAndEight() async throws -> [Row] {
        let size = 64 * Self.mebibyte / scale
        let theirs = try await torrents(size: size)
        return try await withPool(nodes: 9) { pool in
            let image = try await pool.publish("eight", layers: 1, bytes: size)
            _ = try await pool.pull(image, on: [0])
            let length = Double(try await pool.traffic(of: 0).origin)
            try await pool.shape(up: 40, down: nil)
            let before = pool.processorSeconds()
            let slowest = try await pool.pull(image, on: Array(1..<9))
            let sent = Double(try await pool.traffic(of: 0).sent)
            let bound = length / 5e6
            var rows = [
                Row(
                    name: "swarm.8", value: bound / slowest, unit: "of bound",
                    peer: theirs.map { ("libtorrent", bound / $0.slowest) }, bar: .none),
                Row(name: "swarm.8.unpacked", value: bound / slowest, unit: "of bound", bar: .atLeast(0.85)),
                Row(
                    name: "swarm.8.sent", value: sent / length, unit: "copies",
                    peer: theirs.map { ("libtorrent", $0.sent / Double(size)) }, bar: .none),
                Row(name: "swarm.8.seed", value: sent / length, unit: "copies", bar: .atMost(1.1)),
                Row(name: "swarm.8.cost", value: pool.processorSeconds() - before, unit: "CPU-s", bar: .none),
            ]
            if theirs == nil { rows.removeAll { $0.name == "swarm.8" || $0.name == "swarm.8.sent" } }
            return rows
        }
    }

    /// Nobody has the image, every link carries as much each way; until it is unpacked on the last node.
    private func cold(
        _ name: String, nodes: Int, megabits: Int, layers: Int, megabytes: Int
    ) async throws -> [Row] {
        try await withPool(nodes: nodes) { pool in
            let image = try await pool.publish(name, layers: layers, bytes: megabytes * Self.mebibyte / scale)
            try await pool.shape(up: megabits, down: megabits)
            let before = pool.processorSeconds()
            let slowest = try await pool.pull(image, on: Array(0..<nodes))
            var origin = 0
            var length = 0
            for node in 0..<nodes {
                let traffic = try await pool.traffic(of: node)
                origin += traffic.origin
                length = max(length, traffic.whole)
            }
            return [
                Row(
                    name: name, value: Double(length) * 8 / (Double(megabits) * 1e6) / slowest, unit: "of bound",
                    bar: .atLeast(0.8)),
                Row(
                    name: "\(name).egress", value: Double(origin) / Double(length), unit: "copies", bar: .atMost(1.05)),
                Row(name: "\(name).cost", value: pool.processorSeconds() - before, unit: "CPU-s", bar: .none),
            ]
        }
    }

    /// What each of many tiny blobs adds to a pull from a neighbour, one after the other, unpacked and all.
    private func tiny() async throws -> Row {
        try await withPool(nodes: 2, flags: ["--max-concurrent-downloads", "1"]) { pool in
            let (one, many) = (
                try await pool.publish("one", layers: 1, bytes: 1024),
                try await pool.publish("many", layers: 41, bytes: 1024)
            )
            _ = try await pool.pull(one, on: [0])
            _ = try await pool.pull(many, on: [0])
            let single = try await pool.pull(one, on: [1])
            let all = try await pool.pull(many, on: [1])
            return Row(name: "swarm.tiny", value: (all - single) / 40 * 1000, unit: "ms", bar: .atMost(20))
        }
    }

    /// The most memory that a daemon held while a large layer came from a neighbour, and while it brought it from the registry.
    private func memory() async throws -> [Row] {
        try await withPool(nodes: 2, python: "python3") { pool in
            let image = try await pool.publishZeros(bytes: 5120 * Self.mebibyte / scale)
            var rows: [Row] = []
            for (node, name) in ["swarm.memory.seed", "swarm.memory.peer"].enumerated() {
                _ = try await pool.pull(image, on: [node], timeout: .seconds(1800))
                rows.append(Row(name: name, value: pool.peakMegabytes(of: node), unit: "MB", bar: .atMost(64)))
            }
            return rows
        }
    }

    private func withPool<Result>(
        nodes: Int, flags: [String] = [], python: String? = nil, _ body: (BenchPool) async throws -> Result
    ) async throws -> Result {
        try await withScratchDirectory { folder in
            let pool = try await BenchPool(in: folder, programs: programs, nodes: nodes, flags: flags, python: python)
            do {
                try await pool.joined()
                let result = try await body(pool)
                await pool.stop()
                return result
            } catch {
                pool.tellLogs()
                await pool.stop()
                throw error
            }
        }
    }

    private func torrents(size: Int) async throws -> (slowest: Double, sent: Double)? {
        guard let python else { return nil }
        return try await withScratchDirectory { folder in
            try await Torrents(in: folder, python: python, size: size).run()
        }
    }
}
