import Glibc
import JSON
import LinuxKernel
import TestSupport
import Testing

/// What a pool of a test has beside its nodes.
struct ImagePoolOptions {
    /// The nodes' own registries stand in for the pool's.
    var hasMirrors = false
    /// What the user `pouch` needs at the registry; without it nobody needs anything.
    var password: String?
    /// Of every node.
    var flags: [String] = []
}

/// Runs `body` with a pool on the loopback address, and stops it whatever happens.
func withImagePool(
    nodes: Int, _ options: ImagePoolOptions = ImagePoolOptions(), _ body: (ImagePoolFixture) async throws -> Void
) async throws {
    try await withScratchDirectory { folder in
        let pool = try await ImagePoolFixture(in: folder, nodes: nodes, options)
        do {
            try await body(pool)
            await pool.stop()
        } catch {
            await pool.stop()
            throw error
        }
    }
}

/// A registry, a tracker and some nodes.
final class ImagePoolFixture: @unchecked Sendable {  // used by one test at a time
    let registry: DebianRegistry
    private(set) var nodes: [Daemon] = []
    let folder: String
    private let password: String?
    private var tracker: PoolServer?
    private var trackerAddress = "127.0.0.1:0"

    struct Traffic {
        var origin = 0
        var received = 0
        var wrong = 0
    }

    /// Where the registries of the nodes listen that mirror the pool's registry.
    private(set) var mirrors: [String] = []

    init(in folder: String, nodes count: Int, _ options: ImagePoolOptions) async throws {
        self.folder = folder
        password = options.password
        registry = try await DebianRegistry(in: folder, password: options.password)
        let server = "\(Executables.folder)/pouch-server"
        let state = "\(folder)/tracker"
        try await startTracker()
        let address = trackerAddress
        for number in 1...count {
            let token = try await run([server, "tracker", "token", "--state", state])
            let home = "\(folder)/node-\(number)"
            try Files.makeDirectory(home, mode: 0o755)
            try WholeFile.replace("\(home)/token", with: Array(token.trimmed.utf8), mode: 0o600)
            var flags = options.flags
            if options.hasMirrors {
                mirrors.append("127.0.0.1:\(41_500 + Int(getpid()) % 8000 + number)")
                flags += ["--registry-listen", mirrors[number - 1], "--registry-pull-through", registry.authority]
            }
            nodes.append(
                try await Daemon.start(
                    in: home,
                    flags: flags + [
                        "--bridge", "none", "--pool-tracker", address, "--pool-token-file", "\(home)/token",
                        "--pool-node", "node-\(number)", "--pool-listen",
                        "127.0.0.1:\(12_000 + Int(getpid()) % 8000 + number)",
                    ]))
        }
        try await joined()
    }

    /// Starts the tracker, or starts it again where it was.
    func startTracker() async throws {
        let server = try await PoolServer.start(
            in: folder,
            [
                "tracker", "serve", "--state", "\(folder)/tracker", "--listen", trackerAddress, "--socket",
                "\(folder)/tracker.sock",
            ])
        tracker = server
        try #require(server.address.hasPrefix("https://"), "\(server.address)")
        trackerAddress = server.address.split(separator: "/").last.map(String.init) ?? ""
    }

    func killTracker() async {
        guard let ending = tracker else { return }
        tracker = nil
        await ending.end()
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
    func publish(megabytes: Int, tag: String = "1") async throws -> String {
        let name = "\(registry.authority)/lib/big:\(tag)"
        let root = "\(folder)/root"
        try Bundle.makeRootfs(root)
        let script = "mkdir -p '\(root)/data' && head -c \(megabytes << 20) /dev/urandom > '\(root)/data/big'"
        _ = try await run(["/bin/sh", "-c", "\(script) && tar -C '\(root)' -cf '\(folder)/image.tar' ."])
        _ = try await nodes[0].pouch("import", "--change", "CMD [\"sh\"]", "\(folder)/image.tar", name)
        if let password {
            let login = try await pouch(nodes[0], "login", "-u", "pouch", "-p", password, registry.authority)
            #expect(login.status == 0, "\(login)")
        }
        let pushed = try await pouch(nodes[0], "push", name)
        #expect(pushed.status == 0, "\(pushed)")
        #expect(try await nodes[0].pouch("rmi", "-f", name).status == 0)
        return name
    }

    /// Runs `pouch` as somebody who has logged in at the registry, where that asks for it.
    func pouch(_ node: Daemon, _ words: String...) async throws -> CommandResult {
        try await run(
            [Executables.client, "-H", node.host] + words, environment: ["POUCH_CONFIG": "\(folder)/login"])
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
        while try await run(call + ["nodes"]).output.split(separator: "\n").count < nodes.count,
            ContinuousClock.now < deadline
        {
            try await Task.sleep(for: .milliseconds(50))
        }
        return try await run(call + words)
    }

    func stopTracker() async {
        guard let ending = tracker else { return }
        tracker = nil
        await ending.end(signal: SIGTERM)
    }

    func stop() async {
        for node in nodes { try? await node.stop() }
        await stopTracker()
        await registry.stop()
    }
}
