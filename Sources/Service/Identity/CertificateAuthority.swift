internal import Crypto
internal import Foundation
internal import Glibc
internal import LinuxKernel
internal import SwiftASN1
internal import X509

/// The authority of one pool: it makes its members' certificates and signs grants.
///
/// Two files below a folder, `ca.crt` and `ca.key`; whoever has the second can let anybody in.
package struct CertificateAuthority: Sendable {
    let key: P256.Signing.PrivateKey
    let certificate: Certificate
    /// How much earlier than now a certificate begins, in seconds: clocks differ.
    static let allowance: Int64 = 300
    /// In PEM, for whoever has to trust it.
    package let pem: String

    /// Opens the authority below `folder`, made if need be; blocks on the disk.
    package init(folder: String) throws(IdentityError) {
        do throws(SyscallError) { try Files.makeDirectory(folder, mode: 0o700) } catch {
            guard error.errno == EEXIST else { throw .file(path: folder, errno: error.errno) }
        }
        if !Files.exists("\(folder)/ca.key") { try Self.make(in: folder) }
        let key = try PEMFile.read("\(folder)/ca.key")
        pem = try PEMFile.read("\(folder)/ca.crt")
        do {
            self.key = try P256.Signing.PrivateKey(pemRepresentation: key)
            certificate = try Certificate(pemEncoded: pem)
        } catch {
            throw .malformed("\(folder): ca.key or ca.crt")
        }
    }

    private static func make(in folder: String) throws(IdentityError) {
        let key = P256.Signing.PrivateKey()
        do {
            let name = try DistinguishedName { CommonName("pouch pool") }
            let now = Date()
            let certificate = try Certificate(
                version: .v3, serialNumber: .init(), publicKey: .init(key.publicKey),
                notValidBefore: now.addingTimeInterval(-300), notValidAfter: now.addingTimeInterval(10 * 365 * 86400),
                issuer: name, subject: name, signatureAlgorithm: .ecdsaWithSHA256,
                extensions: try Certificate.Extensions {
                    Critical(BasicConstraints.isCertificateAuthority(maxPathLength: 0))
                    Critical(KeyUsage(keyCertSign: true, cRLSign: true))
                }, issuerPrivateKey: .init(key))
            let pem = try certificate.serializeAsPEM().pemString
            // The key last: who finds it finds the certificate, too.
            try PEMFile.write(pem + "\n", to: "\(folder)/ca.crt", mode: 0o644)
            try PEMFile.write(key.pemRepresentation + "\n", to: "\(folder)/ca.key", mode: 0o600)
        } catch let error as IdentityError {
            throw error
        } catch {
            throw .cryptography("\(error)")
        }
    }

    /// What a join token carries, so that a node knows whom it joins: the SHA-256 of the certificate.
    package var fingerprint: String { (try? Self.fingerprint(of: pem)) ?? "" }

    /// The same for a certificate that somebody sent.
    package static func fingerprint(of pem: String) throws(IdentityError) -> String {
        do {
            let der = try PEMDocument(pemString: pem).derBytes
            return SHA256.hash(data: der).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
        } catch {
            throw .malformed("certificate")
        }
    }

    /// The SHA-256 of a text, in hexadecimal digits.
    package static func digest(of text: String) -> String {
        SHA256.hash(data: Array(text.utf8)).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }

    /// A certificate for who sent `request`, a PKCS #10 request in PEM of which only the key counts.
    package func certificate(
        for name: String, _ roles: Set<NodeRole>, request: String, lifetime: Duration = .seconds(365 * 86400)
    ) throws(IdentityError) -> String {
        try NodeIdentity.check(name)
        let parsed = try Self.parse(request)
        let own = NodeIdentity.serverName(of: NodeIdentity.number(of: parsed.publicKey))
        let hosts = roles.contains(.tracker) ? [own, trackerName] : [own]
        return try issue(
            try NodeIdentity.subject(name, roles), hosts.map { .dnsName($0) }, to: parsed, lifetime: lifetime)
    }

    /// Reads a request for a certificate, in PEM; whoever sent it has the key.
    static func parse(_ request: String) throws(IdentityError) -> CertificateSigningRequest {
        let parsed: CertificateSigningRequest
        do { parsed = try CertificateSigningRequest(pemEncoded: request) } catch {
            throw .malformed("certificate request")
        }
        guard parsed.publicKey.isValidSignature(parsed.signature, for: parsed) else {
            throw .untrusted("certificate request")
        }
        return parsed
    }

    /// Signs a certificate for the key of `request`, in PEM.
    func issue(
        _ subject: DistinguishedName, _ names: [GeneralName], to request: CertificateSigningRequest, lifetime: Duration
    ) throws(IdentityError) -> String {
        // Certificates know whole seconds, and none begins in the future: the second in which it was made.
        let now = Date(timeIntervalSince1970: Date().timeIntervalSince1970.rounded(.down))
        do {
            let made = try Certificate(
                version: .v3, serialNumber: .init(), publicKey: request.publicKey,
                notValidBefore: now.addingTimeInterval(-Double(Self.allowance)),
                notValidAfter: now.addingTimeInterval(Double(lifetime.components.seconds)),
                issuer: certificate.subject, subject: subject, signatureAlgorithm: .ecdsaWithSHA256,
                extensions: try Certificate.Extensions {
                    Critical(BasicConstraints.notCertificateAuthority)
                    Critical(KeyUsage(digitalSignature: true))
                    try ExtendedKeyUsage([.serverAuth, .clientAuth])
                    if !names.isEmpty { SubjectAlternativeNames(names) }
                }, issuerPrivateKey: .init(key))
            return try made.serializeAsPEM().pemString + "\n"
        } catch {
            throw .cryptography("\(error)")
        }
    }

    /// Signs bytes, as grants are.
    package func sign(_ bytes: [UInt8]) throws(IdentityError) -> [UInt8] {
        do { return Array(try key.signature(for: bytes).rawRepresentation) } catch { throw .cryptography("\(error)") }
    }
}

/// The host name that every tracker's certificate has.
package let trackerName = "tracker.pouch"

/// Small text files of keys and certificates.
enum PEMFile {
    static func read(_ path: String) throws(IdentityError) -> String {
        do throws(SyscallError) {
            return String(decoding: try WholeFile.read(path), as: UTF8.self)
        } catch {
            throw .file(path: path, errno: error.errno)
        }
    }

    static func write(_ text: String, to path: String, mode: UInt32) throws(IdentityError) {
        do throws(SyscallError) {
            try WholeFile.replace(path, with: Array(text.utf8), mode: mode, durable: true)
        } catch {
            throw .file(path: path, errno: error.errno)
        }
    }
}
