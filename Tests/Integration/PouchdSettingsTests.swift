import CLinux
import Glibc
import LinuxKernel
import TestSupport
import Testing

/// The flags, the file and the locks of pouchd, each in a daemon of its own.
@Suite("pouchd's settings", .needs(.root))
struct PouchdSettingsTests {
    private func validate(_ words: String...) async throws -> CommandResult {
        try await run([Executables.daemon, "--validate"] + words, timeout: .seconds(20))
    }

    @Test(
        "a flag that makes no sense is refused by its name",
        arguments: [
            (["-H", "fd://"], "socket activation"), (["-H", "tcp://127.0.0.1:2376"], "--tlsverify"),
            (["--log-level", "loud"], "log-level"), (["--log-format", "xml"], "log-format"),
            (["--add-runtime", "x"], "NAME=PATH"), (["--default-runtime", "zz"], "no runtime has that name"),
            (["--data-root", "relative"], "absolute"), (["--default-ulimit", "nofile=x"], "default-ulimit"),
            (["--label", "x"], "KEY=VALUE"), (["--default-shm-size", "much"], "default-shm-size"),
            (["--no-live-restore"], "outlive"), (["--storage-driver", "zfs"], "overlay2, btrfs or vfs"),
            (["--log-driver", "syslog"], "json-file or none"),
        ])
    func flags(words: [String], message: String) async throws {
        let result = try await run([Executables.daemon, "--validate"] + words, timeout: .seconds(20))
        #expect(result.status == 1)
        #expect(result.errors.contains(message), "\(result)")
    }

    @Test(
        "a file is refused for what nobody knows, for wrong types, and for what a flag says too",
        arguments: [
            (#"{"foo": 1, "bar": 2}"#, "the following directives don't match any configuration option: bar, foo"),
            (#"{"data-root": 5}"#, "data-root: expected a string"), ("{", "invalid JSON"), ("[]", "not a JSON object"),
            (#"{"debug": true}"#, "specified both as a flag and in the configuration file: debug: (from flag: true"),
        ])
    func files(text: String, message: String) async throws {
        try await withScratchDirectory { folder in
            try WholeFile.replace("\(folder)/pouchd.json", with: Array(text.utf8))
            let result = try await validate("-D", "--config-file", "\(folder)/pouchd.json")
            #expect(result.status == 1)
            #expect(result.errors.contains(message), "\(result)")
        }
    }

    @Test("a file may say all that flags say") func wholeFile() async throws {
        try await withScratchDirectory { folder in
            let text = """
                {"hosts": ["unix://\(folder)/s"], "data-root": "/d", "exec-root": "/e", "labels": ["a=b"], "init": true,
                 "runtimes": {"r": {"path": "/bin/true", "runtimeArgs": ["x"]}}, "default-runtime": "r",
                 "default-ulimits": {"nofile": {"Name": "nofile", "Soft": 1, "Hard": 2}}, "log-opts": {"max-size": "1m"}}
                """
            try WholeFile.replace("\(folder)/pouchd.json", with: Array(text.utf8))
            let result = try await validate("--config-file", "\(folder)/pouchd.json")
            #expect(result.status == 0, "\(result)")
        }
    }

    @Test("a second daemon on the same roots, socket or pid file does not start; one beside it does")
    func locks() async throws {
        try await withScratchDirectory { folder in
            let first = try await Daemon.start(in: folder)
            func second(_ words: [String]) async throws -> CommandResult {
                try await run([Executables.daemon] + words, timeout: .seconds(20))
            }
            let other = "\(folder)/other"
            let sameData = try await second(
                ["--data-root", "\(folder)/data", "--exec-root", "\(other)/exec", "-H", "unix://\(other)/s"])
            #expect(sameData.status == 1 && sameData.errors.contains("in use by another pouchd"), "\(sameData)")
            let samePid = try await second(
                ["--data-root", "\(other)/data", "--exec-root", "\(other)/exec", "-H", "unix://\(other)/s"]
                    + ["--pidfile", "\(folder)/pouchd.pid"])
            #expect(samePid.status == 1 && samePid.errors.contains("pid file found"), "\(samePid)")
            let sameSocket = try await second(
                ["--data-root", "\(other)/data", "--exec-root", "\(other)/exec", "-H", first.host])
            #expect(sameSocket.status == 1 && sameSocket.errors.contains("listens there already"), "\(sameSocket)")
            // The number of a living stranger, as a dead daemon's file may hold it.
            try WholeFile.replace("\(other)/pouchd.pid", with: Array("1\n".utf8))
            let beside = try await Daemon.start(in: other)
            await beside.end(signal: 15)
            await first.end(signal: 15)
        }
    }

    @Test("a service manager hears READY, RELOADING and STOPPING, and SIGHUP takes a new log level over")
    func notifications() async throws {
        try await withScratchDirectory { folder in
            let manager = try NotificationSocket(path: "\(folder)/notify")
            let configuration = "\(folder)/pouchd.json"
            try WholeFile.replace(configuration, with: Array("{}".utf8))
            let daemon = try await withThread { () throws in
                try RunningCommand([
                    "env", "NOTIFY_SOCKET=\(folder)/notify", Executables.daemon, "--data-root", "\(folder)/data",
                    "--exec-root", "\(folder)/exec", "-H", "unix://\(folder)/s", "--pidfile", "\(folder)/pid",
                    "--cgroup-parent", "/pouch-test-notify", "--config-file", configuration,
                ])
            }
            #expect(await manager.next() == "READY=1")
            try WholeFile.replace(configuration, with: Array(#"{"log-level": "debug"}"#.utf8))
            daemon.signal(SIGHUP)
            #expect(await manager.next() == "RELOADING=1")
            #expect(await manager.next() == "READY=1")
            _ = try await run([Executables.client, "-H", "unix://\(folder)/s", "version"])
            try WholeFile.replace(configuration, with: Array(#"{"log-level": "loud"}"#.utf8))
            daemon.signal(SIGHUP)
            #expect(await manager.next() == "RELOADING=1")
            #expect(await manager.next() == "READY=1")
            daemon.signal(SIGTERM)
            #expect(await manager.next() == "STOPPING=1")
            let result = await withThread { daemon.finish() }
            #expect(result.status == 0)
            let log = result.output + result.errors
            #expect(log.contains("level=debug msg=\"request\""), "\(log)")
            #expect(log.contains("configuration not reloaded"), "\(log)")
        }
    }

    @Test("SIGTERM takes the socket and the pid file away; a socket left by SIGKILL is replaced")
    func ends() async throws {
        try await withScratchDirectory { folder in
            let daemon = try await Daemon.start(in: folder)
            await daemon.end(signal: 9)
            #expect((try? WholeFile.read("\(folder)/pouchd.pid")) != nil)
            try await daemon.start()
            await daemon.end(signal: 15)
            #expect((try? WholeFile.read("\(folder)/pouchd.pid")) == nil)
            let left = try await run(["ls", "\(folder)"])
            #expect(!left.output.contains("pouchd.sock"))
        }
    }
}

/// Where a service manager listens for what its services say.
///
/// Source: sd_notify(3).
private struct NotificationSocket: Sendable {
    private let socket: Int32

    init(path: String) throws {
        socket = Glibc.socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        let bound = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(socket, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        try #require(bound == 0)
        var patience = timeval(tv_sec: 30, tv_usec: 0)
        setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
    }

    /// The next message; empty when none comes.
    func next() async -> String {
        await withThread {
            var bytes = [UInt8](repeating: 0, count: 256)
            let count = recv(socket, &bytes, bytes.count, 0)
            return String(decoding: bytes[..<max(count, 0)], as: UTF8.self)
        }
    }
}
