import Glibc
import JSON
import LinuxKernel
import TestSupport
import Testing

/// Prewarms from the first word to the last, and the space that images take.
@Suite("prewarms and space", .needs(.root, .tool("docker-registry"), .tool("curl")))
struct PrewarmKernelTests {
    /// The run as JSON.
    private func run(_ id: String, _ pool: ImagePoolFixture) async throws -> JSONValue {
        try JSONValue(parsing: Array(try await pool.prewarm("status", id, "-o", "json").output.utf8))
    }

    private func wait(_ what: String, until test: () async throws -> Bool) async throws {
        let deadline = ContinuousClock.now + .seconds(30)
        while try await !test() {
            guard ContinuousClock.now < deadline else { throw DaemonNotReady(log: what) }
            try await Task.sleep(for: .milliseconds(50))
        }
    }

    @Test(
        "a plan in YAML begins at its times; flags change it; its run is bounded by the rate, and pins what it brought")
    func yaml() async throws {
        try await withImagePool(nodes: 2) { pool in
            let image = try await pool.publish(megabytes: 4)
            let text = String(decoding: try WholeFile.read("Specs/prewarm/nightly.yaml"), as: UTF8.self)
                .replacing("registry.example", with: pool.registry.authority)
            let file = "\(pool.folder)/plan.yaml"
            try WholeFile.replace(file, with: Array(text.utf8))
            let standing = try await pool.prewarm("-f", file)
            #expect(standing.status == 0 && standing.output.contains("nightly: next at "), "\(standing)")
            let schedules = try await pool.prewarm("schedules")
            #expect(schedules.output.contains("0 3 * * *") && schedules.output.contains(image), "\(schedules)")
            #expect(try await pool.prewarm("unschedule", "nightly").status == 0)
            #expect(try await pool.prewarm("unschedule", "nightly").status == 1)
            let once = text.split(separator: "\n").filter { !$0.contains("schedule:") }.joined(separator: "\n")
            try WholeFile.replace(file, with: Array(once.utf8))
            let began = ContinuousClock.now
            let warmed = try await pool.prewarm("-f", file, "--rate", "2MB/s", "--batch", "100%", "-w")
            #expect(warmed.status == 0 && warmed.output.contains("finished, 2/2 done"), "\(warmed)")
            // 4 MB on each of two nodes, one behind the other, at 2 MB/s.
            #expect(ContinuousClock.now - began > .seconds(3))
            let pruned = try await pool.nodes[1].pouch("image", "prune", "-af")
            #expect(pruned.status == 0, "\(pruned)")
            #expect(try await pool.nodes[1].pouch("images", "-q", image).trimmed != "")
            for (right, wrong, why) in [
                ("kind: Prewarm", "kind: Pod", "kind"), ("canary:", "canaries:", "spec.canaries"), ("spec:", "{", ""),
            ] {
                try WholeFile.replace(file, with: Array(once.replacing(right, with: wrong).utf8))
                let refused = try await pool.prewarm("-f", file)
                #expect(refused.status == 1 && refused.errors.contains(why), "\(refused)")
            }
        }
    }

    @Test(
        "a run that is cancelled stops its transfers; one that is tried again goes on, also under a tracker that was killed"
    )
    func life() async throws {
        try await withImagePool(nodes: 2) { pool in
            let image = try await pool.publish(megabytes: 12)
            let id = try await pool.prewarm(image, "--rate", "1MB/s", "--canary", "0", "--batch", "100%").trimmed
            try await wait("nothing comes") { try await pool.traffic().contains { $0.origin > 0 } }
            #expect(try await pool.prewarm(image, "--rate", "1MB/s", "--canary", "0", "--batch", "100%").trimmed == id)
            try await wait("no layer is told of") {
                try await run(id, pool)["progress"]?.objectValue?.values.contains {
                    ($0["layers"]?.arrayValue ?? []).contains { ($0["total"]?.intValue ?? 0) > 12 << 20 }
                } ?? false
            }
            #expect(try await pool.prewarm("pause", id).status == 0)
            #expect(try await run(id, pool)["phase"]?["name"] == "paused")
            #expect(try await pool.prewarm("resume", id).status == 0)
            #expect(try await pool.prewarm("cancel", id).status == 0)
            try await wait("it goes on") {
                let before = try await pool.traffic().reduce(0) { $0 + $1.origin + $1.received }
                try await Task.sleep(for: .milliseconds(400))
                return try await pool.traffic().reduce(0) { $0 + $1.origin + $1.received } == before
            }
            #expect(try await pool.traffic().allSatisfy { $0.origin + $0.received < 12 << 20 })
            // The same run, without its rate, by a tracker that knows it from its files alone.
            let next = try await pool.prewarm(image, "--canary", "0", "--batch", "1").trimmed
            #expect(next != id)
            await pool.killTracker()
            try await pool.startTracker()
            let watched = try await pool.prewarm("status", next, "-w")
            #expect(watched.status == 0 && watched.output.contains("finished, 2/2 done"), "\(watched)")
            #expect(try await pool.prewarm("retry", id).status == 0)
            let again = try await pool.prewarm("status", id, "-w")
            #expect(again.status == 0 && again.output.contains("2/2 done"), "\(again)")
            let metrics = try await run([
                "curl", "-s", "--unix-socket", "\(pool.folder)/tracker.sock", "http://t/metrics",
            ])
            #expect(metrics.output.contains("pouch_prewarm_nodes{state=\"done\"} 4"), "\(metrics)")
        }
    }

    private func run(_ words: [String]) async throws -> CommandResult { try await TestSupport.run(words) }

    @Test(
        "images that were used longest ago go when space is short, never what runs, is pinned or cannot be fetched again"
    )
    func space() async throws {
        let options = ImagePoolOptions(flags: ["--image-limit", "100m"])
        try await withImagePool(nodes: 1, options) { pool in
            let node = pool.nodes[0]
            try await node.importBusybox()
            var names: [String] = []
            for number in 1...6 { names.append(try await pool.publish(megabytes: 6, tag: "\(number)")) }
            // The oldest of all is pinned, the second runs.
            #expect(try await pool.prewarm(names[0], "--ttl", "1h", "-w").status == 0)
            #expect(try await node.pouch("run", "-d", "--network", "none", names[1], "sleep", "1000").status == 0)
            func present() async throws -> [Bool] {
                var found: [Bool] = []
                for name in names { found.append(try await node.pouch("images", "-q", name).trimmed != "") }
                return found
            }
            for name in names[2...] {
                #expect(try await node.pouch("pull", name).status == 0)
                try await Task.sleep(for: .milliseconds(1100))  // times of use are whole seconds
            }
            try await wait("nothing is collected") { try await !present()[2] }
            let left = try await present()
            #expect(left[0] && left[1] && left[5], "\(left)")
            #expect(try await node.pouch("images", "-q", "busybox").trimmed != "")
            let status = try await node.pouch("distribution", "status")
            #expect(status.output.contains("1 pinned") && !status.output.contains(" 0 collected"), "\(status)")
            // What is left is in use or pinned: a prewarm that would need it is refused, and nothing goes for it.
            let large = try await pool.publish(megabytes: 20, tag: "large")
            let refused = try await pool.prewarm(large, "-w")
            #expect(refused.status == 1 && refused.errors.contains("canary failed"), "\(refused)")
            let after = try await present()
            #expect(after[0] && after[1], "\(after)")
            #expect(
                try await node.pouch("exec", try await node.pouch("ps", "-q").trimmed, "ls", "/data/big").status == 0)
        }
    }

    @Test("explain says where an image came from, in words and as a picture")
    func picture() async throws {
        let limits = ["--pool-upload-limit", "20m", "--pool-download-limit", "20m", "--pool-origin-limit", "20m"]
        try await withImagePool(nodes: 2, ImagePoolOptions(flags: limits)) { pool in
            let image = try await pool.publish(megabytes: 4)
            #expect(try await pool.prewarm(image, "-w").status == 0)
            try await wait("the tracker is not told") {
                try await pool.nodes[1].pouch("distribution", "explain", image).output.contains("pool: 2 nodes have it")
            }
            let words = try await pool.nodes[1].pouch("distribution", "explain", "--pieces", image)
            #expect(words.output.contains("the registry sent 1.00 copies"), "\(words)")
            #expect(
                words.output.contains("; the limits allow ") && words.output.contains(": efficiency 0."), "\(words)")
            #expect(words.output.contains("from node-1: ") && words.output.contains(" ms"), "\(words)")
            let picture = try await pool.nodes[1].pouch("distribution", "explain", "-o", "svg", image)
            #expect(picture.output.hasPrefix("<svg ") && picture.output.contains(">node-1</text>"), "\(picture)")
            let parsed = try await TestSupport.run(
                ["python3", "-c", "import sys, xml.dom.minidom as d; d.parseString(sys.stdin.read())"],
                input: picture.output)
            #expect(parsed.status == 0, "\(parsed)")
        }
    }
}
