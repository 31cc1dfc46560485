internal import Crypto
internal import Foundation
internal import Glibc
internal import LinuxKernel
internal import Units

/// What lets one node join a pool, once: a secret, and the fingerprint of the authority that it will find there.
///
/// Written `pouch-<secret>-<fingerprint>`, in hexadecimal digits.
package struct JoinToken: Equatable, Sendable {
    package let secret: String
    package let fingerprint: String

    package init(secret: String, fingerprint: String) {
        self.secret = secret
        self.fingerprint = fingerprint
    }

    /// - Throws: ``IdentityError/malformed(_:)``.
    package init(parsing text: String) throws(IdentityError) {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count == 3, parts[0] == "pouch", Self.isHex(parts[1], 32), Self.isHex(parts[2], 64) else {
            throw .malformed("join token")
        }
        secret = String(parts[1])
        fingerprint = String(parts[2])
    }

    package var text: String { "pouch-\(secret)-\(fingerprint)" }

    static func isHex(_ text: some StringProtocol, _ count: Int) -> Bool {
        text.utf8.count == count && text.utf8.allSatisfy { (48...57).contains($0) || (97...102).contains($0) }
    }

    /// How the book knows it without keeping it.
    static func name(of secret: String) -> String {
        SHA256.hash(data: Array(secret.utf8)).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }
}
