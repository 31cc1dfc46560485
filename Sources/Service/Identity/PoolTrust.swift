internal import Crypto
internal import Foundation
internal import SwiftASN1
internal import X509

/// Whom a member of a pool believes: its authority, and through it the other members.
package struct PoolTrust: Sendable {
    private let key: P256.Signing.PublicKey
    private let authority: Certificate

    /// Reads the authority's certificate from `pem`.
    ///
    /// - Throws: ``IdentityError/malformed(_:)``.
    package init(authority pem: String) throws(IdentityError) {
        do {
            authority = try Certificate(pemEncoded: pem)
            guard let key = P256.Signing.PublicKey(authority.publicKey) else { throw IdentityError.malformed("") }
            self.key = key
        } catch {
            throw .malformed("certificate of the authority")
        }
    }

    /// Whether the authority itself signed `bytes`, as it does with grants.
    package func authoritySigned(_ bytes: [UInt8], _ signature: [UInt8]) -> Bool {
        guard let signature = try? P256.Signing.ECDSASignature(rawRepresentation: signature) else { return false }
        return key.isValidSignature(signature, for: bytes)
    }

    /// Reads another member's certificate, which anybody may have sent, and verifies it.
    ///
    /// - Throws: `malformed`, `untrusted`, `expired`.
    package func member(certificate pem: String) throws(IdentityError) -> PoolMember {
        let certificate: Certificate
        do { certificate = try Certificate(pemEncoded: pem) } catch { throw .malformed("certificate") }
        let identity = try NodeIdentity(certificate)
        guard authority.publicKey.isValidSignature(certificate.signature, for: certificate) else {
            throw .untrusted("certificate of \(identity.name)")
        }
        let now = Date()
        guard certificate.notValidBefore <= now, now <= certificate.notValidAfter else {
            throw .expired("certificate of \(identity.name)")
        }
        guard let key = P256.Signing.PublicKey(certificate.publicKey) else {
            throw .malformed("certificate of \(identity.name)")
        }
        return PoolMember(identity: identity, certificate: pem, key: key)
    }
}

/// A member of the pool whose certificate was verified.
package struct PoolMember: Sendable {
    package let identity: NodeIdentity
    /// In PEM.
    package let certificate: String
    private let key: P256.Signing.PublicKey

    fileprivate init(identity: NodeIdentity, certificate: String, key: P256.Signing.PublicKey) {
        self.identity = identity
        self.certificate = certificate
        self.key = key
    }

    /// Whether it signed `bytes`.
    package func signed(_ bytes: [UInt8], _ signature: [UInt8]) -> Bool {
        guard let signature = try? P256.Signing.ECDSASignature(rawRepresentation: signature) else { return false }
        return key.isValidSignature(signature, for: bytes)
    }
}
