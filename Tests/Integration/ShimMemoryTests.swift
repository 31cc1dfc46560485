internal import Glibc
internal import LinuxKernel
internal import ShimProtocol
internal import TestSupport
internal import Testing

@Suite("Shim: memory", .needs(.root))
struct ShimMemoryTests {
    /// Proportional: pages of the program that all shims share count once.
    private static func kilobytes(of pid: Int32) throws -> Int {
        let text = String(decoding: try WholeFile.read("/proc/\(pid)/smaps_rollup"), as: UTF8.self)
        for line in text.split(separator: "\n") where line.hasPrefix("Pss:") {
            return line.split(separator: " ").compactMap { Int($0) }.first ?? 0
        }
        return 0
    }

    private static func resident(_ pid: Int32) throws -> Int {
        let fields = String(decoding: try WholeFile.read("/proc/\(pid)/statm"), as: UTF8.self).split(separator: " ")
        return fields.count > 1 ? Int(fields[1]) ?? 0 : 0
    }

    @Test("100 idle shims hold at most 0.3 MB each")
    func idle() async throws {
        try await withShimScratch { scratch in
            let shims = try (0..<100).map {
                try ShimFixture(in: scratch, "m\($0)", running: ["sleep", "1000"]).start()
            }
            // Each gives back what its start needed once it has been left alone for a moment.
            for shim in shims {
                var patience = 40
                while try Self.resident(shim.pid) > 512, patience > 0 {
                    usleep(50_000)
                    patience -= 1
                }
            }
            let sizes = try shims.map { try Self.kilobytes(of: $0.pid) }
            let mean = sizes.reduce(0, +) / sizes.count
            print("idle shims: \(mean) kB on average, \(sizes.max() ?? 0) kB at most")
            #expect(mean <= 300)
            for shim in shims { try shim.end() }
        }
    }
}
