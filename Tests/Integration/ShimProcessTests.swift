internal import CLinux
internal import Glibc
internal import JSON
internal import LinuxKernel
internal import RuntimeSpec
internal import ShimProtocol
internal import TestSupport
internal import Testing

@Suite("Shim: processes", .needs(.root))
struct ShimProcessTests {
    @Test("execs run side by side, each with streams and an exit file of its own")
    func execs() async throws {
        try await withShimScratch { scratch in
            let shim = try ShimFixture(in: scratch, running: ["sleep", "1000"]).start()
            let clients = try (0..<8).map { number in
                let client = try shim.connect()
                let process = try shim.exec(["sh", "-c", "cat; echo e\(number) >&2; exit \(number)"])
                guard case .started = try client.ask(.exec(id: "e\(number)", process: process, streams: .all)) else {
                    throw ShimTestFailure("exec \(number) was not started")
                }
                return client
            }
            #expect(try shim.state().execs.map(\.id) == (0..<8).map { "e\($0)" })
            for (number, client) in clients.enumerated() {
                try client.send(Frame(.stdin, Array("in \(number)\n".utf8)))
                try client.send(Frame(.endOfStdin))
            }
            for (number, client) in clients.enumerated() {
                let (stdout, stderr, exit) = try client.readToEnd()
                #expect(String(decoding: stdout, as: UTF8.self) == "in \(number)\n")
                #expect(String(decoding: stderr, as: UTF8.self) == "e\(number)\n")
                #expect(exit?.code == Int32(number))
                #expect(try shim.exitFile("exec-e\(number).json") == exit)
            }
            #expect(try shim.state().execs.isEmpty)
            try shim.end()
        }
    }

    @Test("a detached exec is told by events, and can be killed by its id")
    func detachedExec() async throws {
        try await withShimScratch { scratch in
            let shim = try ShimFixture(in: scratch, running: ["sleep", "1000"]).start()
            let events = try shim.connect()
            #expect(try events.ask(.subscribe) == .done)
            let sleep = try shim.exec(["sleep", "1000"])
            guard case .started(let process) = try shim.ask(.exec(id: "bg", process: sleep, streams: .none)) else {
                throw ShimTestFailure("not started")
            }
            guard case .failure(let twice) = try shim.ask(.exec(id: "bg", process: sleep, streams: .none)) else {
                throw ShimTestFailure("the id was taken twice")
            }
            #expect(twice.errno == EEXIST)
            guard case .processes(let pids) = try shim.ask(.processes) else { throw ShimTestFailure("no processes") }
            #expect(try Set(pids) == [process.pid, shim.process.pid])
            #expect(try shim.ask(.kill(signal: SIGTERM, target: .exec("bg"))) == .done)
            let told = try events.events { if case .exited("bg", _) = $0 { true } else { false } }
            #expect(told.contains(.execStarted(id: "bg", process)))
            #expect(try shim.exitFile("exec-bg.json").signal == SIGTERM)
            try shim.end()
        }
    }

    @Test("an exec that cannot start says why, with docker's exit codes")
    func failingExec() async throws {
        try await withShimScratch { scratch in
            let shim = try ShimFixture(in: scratch, running: ["sleep", "1000"]).start()
            for (program, code) in [("/bin/nothing", Int32(127)), ("/etc", 126)] {
                let reply = try shim.ask(.exec(id: "x", process: try shim.exec([program]), streams: .all))
                guard case .failure(let failure) = reply else { throw ShimTestFailure("\(program) was started") }
                #expect(failure.exitCode == code, "\(failure)")
            }
            #expect(try shim.state().execs.isEmpty)
            try shim.end()
        }
    }

    @Test("terminals have the size that was asked for, and show both streams as one")
    func terminals() async throws {
        try await withShimScratch { scratch in
            let shim = try ShimFixture(in: scratch, running: ["sh"])
            shim.bundle.config["process"]?["terminal"] = true
            shim.configuration.stdinOpen = true
            let client = try shim.start(attaching: .all).attachedClient()
            #expect(try shim.ask(.resize(rows: 33, columns: 99, exec: nil)) == .done)
            let exec = try shim.connect()
            let shell = try shim.exec(["sh"], terminal: true)
            guard case .started = try exec.ask(.exec(id: "t", process: shell, streams: .all)) else {
                throw ShimTestFailure("not started")
            }
            #expect(try shim.ask(.resize(rows: 7, columns: 11, exec: "t")) == .done)
            try exec.send(Frame(.stdin, Array("stty size; tty >&2; exit 6\n".utf8)))
            let inner = try exec.readToEnd()
            let text = String(decoding: inner.stdout, as: UTF8.self)
            #expect(text.contains("7 11") && text.contains("/dev/pts/"), "\(text)")
            #expect(inner.exit?.code == 6 && inner.stderr.isEmpty)
            try client.send(Frame(.stdin, Array("stty size; exit 5\n".utf8)))
            let outer = try client.readToEnd()
            #expect(String(decoding: outer.stdout, as: UTF8.self).contains("33 99"))
            #expect(outer.exit?.code == 5)
            try shim.end()
        }
    }

    @Test("a paused container does not run, takes no exec, and goes on when resumed; limits change meanwhile")
    func pause() async throws {
        try await withShimScratch { scratch in
            let shim = try ShimFixture(in: scratch, running: ["cat"])
            shim.configuration.stdinOpen = true
            let client = try shim.start(attaching: .all).attachedClient()
            let events = try shim.connect()
            #expect(try events.ask(.subscribe) == .done)
            #expect(try shim.ask(.pause) == .done)
            #expect(try shim.state().status == .paused)
            try client.send(Frame(.stdin, Array("frozen\n".utf8)))
            guard
                case .failure(let refused) = try shim.ask(
                    .exec(id: "p", process: try shim.exec(["true"]), streams: .none))
            else { throw ShimTestFailure("exec in a paused container") }
            #expect(refused.message.contains("paused"))
            #expect(try shim.log().isEmpty)
            var resources = RuntimeSpec.Resources()
            resources.pids = RuntimeSpec.Resources.Pids(limit: 77)
            #expect(try shim.ask(.update(resources)) == .done)
            #expect(try shim.ask(.resume) == .done)
            #expect(try client.read(.stdout, until: "\n") == "frozen\n")
            let told = try events.events { $0 == .resumed }
            #expect(told.suffix(2) == [.paused, .resumed])
            try shim.end()
        }
    }

    @Test("a container that the kernel kills for memory says so, by event and exit file")
    func outOfMemory() async throws {
        try await withShimScratch { scratch in
            let shim = try ShimFixture(in: scratch, running: ["sh", "-c", "x=a; while true; do x=$x$x; done"])
            shim.bundle.config["linux"]?["resources"] = ["memory": ["limit": 8_388_608]]
            let events = try shim.start().awaitDeletion()
            #expect(events.contains(.oom))
            let exit = try shim.exitFile()
            #expect(exit.oomKilled && exit.signal == SIGKILL && exit.code == 137)
            try shim.end()
        }
    }

    @Test(
        "a container that cannot start is reported and leaves nothing",
        arguments: [("/bin/nothing", 127), ("/etc", 126)] as [(String, Int32)])
    func failingStart(program: String, code: Int32) async throws {
        try await withShimScratch { scratch in
            let shim = try ShimFixture(in: scratch, running: [program])
            try shim.start()
            guard case .failed(let failure) = shim.report else { throw ShimTestFailure("it was started") }
            #expect(failure.exitCode == code, "\(failure)")
            #expect(try shim.reap() == 1)
            #expect(!Files.exists(shim.socketPath) && shim.groups.isEmpty)
            #expect(!Files.exists("\(shim.stateRoot)/\(shim.id)"))
        }
    }

    @Test("a configuration that makes no sense is reported with its path")
    func badConfiguration() async throws {
        try await withShimScratch { scratch in
            let shim = try ShimFixture(in: scratch, running: ["true"])
            shim.bundle.config["process"]?["user"]?["uid"] = "root"
            try shim.start()
            guard case .failed(let failure) = shim.report else { throw ShimTestFailure("it was started") }
            #expect(failure.message.contains("process.user.uid") && failure.exitCode == 125)
            #expect(try shim.reap() == 1)
        }
    }

    @Test("when the shim is killed its container can be found by its group, and removed")
    func shimKilled() async throws {
        try await withShimScratch { scratch in
            let shim = try ShimFixture(in: scratch, running: ["sleep", "1000"]).start()
            let container = try shim.process
            #expect(try shim.killShim() == 137)
            #expect(Processes.startTime(of: container.pid) == container.startTime)
            #expect(!Files.exists("\(shim.folder)/exit.json"))
            let removal = try runBlocking([Executables.runtime, "--root", shim.stateRoot, "delete", "--force", shim.id])
            #expect(removal.status == 0, "\(removal)")
            #expect(Processes.startTime(of: container.pid) == nil)
            #expect(shim.groups.isEmpty && !Files.exists("\(shim.stateRoot)/\(shim.id)"))
        }
    }

    @Test("a shim that is killed at any moment of its start leaves what a removal can find", arguments: UInt64(0)..<20)
    func killedWhileStarting(seed: UInt64) async throws {
        try await withShimScratch { scratch in
            var random = SplitMix64(seed: seed)
            let shim = try ShimFixture(in: scratch, running: ["sleep", "1000"])
            shim.killAfter = UInt32.random(in: 0...25_000, using: &random)
            do {
                try shim.start()
            } catch is ShimTestFailure {
                // Killed before it could report.
            }
            let removal = try runBlocking([Executables.runtime, "--root", shim.stateRoot, "delete", "--force", shim.id])
            #expect(removal.status == 0, "seed \(seed): \(removal)")
            #expect(shim.groups.isEmpty, "seed \(seed)")
            #expect(!Files.exists("\(shim.stateRoot)/\(shim.id)"), "seed \(seed)")
            if case .started(let process, _) = shim.report {
                #expect(Processes.startTime(of: process.pid) != process.startTime, "seed \(seed)")
            }
            // And the same container can be started after all.
            shim.killAfter = nil
            let (stdout, _, exit) = try shim.restart(running: ["echo", "again"]).readToEnd()
            #expect(stdout == Array("again\n".utf8) && exit?.code == 0, "seed \(seed)")
            try shim.end()
        }
    }

    @Test("what outlives an exec and writes for ever neither fills the shim nor holds up the exec's end")
    func endlessLeftover() async throws {
        try await withShimScratch { scratch in
            let shim = try ShimFixture(in: scratch, running: ["sleep", "1000"]).start()
            let events = try shim.connect()
            #expect(try events.ask(.subscribe) == .done)
            let client = try shim.connect()
            let process = try shim.exec(["sh", "-c", "yes & exit 3"])
            guard case .started = try client.ask(.exec(id: "e", process: process, streams: .all)) else {
                throw ShimTestFailure("not started")
            }
            _ = try events.events { if case .exited("e", _) = $0 { true } else { false } }
            let status = String(decoding: try WholeFile.read("/proc/\(shim.pid)/status"), as: UTF8.self)
            let line = status.split(separator: "\n").first { $0.hasPrefix("VmHWM:") } ?? ""
            let kilobytes = line.split(separator: " ").compactMap { Int($0) }.first ?? 0
            #expect(kilobytes > 0 && kilobytes < 16_384)
            #expect(try client.readToEnd().exit?.code == 3)
            try shim.end()
        }
    }

    @Test("an exec whose client hangs up sees the end of its stdin")
    func execHangUp() async throws {
        try await withShimScratch { scratch in
            let shim = try ShimFixture(in: scratch, running: ["sleep", "1000"]).start()
            let events = try shim.connect()
            #expect(try events.ask(.subscribe) == .done)
            do {
                let client = try shim.connect()
                guard case .started = try client.ask(.exec(id: "e", process: try shim.exec(["cat"]), streams: .all))
                else {
                    throw ShimTestFailure("not started")
                }
            }
            _ = try events.events { if case .exited("e", _) = $0 { true } else { false } }
            #expect(try shim.exitFile("exec-e.json").code == 0)
            try shim.end()
        }
    }

    @Test("the shim moves out of its parent's control groups, and its container does not come along")
    func leavesGroup() async throws {
        try await withShimScratch { scratch in
            let shim = try ShimFixture(in: scratch, running: ["sleep", "1000"])
            shim.configuration.shimCgroup = "/pouch-test-shims/shims"
            try shim.start()
            _ = try shim.state()
            let own = String(decoding: try WholeFile.read("/proc/\(shim.pid)/cgroup"), as: UTF8.self)
            let container = String(decoding: try WholeFile.read("/proc/\(try shim.process.pid)/cgroup"), as: UTF8.self)
            // Beside v1 the v2 hierarchy only keeps names, and is not worth the wait for a grace period.
            let isHybrid = own.split(separator: "\n").count > 1
            for line in own.split(separator: "\n") where !isHybrid || !line.hasPrefix("0::") {
                #expect(line.hasSuffix("/pouch-test-shims/shims"), "\(line)")
            }
            for line in container.split(separator: "\n") { #expect(line.hasSuffix("/\(shim.id)"), "\(line)") }
            try shim.end()
        }
    }

    @Test("requests that cannot be done are refused in words, and the shim lives on")
    func refusals() async throws {
        try await withShimScratch { scratch in
            let shim = try ShimFixture(in: scratch, running: ["sleep", "1000"]).start()
            guard case .failure(let early) = try shim.ask(.shutdown) else { throw ShimTestFailure("it left") }
            #expect(early.errno == EBUSY)
            guard case .failure(let size) = try shim.ask(.resize(rows: 1, columns: 1, exec: nil)) else {
                throw ShimTestFailure("it has a terminal")
            }
            #expect(size.errno == ENOTTY)
            let newer = try shim.connect()
            try newer.send(Frame(.request, Array(#"{"version":9,"request":"state"}"#.utf8)))
            let reply = try ShimReply(parsing: try #require(try newer.next()).payload)
            guard case .failure(let version) = reply else { throw ShimTestFailure("version 9 was taken") }
            #expect(version.supportedVersions == [1])
            // The same connection can go on in a version that is spoken.
            guard case .state = try newer.ask(.state) else { throw ShimTestFailure("no state") }
            let noise = try shim.connect()
            try noise.send(Frame(.stdout, [1, 2, 3]))
            guard case .state = try noise.ask(.state) else { throw ShimTestFailure("no state") }
            #expect(try shim.state().status == .running)
            try shim.end()
        }
    }

    @Test("only root of the host may talk to the shim, whatever reaches its socket")
    func strangers() async throws {
        try await withScratchDirectory { scratch in
            let shim = try await withThread { try ShimFixture(in: scratch, running: ["sleep", "1000"]).start() }
            #expect(try Files.status(shim.socketPath).mode & 0o777 == 0o600)
            for path in [scratch, shim.folder] { chmod(path, 0o755) }
            chmod(shim.socketPath, 0o666)
            let path = shim.socketPath
            let wasAnswered = try await withThread {
                // This thread alone becomes somebody else, and ends.
                try checkNegative("setresuid") { clinux_setresuid(65534) }
                let stranger = try ShimClient(connectingTo: path)
                try? stranger.send(ShimRequest(.state).frame)
                return (try? stranger.next()).flatMap { $0 } != nil
            }
            #expect(!wasAnswered)
            try await withThread { _ = try shim.end() }
        }
    }
}

@Suite("Shim: other runtimes", .needs(.root, .tool("runc")))
struct ShimForeignRuntimeTests {
    @Test("runc runs, execs, pauses and deletes under the shim as the built-in runtime does")
    func runc() async throws {
        try await withShimScratch { scratch in
            let shim = try ShimFixture(in: scratch, running: ["sh", "-c", "echo hello; cat; exit 7"])
            let runc = Executables.tool("runc") ?? "runc"
            shim.configuration.runtime = ShimConfiguration.ExternalRuntime(path: runc, root: "\(scratch)/runc")
            shim.configuration.stdinOpen = true
            shim.configuration.stdinOnce = true
            let client = try shim.start(attaching: .all).attachedClient()
            #expect(try client.read(.stdout, until: "\n") == "hello\n")
            let exec = try shim.connect()
            let process = try shim.exec(["sh", "-c", "test -t 0 && echo inner; exit 6"], terminal: true)
            guard case .started = try exec.ask(.exec(id: "e", process: process, streams: .all)) else {
                throw ShimTestFailure("not started")
            }
            let inner = try exec.readToEnd()
            #expect(String(decoding: inner.stdout, as: UTF8.self) == "inner\r\n")
            #expect(inner.exit?.code == 6)
            #expect(try shim.ask(.pause) == .done)
            #expect(try shim.state().status == .paused)
            #expect(try shim.ask(.resume) == .done)
            try client.send(Frame(.stdin, Array("data\n".utf8)))
            try client.send(Frame(.endOfStdin))
            let outer = try client.readToEnd()
            #expect(String(decoding: outer.stdout, as: UTF8.self) == "data\n" && outer.exit?.code == 7)
            #expect(try shim.end() == 0)
            #expect(shim.groups.isEmpty)
            #expect(!Files.exists("\(scratch)/runc/\(shim.id)"))
        }
    }

    @Test("what runc says of a program that is not there is passed on")
    func failure() async throws {
        try await withShimScratch { scratch in
            let shim = try ShimFixture(in: scratch, running: ["/bin/nothing"])
            let runc = Executables.tool("runc") ?? "runc"
            shim.configuration.runtime = ShimConfiguration.ExternalRuntime(path: runc, root: "\(scratch)/runc")
            try shim.start()
            guard case .failed(let failure) = shim.report else { throw ShimTestFailure("it was started") }
            #expect(failure.exitCode == 127 && failure.message.contains("/bin/nothing"), "\(failure)")
            #expect(try shim.reap() == 1)
            #expect(shim.groups.isEmpty)
        }
    }
}
