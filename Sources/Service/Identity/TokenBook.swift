internal import Glibc
internal import LinuxKernel

/// A join token as its book shows it, without its secret.
package struct TokenEntry: Equatable, Sendable {
    package enum State: Equatable, Sendable {
        case open
        case expired
        case revoked
        /// By whom, where that is known.
        case used(by: String)
    }

    /// The first digits of the secret's hash.
    package let id: String
    /// Seconds since 1970.
    package let expires: Int64
    package let state: State
}

/// Join tokens that were given out; a file for each, so that a program beside the server can add some.
///
/// A file's name is the hash of the secret; one that is used or revoked gets an ending, so that whoever comes with it later can
/// be told why.
///
/// ```
///   HASH ---- redeem ----> HASH.used, which says by whom; HASH itself goes after it is there
///     \------ revoke ----> HASH.revoked
/// ```
///
/// Blocks on the disk.
package struct TokenBook: Sendable {
    private static let used = ".used"
    private static let revoked = ".revoked"
    /// What is being written; a crash may leave one, which counts for nothing.
    private static let draft = ".draft-"
    /// How long a token is remembered after its time, in seconds.
    private static let memory: Int64 = 7 * 86400

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

    /// Throws what `redeem` would, and changes nothing; whether it is used for the first time.
    package func check(secret: String, by name: String, now: Int64) throws(IdentityError) -> Bool {
        try find(secret, name, now).1
    }

    /// Uses a token up; gives the roles that it is for.
    ///
    /// Whoever used it may come again with the same `name`, which says who asks and for which key: an answer may be lost.
    ///
    /// - Throws: ``IdentityError/badToken``, `tokenUsed`, `tokenRevoked`, `tokenExpired`.
    package func redeem(secret: String, by name: String = "", now: Int64) throws(IdentityError) -> Set<NodeRole> {
        let (entry, isOpen) = try find(secret, name, now)
        let roles = Set(entry.words.compactMap(NodeRole.init(rawValue:)))
        guard isOpen else { return roles }
        let path = "\(folder)/\(JoinToken.name(of: secret))"
        let draft = "\(path)\(Self.draft)\(UInt32.random(in: .min ... .max))"
        try PEMFile.write(entry.text(by: name), to: draft, mode: 0o600)
        defer { try? Files.remove(draft) }
        // Only one of two who come at once can make the link, and from the first moment on it says who.
        do throws(SyscallError) {
            try Files.link(draft, to: path + Self.used)
            try Files.synchronize(folder: folder)
        } catch {
            guard error.errno == EEXIST else { throw .file(path: path, errno: error.errno) }
            _ = try find(secret, name, now)
            return roles
        }
        try? Files.remove(path)
        // Somebody made it useless at the same moment: then it is.
        guard line("\(JoinToken.name(of: secret))\(Self.revoked)") == nil else {
            try? Files.remove(path + Self.used)
            throw .tokenRevoked
        }
        return roles
    }

    /// Whether somebody else was let in under the name in `claim`, with a token whose time is not over: a node that joined and has
    /// not been seen yet.
    package func isNameTaken(by claim: String, now: Int64) throws(IdentityError) -> Bool {
        let name = Self.node(in: claim)
        for file in try files() where file.hasSuffix(Self.used) {
            guard let line = line(file), line.expires > now else { continue }
            if line.name != claim, Self.node(in: line.name) == name { return true }
        }
        return false
    }

    /// Forgets who used tokens under the name `node`: it is free, and those tokens let nobody in again.
    package func release(node: String) throws(IdentityError) {
        for file in try files() where file.hasSuffix(Self.used) {
            guard let line = line(file), Self.node(in: line.name) == node else { continue }
            try PEMFile.write(line.text(by: "#"), to: "\(folder)/\(file)", mode: 0o600)
        }
    }

    private static func node(in claim: String) -> Substring { claim.prefix { $0 != "#" } }

    private func find(_ secret: String, _ name: String, _ now: Int64) throws(IdentityError) -> (Line, Bool) {
        guard JoinToken.isHex(secret, 32) else { throw .badToken }
        let hash = JoinToken.name(of: secret)
        if let used = line("\(hash)\(Self.used)") {
            guard !name.isEmpty, used.name == name, used.expires > now else {
                throw .tokenUsed(by: String(Self.node(in: used.name)))
            }
            return (used, false)
        }
        if line("\(hash)\(Self.revoked)") != nil { throw .tokenRevoked }
        guard let open = line(hash) else { throw .badToken }
        guard open.expires > now else { throw .tokenExpired }
        return (open, true)
    }

    /// All that are remembered; what is too old to be is forgotten.
    package func entries(now: Int64) throws(IdentityError) -> [TokenEntry] {
        var found: [TokenEntry] = []
        let files = try files()
        for file in files {
            guard let line = line(file) else { continue }
            if line.expires + Self.memory < now {
                try? Files.remove("\(folder)/\(file)")
                continue
            }
            guard !file.contains(Self.draft), !files.contains(file + Self.used) else { continue }
            let state: TokenEntry.State =
                file.hasSuffix(Self.revoked)
                ? .revoked
                : file.hasSuffix(Self.used)
                    ? .used(by: String(Self.node(in: line.name))) : line.expires > now ? .open : .expired
            found.append(TokenEntry(id: String(file.prefix(10)), expires: line.expires, state: state))
        }
        return found.sorted { ($0.expires, $0.id) < ($1.expires, $1.id) }
    }

    /// Makes a token useless, named by its text or by its id.
    ///
    /// - Throws: ``IdentityError/badToken`` when there is none that is open.
    package func revoke(_ text: String) throws(IdentityError) {
        let name = (try? JoinToken(parsing: text)).map { JoinToken.name(of: $0.secret) } ?? text
        let matches = try files().filter { name.utf8.count >= 6 && $0.hasPrefix(name) && !$0.contains(".") }
        guard matches.count == 1 else { throw .badToken }
        let path = "\(folder)/\(matches[0])"
        do throws(SyscallError) { try Files.rename(path, to: path + Self.revoked) } catch {
            throw .file(path: path, errno: error.errno)
        }
    }

    private func files() throws(IdentityError) -> [String] {
        do throws(SyscallError) { return try Files.list(folder).filter { !$0.hasSuffix(".new") } } catch {
            throw .file(path: folder, errno: error.errno)
        }
    }

    /// What a token's file says: when it ends, its roles, and behind `by` who used it.
    private struct Line {
        var expires: Int64
        var words: [String]
        var name: String

        func text(by name: String) -> String {
            (["\(expires)"] + words + (name.isEmpty ? [] : ["by", name])).joined(separator: " ") + "\n"
        }
    }

    private func line(_ file: String) -> Line? {
        guard let bytes = try? WholeFile.read("\(folder)/\(file)") else { return nil }
        var words = String(decoding: bytes, as: UTF8.self).split(whereSeparator: \.isWhitespace).map(String.init)
        guard let first = words.first, let expires = Int64(first) else { return nil }
        words.removeFirst()
        guard let by = words.firstIndex(of: "by") else { return Line(expires: expires, words: words, name: "") }
        return Line(
            expires: expires, words: Array(words[..<by]), name: words[(by + 1)...].first ?? "")
    }
}
