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

/// Join tokens that were given out and not used; a file for each, so that a program beside the tracker can add some.
///
/// Blocks on the disk.
package struct TokenBook: Sendable {
    private let folder: String

    /// Opens the book in `folder`, made if need be.
    package init(folder: String) throws(IdentityError) {
        self.folder = folder
        do throws(SyscallError) { try Files.makeDirectory(folder, mode: 0o700) } catch {
            guard error.errno == EEXIST else { throw .file(path: folder, errno: error.errno) }
        }
    }

    /// A new token, good until `expires`, in seconds since 1970, for a node with `roles`.
    package func make(
        for authority: CertificateAuthority, roles: Set<NodeRole>, expires: Int64
    ) throws(IdentityError) -> JoinToken {
        let secret = (0..<16).map { _ in
            let byte = UInt8.random(in: .min ... .max)
            return (byte < 16 ? "0" : "") + String(byte, radix: 16)
        }.joined()
        let words = ["\(expires)"] + roles.sorted().map(\.rawValue)
        try PEMFile.write(
            words.joined(separator: " ") + "\n", to: "\(folder)/\(JoinToken.name(of: secret))", mode: 0o600)
        return JoinToken(secret: secret, fingerprint: authority.fingerprint)
    }

    /// Uses a token up; gives the roles that it is for.
    ///
    /// - Throws: ``IdentityError/badToken``.
    package func redeem(secret: String, now: Int64) throws(IdentityError) -> Set<NodeRole> {
        guard JoinToken.isHex(secret, 32) else { throw .badToken }
        let path = "\(folder)/\(JoinToken.name(of: secret))"
        guard let bytes = try? WholeFile.read(path) else { throw .badToken }
        // Only one of two who come at once can remove the file.
        do throws(SyscallError) { try Files.remove(path) } catch { throw .badToken }
        let words = String(decoding: bytes, as: UTF8.self).split(whereSeparator: \.isWhitespace)
        guard let first = words.first, let expires = Int64(first), expires > now else { throw .badToken }
        return Set(words.dropFirst().compactMap { NodeRole(rawValue: String($0)) })
    }
}
