internal import ClusterModel
internal import Engine
internal import HTTPKit
internal import HTTPTypes
internal import Hummingbird
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
    private let client: PoolClient
    private let engine: Engine
    private let logger: Logger
    private let recovered: AsyncStream<Void>
    private let recovery: AsyncStream<Void>.Continuation

    /// Nil when the node belongs to no pool.
    init?(_ pool: PoolSettings, _ settings: Settings, engine: Engine, version: String, logger: Logger) throws {
        guard let address = pool.address else { return nil }
        var node = NodeSettings(
            name: pool.nodeName, address: pool.nodeAddress ?? Machine.address(towards: address.server),
            dataRoot: settings.dataRoot, execRoot: settings.execRoot)
        node.labels = pool.labels
        node.version = version
        self.settings = node
        do throws(PoolError) {
            client = try PoolClient(address, userAgent: "pouchd/\(version)")
        } catch {
            throw ConfigurationError.invalid(name: "join", value: address.server, why: error.description)
        }
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
        let streams = Streams()
        // Without certificates of the pool's own it streams to this machine only.
        let server = HTTPServer(
            listeners: [.plain(PlainListener(host: "127.0.0.1", port: 0))],
            group: MultiThreadedEventLoopGroup.singleton,
            logger: logger, respond: streams.respond)
        var settings = settings
        do {
            try await server.bind()
            settings.streamPort = server.addresses.first?.port ?? 0
            let agent = try await NodeAgent(settings, access: client, engine: engine, logger: logger)
            streams.begin(AgentStreams(agent, engine))
            logger.info(
                "this node joins a pool", metadata: ["node": "\(settings.name)", "server": "\(client.address.server)"])
            try await withThrowingDiscardingTaskGroup { group in
                group.addTask { await agent.run() }
                group.addTask { try await server.run() }
            }
        } catch {
            guard !Task.isCancelled else { return }
            logger.error("this node cannot be part of the pool", metadata: ["error": "\(error)"])
        }
    }
}

/// The node's stream server, which answers once the agent is there.
private final class Streams: Sendable {
    private let server = Mutex<NodeStreamServer?>(nil)

    func begin(_ streams: AgentStreams) { server.withLock { $0 = NodeStreamServer(streams) } }

    @Sendable func respond(to request: Request, _ source: RequestSource) async throws -> Response {
        guard let server = server.withLock({ $0 }) else { return Response(status: .serviceUnavailable) }
        return try await server.respond(to: request, source)
    }
}
