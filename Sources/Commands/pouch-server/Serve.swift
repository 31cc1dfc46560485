internal import APIServer
internal import ArgumentParser
internal import ClusterStore
internal import Glibc
internal import HTTPKit
internal import Logging
internal import NIOCore
internal import NIOPosix
internal import ServiceLifecycle
internal import UnixSignals

/// Serves the pool's API until a signal ends it.
struct Serve: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Serve the pool's API, which kubectl and every other client of Kubernetes speaks.",
        discussion: "The pool's state is in memory only. SIGTERM ends it when the requests in work are answered.")

    @Option(help: "ADDRESS:PORT, with port 0 for one that is free.") var listen = "127.0.0.1:8080"
    @Flag(help: "Say more in the log.") var debug = false

    func run() async throws {
        try await PouchServer.reporting { try await serve() }
    }

    private func serve() async throws {
        PouchServer.startLogging(debug: debug)
        let logger = Logger(label: "pouch-server")
        let address = try ListenAddress(parsing: listen)
        guard address.isLoopback else {
            throw ServeError.open(listen)
        }
        let store = LocalStore()
        let metrics = MetricsRegistry()
        let api = APIServer(store, metrics: metrics)
        try await api.objects.prepare()
        let server = HTTPServer(
            listeners: [.plain(PlainListener(host: address.host, port: address.port))],
            group: MultiThreadedEventLoopGroup.singleton, logger: logger, respond: api.respond)
        try await server.bind()
        print("http://\(address.host):\(server.addresses.first?.port ?? address.port)")
        fflush(nil)
        let access = LocalAccess(api.objects)
        let services = ServiceGroup(
            configuration: .init(
                services: [
                    .init(service: Collector(api.objects, logger: logger)), .init(service: Bookmarks(store)),
                    .init(service: SchedulingService(access, logger: logger)),
                    .init(service: NodeService(access, logger: logger)), .init(service: server),
                ], gracefulShutdownSignals: [.sigterm, .sigint], logger: logger))
        try await services.run()
    }
}

/// Why the server cannot run as it was told.
enum ServeError: Error, Equatable, CustomStringConvertible {
    case open(String)

    var description: String {
        switch self {
        case .open(let address): "--listen \(address): others could reach it without TLS"
        }
    }
}
