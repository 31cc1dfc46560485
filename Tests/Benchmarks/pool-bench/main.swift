// Measures the pool's durable path, with the pouch-server that lies beside it:
// `pool-bench [--out FILE] [--only PREFIX] [--folder FOLDER]`.
internal import Glibc
internal import LinuxKernel
internal import TestSupport

let arguments = CommandLine.arguments
func argument(_ name: String) -> String? {
    arguments.firstIndex(of: name).flatMap { $0 + 1 < arguments.count ? arguments[$0 + 1] : nil }
}

/// Where the store's file lies: a real disk, or there is nothing to measure.
let folder = argument("--folder") ?? "/var/tmp/pool-bench.\(getpid())"

/// Each with the names of its rows.
let benchmarks: [(name: String, measure: (String) async throws -> [Row])] = [
    ("pool.store.write", StoreBenchmarks.writes),
    ("pool.store.watch", StoreBenchmarks.watches),
    ("pool.store.restart", StoreBenchmarks.restart),
    ("pool.restart", PathBenchmarks.restart),
    ("pool.path.5k", { try await PathBenchmarks.path($0, nodes: 5000, name: "pool.path.5k") }),
    ("pool.path.20k", { try await PathBenchmarks.path($0, nodes: 20_000, name: "pool.path.20k") }),
]

var report = Report()
do {
    for benchmark in benchmarks where argument("--only").map(benchmark.name.hasPrefix) ?? true {
        removeTree(folder)
        try Files.makeDirectory(folder, mode: 0o700)
        defer { removeTree(folder) }
        for row in try await benchmark.measure(folder) { report.add(row) }
    }
    if let path = argument("--out") { try report.write(to: path) }
} catch {
    print("pool-bench: \(error)")
    exit(1)
}
exit(report.rows.allSatisfy(\.isMet) ? 0 : 1)
