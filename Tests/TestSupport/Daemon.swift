internal import Glibc
internal import LinuxKernel
internal import Testing

/// A `pouchd` of a test's own: private roots, private socket, private cgroup parent.
///
/// Used from one test at a time; ``stop()`` removes every container that it still has.
package final class Daemon: @unchecked Sendable {  // handed from thread to thread by one test, never shared
    package let folder: String
    package let host: String
    private var flags: [String]
    /// What goes before the daemon's own words, such as a program that enters a namespace first.
    private let prefix: [String]
    private var process: RunningCommand?

    /// The cgroup parent, unique so that parallel tests and their leak checks do not meet.
    package var cgroupParent: String { "/pouch-test-\(folder.split(separator: "/").last ?? "x")" }
    package var pid: Int32? { process?.pid }

    private init(folder: String, flags: [String], prefix: [String]) {
        self.folder = folder
        self.flags = flags
        self.prefix = prefix
        host = "unix://\(folder)/pouchd.sock"
    }

    /// Starts a daemon below `folder` and waits until it answers.
    package static func start(
        in folder: String, flags: [String] = [], prefix: [String] = []
    ) async throws -> Daemon {
        let daemon = Daemon(folder: folder, flags: flags, prefix: prefix)
        try await daemon.start()
        return daemon
    }

    /// Starts it (again), with the same roots, and from now on with these flags too.
    package func start(adding more: [String] = []) async throws {
        flags += more
        let words =
            prefix + [
                Executables.daemon, "--data-root", "\(folder)/data", "--exec-root", "\(folder)/exec", "--pidfile",
                "\(folder)/pouchd.pid", "--cgroup-parent", cgroupParent, "-H", host,
            ] + flags
        process = try await withThread { [folder] () throws(SyscallError) in
            // The log goes to a file, so that a daemon that says much never waits for a test to read it.
            try RunningCommand(["/bin/sh", "-c", "exec \"$@\" >>\"\(folder)/pouchd.log\" 2>&1", "sh"] + words)
        }
        try await waitUntilReady()
    }

    private func waitUntilReady() async throws {
        // An emulated machine takes its time.
        let deadline = ContinuousClock.now + .seconds(90)
        while ContinuousClock.now < deadline {
            if try await pouch("version", timeout: .seconds(10)).status == 0 { return }
            if let pid, kill(pid, 0) != 0 { break }
            try await Task.sleep(for: .milliseconds(20))
        }
        let log = (try? WholeFile.read("\(folder)/pouchd.log")).map { String(decoding: $0.suffix(2000), as: UTF8.self) }
        throw DaemonNotReady(log: log ?? "no log")
    }

    /// Runs `pouch` against this daemon.
    package func pouch(
        _ words: String..., input: String? = nil, timeout: Duration = .seconds(60)
    ) async throws -> CommandResult {
        try await run([Executables.client, "-H", host] + words, input: input, timeout: timeout)
    }

    /// The same for words that were put together.
    package func pouch(
        _ words: [String], input: String? = nil, timeout: Duration = .seconds(60)
    ) async throws -> CommandResult {
        try await run([Executables.client, "-H", host] + words, input: input, timeout: timeout)
    }

    /// Runs the docker CLI `program` against this daemon.
    package func docker(
        _ words: String..., program: String = "docker", input: String? = nil, timeout: Duration = .seconds(60)
    ) async throws -> CommandResult {
        try await run(
            [program] + words, environment: ["DOCKER_HOST": host, "DOCKER_CONFIG": "\(folder)/docker-config"],
            input: input,
            timeout: timeout)
    }

    /// Imports the busybox image that `Images/make` built, or makes it.
    package func importBusybox() async throws {
        let archive = "\(folder)/busybox.tar"
        if !(access(archive, F_OK) == 0) {
            try Bundle.makeRootfs("\(folder)/busybox")
            _ = try await run(["tar", "-C", "\(folder)/busybox", "-cf", archive, "."])
            removeTree("\(folder)/busybox")
        }
        let imported = try await pouch("import", "--change", "CMD [\"sh\"]", archive, "busybox:latest")
        guard imported.status == 0 else { throw DaemonNotReady(log: imported.description) }
    }

    /// Ends the daemon with `signal`, 15 or 9, and waits for its end; containers go on.
    package func end(signal number: Int32) async {
        guard let ending = process else { return }
        ending.signal(number)
        _ = await withThread { ending.finish(timeout: .seconds(30)) }
        process = nil
    }

    /// Removes every container and network, then ends the daemon.
    package func stop() async throws {
        if flags.contains("--join") { await leavePool() }
        if process == nil { try await start() }
        let left = try await pouch("ps", "-aq")
        for id in left.output.split(separator: "\n") { _ = try await pouch("rm", "-f", String(id)) }
        _ = try await pouch("network", "prune", "-f")
        await removeBridge()
        await end(signal: SIGTERM)
        try await removeGroups(of: cgroupParent)
    }

    /// A node of a pool would make again what is taken from it.
    private func leavePool() async {
        await end(signal: SIGTERM)
        removeTree("\(folder)/data/member")
        var kept: [String] = []
        var rest = flags[...]
        while let flag = rest.popFirst() {
            if flag == "--join" || flag.hasPrefix("--join-") || flag.hasPrefix("--node-") {
                rest = rest.dropFirst()
            } else {
                kept.append(flag)
            }
        }
        flags = kept
    }

    /// The default network's bridge outlives its daemon; where tests share their machine's links, it would be in the others' way.
    private func removeBridge() async {
        guard prefix.isEmpty else { return }
        let format = "{{index .Options \"com.docker.network.bridge.name\"}}"
        guard let name = try? await pouch("network", "inspect", "-f", format, "bridge").trimmed, !name.isEmpty else {
            return
        }
        _ = try? await run(["ip", "link", "delete", name])
    }
}

/// A daemon that did not come up; the end of its log says why.
package struct DaemonNotReady: Error, CustomStringConvertible {
    package let log: String

    package init(log: String) {
        self.log = log
    }

    package var description: String { "pouchd is not ready: \(log)" }
}

/// Runs `body` with a daemon that has busybox, and stops the daemon whatever happens.
package func withDaemon<Result>(
    flags: [String] = [], prefix: [String] = [], _ body: (Daemon) async throws -> Result
) async throws -> Result {
    try await withScratchDirectory { folder in
        let daemon = try await Daemon.start(in: folder, flags: flags, prefix: prefix)
        do {
            try await daemon.importBusybox()
            let result = try await body(daemon)
            try await daemon.stop()
            return result
        } catch {
            try? await daemon.stop()
            throw error
        }
    }
}
