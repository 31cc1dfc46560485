internal import Crypto
internal import Foundation
internal import SwiftASN1
internal import X509

/// What a member of a pool may do there; written into its certificate.
package enum NodeRole: String, CaseIterable, Sendable, Comparable {
    /// It knows who has what, and signs grants.
    case tracker
    /// It fetches pieces and gives them on.
    case peer
    /// It may publish piece maps, too.
    case seed

    package static func < (left: NodeRole, right: NodeRole) -> Bool { left.rawValue < right.rawValue }
}

/// Who a certificate says its holder is.
package struct NodeIdentity: Hashable, Sendable {
    package let name: String
    package let roles: Set<NodeRole>
    /// The first eight bytes of the SHA-256 of its public key: a name or an address may be given to another node, this may not.
    package let number: UInt64

    /// Reads a certificate whose signature somebody has verified: the common name, and the roles as organizational units.
    ///
    /// - Throws: `malformed`, `name`.
    package init(certificate der: [UInt8]) throws(IdentityError) {
        let certificate: Certificate
        do { certificate = try Certificate(derEncoded: der) } catch { throw .malformed("certificate") }
        try self.init(certificate)
    }

    init(_ certificate: Certificate) throws(IdentityError) {
        var name = ""
        var roles: Set<NodeRole> = []
        for attribute in certificate.subject.flatMap({ $0 }) {
            guard let text = String(attribute.value) else { continue }
            switch attribute.type {
            case .RDNAttributeType.commonName: name = text
            case .RDNAttributeType.organizationalUnitName: if let role = NodeRole(rawValue: text) { roles.insert(role) }
            default: break
            }
        }
        try Self.check(name)
        self.name = name
        self.roles = roles
        number = Self.number(of: certificate.publicKey)
    }

    /// - Throws: ``IdentityError/name(_:)`` unless `name` is one label of a host name.
    package static func check(_ name: String) throws(IdentityError) {
        let isLabel =
            (1...63).contains(name.utf8.count)
            && name.utf8.allSatisfy { (97...122).contains($0) || (48...57).contains($0) || $0 == 45 }
            && !name.hasPrefix("-") && !name.hasSuffix("-")
        guard isLabel else { throw .name(name) }
    }

    static func number(of key: Certificate.PublicKey) -> UInt64 {
        SHA256.hash(data: Array(key.subjectPublicKeyInfoBytes)).prefix(8).reduce(0) { $0 << 8 | UInt64($1) }
    }

    /// The host name in the certificate of the node with this number: a client that expects it accepts no other, whatever
    /// address answers.
    package static func serverName(of number: UInt64) -> String {
        let digits = String(number, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits + ".node.pouch"
    }

    static func subject(_ name: String, _ roles: Set<NodeRole>) throws(IdentityError) -> DistinguishedName {
        do {
            return try DistinguishedName {
                CommonName(name)
                for role in roles.sorted() { OrganizationalUnitName(role.rawValue) }
            }
        } catch {
            throw .cryptography("\(error)")
        }
    }
}
