internal import Crypto
internal import Foundation
internal import SwiftASN1
internal import Units
internal import X509

/// Whom a certificate names, as Kubernetes reads it: a user and groups, and the names by which clients find who holds it.
package struct CertificateHolder: Equatable, Sendable {
    /// The server itself, when it asks nodes.
    package static let serverUser = "system:pouch-server"
    package static let administrators = "system:masters"

    package var user: String
    package var groups: [String]
    /// Host names and addresses; none for who only asks.
    package var hosts: [String] = []

    package init(user: String, groups: [String], hosts: [String] = []) {
        self.user = user
        self.groups = groups
        self.hosts = hosts
    }

    /// The node called `name`, which answers the server by a name of its own, whatever its address is.
    package static func node(_ name: String) -> CertificateHolder {
        CertificateHolder(user: "system:node:\(name)", groups: ["system:nodes"], hosts: [streamName(of: name)])
    }

    /// The host name of a node's stream server.
    package static func streamName(of node: String) -> String { "\(node).streams.pouch" }

    /// Whether a node may have this name.
    ///
    /// - Throws: ``IdentityError/name(_:)`` unless it is a host name in lower case of at most 63 bytes.
    package static func check(node name: String) throws(IdentityError) {
        guard name.utf8.count <= 63 else { throw .name(name) }
        for label in name.split(separator: ".", omittingEmptySubsequences: false) {
            try NodeIdentity.check(String(label))
        }
    }

    /// Reads a certificate that somebody has verified, in DER.
    package init(certificate der: [UInt8]) throws(IdentityError) {
        let certificate: Certificate
        do { certificate = try Certificate(derEncoded: der) } catch { throw .malformed("certificate") }
        self.init(certificate)
    }

    init(_ certificate: Certificate) {
        self.init(user: "", groups: [])
        for attribute in certificate.subject.flatMap({ $0 }) {
            guard let text = String(attribute.value) else { continue }
            switch attribute.type {
            case .RDNAttributeType.commonName: user = text
            case .RDNAttributeType.organizationName: groups.append(text)
            default: break
            }
        }
    }

    var subject: DistinguishedName {
        get throws(IdentityError) {
            do {
                return try DistinguishedName {
                    CommonName(user)
                    for group in groups { OrganizationName(group) }
                }
            } catch {
                throw .cryptography("\(error)")
            }
        }
    }

    var names: [GeneralName] {
        hosts.map { host in
            if let address = try? IPAddress(parsing: host) {
                return .ipAddress(ASN1OctetString(contentBytes: address.bytes[...]))
            }
            return .dnsName(host)
        }
    }
}

/// A private key and what a certificate for it is asked for with, both in PEM.
package struct KeyRequest: Equatable, Sendable {
    package let key: String
    package let request: String

    /// One that was kept.
    package init(key: String, request: String) {
        self.key = key
        self.request = request
    }

    /// Makes a new key.
    package init() throws(IdentityError) {
        let key = P256.Signing.PrivateKey()
        do {
            let request = try CertificateSigningRequest(
                version: .v1, subject: try DistinguishedName { CommonName("pouch") }, privateKey: .init(key),
                attributes: .init(), signatureAlgorithm: .ecdsaWithSHA256)
            self.key = key.pemRepresentation + "\n"
            self.request = try request.serializeAsPEM().pemString
        } catch {
            throw .cryptography("\(error)")
        }
    }
}

/// From when to when a certificate is good, in seconds since 1970.
package struct CertificateTerm: Equatable, Sendable {
    package let begins: Int64
    package let ends: Int64

    package init(begins: Int64, ends: Int64) {
        self.begins = begins
        self.ends = ends
    }

    /// Of the first certificate in `pem`.
    package init(pem: String) throws(IdentityError) {
        do { self.init(try Certificate(pemEncoded: pem)) } catch { throw .malformed("certificate") }
    }

    /// Of one in DER.
    package init(der: [UInt8]) throws(IdentityError) {
        do { self.init(try Certificate(derEncoded: der)) } catch { throw .malformed("certificate") }
    }

    private init(_ certificate: Certificate) {
        begins = Int64(certificate.notValidBefore.timeIntervalSince1970) + CertificateAuthority.allowance
        ends = Int64(certificate.notValidAfter.timeIntervalSince1970)
    }

    /// When its holder asks for the next one: after seven tenths of its time.
    package var renewal: Int64 { begins + (ends - begins) * 7 / 10 }
}

extension CertificateAuthority {
    /// A certificate for `holder`, who sent `request`, a PKCS #10 request in PEM of which only the key counts.
    package func certificate(
        for holder: CertificateHolder, request: String, lifetime: Duration
    ) throws(IdentityError) -> String {
        try issue(try holder.subject, holder.names, to: try Self.parse(request), lifetime: lifetime)
    }
}
