internal import APIServer
internal import ArgumentParser
internal import ClusterStore
internal import Glibc
internal import HTTPKit
internal import Identity
internal import Lanes
internal import LinuxKernel
internal import Logging
internal import NIOCore
internal import NIOPosix
internal import NIOSSL
internal import SQLiteStore
internal import ServiceLifecycle
internal import UnixSignals

/// Serves the pool's API until a signal ends it.
struct Serve: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Serve the pool's API, which kubectl and every other client of Kubernetes speaks.",
        discussion: """
            Without --data the pool's state is in memory only. Where pouch pool init made a pool in --data, it serves with that \
            pool's certificates, and nodes join it with one-time tokens. Otherwise, without --tls-cert, it serves this machine \
            alone and trusts everybody there; with it clients show a certificate that --tls-ca signed (common name and \
            organizations are user and groups), or a token of --token-file, which a pool knows beside its certificates. SIGTERM ends it when the requests in work are answered.
            """)

    @Option(help: "ADDRESS:PORT, with port 0 for one that is free; else the pool's own, or 127.0.0.1:8080.")
    var listen: String?
    @Option(help: "A directory for the pool's state, made if need be.") var data: String?
    @Option(help: "Our certificate with its chain, in PEM.") var tlsCert: String?
    @Option(help: "Its key, in PEM.") var tlsKey: String?
    @Option(help: "Who signs the certificates of nodes and users, in PEM.") var tlsCa: String?
    @Option(help: "A file with lines of token,user,uid,\"group,group\".") var tokenFile: String?
    @Option(help: "Where to write down who changed what.") var auditLog: String?
    @Option(help: "A Unix socket for root and for nodes on this machine.") var socket: String?
    @Option(help: "How the scheduler behaves: a KubeSchedulerConfiguration, in YAML.") var schedulerConfig: String?
    @Option(help: "Hours that a node's certificate lasts; it is renewed after seven tenths of them.")
    var nodeCertificateHours = 24.0 * 365
    @Flag(help: "Say more in the log.") var debug = false

    func run() async throws {
        try await PouchServer.reporting { try await serve() }
    }

    private func serve() async throws {
        PouchServer.startLogging(debug: debug)
        try checkFlags()
        let logger = Logger(label: "pouch-server")
        let identity = try await ServerIdentity.open(data, hasOwn: tlsCert != nil)
        let address = try ListenAddress(parsing: listen ?? identity?.folder.settings.listen ?? "127.0.0.1:8080")
        let listener: Listener
        if let identity {
            listener = try await identity.listener(address)
        } else {
            listener = try self.listener(address)
        }
        let store = try await PoolFile.open(data)
        let metrics = MetricsRegistry()
        let audit = auditLog.map { AuditLog(path: $0, logger: logger) }
        let group = MultiThreadedEventLoopGroup.singleton
        var nodes: (@Sendable () -> TLSConfiguration)?
        if let identity { nodes = { identity.settings } }
        let dialer = NodeDialer(group: group, tls: nodes)
        guard nodeCertificateHours > 0, nodeCertificateHours < 24 * 3650 else {
            throw ServeError.incomplete(
                "--node-certificate-hours \(nodeCertificateHours): more than none, less than ten years")
        }
        let lifetime = Duration.seconds(nodeCertificateHours * 3600)
        var desk: JoinDesk?
        if let folder = identity?.folder {
            desk = try await Lanes.shared.run { () throws(IdentityError) in try JoinDesk(folder, lifetime: lifetime) }
        }
        let api = APIServer(
            store, authentication: try authentication(isPool: identity != nil), audit: audit, dialer: dialer,
            desk: desk,
            metrics: metrics)
        try await api.objects.prepare()
        var listeners = [listener]
        if let socket { listeners.append(.unix(UnixListener(path: socket, mode: 0o600))) }
        let server = HTTPServer(
            listeners: listeners, group: group, logger: logger, respond: api.respond)
        try await server.bind()
        print("\(listener.scheme)://\(address.host):\(server.addresses.first?.port ?? address.port)")
        fflush(nil)
        let access = LocalAccess(api.objects)
        var services: [any Service] = [
            Collector(api.objects, logger: logger), Bookmarks(store), Compaction(store, logger: logger),
            try SchedulingService(access, configuredBy: schedulerConfig, logger: logger),
            NodeService(access, logger: logger),
            BudgetService(access, logger: logger), LeaseService(store),
        ]
        if let audit { services.append(audit) }
        if let identity { services.append(CertificateKeeper(identity, server, address, logger: logger)) }
        let members = ServiceGroup(
            configuration: .init(
                services: (services + [server]).map { .init(service: $0) },
                gracefulShutdownSignals: [.sigterm, .sigint], logger: logger))
        try await members.run()
    }

    /// Also where a pool brings certificates of its own: nothing that was said is left unheard.
    private func checkFlags() throws(ServeError) {
        guard (tlsCert == nil) == (tlsKey == nil) else { throw .incomplete("--tls-cert and --tls-key go together") }
        guard tlsCa == nil || tlsCert != nil else { throw .incomplete("--tls-ca needs --tls-cert and --tls-key") }
        guard tlsCert == nil || tlsCa != nil || tokenFile != nil else {
            throw .incomplete("--tls-cert needs --tls-ca or --token-file: nobody could get in")
        }
    }

    private func listener(_ address: ListenAddress) throws(ServeError) -> Listener {
        if let tlsCert, let tlsKey {
            return .tls(
                TLSListener(
                    host: address.host, port: address.port, authority: tlsCa, certificate: tlsCert, key: tlsKey,
                    admitsStrangers: tokenFile != nil))
        }
        guard address.isLoopback else { throw .open("\(address.host):\(address.port)") }
        return .plain(PlainListener(host: address.host, port: address.port))
    }

    private func authentication(isPool: Bool) throws -> Authentication {
        if let tokenFile {
            let bytes = try WholeFile.read(tokenFile)
            return try Authentication(tokenFile: String(decoding: bytes, as: UTF8.self))
        }
        return tlsCert == nil && !isPool ? .open : Authentication(tokens: [:])
    }
}

/// Why the server cannot run as it was told.
enum ServeError: Error, Equatable, CustomStringConvertible {
    case incomplete(String)
    case open(String)

    var description: String {
        switch self {
        case .incomplete(let why): why
        case .open(let address): "--listen \(address): others could reach it without TLS"
        }
    }
}
