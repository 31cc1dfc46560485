internal import ClusterModel
internal import Engine
internal import Logging
internal import NodeAgent
internal import PoolClient
internal import ServiceLifecycle

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
        do throws(EngineError) {
            let agent = try await NodeAgent(settings, access: client, engine: engine, logger: logger)
            logger.info(
                "this node joins a pool", metadata: ["node": "\(settings.name)", "server": "\(client.address.server)"])
            await agent.run()
        } catch {
            logger.error("this node cannot join the pool", metadata: ["error": "\(error.message)"])
        }
    }
}
