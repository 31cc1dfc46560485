internal import Glibc
internal import HTTPKit
internal import Identity
internal import Lanes
internal import LinuxKernel
internal import Logging
internal import NIOSSL
internal import ServiceLifecycle
internal import Synchronization

/// By what a server is known where `pouch pool init` made its pool.
final class ServerIdentity: Sendable {
    let folder: PoolFolder
    private let current: Mutex<TLSConfiguration?> = Mutex(nil)

    private init(_ folder: PoolFolder) { self.folder = folder }

    /// That of the pool in `path`; nil when none was made there, or when the server has certificates of its own.
    static func open(_ path: String?, hasOwn: Bool) async throws(IdentityError) -> ServerIdentity? {
        guard let path, !hasOwn else { return nil }
        let folder = try await Lanes.shared.run { () throws(IdentityError) in
            PoolFolder.exists(in: path) ? try PoolFolder(path) : nil
        }
        return folder.map(ServerIdentity.init)
    }

    /// For connections to nodes.
    var settings: TLSConfiguration { current.withLock { $0 } ?? .makeClientConfiguration() }

    /// Where the server listens, with a certificate that was made just now.
    func listener(_ address: ListenAddress) async throws(IdentityError) -> Listener {
        try await renew(address)
        // A machine that is about to join has no certificate yet.
        return .tls(
            TLSListener(
                host: address.host, port: address.port, authority: folder.authorityFile,
                certificate: folder.serverFile, key: folder.serverFile, admitsStrangers: true))
    }

    func renew(_ address: ListenAddress) async throws(IdentityError) {
        let folder = folder
        let made = try await Lanes.shared.run { () throws(IdentityError) in
            try folder.renewServer(hosts: Self.hosts(folder.settings.hosts, address))
            return try folder.nodeSettings()
        }
        current.withLock { $0 = made }
    }

    /// Every name and address by which somebody may ask for this server.
    private static func hosts(_ named: [String], _ address: ListenAddress) -> [String] {
        var hosts = named + ["localhost", "127.0.0.1", "::1", MachineName.own]
        let isEverywhere = ["0.0.0.0", "::"].contains(address.host)
        hosts += isEverywhere ? Interfaces.addresses() : [address.host]
        return Array(Set(hosts)).sorted()
    }
}

/// What the machine is called.
enum MachineName {
    static var own: String {
        var bytes = [CChar](repeating: 0, count: 256)
        guard gethostname(&bytes, bytes.count - 1) == 0 else { return "localhost" }
        return String(decoding: bytes.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self).lowercased()
    }
}

/// Gives the server a new certificate each day: the machine's addresses may change, and none may get too old.
struct CertificateKeeper: Service {
    private let identity: ServerIdentity
    private let server: HTTPServer
    private let address: ListenAddress
    private let logger: Logger

    init(_ identity: ServerIdentity, _ server: HTTPServer, _ address: ListenAddress, logger: Logger) {
        self.identity = identity
        self.server = server
        self.address = address
        self.logger = logger
    }

    func run() async throws {
        await cancelWhenGracefulShutdown {
            while (try? await Task.sleep(for: .seconds(86400))) != nil {
                do {
                    try await identity.renew(address)
                    let server = server
                    try await Lanes.shared.run { () throws(ListenError) in try server.reloadCertificates() }
                } catch {
                    logger.error("the server's certificate is not renewed", metadata: ["error": "\(error)"])
                }
            }
        }
    }
}
