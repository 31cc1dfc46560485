import Glibc
import JSON
import LinuxKernel
import TestSupport
import Testing

/// What users leave us for: a lost container, a leak, a state that nobody can explain.
// Serialized: each test compares what the whole machine holds before and after.
@Suite("the engine under fire", .needs(.root), .serialized)
struct EngineReliabilityTests {
    @Test("a thousand containers come and go and leave nothing behind")
    func thousandCycles() async throws {
        try await withDaemon { daemon in
            _ = try await daemon.pouch("run", "--rm", "--network", "none", "busybox", "true")
            let pid = try #require(daemon.pid)
            let descriptors = openDescriptors(of: pid)
            for _ in 0..<250 {
                try await withThrowingTaskGroup { group in
                    for _ in 0..<4 {
                        group.addTask {
                            let result = try await daemon.pouch("run", "--rm", "--network", "none", "busybox", "true")
                            #expect(result.status == 0, "\(result)")
                        }
                    }
                    try await group.waitForAll()
                }
            }
            let traces = try await Traces.left(by: daemon)
            #expect(traces.isEmpty, "\(traces)")
            #expect(try await daemon.pouch("ps", "-aq").output == "")
            #expect(openDescriptors(of: pid) <= descriptors + 4)
        }
    }

    @Test(
        "pouchd is killed or stopped and comes back: output, exit code and terminal are where they were",
        arguments: [9, 15])
    func daemonDeath(signal: Int32) async throws {
        try await withDaemon { daemon in
            let script = "echo before; while [ ! -e /tmp/go ]; do sleep 0.02; done; echo after; exit 9"
            _ = try await daemon.pouch("run", "-d", "--name", "cc", "--network", "none", "busybox", "sh", "-c", script)
            _ = try await daemon.pouch("run", "-d", "-i", "--name", "cat", "--network", "none", "busybox", "cat")
            // What a client reads does not hold up the end.
            let reader = try await withThread { [host = daemon.host] () throws in
                try RunningCommand([Executables.client, "-H", host, "logs", "-f", "cc"])
            }
            #expect(await withThread { reader.readOutput(until: "before\n") } == "before\n")
            await daemon.end(signal: signal)
            #expect(await withThread { reader.finish() }.timedOut == false)
            try await daemon.start()
            #expect(try await daemon.pouch("inspect", "-f", "{{.State.Status}}", "cc").trimmed == "running")
            let attached = try await withThread { [host = daemon.host] () throws in
                try RunningCommand([Executables.client, "-H", host, "attach", "cat"], hasInput: true)
            }
            let echoed = await withThread {
                attached.write("still here\n")
                return attached.readOutput(until: "still here\n")
            }
            #expect(echoed == "still here\n")
            _ = try await daemon.pouch("kill", "cat")
            #expect(await withThread { attached.finish() }.timedOut == false)
            #expect(try await daemon.pouch("exec", "cc", "touch", "/tmp/go").status == 0)
            #expect(try await daemon.pouch("wait", "cc").trimmed == "9")
            #expect(try await daemon.pouch("logs", "cc").output == "before\nafter\n")
        }
    }

    @Test("shims outlive the nursery they come from, and the next container finds another one")
    func nurseryDies() async throws {
        try await withDaemon { daemon in
            let loop = "trap 'exit 4' TERM; echo ready; while true; do sleep 0.02; done"
            _ = try await daemon.pouch("run", "-d", "--name", "first", "--network", "none", "busybox", "sh", "-c", loop)
            let first = try await nurseries(of: daemon)
            #expect(first.count == 1)
            _ = try await run(["kill", "-9"] + first)
            let second = try await daemon.pouch("run", "--rm", "--network", "none", "busybox", "echo", "second")
            #expect(second.output == "second\n", "\(second)")
            #expect(try await nurseries(of: daemon) != first)
            #expect(try await daemon.pouch("exec", "first", "true").status == 0)
            _ = try await daemon.pouch("stop", "first")
            #expect(try await daemon.pouch("wait", "first").trimmed == "4")
        }
    }

    @Test("the nursery goes with pouchd, however that ends")
    func nurseryEnds() async throws {
        try await withDaemon { daemon in
            for signal: Int32 in [9, 15] {
                _ = try await daemon.pouch("run", "--rm", "--network", "none", "busybox", "true")
                let nursery = try #require(try await nurseries(of: daemon).first)
                await daemon.end(signal: signal)
                // A zombie has no command line; whoever inherited it may bury it later.
                let ended = try await run([
                    "sh", "-c", "while grep -q nursery /proc/\(nursery)/cmdline 2>/dev/null; do sleep 0.01; done",
                ])
                #expect(!ended.timedOut)
                try await daemon.start()
            }
        }
    }

    private func nurseries(of daemon: Daemon) async throws -> [String] {
        try await run(["pgrep", "-f", "nursery --cgroup .*--exec-root \(daemon.folder)/exec"])
            .output.split(separator: "\n").map(String.init)
    }

    @Test("a container that ends while pouchd is away is found with its exit code")
    func endsAlone() async throws {
        try await withDaemon { daemon in
            let script = "while [ ! -e /mine/go ]; do sleep 0.02; done; echo done; exit 3"
            _ = try await daemon.pouch(
                "run", "-d", "--name", "alone", "--network", "none", "-v", "\(daemon.folder):/mine", "busybox", "sh",
                "-c", script)
            let process = try #require(
                Int32(try await daemon.pouch("inspect", "-f", "{{.State.Pid}}", "alone").trimmed))
            await daemon.end(signal: 9)
            _ = try await run(["touch", "\(daemon.folder)/go"])
            _ = try await run(["tail", "--pid=\(process)", "-f", "/dev/null"])
            try await daemon.start()
            #expect(
                try await daemon.pouch("inspect", "-f", "{{.State.Status}} {{.State.ExitCode}}", "alone").trimmed
                    == "exited 3")
            #expect(try await daemon.pouch("logs", "alone").output == "done\n")
        }
    }

    @Test("after a reboot the restart policies decide, and what is over says so")
    func reboot() async throws {
        try await withDaemon { daemon in
            let policies = ["always": "always", "unless": "unless-stopped", "byhand": "unless-stopped", "plain": "no"]
            for (name, policy) in policies {
                _ = try await daemon.pouch(
                    "run", "-d", "--name", name, "--restart", policy, "--network", "none", "busybox", "sleep", "600")
            }
            _ = try await daemon.pouch("stop", "-t", "0", "byhand")
            var processes: [String] = []
            for name in ["always", "unless", "plain"] {
                processes.append(try await daemon.pouch("inspect", "-f", "{{.State.Pid}}", name).trimmed)
            }
            await daemon.end(signal: 9)
            // What a machine loses: every process, and what is on a tmpfs.
            _ = try await run(["pkill", "-9", "-f", "shim.--directory.\(daemon.folder)/exec"])
            _ = try await run(["kill", "-9"] + processes)
            _ = try await run(["rm", "-rf", "\(daemon.folder)/exec"])
            try await daemon.start()
            for name in ["always", "unless"] {
                // It answers as soon as it runs; the policy starts it in the background.
                let running = try await run([
                    "sh", "-c",
                    "until [ \"$(\"$0\" -H \"$1\" inspect -f '{{.State.Running}}' \(name))\" = true ]; do sleep 0.02; done",
                    Executables.client, daemon.host,
                ])
                #expect(!running.timedOut, "\(name)")
            }
            func state(_ name: String) async throws -> String {
                try await daemon.pouch("inspect", "-f", "{{.State.Status}} {{.State.ExitCode}}", name).trimmed
            }
            #expect(try await state("byhand") == "exited 137")
            #expect(try await state("plain") == "exited 255")
            let why = try await daemon.pouch("inspect", "-f", "{{.State.Error}}", "plain")
            #expect(why.output.contains("the machine went down"), "\(why)")
            #expect(try await daemon.pouch("start", "plain").status == 0)
        }
    }

    @Test(
        "pouchd is killed or stopped at random moments of create, start, exec and rm",
        arguments: [(UInt64(1), Int32(9)), (2, 9), (4, 15)])
    func endedAnywhere(seed: UInt64, signal: Int32) async throws {
        try await withDaemon { daemon in
            var random = SplitMix64(seed: seed)
            for round in 0..<25 {
                let name = "victim-\(round)"
                let working = Task {
                    _ = try await daemon.pouch("create", "--name", name, "--network", "none", "busybox", "sleep", "600")
                    _ = try await daemon.pouch("start", name)
                    _ = try await daemon.pouch("exec", name, "true")
                    _ = try await daemon.pouch("rm", "-f", name)
                }
                // The moment itself is the fault that is injected, not a wait for something.
                try await Task.sleep(for: .milliseconds(Int.random(in: 0..<250, using: &random)))
                await daemon.end(signal: signal)
                _ = try await working.value
                try await daemon.start()
                try await expectExplained(daemon, name, "seed \(seed) round \(round)")
            }
            let traces = try await Traces.left(by: daemon)
            #expect(traces.isEmpty, "seed \(seed): \(traces)")
        }
    }

    @Test("a shim is killed at random moments of create, start, exec and rm", arguments: [UInt64(3), 5])
    func shimKilled(seed: UInt64) async throws {
        try await withDaemon { daemon in
            var random = SplitMix64(seed: seed)
            for round in 0..<25 {
                let name = "orphan-\(round)"
                // Half of them are let go on after they run, so that the moment falls into exec and rm, too.
                let goesOn = round % 2 == 0
                let working = Task {
                    _ = try await daemon.pouch(
                        "run", "-d", "--name", name, "--network", "none", "busybox", "sleep", "600")
                    guard goesOn else { return }
                    _ = try await daemon.pouch("exec", name, "true")
                    _ = try await daemon.pouch("rm", "-f", name)
                }
                let moment = Int.random(in: 0..<(goesOn ? 250 : 120), using: &random)
                try await Task.sleep(for: .milliseconds(moment))
                _ = try await run(["pkill", "-9", "-f", "pouch-runtime.*\(daemon.folder)/exec"])
                _ = try await working.value
                if !goesOn { _ = try await run(["pkill", "-9", "-f", "pouch-runtime.*\(daemon.folder)/exec"]) }
                // pouchd learns of the death by itself; a container without its shim does not stay running.
                let waited = try await daemon.pouch("wait", name)
                #expect(!waited.timedOut, "seed \(seed) round \(round)")
                try await expectExplained(daemon, name, "seed \(seed) round \(round)")
            }
            let traces = try await Traces.left(by: daemon)
            #expect(traces.isEmpty, "seed \(seed): \(traces)")
        }
    }

    @Test("a shim's death is noticed although somebody holds its end of the connection")
    func shimKilledBehindItsSocket() async throws {
        try await withDaemon { daemon in
            let made = try await daemon.pouch(
                "run", "-d", "--name", "held", "--network", "none", "busybox", "sleep", "600")
            #expect(made.status == 0, "\(made)")
            let found = try await run(["pgrep", "-f", "shim --directory \(daemon.folder)/exec"])
            let shim = try #require(Int32(found.trimmed.split(separator: "\n").first ?? ""))
            let process = try Processes.open(pid: shim)
            var held: [Int32] = []
            for name in try Files.list("/proc/\(shim)/fd") {
                guard let number = Int32(name), let copy = try? Processes.copyDescriptor(number, of: process.raw)
                else { continue }
                held.append(copy.release())
            }
            defer { for number in held { close(number) } }
            try Processes.signal(pidfd: process.raw, SIGKILL)
            let waited = try await daemon.pouch("wait", "held", timeout: .seconds(20))
            #expect(waited.status == 0 && waited.trimmed == "137", "\(waited)")
            let state = try await daemon.pouch("inspect", "-f", "{{.State.Status}} {{.State.Error}}", "held")
            #expect(state.trimmed.contains("exited") && state.trimmed.contains("shim"), "\(state)")
        }
    }

    /// Whatever happened, `inspect` says something true, and asking again works.
    private func expectExplained(_ daemon: Daemon, _ name: String, _ comment: Comment) async throws {
        let state = try await daemon.pouch("inspect", "-f", "{{.State.Status}}", name)
        if state.status == 0 {
            #expect(["created", "running", "exited"].contains(state.trimmed), "\(comment): \(state)")
            let started = try await daemon.pouch("start", name)
            #expect(started.status == 0, "\(comment): \(started)")
        } else {
            let again = try await daemon.pouch(
                "run", "-d", "--name", name, "--network", "none", "busybox", "sleep", "600")
            #expect(again.status == 0, "\(comment): \(again)")
        }
        #expect(try await daemon.pouch("exec", name, "true").status == 0, comment)
        let removed = try await daemon.pouch("rm", "-f", name)
        #expect(removed.status == 0, "\(comment): \(removed)")
    }
}
