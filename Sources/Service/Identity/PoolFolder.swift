internal import Glibc
internal import JSON
internal import LinuxKernel
package import NIOSSL

/// Where a pool's server keeps what makes it this pool: the authority, its own certificate, join tokens, settings.
///
/// Blocks on the disk.
package struct PoolFolder: Sendable {
    /// What `pouch pool init` was told.
    package struct Settings: Equatable, Sendable {
        /// ADDRESS:PORT.
        package var listen: String
        /// Names and addresses by which others reach the server.
        package var hosts: [String]

        package init(listen: String, hosts: [String]) {
            self.listen = listen
            self.hosts = hosts
        }
    }

    /// How long the certificates of the server and of administrators last.
    private static let lifetime = Duration.seconds(365 * 86400)

    package let path: String
    package let authority: CertificateAuthority
    package let tokens: TokenBook
    package let expulsions: ExpulsionBook
    package let settings: Settings

    package var authorityFile: String { "\(path)/pki/ca.crt" }
    /// Certificate and key in one file, so that both change at once.
    package var serverFile: String { "\(path)/pki/server.pem" }

    /// Whether a pool was made in `path`.
    package static func exists(in path: String) -> Bool { Files.exists("\(path)/server.json") }

    /// Makes a pool in `path`.
    ///
    /// - Throws: ``IdentityError/file(path:errno:)``, with `EEXIST` when there is one already.
    package static func make(in path: String, _ settings: Settings) throws(IdentityError) -> PoolFolder {
        guard !exists(in: path) else { throw .file(path: "\(path)/server.json", errno: EEXIST) }
        do throws(SyscallError) { try Files.makeDirectory(path, mode: 0o700) } catch {
            guard error.errno == EEXIST else { throw .file(path: path, errno: error.errno) }
        }
        _ = try CertificateAuthority(folder: "\(path)/pki")
        let value: JSONValue = [
            "listen": .string(settings.listen), "hosts": .array(settings.hosts.map { .string($0) }),
        ]
        // The settings last: they say that all is there.
        try PEMFile.write(
            String(decoding: value.encoded(.pretty), as: UTF8.self) + "\n", to: "\(path)/server.json", mode: 0o600)
        return try PoolFolder(path)
    }

    package init(_ path: String) throws(IdentityError) {
        self.path = path
        let text = try PEMFile.read("\(path)/server.json")
        guard let value = try? JSONValue(parsing: Array(text.utf8)), let listen = value["listen"]?.stringValue else {
            throw .malformed("\(path)/server.json")
        }
        settings = Settings(listen: listen, hosts: (value["hosts"]?.arrayValue ?? []).compactMap(\.stringValue))
        authority = try CertificateAuthority(folder: "\(path)/pki")
        tokens = try TokenBook(folder: "\(path)/tokens")
        expulsions = try ExpulsionBook(folder: "\(path)/expelled")
    }

    /// Makes a certificate with its key for `holder`, in PEM.
    package func credentials(_ holder: CertificateHolder) throws(IdentityError) -> (certificate: String, key: String) {
        let made = try KeyRequest()
        return (try authority.certificate(for: holder, request: made.request, lifetime: Self.lifetime), made.key)
    }

    /// Gives the server a new certificate, by which `hosts` find it and nodes know it.
    package func renewServer(hosts: [String]) throws(IdentityError) {
        let holder = CertificateHolder(
            user: CertificateHolder.serverUser, groups: [CertificateHolder.administrators], hosts: hosts)
        let (certificate, key) = try credentials(holder)
        try PEMFile.write(certificate + key, to: serverFile, mode: 0o600)
    }

    /// For connections to nodes: they are believed by the name in their certificate.
    package func nodeSettings() throws(IdentityError) -> TLSConfiguration {
        do {
            var settings = TLSConfiguration.makeClientConfiguration()
            settings.minimumTLSVersion = .tlsv13
            settings.trustRoots = .certificates(try NIOSSLCertificate.fromPEMBytes(Array(authority.pem.utf8)))
            settings.certificateChain = try NIOSSLCertificate.fromPEMFile(serverFile).map { .certificate($0) }
            settings.privateKey = .privateKey(try NIOSSLPrivateKey(file: serverFile, format: .pem))
            return settings
        } catch {
            throw .cryptography("\(error)")
        }
    }
}
