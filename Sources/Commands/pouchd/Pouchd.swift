internal import ArgumentParser
internal import CLinux
internal import Engine
internal import EngineAPI
internal import Glibc
internal import HTTPKit
internal import ImageBuild
internal import Logging
internal import NIOCore
internal import NIOPosix
internal import ServiceLifecycle
internal import UnixSignals

/// The node daemon: settings, then an engine behind the Docker Engine API, until a signal ends it.
@main
struct Pouchd: AsyncParsableCommand {
    static let version = "0.1.0"

    static let configuration = CommandConfiguration(
        commandName: "pouchd",
        abstract: "Runs containers on this machine and serves the Docker Engine API.",
        discussion: "SIGTERM ends the daemon and leaves the containers running; SIGHUP reads --config-file again.")

    @OptionGroup var flags: Flags

    func run() async throws {
        if flags.version {
            print("Pouch version \(Self.version)")
            return
        }
        do {
            let path = configFile()
            let settings = try Settings(flags, Self.file(path))
            if flags.validate {
                print("configuration OK")
                return
            }
            try await serve(settings, configFile: path)
        } catch let error as EngineError {
            throw Self.failure(error.message)
        } catch let error as any CustomStringConvertible {
            throw Self.failure(error.description)
        }
    }

    /// The file that was named, or the standard one if it is there.
    private func configFile() -> String? {
        flags.configFile ?? (access(SettingsFile.standard, F_OK) == 0 ? SettingsFile.standard : nil)
    }

    static func file(_ path: String?) throws(ConfigurationError) -> SettingsFile {
        guard let path else { return SettingsFile() }
        return try SettingsFile(reading: path)
    }

    private static func failure(_ message: String) -> any Error {
        let bytes = Array("pouchd: \(message)\n".utf8)
        _ = write(STDERR_FILENO, bytes, bytes.count)
        return ExitCode(1)
    }

    private func serve(_ settings: Settings, configFile: String?) async throws {
        let threshold = DaemonLog.Threshold(settings.log.level)
        LoggingSystem.bootstrap { _ in DaemonLog(threshold: threshold, isJSON: settings.log.isJSON) }
        let logger = Logger(label: "pouchd")
        // A client that hangs up is an error of one write, not the end of the daemon.
        signal(SIGPIPE, SIG_IGN)
        // Many threads come and go; with an arena for each of them freed memory would stay in most.
        clinux_limit_heaps(2)
        let pidfile = try Pidfile(locking: settings.pidfile)
        let dataLock = try RootLock(settings.dataRoot, name: "data root")
        let execLock = try RootLock(settings.execRoot, name: "exec root")

        // One thread for all conversations with clients and shims: a request that wandered between two would wait for each of
        // them to wake up.
        NIOSingletons.groupLoopCountSuggestion = 1
        let engine = try Engine(Self.engineConfiguration(settings), logger: logger)
        let metrics = MetricsRegistry()
        let builder = ImageBuilder(engine: engine, logger: logger)
        let api = EngineAPI(engine: engine, builder: builder, metrics: metrics)
        let loops = MultiThreadedEventLoopGroup.singleton
        let server = HTTPServer(
            listeners: settings.listeners(group: try Self.socketGroup(settings.group, logger)), group: loops,
            logger: logger, respond: api.respond)
        metrics.gauge("pouch_api_connections", help: "Open connections, streams included.") {
            Double(server.openConnections)
        }
        metrics.gauge("pouch_info", help: "Always 1.", labels: [("version", Self.version)]) { 1 }
        let pool = PoolService(settings.pool, settings, engine: engine, version: Self.version, logger: logger)
        let apiService = APIService(engine: engine, builder: builder, server: server) {
            logger.info(
                "API listens",
                metadata: [
                    "hosts": .array(settings.hosts.map { .stringConvertible($0) }), "version": "\(Self.version)",
                ])
            SystemdNotification.notify("READY=1")
            pool?.begin()
            CodePages.giveBack()
        }
        let reload = Reload(flags: flags, configFile: configFile, threshold: threshold, logger: logger)
        var members: [ServiceGroupConfiguration.ServiceConfiguration] = [
            .init(service: EngineService(engine: engine)), .init(service: reload),
        ]
        // Layers go out beside the conversations.
        let transfers =
            settings.registry.listener == nil && settings.distribution == nil
            ? loops : MultiThreadedEventLoopGroup(numberOfThreads: 2)
        if let listener = settings.registry.listener {
            let registry = RegistryService(
                listener, settings.registry, engine: engine, group: transfers, logger: logger)
            members.append(.init(service: registry))
        }
        if let pool { members.append(.init(service: pool)) }
        if let defaults = settings.distribution {
            members.append(
                .init(
                    service: DistributionService(
                        defaults: defaults, engine: engine, dataRoot: settings.dataRoot, metrics: metrics,
                        group: transfers,
                        logger: logger)))
        }
        var group = ServiceGroupConfiguration(
            services: members + [.init(service: apiService)],
            gracefulShutdownSignals: [.sigterm, .sigint], logger: logger)
        group.maximumGracefulShutdownDuration = settings.shutdownTimeout
        try await ServiceGroup(configuration: group).run()
        SystemdNotification.notify("STOPPING=1")
        logger.info("pouchd ends; containers go on")
        _ = consume execLock
        _ = consume dataLock
        _ = consume pidfile
    }

    private static func engineConfiguration(_ settings: Settings) throws(ConfigurationError) -> EngineConfiguration {
        var configuration = EngineConfiguration(
            dataRoot: settings.dataRoot, execRoot: settings.execRoot,
            runtimeExecutable: try Machine.runtimeExecutable(settings.pouchRuntime))
        configuration.version = version
        configuration.debug = settings.log.level <= .debug
        configuration.runtimes = Machine.installedRuntimes()
        configuration.imageSpace = settings.imageSpace
        settings.containers.apply(to: &configuration)
        settings.registries.apply(to: &configuration)
        if let remap = settings.containers.usernsRemap {
            (configuration.userMap, configuration.groupMap) = try Machine.idMaps(for: remap)
        }
        return configuration
    }

    private static func socketGroup(
        _ group: Settings.SocketGroup, _ logger: Logger
    ) throws(ConfigurationError) -> UInt32? {
        if let number = Machine.group(group.name) { return number }
        if group.isDemanded { throw .invalid(name: "group", value: group.name, why: "there is no such group") }
        logger.debug("only root may use the sockets", metadata: ["missing group": "\(group.name)"])
        return nil
    }
}
