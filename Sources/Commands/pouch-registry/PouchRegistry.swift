internal import ArgumentParser
internal import ContentStore
internal import Glibc
internal import HTTPKit
internal import Lanes
internal import Logging
internal import NIOCore
internal import NIOPosix
internal import RegistryServer
internal import ServiceLifecycle
internal import UnixSignals

/// A registry on its own: serves the images below a directory, until a signal ends it.
///
/// Started as `pouch registry serve`; a program of its own, since a network server would cost every verb of `pouch` its
/// start-up time, and since it needs neither root nor anything of the daemon.
@main
struct PouchRegistry: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pouch-registry",
        abstract: "Serves the images below a directory through the OCI distribution API.",
        discussion: "Read-only unless --push is given. SIGTERM ends it when the requests in work are answered.")

    @Argument(help: "Where blobs, tags and uploads are kept; made if need be.") var directory: String
    @Option(help: "ADDRESS:PORT, with port 0 for one that is free.") var listen = "127.0.0.1:5000"
    @Flag(help: "Let clients upload and delete.") var push = false
    @Option(help: "Our certificate with its chain, in PEM.") var tlsCert: String?
    @Option(help: "Its key, in PEM.") var tlsKey: String?
    @Option(help: "Let in only clients whose certificate this authority signed, in PEM.") var tlsCa: String?
    @Flag(help: "Speak plain HTTP also beyond this machine.") var plainHttp = false
    @Flag(help: "Say more in the log.") var debug = false

    func run() async throws {
        do {
            try await serve()
        } catch let error as any CustomStringConvertible {
            let bytes = Array("pouch-registry: \(error.description)\n".utf8)
            _ = write(STDERR_FILENO, bytes, bytes.count)
            throw ExitCode(1)
        }
    }

    private func serve() async throws {
        signal(SIGPIPE, SIG_IGN)
        let level: Logger.Level = debug ? .debug : .info
        LoggingSystem.bootstrap { label in
            var handler = StreamLogHandler.standardError(label: label)
            handler.logLevel = level
            return handler
        }
        let logger = Logger(label: "pouch-registry")
        let address = try ListenAddress(parsing: listen)
        let listener = try listener(address)
        let root = try DirectoryLock(directory)
        let path = root.path
        let repositories = try await Lanes.shared.run { () throws(ContentError) in
            try RepositoryStore(
                root: "\(path)/repositories", content: try ContentStore(root: "\(path)/content"))
        }
        let server = HTTPServer(
            listeners: [listener], group: MultiThreadedEventLoopGroup.singleton, logger: logger,
            respond: RegistryServer(repositories, allowsPush: push).respond)
        try await server.bind()
        let port = server.addresses.first?.port ?? address.port
        print("\(listener.scheme)://\(address.host):\(port)")
        fflush(nil)
        let sweep = RegistrySweep(repositories: repositories, collects: true, logger: logger)
        let services = ServiceGroup(
            configuration: .init(
                services: [.init(service: sweep), .init(service: server)],
                gracefulShutdownSignals: [.sigterm, .sigint], logger: logger))
        try await services.run()
        _ = consume root
    }

    private func listener(_ address: ListenAddress) throws(RegistrySettingsError) -> Listener {
        switch (tlsCert, tlsKey) {
        case (let certificate?, let key?):
            return .tls(
                TLSListener(
                    host: address.host, port: address.port, authority: tlsCa, certificate: certificate, key: key))
        case (nil, nil):
            guard tlsCa == nil else { throw .incomplete("--tls-ca needs --tls-cert and --tls-key") }
            guard address.isLoopback || plainHttp else { throw .open(listen) }
            return .plain(PlainListener(host: address.host, port: address.port))
        default: throw .incomplete("--tls-cert and --tls-key go together")
        }
    }
}

/// Why the registry cannot run as it was told.
enum RegistrySettingsError: Error, Equatable, CustomStringConvertible {
    case incomplete(String)
    case open(String)
    case directory(String, errno: Int32)
    case inUse(String)

    var description: String {
        switch self {
        case .incomplete(let why): why
        case .open(let address):
            "--listen \(address): others could reach it without TLS; give --tls-cert and --tls-key, or --plain-http"
        case .directory(let path, let errno): "\(path): \(String(cString: strerror(errno)))"
        case .inUse(let path): "\(path): in use by another pouch-registry"
        }
    }
}

/// The directory that is served, made if need be and locked until this process ends.
struct DirectoryLock: ~Copyable {
    /// Absolute.
    let path: String
    private let descriptor: CInt

    init(_ named: String) throws(RegistrySettingsError) {
        if mkdir(named, 0o700) != 0, errno != EEXIST { throw .directory(named, errno: errno) }
        guard let resolved = realpath(named, nil) else { throw .directory(named, errno: errno) }
        let path = String(cString: resolved)
        free(resolved)
        let descriptor = open("\(path)/lock", O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw .directory(path, errno: errno) }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            close(descriptor)
            throw .inUse(path)
        }
        self.path = path
        self.descriptor = descriptor
    }

    deinit { close(descriptor) }
}
