import Glibc
import JSON
import LinuxKernel
import TestSupport
import Testing

/// Several daemons, a tracker and Debian's docker-registry: images travel between the nodes.
@Suite("images of a pool", .needs(.root, .tool("docker-registry"), .tool("curl")))
struct ImagePoolTests {
    private static let megabytes = 12

    @Test("nodes that pull an image at the same time fetch it from the registry once, and say where it came from")
    func together() async throws {
        try await withPool(nodes: 3) { pool in
            let image = try await pool.publish(megabytes: Self.megabytes)
            try await withThrowingTaskGroup(of: CommandResult.self) { group in
                for node in pool.nodes { group.addTask { try await node.pouch("pull", image) } }
                for try await pulled in group { #expect(pulled.status == 0, "\(pulled)") }
            }
            let sizes = try await pool.traffic()
            let layer = sizes.reduce(0) { max($0, $1.origin + $1.received) }
            #expect(layer > Self.megabytes << 20)
            #expect(sizes.reduce(0) { $0 + $1.origin } <= layer + layer / 20, "\(sizes)")
            #expect(sizes.reduce(0) { $0 + $1.received } >= 2 * layer - layer / 20, "\(sizes)")
            #expect(sizes.allSatisfy { $0.wrong == 0 })
            for node in pool.nodes {
                let ran = try await node.pouch("run", "--rm", "--network", "none", image, "ls", "/data")
                #expect(ran.output == "big\n", "\(ran)")
            }
            let explained = try await pool.nodes[2].pouch("distribution", "explain", image)
            #expect(explained.status == 0 && explained.output.contains("complete; from the registry"), "\(explained)")
            let status = try await pool.nodes[2].pouch("distribution", "status")
            #expect(status.output.contains("with mutual TLS") && status.output.contains("complete"), "\(status)")
        }
    }

    @Test("a node that was killed and started again still gives what it had")
    func restart() async throws {
        try await withPool(nodes: 2) { pool in
            let image = try await pool.publish(megabytes: Self.megabytes)
            #expect(try await pool.nodes[0].pouch("pull", image).status == 0)
            await pool.nodes[0].end(signal: SIGKILL)
            try await pool.nodes[0].start()
            try await pool.joined()
            #expect(try await pool.nodes[1].pouch("pull", image).status == 0)
            let sizes = try await pool.traffic()
            #expect(sizes[1].origin == 0 && sizes[1].received > Self.megabytes << 20, "\(sizes)")
        }
    }

    @Test("a prewarm brings an image to every node, the canary first, from the registry once")
    func prewarm() async throws {
        try await withPool(nodes: 3) { pool in
            let image = try await pool.publish(megabytes: Self.megabytes)
            let warmed = try await pool.prewarm(image, "--batch", "100%", "-w")
            #expect(warmed.status == 0 && warmed.output.contains("finished, 3/3 done"), "\(warmed)")
            let sizes = try await pool.traffic()
            #expect(sizes.reduce(0) { $0 + $1.origin } < (Self.megabytes + 4) << 20, "\(sizes)")
            for node in pool.nodes {
                #expect(try await node.pouch("images", "-q", image).trimmed != "")
            }
            let none = try await pool.prewarm(image, "--nodes", "other-*")
            #expect(none.status == 1 && none.errors.contains("no node of the pool is meant"), "\(none)")
            let missing = try await pool.prewarm("\(pool.registry.authority)/no/such:1", "-w")
            #expect(missing.status == 1 && missing.errors.contains("halted: canary failed: node-1"), "\(missing)")
        }
    }

    @Test("without its tracker a node pulls from the registry", .timeLimit(.minutes(2)))
    func alone() async throws {
        try await withPool(nodes: 1) { pool in
            let image = try await pool.publish(megabytes: 1)
            await pool.stopTracker()
            let pulled = try await pool.nodes[0].pouch("pull", image)
            #expect(pulled.status == 0, "\(pulled)")
        }
    }

    /// Runs `body` with a pool on the loopback address, and stops it whatever happens.
    private func withPool(nodes: Int, _ body: (ImagePoolFixture) async throws -> Void) async throws {
        try await withScratchDirectory { folder in
            let pool = try await ImagePoolFixture(in: folder, nodes: nodes)
            do {
                try await body(pool)
                await pool.stop()
            } catch {
                await pool.stop()
                throw error
            }
        }
    }
}

/// A registry, a tracker and some nodes.
private final class ImagePoolFixture: @unchecked Sendable {  // used by one test at a time
    let registry: DebianRegistry
    private(set) var nodes: [Daemon] = []
    private let folder: String
    private var tracker: RunningCommand?

    struct Traffic {
        var origin = 0
        var received = 0
        var wrong = 0
    }

    init(in folder: String, nodes count: Int) async throws {
        self.folder = folder
        registry = try await DebianRegistry(in: folder)
        let server = "\(Executables.folder)/pouch-server"
        let state = "\(folder)/tracker"
        let process = try await withThread { () throws(SyscallError) in
            try RunningCommand([
                server, "tracker", "serve", "--state", state, "--listen", "127.0.0.1:0", "--socket",
                "\(folder)/tracker.sock",
            ])
        }
        tracker = process
        let line = await withThread { process.readOutput(until: "\n") }
        let address = line.split(separator: "/").last.map { String($0.prefix { $0 != "\n" }) } ?? ""
        try #require(line.hasPrefix("https://"), "\(line)")
        for number in 1...count {
            let token = try await run([server, "tracker", "token", "--state", state])
            let home = "\(folder)/node-\(number)"
            try Files.makeDirectory(home, mode: 0o755)
            nodes.append(
                try await Daemon.start(
                    in: home,
                    flags: [
                        "--bridge", "none", "--pool-tracker", address, "--pool-token", token.trimmed, "--pool-node",
                        "node-\(number)", "--pool-listen", "127.0.0.1:\(12_000 + Int(getpid()) % 8000 + number)",
                    ]))
        }
        try await joined()
    }

    /// Waits until every node is a member.
    func joined() async throws {
        let deadline = ContinuousClock.now + .seconds(30)
        for node in nodes {
            while try await node.pouch("distribution", "status").status != 0 {
                guard ContinuousClock.now < deadline else { throw DaemonNotReady(log: "the pool is not joined") }
                try await Task.sleep(for: .milliseconds(50))
            }
        }
    }

    /// Pushes an image with one large file, of which no node keeps anything; gives its name.
    func publish(megabytes: Int) async throws -> String {
        let name = "\(registry.authority)/lib/big:1"
        let root = "\(folder)/root"
        try Bundle.makeRootfs(root)
        let script = "mkdir -p '\(root)/data' && head -c \(megabytes << 20) /dev/urandom > '\(root)/data/big'"
        _ = try await run(["/bin/sh", "-c", "\(script) && tar -C '\(root)' -cf '\(folder)/image.tar' ."])
        _ = try await nodes[0].pouch("import", "--change", "CMD [\"sh\"]", "\(folder)/image.tar", name)
        let pushed = try await nodes[0].pouch("push", name)
        #expect(pushed.status == 0, "\(pushed)")
        #expect(try await nodes[0].pouch("rmi", "-f", name).status == 0)
        return name
    }

    /// What travelled through each node.
    func traffic() async throws -> [Traffic] {
        var all: [Traffic] = []
        for node in nodes {
            let socket = String(node.host.dropFirst("unix://".count))
            let text = try await run(["curl", "-s", "--unix-socket", socket, "http://pouch/pool/status"]).output
            let status = try JSONValue(parsing: Array(text.utf8))
            func number(_ name: String) -> Int { Int(status[name]?.intValue ?? 0) }
            all.append(
                Traffic(origin: number("origin"), received: number("received"), wrong: number("wrongPieces")))
        }
        return all
    }

    /// Runs `pouch prewarm` beside the tracker, which knows a node once that has asked for orders.
    func prewarm(_ words: String...) async throws -> CommandResult {
        let call = [Executables.client, "prewarm", "--tracker", "\(folder)/tracker.sock"]
        let deadline = ContinuousClock.now + .seconds(20)
        while ContinuousClock.now < deadline {
            let result = try await run(call + words)
            if !result.errors.contains(": \(nodes.count - 1) are there") && !result.errors.contains(": 0 are there") {
                return result
            }
            try await Task.sleep(for: .milliseconds(100))
        }
        return try await run(call + words)
    }

    func stopTracker() async {
        guard let process = tracker else { return }
        tracker = nil
        process.signal(SIGTERM)
        _ = await withThread { process.finish(timeout: .seconds(20)) }
    }

    func stop() async {
        for node in nodes { try? await node.stop() }
        await stopTracker()
        await registry.stop()
    }
}
