import APIServer
import ClusterModel
import ClusterStore
import HTTPKit
import JSON
import Logging
import NIOCore
import NIOPosix
import NodeStreams
import TestSupport
import Testing

/// A node that runs nothing: its commands are `echo`, `cat`, `fail`, and `wait`, which ends when its client does.
struct ScriptedNode: PodStreams {
    /// Told when `wait` begins and when it ends.
    var waits: AsyncStream<String>.Continuation?

    func check(_ container: PodContainer) async throws(PodStreamError) {
        if !["main", ""].contains(container.container) {
            throw .notFound("container \(container.container) has not started")
        }
    }

    func logs(
        of container: PodContainer, _ options: LogOptions
    ) async throws(PodStreamError) -> AsyncThrowingStream<ByteBuffer, any Error> {
        try await check(container)
        let lines = (1...3).filter { $0 > 3 - (options.tailLines ?? 3) }
        return AsyncThrowingStream { feed in
            for line in lines {
                feed.yield(ByteBuffer(string: "line \(line) of \(container.namespace)/\(container.pod)\n"))
            }
            feed.finish()
        }
    }

    /// Port 80 gives back what it gets; nobody listens on others.
    func forward(_ client: any PortStream, to port: Int, in pod: PodContainer) async throws(PodStreamError) {
        guard port == 80 else { throw .failed("connect to port \(port) of pod \(pod.pod): Connection refused") }
        do {
            while let bytes = try await client.read() { try await client.write(bytes) }
        } catch {
            throw .failed("\(error)")
        }
    }

    func run(_ command: RemoteCommand, in container: PodContainer, _ terminal: any RemoteTerminal) async throws -> Int {
        if command.command == ["wait"] {
            waits?.yield("begun")
            defer { waits?.yield("left") }
            while try await terminal.read() != nil {}
            return 0
        }
        // kubectl drops what comes before it has made its streams; the end of its input says that it has.
        while let input = try await terminal.read(), input != .end {
            if case .bytes(let bytes) = input { try await terminal.writeOutput(bytes) }
        }
        switch command.command?.first {
        case "cat": return 0
        case "echo":
            try await terminal.writeOutput(
                ByteBuffer(string: command.command?.dropFirst().joined(separator: " ") ?? ""))
            return 0
        case "fail":
            try await terminal.writeErrors(ByteBuffer(string: "no\n"))
            return 7
        default: throw PodStreamError.failed("exec: no such program")
        }
    }
}

/// Serves the pod `web` of a node that `streams` plays; `body` gets the API's port.
func serving(
    _ streams: some PodStreams, _ body: @Sendable @escaping (Int) async throws -> Void
) async throws {
    let logger = Logger(label: "test")
    let group = MultiThreadedEventLoopGroup.singleton
    let node = HTTPServer(
        listeners: [.plain(PlainListener(host: "127.0.0.1", port: 0))], group: group, logger: logger,
        respond: NodeStreamServer(streams).respond)
    let api = APIServer(LocalStore(), dialer: NodeDialer(group: group))
    let server = HTTPServer(
        listeners: [.plain(PlainListener(host: "127.0.0.1", port: 0))], group: group, logger: logger,
        respond: api.respond)
    try await node.bind()
    try await server.bind()
    try await api.objects.prepare()
    let port = Int64(node.addresses.first?.port ?? 0)
    _ = try await api.objects.create(
        APIObject([
            "kind": "Node", "apiVersion": "v1", "metadata": ["name": "n1"],
            "status": [
                "addresses": [["type": "InternalIP", "address": "127.0.0.1"]],
                "daemonEndpoints": ["kubeletEndpoint": ["Port": .integer(port)]],
            ],
        ]), Catalog.node, nil)
    _ = try await api.objects.create(
        APIObject([
            "kind": "Pod", "apiVersion": "v1", "metadata": ["name": "web"],
            "spec": [
                "nodeName": "n1",
                "containers": [["name": "main", "image": "a"], ["name": "other", "image": "a"]],
            ],
        ]), Catalog.pod, "default")
    try await withThrowingTaskGroup(of: Void.self) { tasks in
        tasks.addTask { try await node.run() }
        tasks.addTask { try await server.run() }
        try await body(server.addresses.first?.port ?? 0)
        tasks.cancelAll()
    }
}

@Suite("Streams from nodes, with kubectl", .needs(.tool("kubectl")))
struct StreamTests {
    private func kubectl(_ address: String, _ words: String..., input: String? = nil) async throws -> CommandResult {
        try await run(
            ["kubectl", "--server", address] + words, environment: ["KUBECONFIG": "/dev/null", "HOME": "/tmp"],
            input: input, timeout: .seconds(20))
    }

    @Test("logs, exec with input and exit codes, and refusals go through the server as they are")
    func streams() async throws {
        try await serving(ScriptedNode()) { port in
            let address = "http://127.0.0.1:\(port)"
            let logs = try await kubectl(address, "logs", "web", "-c", "main", "--tail=2")
            #expect(logs.output == "line 2 of default/web\nline 3 of default/web\n", "\(logs)")
            let missing = try await kubectl(address, "logs", "web", "-c", "other")
            #expect(missing.status == 1 && missing.errors.contains("container other has not started"), "\(missing)")
            let echo = try await kubectl(
                address, "exec", "-i", "web", "-c", "main", "--", "echo", "a", "b c", input: "")
            #expect(echo.output == "a b c" && echo.status == 0, "\(echo)")
            let cat = try await kubectl(address, "exec", "-i", "web", "-c", "main", "--", "cat", input: "typed\n")
            #expect(cat.output == "typed\n" && cat.status == 0, "\(cat)")
            let fail = try await kubectl(address, "exec", "-i", "web", "-c", "main", "--", "fail", input: "")
            #expect(fail.status == 7 && fail.errors.hasPrefix("no\n"), "\(fail)")
            let none = try await kubectl(address, "exec", "-i", "web", "-c", "main", "--", "nothing", input: "")
            #expect(none.status == 1 && none.errors.contains("no such program"), "\(none)")
        }
    }
}
