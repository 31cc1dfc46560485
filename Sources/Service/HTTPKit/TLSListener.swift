internal import NIOSSL

/// A listening TCP port without TLS: anyone who can reach it may speak.
package struct PlainListener: Sendable {
    package let host: String
    package let port: Int

    package init(host: String, port: Int) {
        self.host = host
        self.port = port
    }
}

/// A listening TCP port with TLS, mutual where an authority for clients is named.
package struct TLSListener: Sendable {
    package let host: String
    package let port: Int
    /// PEM files: who signs clients (`nil` lets in those without a certificate), what we show, and its key.
    package let authority: String?
    package let certificate: String
    package let key: String
    /// Whether who shows no certificate gets in, too; one of another authority never does.
    package let admitsStrangers: Bool

    package init(
        host: String, port: Int, authority: String?, certificate: String, key: String, admitsStrangers: Bool = false
    ) {
        self.host = host
        self.port = port
        self.authority = authority
        self.certificate = certificate
        self.key = key
        self.admitsStrangers = admitsStrangers
    }

    /// The session settings: where there is an authority, a client without a certificate of it does not get in.
    func context() throws(ListenError) -> NIOSSLContext {
        do {
            let chain = try NIOSSLCertificate.fromPEMFile(certificate).map { NIOSSLCertificateSource.certificate($0) }
            let privateKey = try NIOSSLPrivateKey(file: key, format: .pem)
            var settings = TLSConfiguration.makeServerConfiguration(
                certificateChain: chain, privateKey: .privateKey(privateKey))
            settings.minimumTLSVersion = .tlsv12
            settings.applicationProtocols = ["http/1.1"]
            if let authority {
                settings.trustRoots = .certificates(try NIOSSLCertificate.fromPEMFile(authority))
                settings.certificateVerification = admitsStrangers ? .optionalVerification : .noHostnameVerification
            }
            return try NIOSSLContext(configuration: settings)
        } catch {
            throw .tls("\(error)")
        }
    }
}
