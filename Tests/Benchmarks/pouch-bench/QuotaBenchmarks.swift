internal import Glibc
internal import TestSupport

/// What a disk quota adds to `create`, with each driver that this machine can have, and what reading its usage costs.
struct QuotaBenchmarks {
    var bin: String
    var rounds: Int

    func run(into report: inout Report) throws {
        try withScratchDirectorySync { folder in
            try must(["mkdir", "-p", "\(folder)/btrfs"])
            for words in [
                ["truncate", "-s", "2G", "\(folder)/image"], ["mkfs.btrfs", "-q", "\(folder)/image"],
                ["mount", "-o", "loop", "\(folder)/image", "\(folder)/btrfs"],
            ] { try must(words) }
            defer { umount2("\(folder)/btrfs", Int32(MNT_DETACH)) }
            try measure("loop", "\(folder)/plain", bar: 60, into: &report)
            try measure("btrfs", "\(folder)/btrfs/pouch", bar: 5, into: &report)
        }
    }

    private func measure(_ driver: String, _ folder: String, bar: Double, into report: inout Report) throws {
        let engine = try EngineUnderTest.pouch(bin: bin, folder: folder)
        defer { engine.stop() }
        let archive = "\(folder)/busybox.tar"
        try Bundle.makeRootfs("\(folder)/busybox")
        try must(["tar", "-C", "\(folder)/busybox", "-cf", archive, "."])
        try must(engine.words("import", "--change", "CMD [\"sh\"]", archive, "busybox:latest"))
        var without: [Double] = []
        var with: [Double] = []
        for round in 0..<(rounds + 1) {
            for limited in [false, true] {
                let words = ["create", "--network", "none"] + (limited ? ["--disk-quota", "/=1g"] : []) + ["busybox"]
                let elapsed = try ContinuousClock().measure { _ = try must(engine.client + words) }
                // The first round makes the template.
                if round > 0 {
                    if limited { with.append(milliseconds(elapsed)) } else { without.append(milliseconds(elapsed)) }
                }
            }
            try engine.removeAll()
        }
        let added = max(0, with.sorted()[with.count / 2] - without.sorted()[without.count / 2])
        report.add(Row(name: "quota.create.\(driver)", value: added, unit: "ms", peer: nil, bar: .atMost(bar)))
    }
}
