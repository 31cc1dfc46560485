internal import Crypto
internal import Foundation
internal import Glibc
internal import LinuxKernel
package import NIOSSL
internal import SwiftASN1
internal import X509

/// What a member of a pool shows to the others, and whom it trusts.
package struct NodeCredentials: Sendable {
    /// In PEM.
    package let authority: String
    package let certificate: String
    private let key: String
    private let signer: P256.Signing.PrivateKey
    package let identity: NodeIdentity

    package init(authority: String, certificate: String, key: String) throws(IdentityError) {
        self.authority = authority
        self.certificate = certificate
        self.key = key
        let der: [UInt8]
        do {
            der = try PEMDocument(pemString: certificate).derBytes
            signer = try P256.Signing.PrivateKey(pemRepresentation: key)
        } catch {
            throw .malformed("certificate or key")
        }
        identity = try NodeIdentity(certificate: der)
    }

    /// What an earlier join left in `folder`; nil when nobody joined from there.
    ///
    /// Blocks on the disk.
    package init?(folder: String) throws(IdentityError) {
        guard Files.exists("\(folder)/node.crt") else { return nil }
        try self.init(
            authority: try PEMFile.read("\(folder)/ca.crt"), certificate: try PEMFile.read("\(folder)/node.crt"),
            key: try PEMFile.read("\(folder)/node.key"))
    }

    /// Keeps them in `folder`, which only root can read; the certificate last, as it says that all is there.
    package func save(to folder: String) throws(IdentityError) {
        do throws(SyscallError) { try Files.makeDirectory(folder, mode: 0o700) } catch {
            guard error.errno == EEXIST else { throw .file(path: folder, errno: error.errno) }
        }
        try PEMFile.write(key, to: "\(folder)/node.key", mode: 0o600)
        try PEMFile.write(authority, to: "\(folder)/ca.crt", mode: 0o644)
        try PEMFile.write(certificate, to: "\(folder)/node.crt", mode: 0o644)
    }

    /// A new key and the request for a certificate of it, both in PEM.
    package static func makeRequest(name: String) throws(IdentityError) -> (key: String, request: String) {
        let key = P256.Signing.PrivateKey()
        try NodeIdentity.check(name)
        let subject = try NodeIdentity.subject(name, [])
        do {
            let request = try CertificateSigningRequest(
                version: .v1, subject: subject, privateKey: .init(key), attributes: .init(),
                signatureAlgorithm: .ecdsaWithSHA256)
            return (key.pemRepresentation + "\n", try request.serializeAsPEM().pemString)
        } catch {
            throw .cryptography("\(error)")
        }
    }

    /// Signs bytes as this member.
    package func sign(_ bytes: [UInt8]) throws(IdentityError) -> [UInt8] {
        do { return Array(try signer.signature(for: bytes).rawRepresentation) } catch {
            throw .cryptography("\(error)")
        }
    }

    // MARK: TLS

    /// For a server that lets in members of the pool alone, or with `admitsStrangers` also who shows no certificate, such as
    /// a node that is about to join.
    package func serverContext(admitsStrangers: Bool = false) throws(IdentityError) -> NIOSSLContext {
        do {
            var settings = TLSConfiguration.makeServerConfiguration(
                certificateChain: try NIOSSLCertificate.fromPEMBytes(Array(certificate.utf8)).map { .certificate($0) },
                privateKey: .privateKey(try NIOSSLPrivateKey(bytes: Array(key.utf8), format: .pem)))
            settings.minimumTLSVersion = .tlsv13
            settings.trustRoots = .certificates(try NIOSSLCertificate.fromPEMBytes(Array(authority.utf8)))
            settings.certificateVerification = admitsStrangers ? .optionalVerification : .noHostnameVerification
            settings.applicationProtocols = ["http/1.1"]
            return try NIOSSLContext(configuration: settings)
        } catch {
            throw .cryptography("\(error)")
        }
    }

    /// For a client of members of the pool; it accepts only who has the name that it expects.
    package func clientContext() throws(IdentityError) -> NIOSSLContext {
        try Self.context(trusting: authority) { settings in
            settings.certificateChain = try NIOSSLCertificate.fromPEMBytes(Array(certificate.utf8)).map {
                .certificate($0)
            }
            settings.privateKey = .privateKey(try NIOSSLPrivateKey(bytes: Array(key.utf8), format: .pem))
        }
    }

    /// For a node that has no certificate yet; without `authority` it trusts whoever answers, which is for asking who that is.
    package static func joiningContext(authority: String?) throws(IdentityError) -> NIOSSLContext {
        try context(trusting: authority) { _ in }
    }

    private static func context(
        trusting authority: String?, _ change: (inout TLSConfiguration) throws -> Void
    ) throws(IdentityError) -> NIOSSLContext {
        do {
            var settings = TLSConfiguration.makeClientConfiguration()
            settings.minimumTLSVersion = .tlsv13
            if let authority {
                settings.trustRoots = .certificates(try NIOSSLCertificate.fromPEMBytes(Array(authority.utf8)))
            } else {
                settings.certificateVerification = .none
            }
            settings.applicationProtocols = ["http/1.1"]
            try change(&settings)
            return try NIOSSLContext(configuration: settings)
        } catch {
            throw .cryptography("\(error)")
        }
    }
}

extension NodeIdentity {
    /// Of who holds a certificate that the TLS session has verified.
    package init(_ certificate: NIOSSLCertificate) throws(IdentityError) {
        let der: [UInt8]
        do { der = try certificate.toDERBytes() } catch { throw .malformed("certificate") }
        try self.init(certificate: der)
    }
}
