import Glibc
import TestSupport

/// A daemon in a network namespace of its own, which outlives the daemon and stands for a machine.
struct NetworkRig {
    let daemon: Daemon
    let namespace: String

    /// Runs a program on the "machine", beside the daemon.
    func host(_ words: String..., timeout: Duration = .seconds(20)) async throws -> CommandResult {
        try await run(["nsenter", "--net=/run/netns/\(namespace)"] + words, timeout: timeout)
    }

    /// Starts a container that answers every connection to `port` with its own name.
    func serve(_ name: String, port: Int = 80, _ words: String...) async throws -> String {
        let started = try await run(
            [Executables.client, "-H", daemon.host, "run", "-d", "--name", name] + words + [
                "busybox", "busybox", "nc", "-ll", "-p", "\(port)", "-e", "echo", "I am \(name)",
            ])
        guard started.status == 0 else { throw RigFailure(result: started) }
        return started.trimmed
    }

    /// What a container hears from an address and port; empty when nobody answers.
    func ask(from container: String, _ address: String, _ port: Int = 80) async throws -> String {
        try await daemon.pouch("exec", container, "sh", "-c", "echo | nc -w 2 \(address) \(port)").trimmed
    }

    /// The same from the machine.
    func ask(_ address: String, _ port: Int) async throws -> String {
        let host = address.contains(":") ? "[\(address)]" : address
        return try await self.host("curl", "-gsm", "2", "--http0.9", "http://\(host):\(port)/").trimmed
    }

    /// Runs a program of the machine in a container's network.
    func inside(_ container: String, _ words: String..., timeout: Duration = .seconds(20)) async throws
        -> CommandResult
    {
        let pid = try await daemon.pouch("inspect", "-f", "{{.State.Pid}}", container).trimmed
        return try await run(["nsenter", "--net=/proc/\(pid)/ns/net"] + words, timeout: timeout)
    }

    /// Starts a program that serves in a container's network, and ends with the container.
    ///
    /// Its first line of output says that it is ready.
    func serving(_ container: String, _ script: String, _ words: String...) async throws {
        let pid = try await daemon.pouch("inspect", "-f", "{{.State.Pid}}", container).trimmed
        try await background(["nsenter", "--net=/proc/\(pid)/ns/net", "python3", "-c", script] + words)
    }

    /// The same on the machine.
    func servingHere(_ script: String) async throws {
        try await background(["nsenter", "--net=/run/netns/\(namespace)", "python3", "-c", script])
    }

    private func background(_ words: [String]) async throws {
        let output = "\(daemon.folder)/serving-\(UInt32.random(in: 0...(.max)))"
        let started = try await run(
            ["sh", "-c", "timeout 60 \"$@\" >\(output) 2>&1 & while [ ! -s \(output) ]; do sleep 0.05; done", "sh"]
                + words)
        guard started.status == 0 else { throw RigFailure(result: started) }
    }

    /// Polls until a server answers: it says when it listens to nobody.
    func untilAnswers(_ address: String, _ port: Int) async throws -> String {
        for _ in 0..<40 {
            let heard = try await ask(address, port)
            if !heard.isEmpty { return heard }
            try await Task.sleep(for: .milliseconds(50))
        }
        return ""
    }

    func address(of container: String, in network: String = "bridge") async throws -> String {
        try await daemon.pouch(
            "inspect", "-f", "{{(index .NetworkSettings.Networks \"\(network)\").IPAddress}}", container
        ).trimmed
    }
}

struct RigFailure: Error, CustomStringConvertible {
    var result: CommandResult
    var description: String { result.description }
}

/// Runs `body` with a daemon on a machine of its own; both are gone afterwards.
func withNetworkRig(flags: [String] = [], _ body: (NetworkRig) async throws -> Void) async throws {
    let namespace = "pouch-test-\(getpid())-\(UInt32.random(in: 0...0xffff))"
    _ = try await run(["ip", "netns", "add", namespace])
    func end() async { _ = try? await run(["ip", "netns", "delete", namespace]) }
    do {
        let enter = ["nsenter", "--net=/run/netns/\(namespace)"]
        _ = try await run(enter + ["ip", "link", "set", "lo", "up"])
        try await withDaemon(flags: flags, prefix: enter) { daemon in
            try await body(NetworkRig(daemon: daemon, namespace: namespace))
        }
        await end()
    } catch {
        await end()
        throw error
    }
}
