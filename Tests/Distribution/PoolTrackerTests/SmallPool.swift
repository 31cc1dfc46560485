import ContentStore
import Glibc
import Identity
import ImageSpec
import JSON
import LinuxKernel
import Logging
import NIOPosix
import Pieces
import PoolNode
import PoolTracker
import RegistryClient
import Synchronization
import TestSupport
import Testing
import Transfer

/// A registry with one blob, which answers as a script says.
final class ScriptedRegistry: Sendable {
    /// What a request for the blob gets; nil is what a good registry answers.
    typealias Rule = @Sendable (ScriptedDaemon.Request, _ count: Int, ScriptedDaemon.Channel) -> Bool

    let server: ScriptedDaemon
    let blob: [UInt8]
    let descriptor: ContentDescriptor
    private let sent: Counter

    final class Counter: Sendable {
        private let value = Mutex((bytes: 0, requests: 0))
        func add(_ bytes: Int) { value.withLock { $0.bytes += bytes } }
        func next() -> Int {
            value.withLock { value in
                value.requests += 1
                return value.requests
            }
        }
        var bytes: Int { value.withLock { $0.bytes } }
        var requests: Int { value.withLock { $0.requests } }
    }

    /// `rule` answers a GET of the blob itself and says so, or leaves it to the registry.
    init(size: Int, rule: @escaping Rule = { _, _, _ in false }) throws {
        let blob = (0..<size).map { UInt8(truncatingIfNeeded: $0 &* 131 &+ $0 >> 7) }
        let counter = Counter()
        self.blob = blob
        sent = counter
        descriptor = ContentDescriptor(
            mediaType: .ociLayer, digest: BlobHasher.digest(of: blob), size: Int64(blob.count))
        server = try ScriptedDaemon { request, channel in
            guard request.target.contains("/blobs/") else { return channel.answer(200) }
            guard request.method == "GET" else {
                if rule(request, 0, channel) { return }
                return channel.send("HTTP/1.1 200 OK\r\nContent-Length: \(blob.count)\r\n\r\n")
            }
            if rule(request, counter.next(), channel) { return }
            Self.give(blob, request, channel, counter)
        }
    }

    /// Bytes of the blob that it sent by its own rules, and how often it was asked for them.
    var bytesSent: Int { sent.bytes }
    var fetches: Int { sent.requests }

    /// The range that is asked for, or all.
    static func range(of request: ScriptedDaemon.Request, _ count: Int) -> Range<Int> {
        guard let text = request.fields["range"], let range = PieceRange.parse(text, size: Int64(count)) else {
            return 0..<count
        }
        return Int(range.lowerBound)..<Int(range.upperBound)
    }

    private static func give(
        _ blob: [UInt8], _ request: ScriptedDaemon.Request, _ channel: ScriptedDaemon.Channel, _ counter: Counter
    ) {
        let range = range(of: request, blob.count)
        let isPart = request.fields["range"] != nil
        let part = "Content-Range: bytes \(range.lowerBound)-\(range.upperBound - 1)/\(blob.count)\r\n"
        counter.add(range.count)
        channel.send(
            "HTTP/1.1 \(isPart ? 206 : 200) OK\r\n\(isPart ? part : "")Content-Length: \(range.count)\r\n\r\n")
        channel.send(Array(blob[range]))
    }
}

/// A tracker and nodes of one pool, in this process, over TLS on the loopback address; the registry is a script.
final class SmallPool: Sendable {
    static let group = MultiThreadedEventLoopGroup.singleton

    let folder: String
    let registry: ScriptedRegistry
    let authority: CertificateAuthority
    private let state: Mutex<State>

    private struct State {
        var tracker: PoolTracker?
        var port = 0
        var running: [String: Task<Void, Never>] = [:]
    }

    /// One node.
    final class Member: Sendable {
        let node: PoolNode
        let credentials: NodeCredentials
        let content: ContentStore
        let root: String
        let contact: Contact

        init(
            _ node: PoolNode, _ credentials: NodeCredentials, _ content: ContentStore, root: String, _ contact: Contact
        ) {
            self.node = node
            self.credentials = credentials
            self.content = content
            self.root = root
            self.contact = contact
        }

        /// The blob's bytes on this node's disk.
        func bytesPath(of digest: Digest) -> String { "\(root)/\(digest.algorithm.rawValue)-\(digest.hex)/bytes" }
    }

    private init(_ folder: String, _ registry: ScriptedRegistry) throws {
        self.folder = folder
        self.registry = registry
        try Files.makeDirectory(folder + "/tracker", mode: 0o700)
        authority = try CertificateAuthority(folder: folder + "/tracker")
        state = Mutex(State())
    }

    var trackerPort: Int { state.withLock { $0.port } }

    /// Runs `body` beside a tracker, and stops all that runs whatever happens.
    static func with(_ registry: ScriptedRegistry, _ body: (SmallPool) async throws -> Void) async throws {
        try await withScratchDirectory { folder in
            let pool = try SmallPool(folder, registry)
            do {
                try await pool.startTracker()
                try await body(pool)
                await pool.stop()
            } catch {
                await pool.stop()
                throw error
            }
        }
    }

    /// At the port that an earlier one had.
    func startTracker() async throws {
        let tracker = try PoolTracker(
            folder: folder + "/tracker", host: "127.0.0.1", port: trackerPort, socket: nil, registries: Self.settings,
            group: Self.group, logger: Logger(label: "tracker"), readYAML: { _ in [] })
        try await tracker.bind()
        state.withLock { state in
            state.port = tracker.boundPort ?? 0
            state.tracker = tracker
            state.running["tracker"] = Task { try? await tracker.run() }
        }
    }

    func stop(_ name: String) async {
        let task = state.withLock { $0.running.removeValue(forKey: name) }
        task?.cancel()
        await task?.value
    }

    func stop() async {
        for name in state.withLock({ Array($0.running.keys) }) { await stop(name) }
    }

    private static var settings: RegistrySettings {
        var settings = RegistrySettings()
        settings.retry = RetryPolicy(attempts: 3, first: .milliseconds(10), longest: .milliseconds(50))
        settings.idleTimeout = .seconds(5)
        return settings
    }

    func token(roles: Set<NodeRole> = [.peer, .seed], minutes: Int64 = 10) throws -> String {
        try TokenBook(folder: folder + "/tracker/tokens").make(
            for: authority, roles: roles, expires: now + minutes * 60
        ).text
    }

    var now: Int64 { Int64(time(nil)) }

    func join(_ name: String, roles: Set<NodeRole> = [.peer, .seed]) async throws -> NodeCredentials {
        let join = PoolJoin(host: "127.0.0.1", port: trackerPort, group: Self.group)
        return try await join.credentials(
            name: name, token: try token(roles: roles), folder: "\(folder)/\(name).identity")
    }

    /// A node that runs; one of the same name goes on with what an earlier one left.
    func start(
        _ name: String, roles: Set<NodeRole> = [.peer, .seed], isPlain: Bool = false, upload: Int64? = nil
    ) async throws -> Member {
        let credentials = try await join(name, roles: roles)
        for _ in 0..<10 {
            // Somebody else may have taken the port by the time it is bound.
            do throws(PoolError) { return try await start(name, credentials, isPlain, upload) } catch {
                guard case .transfer(.listen) = error else { throw error }
            }
        }
        throw PoolError.transfer(.listen("no free port"))
    }

    private func start(
        _ name: String, _ credentials: NodeCredentials, _ isPlain: Bool, _ upload: Int64?
    ) async throws(PoolError) -> Member {
        let port: Int
        let content: ContentStore
        let home = "\(folder)/\(name)"
        do {
            port = try freePort()
            if !Files.exists(home) { try Files.makeDirectory(home, mode: 0o700) }
            content = try ContentStore(root: home + "/content")
        } catch {
            throw .malformed("\(error)")
        }
        let contact = Contact(id: PeerID(credentials.identity.number), address: "127.0.0.1:\(port)")
        var settings = ExchangeSettings(
            root: home + "/pool",
            tracker: TransferTarget(host: "127.0.0.1", port: trackerPort, serverName: trackerName),
            credentials: credentials, contact: contact, host: "127.0.0.1", port: port)
        settings.isPlain = isPlain
        settings.upload = upload
        let node = try PoolNode(settings, content: content, group: Self.group, logger: Logger(label: name))
        try await node.bind()
        state.withLock { $0.running[name] = Task { try? await node.run() } }
        return Member(node, credentials, content, root: home + "/pool", contact)
    }

    private func freePort() throws -> Int { Int(try ScriptedDaemon { _, _ in }.port) }

    /// Reads the registry's blob through `member`, as a pull does.
    func pull(
        _ member: Member, as credentials: RegistryCredentials = .init(), isPrewarm: Bool = false
    ) async throws -> [UInt8] {
        var bytes: [UInt8] = []
        for try await chunk in try await open(member, as: credentials, isPrewarm: isPrewarm).chunks { bytes += chunk }
        return bytes
    }

    func open(
        _ member: Member, as credentials: RegistryCredentials = .init(), isPrewarm: Bool = false
    ) async throws -> BlobStream {
        let client = RegistryClient(Self.settings, logger: Logger(label: "registry"))
        let name = "127.0.0.1:\(registry.server.port)/lib/image"
        let origin = client.repository(try ImageReference(parsing: name), credentials)
        let source = member.node.source(
            name, credentials: credentials.isEmpty ? [] : credentials.encoded(), origin: origin, isPrewarm: isPrewarm)
        return try await source.open(registry.descriptor, from: 0)
    }

    /// A client with the certificate of a member.
    func client(_ credentials: NodeCredentials) throws -> TransferClient {
        TransferClient(
            tls: try credentials.clientContext(), group: Self.group,
            download: RateLimit(rate: nil, loop: Self.group.any()))
    }

    func target(_ member: Member) -> TransferTarget {
        let port = Int(member.contact.address.split(separator: ":").last ?? "") ?? 0
        return TransferTarget(
            host: "127.0.0.1", port: port, serverName: NodeIdentity.serverName(of: member.contact.id.raw))
    }

    var tracker: TransferTarget { TransferTarget(host: "127.0.0.1", port: trackerPort, serverName: trackerName) }
}

extension SmallPool.Member {
    /// What travelled, as the node counts it.
    var totals: (received: Int64, origin: Int64, sent: Int64, wrong: Int) { node.ledger.totals }
}
