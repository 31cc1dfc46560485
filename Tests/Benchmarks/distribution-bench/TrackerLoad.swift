internal import Glibc
internal import ImageSpec
internal import LinuxKernel
internal import Pieces
internal import TestSupport
internal import Tracker

/// A tracker that hears of many nodes and several blobs.
enum TrackerLoad {
    /// Its memory, and how many announcements it answers in a second of processor time.
    static func measure(nodes: Int, blobs: Int) -> [Row] {
        let before = residentBytes()
        var tracker = Tracker(seed: 1, at: .zero)
        let length: Int64 = 1 << 30
        let digests = (0..<blobs).map { blob in Digest(hash: (0..<32).map { UInt8(truncatingIfNeeded: $0 + blob) }) }
        var random = SeededGenerator(seed: 1)
        let start = clock()
        for round in 0..<3 {
            for node in 0..<nodes {
                for digest in digests {
                    let count = PieceLayout(length: length).count
                    let have = PieceSet(capacity: count, (0..<random.below(count)).map { _ in random.below(count) })
                    var value = Announcement(
                        contact: Contact(
                            id: PeerID(UInt64(node)), address: "node-\(node).pool.example:7420",
                            zone: "zone-\(node % 3)", rack: "rack-\(node % 250)"),
                        blob: digest, length: length, have: have, phase: .fetching)
                    value.wanted = round == 0 ? 16 : 2
                    _ = tracker.handle(.announced(value), at: .zero + .seconds(Double(round) * 10))
                }
            }
        }
        let seconds = Double(clock() - start) / Double(CLOCKS_PER_SEC)
        let memory = Double(residentBytes() - before) / 1e6
        let standing = tracker.standing(of: digests[0])
        precondition(standing?.members == nodes, "every node is a member")
        return [
            Row(name: "distribution.tracker.memory", value: memory, unit: "MB", bar: .atMost(200)),
            Row(
                name: "distribution.tracker.rate", value: Double(nodes * blobs * 3) / seconds, unit: "1/CPU-s",
                bar: .atLeast(4000)),
        ]
    }

    private static func residentBytes() -> Int {
        guard let bytes = try? WholeFile.read("/proc/self/statm") else { return 0 }
        let pages =
            String(decoding: bytes, as: UTF8.self).split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0
        return pages * 4096
    }
}
