internal import Glibc
internal import JSON
internal import LinuxKernel
internal import RuntimeSpec
internal import ShimProtocol
internal import TestSupport
internal import Testing

@Suite("Shim: streams, log and exit", .needs(.root))
struct ShimStreamTests {
    @Test("output comes whole and in order before the exit, which is on disk by then")
    func outputThenExit() async throws {
        try await withShimScratch { scratch in
            let shim = try ShimFixture(
                in: scratch, running: ["sh", "-c", "for i in $(seq 1000); do echo line $i; done; echo bad >&2; exit 3"])
            try shim.start(attaching: StreamSelection(stdout: true, stderr: true))
            let (stdout, stderr, exit) = try shim.attachedClient().readToEnd()
            #expect(exit?.code == 3 && exit?.signal == nil && exit?.oomKilled == false)
            #expect(try shim.exitFile() == exit)
            let expected = (1...1000).map { "line \($0)\n" }.joined()
            #expect(String(decoding: stdout, as: UTF8.self) == expected)
            #expect(stderr == Array("bad\n".utf8))
            let log = try shim.log()
            #expect(log.filter { $0.stream == "stdout" }.map(\.text).joined() == expected)
            #expect(log.filter { $0.stream == "stderr" }.map(\.text) == ["bad\n"])
            #expect(try shim.end() == 0)
            #expect(!Files.exists(shim.socketPath))
            #expect(shim.groups.isEmpty)
            #expect(!Files.exists("\(shim.stateRoot)/\(shim.id)"))
        }
    }

    @Test("stdin reaches the container from whoever is attached, and every client sees the output")
    func stdin() async throws {
        try await withShimScratch { scratch in
            let shim = try ShimFixture(in: scratch, running: ["cat"])
            shim.configuration.stdinOpen = true
            shim.configuration.stdinOnce = true
            let first = try shim.start(attaching: .all).attachedClient()
            try first.send(Frame(.stdin, Array("one\n".utf8)))
            #expect(try first.read(.stdout, until: "\n") == "one\n")
            let second = try shim.attach()
            try second.send(Frame(.stdin, Array("two\n".utf8)))
            #expect(try first.read(.stdout, until: "\n") == "two\n")
            #expect(try second.read(.stdout, until: "\n") == "two\n")
            try first.send(Frame(.endOfStdin))
            #expect(try first.readToEnd().exit?.code == 0)
            #expect(try second.readToEnd().exit?.code == 0)
            try shim.end()
        }
    }

    @Test("a large stdin with its end behind it arrives whole")
    func largeStdin() async throws {
        try await withShimScratch { scratch in
            let shim = try ShimFixture(in: scratch, running: ["wc", "-c"])
            shim.configuration.stdinOpen = true
            shim.configuration.stdinOnce = true
            let client = try shim.start(attaching: .all).attachedClient()
            for _ in 0..<100 { try client.send(Frame(.stdin, [UInt8](repeating: 65, count: 65536))) }
            try client.send(Frame(.endOfStdin))
            #expect(String(decoding: try client.readToEnd().stdout, as: UTF8.self) == "6553600\n")
            try shim.end()
        }
    }

    @Test("the death of pouchd changes nothing: the container runs, its log grows, attaching works, stdin stays open")
    func pouchdDies() async throws {
        try await withShimScratch { scratch in
            let shim = try ShimFixture(in: scratch, running: ["cat"])
            shim.configuration.stdinOpen = true
            shim.configuration.stdinOnce = true
            try shim.start(attaching: .all)
            try shim.attachedClient().send(Frame(.stdin, Array("before\n".utf8)))
            #expect(try shim.attachedClient().read(.stdout, until: "\n") == "before\n")
            shim.dropAttached()

            let state = try shim.state()
            #expect(state.status == .running)
            #expect(try state.process == shim.process)
            #expect(state.shimPID == shim.pid)
            let client = try shim.attach()
            try client.send(Frame(.stdin, Array("after\n".utf8)))
            #expect(try client.read(.stdout, until: "\n") == "after\n")
            #expect(try shim.ask(.closeStdin(exec: nil)) == .done)
            #expect(try client.readToEnd().exit?.code == 0)
            #expect(try shim.log().map(\.text) == ["before\n", "after\n"])
            try shim.end()
        }
    }

    @Test("an exit that nobody saw is told to whoever comes, by events, by attaching and by state")
    func unseenExit() async throws {
        try await withShimScratch { scratch in
            let shim = try ShimFixture(in: scratch, running: ["sh", "-c", "echo x; exit 9"])
            try shim.start()
            let events = try shim.awaitDeletion()
            #expect(events.first == .started(try shim.process))
            let exit = try shim.exitFile()
            #expect(exit.code == 9)
            #expect(
                try shim.awaitDeletion() == [
                    .started(try shim.process), .exited(exec: nil, exit), .deleted(failure: nil),
                ])
            let late = try shim.attach().readToEnd()
            #expect(late.exit == exit && late.stdout.isEmpty)
            let state = try shim.state()
            #expect(state.status == .stopped && state.exit == exit)
            try shim.end()
        }
    }

    @Test("a reader that does not read holds the container up; one that hangs up does not")
    func backPressure() async throws {
        try await withShimScratch { scratch in
            let total = 6_400_000
            let line = String(repeating: "0123456789abcde ", count: 40).dropLast()
            let shim = try ShimFixture(in: scratch, running: ["sh", "-c", "yes '\(line)' | head -c \(total); exit 4"])
            try shim.start(attaching: StreamSelection(stdout: true))
            // Until the log stands still the shim is still reading.
            var logged = try shim.state().log.logged
            while true {
                usleep(100_000)
                let now = try shim.state().log.logged
                if now == logged, now > 0 { break }
                logged = now
            }
            #expect(try shim.state().status == .running)
            var count = 0
            while count < total / 2, let frame = try shim.attachedClient().next() { count += frame.payload.count }
            #expect(count >= total / 2)
            shim.dropAttached()
            _ = try shim.awaitDeletion()
            #expect(try shim.exitFile().code == 4)
            #expect(try shim.log().count == total / 640)
            try shim.end()
        }
    }

    @Test("processes that outlive the first one are killed, and do not hold up its exit")
    func leftovers() async throws {
        try await withShimScratch { scratch in
            let shim = try ShimFixture(in: scratch, running: ["sh", "-c", "sleep 1000 & echo x; exit 5"])
            let namespaces = shim.bundle.config["linux"]?["namespaces"]?.arrayValue ?? []
            shim.bundle.config["linux"]?["namespaces"] = .array(namespaces.filter { $0["type"] != "pid" })
            shim.bundle.config["linux"]?["maskedPaths"] = []
            shim.bundle.config["linux"]?["readonlyPaths"] = []
            let (stdout, _, exit) = try shim.start(attaching: .all).attachedClient().readToEnd()
            #expect(stdout == Array("x\n".utf8) && exit?.code == 5)
            _ = try shim.awaitDeletion()
            #expect(shim.groups.isEmpty)
            try shim.end()
        }
    }

    @Test("a log that the disk refuses neither stops nor kills the container, and is told once")
    func fullDisk() async throws {
        try await withShimScratch { scratch in
            let shim = try ShimFixture(in: scratch, running: ["sh", "-c", "read x; echo a; read x; echo b; exit 0"])
            shim.configuration.log = ShimConfiguration.Log(path: "/dev/full")
            shim.configuration.stdinOpen = true
            let client = try shim.start(attaching: .all).attachedClient()
            let events = try shim.connect()
            #expect(try events.ask(.subscribe) == .done)
            for text in ["a\n", "b\n"] {
                try client.send(Frame(.stdin, [10]))
                #expect(try client.read(.stdout, until: "\n") == text)
            }
            #expect(try client.readToEnd().exit?.code == 0)
            let told = try events.events { if case .deleted = $0 { true } else { false } }
            let failures = told.filter { if case .logFailed(ENOSPC, _) = $0 { true } else { false } }
            #expect(failures.count == 1)
            let log = try shim.state().log
            #expect(log.failures == 2 && log.logged == 0 && log.lost > 0)
            try shim.end()
        }
    }

    @Test("a log is rotated by size and keeps as many files as it may")
    func rotation() async throws {
        try await withShimScratch { scratch in
            let shim = try ShimFixture(in: scratch, running: ["seq", "1000"])
            let path = "\(shim.folder)/log.json"
            shim.configuration.log = ShimConfiguration.Log(path: path, maxSize: 4096, maxFile: 3)
            try shim.start()
            _ = try shim.awaitDeletion()
            var lines: [String] = []
            for name in [path + ".2", path + ".1", path] {
                let bytes = try WholeFile.read(name)
                #expect(bytes.count < 4096 + 200 && bytes.last == 10)
                lines += try bytes.split(separator: 10).map {
                    try JSONValue(parsing: Array($0))["log"]?.stringValue ?? ""
                }
            }
            #expect(!Files.exists(path + ".3"))
            #expect(lines == (1001 - lines.count...1000).map { "\($0)\n" })
            try shim.end()
        }
    }
}
