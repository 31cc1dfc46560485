internal import ClusterModel
internal import Engine
internal import HTTPKit
internal import HTTPTypes
internal import Hummingbird
internal import Identity
internal import Logging
internal import NIOCore
internal import NIOPosix
internal import NodeAgent
internal import NodeStreams
internal import PoolClient
internal import ServiceLifecycle
internal import Synchronization

/// The node's side of a pool as a member of the daemon's service group; it begins once the engine has taken over what it found.
struct PoolService: Service {
    private let settings: NodeSettings
    /// How the server is asked where that needs no certificate of the pool's, or where a kubeconfig has one.
    private let address: PoolAddress?
    private let member: PoolMember?
    private let pool: PoolSettings
    private let engine: Engine
    private let logger: Logger
    private let recovered: AsyncStream<Void>
    private let recovery: AsyncStream<Void>.Continuation

    /// Nil when the node belongs to no pool.
    init?(_ pool: PoolSettings, _ settings: Settings, engine: Engine, version: String, logger: Logger) {
        var address = pool.address
        if address?.server.hasPrefix("https://") == true, !pool.hasCredentials { address = nil }
        member = address == nil ? PoolMember(pool, dataRoot: settings.dataRoot, logger: logger) : nil
        guard address != nil || member != nil else { return nil }
        var node = NodeSettings(
            name: pool.nodeName, address: pool.nodeAddress ?? "", dataRoot: settings.dataRoot,
            execRoot: settings.execRoot)
        node.labels = pool.labels
        node.version = version
        node.pressure = pool.pressure
        node.refreshPeriod = pool.refreshPeriod
        self.settings = node
        self.address = address
        self.pool = pool
        self.engine = engine
        self.logger = logger
        (recovered, recovery) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    /// The engine knows its containers.
    func begin() { recovery.yield() }

    func run() async throws {
        await cancelWhenGracefulShutdown {
            for await _ in recovered {
                await serve()
                break
            }
        }
    }

    private func serve() async {
        do {
            let joined = try await member?.join()
            var settings = settings
            if let joined { settings.name = joined.node }
            guard let address = joined?.address ?? self.address else { return }
            if settings.address.isEmpty { settings.address = Machine.address(towards: address.server) }
            let client = RenewedClient(try PoolClient(address, userAgent: "pouchd/\(settings.version)"))
            let streams = Streams(servesServerOnly: joined != nil)
            let server = HTTPServer(
                listeners: [listener()], group: MultiThreadedEventLoopGroup.singleton, logger: logger,
                respond: streams.respond)
            try await server.bind()
            settings.streamPort = server.addresses.first?.port ?? 0
            let agent = try await NodeAgent(settings, access: client, engine: engine, logger: logger)
            streams.begin(AgentStreams(agent, engine))
            logger.info(
                "this node joins a pool", metadata: ["node": "\(settings.name)", "server": "\(address.server)"])
            try await withThrowingDiscardingTaskGroup { group in
                group.addTask { await agent.run() }
                group.addTask { try await server.run() }
                if let member, let joined { group.addTask { await member.keep(joined, client, server) } }
            }
        } catch {
            guard !Task.isCancelled else { return }
            logger.error("this node cannot be part of the pool", metadata: ["error": "\(error)"])
        }
    }

    /// Without certificates of the pool's it streams to this machine only.
    private func listener() -> Listener {
        guard let member else { return .plain(PlainListener(host: "127.0.0.1", port: 0)) }
        return .tls(
            TLSListener(
                host: "0.0.0.0", port: pool.streamPort, authority: member.authorityFile,
                certificate: member.credentialsFile, key: member.credentialsFile))
    }
}

/// The node's stream server, which answers once the agent is there.
private final class Streams: Sendable {
    private let server = Mutex<NodeStreamServer?>(nil)
    private let servesServerOnly: Bool

    /// With certificates, those of other nodes are good too, and not enough.
    init(servesServerOnly: Bool) { self.servesServerOnly = servesServerOnly }

    func begin(_ streams: AgentStreams) { server.withLock { $0 = NodeStreamServer(streams) } }

    @Sendable func respond(to request: Request, _ source: RequestSource) async throws -> Response {
        guard let server = server.withLock({ $0 }) else { return Response(status: .serviceUnavailable) }
        if servesServerOnly {
            let holder = source.certificate.flatMap { try? CertificateHolder(certificate: $0) }
            guard let holder, holder.groups.contains(CertificateHolder.administrators) else {
                return Response(status: .forbidden)
            }
        }
        return try await server.respond(to: request, source)
    }
}
