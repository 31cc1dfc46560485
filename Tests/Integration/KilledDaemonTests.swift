import Glibc
import LinuxKernel
import TestSupport
import Testing

/// How often and when a daemon is killed, from the environment.
private enum Kills {
    static let count = getenv("POUCH_KILLS").flatMap { Int(String(cString: $0)) } ?? 2
    static let seed = getenv("POUCH_SEED").flatMap { UInt64(String(cString: $0)) } ?? 1
}

/// `kill -9` of pouchd at random moments of what it does with images.
///
/// Two moments of each kind here; `POUCH_KILLS=100` in the environment takes as many, `POUCH_SEED` others.
@Suite(
    "images and a killed daemon", .needs(.root, .tool("docker-registry"), .tool("curl")),
    .timeLimit(.minutes(Kills.count > 10 ? 60 : 2)))
struct KilledDaemonTests {
    private func withRig(_ body: (KillRig) async throws -> Void) async throws {
        try await withDaemon { daemon in
            let registry = try await DebianRegistry(in: daemon.folder)
            do {
                let rig = KillRig(daemon: daemon, registry: registry)
                try await rig.prepare()
                try await body(rig)
                await registry.stop()
            } catch {
                await registry.stop()
                throw error
            }
        }
    }

    @Test(
        "nothing acknowledged is lost, nothing half made is seen, and the same can be done again",
        arguments: KilledWork.allCases.filter { $0 != .pull })
    func killed(work: KilledWork) async throws {
        try await withRig { rig in
            var random = SplitMix64(seed: Kills.seed &+ UInt64(KilledWork.allCases.firstIndex(of: work) ?? 0))
            // Undisturbed first: the moments lie in the time that this took.
            let whole = try await rig.command(work, 0)
            let took = try await ContinuousClock().measure { try await rig.must(whole) }
            var acknowledged = 0
            for round in 1...Kills.count {
                let command = try await rig.command(work, round)
                let moment = took * Double.random(in: 0...1.1, using: &random)
                let told = try await rig.killed(command, after: moment)
                let isDone = told?.status == 0
                acknowledged += isDone ? 1 : 0
                let place: Comment = "\(work), seed \(Kills.seed), round \(round), after \(moment), done \(isDone)"
                let faults = try await rig.faults()
                #expect(faults.isEmpty, place)
                try await inspect(work, round, isDone: isDone, rig, place)
            }
            print("\(work): killed \(Kills.count) times within \(took), acknowledged before it \(acknowledged)")
        }
    }

    /// What one kind of work may not have lost; then it is done again.
    private func inspect(
        _ work: KilledWork, _ round: Int, isDone: Bool, _ rig: KillRig, _ place: Comment
    ) async throws {
        switch work {
        case .pull: break
        case .push:
            let manifest = "http://\(rig.registry.authority)/v2/copy\(round)/image/manifests/1"
            let accepted = "Accept: application/vnd.oci.image.manifest.v1+json"
            let isThere = try await run(["curl", "-sfo", "/dev/null", "-H", accepted, manifest]).status == 0
            #expect(isThere || !isDone, place)
            for name in [rig.big, rig.pushed(round)] { #expect(try await rig.has(name), place) }
            try await rig.must(["push", "-q", rig.pushed(round)])
            try await rig.must(["rmi", rig.pushed(round)])
        case .load:
            let isThere = try await rig.has(rig.big)
            #expect(isThere || !isDone, place)
            try await rig.must(["load", "-q", "-i", rig.archive])
            #expect(try await rig.faults().isEmpty, place)
        case .build:
            let isThere = try await rig.has("built:\(round)")
            #expect(isThere || !isDone, place)
            #expect(try await rig.must(["ps", "-aq"]) == "", place)
            try await rig.must([
                "build", "--network", "none", "-q", "-t", "built:\(round)", "\(rig.daemon.folder)/context",
            ])
            let seen = try await rig.must(["run", "--rm", "--network", "none", "built:\(round)", "cat", "/round"])
            #expect(seen == "\(round)", place)
            try await rig.must(["rmi", "built:\(round)"])
        case .commit:
            let name = "committed:\(round)"
            let isThere = try await rig.has(name)
            #expect(isThere || !isDone, place)
            if !isThere { try await rig.must(["commit", "source", name]) }
            let sound = try await rig.must([
                "run", "--rm", "--network", "none", name, "busybox", "md5sum", "-c", "/sum",
            ])
            #expect(sound == "/f: OK", place)
            try await rig.must(["rmi", name])
        case .collect:
            #expect(try await !rig.has(rig.big) || !isDone, place)
            #expect(try await rig.has("kept:1"), place)
            _ = try await rig.daemon.pouch("rmi", "-f", rig.big)
            try await rig.must(["system", "prune", "-f"])
            // Of what is gone nothing is left, whenever the removal was interrupted.
            #expect(try rig.layerBlobs().isEmpty, place)
        }
    }

    @Test("a pull goes on: no whole layer is fetched again, of the others only what is missing")
    func resumed() async throws {
        try await withRig { rig in
            var random = SplitMix64(seed: Kills.seed)
            // So slow that layers are cut in the middle.
            let slow = try await run([
                "tc", "qdisc", "replace", "dev", "lo", "root", "tbf", "rate", "160mbit", "burst", "128k", "latency",
                "100ms",
            ])
            #expect(slow.status == 0, "\(slow)")
            try await undoing(["tc", "qdisc", "delete", "dev", "lo", "root"]) {
                try await rig.must(["rmi", "-f", rig.big])
                try await rig.must(["system", "prune", "-f"])
                let took = try await ContinuousClock().measure { try await rig.must(["pull", rig.big]) }
                var kills = 0
                var resumed = 0
                while kills < Kills.count {
                    try await rig.must(["rmi", "-f", rig.big])
                    try await rig.must(["system", "prune", "-f"])
                    #expect(try rig.partials().isEmpty)
                    var whole: Set<String> = try rig.layerBlobs()
                    // One pull is killed until it is through.
                    while true {
                        let before = rig.registry.fetches.count
                        let partial = try rig.partials()
                        let moment = took * Double.random(in: 0...1.3, using: &random)
                        let told = try await rig.killed(["pull", rig.big], after: moment)
                        kills += 1
                        let place: Comment = "seed \(Kills.seed), kill \(kills), after \(moment)"
                        #expect(try await rig.faults().isEmpty, place)
                        let isThere = try await rig.has(rig.big)
                        #expect(isThere || told?.status != 0, place)
                        for fetch in rig.fetches(since: before) {
                            #expect(!whole.contains(fetch.digest), place)
                            guard let had = partial[fetch.digest], had > 0 else { continue }
                            // The registry's log has the bytes that it wrote, which an interrupted answer has fewer of.
                            #expect(fetch.status == 206 && fetch.bytes <= Int64(KillRig.layerSize) + 8192 - had, place)
                            resumed += 1
                        }
                        whole = try rig.layerBlobs()
                        if isThere { break }
                    }
                    let sums = try await rig.must([
                        "run", "--rm", "--network", "none", rig.big, "sh", "-c", "cat /f? | wc -c",
                    ])
                    #expect(sums == "\(KillRig.layers * KillRig.layerSize)")
                }
                #expect(resumed > 0 || kills < 10, "no kill came in the middle of a layer")
                print("pull: killed \(kills) times within \(took), \(resumed) fetches resumed in the middle of a layer")
            }
        }
    }
}
