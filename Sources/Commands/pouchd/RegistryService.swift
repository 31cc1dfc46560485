internal import Engine
internal import EngineAPI
internal import HTTPKit
internal import Logging
internal import NIOCore
internal import RegistryServer
internal import ServiceLifecycle
internal import Snapshots

/// The registry as a member of the daemon's service group: what was pushed, then the machine's images.
struct RegistryService: Service {
    private let server: HTTPServer
    private let sweep: RegistrySweep
    private let logger: Logger
    private let scheme: String

    init(
        _ listener: Listener, _ settings: RegistrySettings, engine: Engine, group: any EventLoopGroup, logger: Logger
    ) {
        let images = engine.imageStore
        let upstream = settings.mirrored.map { PullThrough(ImageMirror(engine, hosts: $0)) }
        let registry = RegistryServer(
            images.repositories, others: [ImageRepositories(images)], upstream: upstream,
            allowsPush: settings.allowsPush)
        server = HTTPServer(listeners: [listener], group: group, logger: logger, respond: registry.respond)
        sweep = RegistrySweep(repositories: images.repositories, logger: logger)
        scheme = listener.scheme
        self.logger = logger
    }

    func run() async throws {
        try await server.bind()
        logger.info(
            "registry listens",
            metadata: ["address": "\(server.addresses.first.map { "\($0)" } ?? "")", "scheme": "\(scheme)"])
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await server.run() }
            group.addTask { try await sweep.run() }
            try await group.waitForAll()
        }
    }
}
