internal import Glibc
internal import NIOSSL

/// A server behind TLS, and what proves who we are to it.
package struct TunnelTarget: Hashable, Sendable {
    package let host: String
    package let port: Int
    /// PEM files: who signs the server (`nil` for the machine's authorities), what we show, and its key.
    package let authority: String?
    package let certificate: String?
    package let key: String?
    /// Whether the server must prove that it is `host`.
    package let verifies: Bool

    package init(host: String, port: Int, authority: String?, certificate: String?, key: String?, verifies: Bool) {
        self.host = host
        self.port = port
        self.authority = authority
        self.certificate = certificate
        self.key = key
        self.verifies = verifies
    }

    func context() throws(TunnelError) -> NIOSSLContext {
        do {
            var settings = TLSConfiguration.makeClientConfiguration()
            settings.minimumTLSVersion = .tlsv12
            settings.applicationProtocols = ["http/1.1"]
            settings.certificateVerification = verifies ? .fullVerification : .none
            if let authority { settings.trustRoots = .file(authority) }
            if let certificate, let key {
                settings.certificateChain = try NIOSSLCertificate.fromPEMFile(certificate).map { .certificate($0) }
                settings.privateKey = .privateKey(try NIOSSLPrivateKey(file: key, format: .pem))
            }
            return try NIOSSLContext(configuration: settings)
        } catch {
            throw .unusable("TLS files: \(error)")
        }
    }

    /// The name to ask for; a number has none, and is compared with the certificate's addresses instead.
    var serverName: String? {
        var bytes = in6_addr()
        let isNumber = inet_pton(AF_INET, host, &bytes) == 1 || inet_pton(AF_INET6, host, &bytes) == 1
        return isNumber ? nil : host
    }
}

/// Why there is no tunnel.
package enum TunnelError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The files or the descriptor cannot be used.
    case unusable(String)
    /// Nobody answers there, or it is not who it should be.
    case refused(String)
    /// It ended before its time.
    case broken(String)

    package var description: String {
        switch self {
        case .unusable(let why), .refused(let why), .broken(let why): why
        }
    }
}
