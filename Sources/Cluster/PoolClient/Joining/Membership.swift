package import ClusterModel
internal import Glibc
package import Identity
internal import JSON
internal import Lanes
internal import LinuxKernel

/// A node's place in a pool: where the server is, what the node is called there, and by what it is known.
///
/// Kept in a folder that only root reads; ``read(_:)`` blocks on the disk.
package struct Membership: Sendable, Equatable {
    package let server: String
    package let node: String
    /// PEM texts.
    package let authority: String
    package let certificate: String
    private let key: String

    /// Certificate and key in one file, so that both change at once.
    package static func credentials(in folder: String) -> String { "\(folder)/node.pem" }
    package static func authority(in folder: String) -> String { "\(folder)/ca.crt" }

    /// What an earlier join left in `folder`; nil when nobody joined from there.
    package static func read(_ folder: String) throws(PoolError) -> Membership? {
        guard Files.exists("\(folder)/member.json") else { return nil }
        let member = try text("\(folder)/member.json")
        let pair = try text(credentials(in: folder))
        guard let value = try? JSONValue(parsing: Array(member.utf8)), let server = value["server"]?.stringValue,
            let node = value["node"]?.stringValue, let cut = pair.firstRange(of: "-----END CERTIFICATE-----\n")
        else { throw .malformed("\(folder): what a join left is damaged; remove it and join again") }
        return Membership(
            server: server, node: node, authority: try text(authority(in: folder)),
            certificate: String(pair[..<cut.upperBound]), key: String(pair[cut.upperBound...]))
    }

    /// How to be known at the server.
    package var address: PoolAddress {
        var address = PoolAddress(server)
        (address.authority, address.certificate, address.key) = (authority, certificate, key)
        return address
    }

    /// The same with the server somewhere else.
    package func at(_ server: String) -> Membership {
        Membership(server: server, node: node, authority: authority, certificate: certificate, key: key)
    }

    /// When its certificate begins, ends, and is to be renewed.
    package func term() throws(PoolError) -> CertificateTerm {
        do throws(IdentityError) { return try CertificateTerm(pem: certificate) } catch {
            throw .malformed("\(node): \(error)")
        }
    }

    // MARK: joining

    /// Uses `token` up to make the node called `name` a member of the pool whose server is at `server`; keeps what it is known by
    /// in `folder`.
    ///
    /// The key is kept before the server is asked, so that whoever lost the answer can ask again with the same token.
    package static func join(
        _ server: String, as name: String, token: JoinToken, folder: String
    ) async throws(PoolError) -> Membership {
        do throws(IdentityError) { try CertificateHolder.check(node: name) } catch { throw .malformed("\(error)") }
        let wish = try await Lanes.shared.run { () throws(PoolError) in
            try makeFolder(folder)
            return try request(in: folder)
        }
        // First who it is: the token tells which authority to expect. Then again, believing that one alone.
        var stranger = PoolAddress(server)
        stranger.skipsVerification = true
        let authority = try await PoolClient(stranger).text(PoolRequest(.get, "/pouch/v1/authority"))
        guard let fingerprint = try? CertificateAuthority.fingerprint(of: authority), fingerprint == token.fingerprint
        else {
            throw .malformed("\(server) is not the server that gave the join token out: it has another authority")
        }
        var known = PoolAddress(server)
        known.authority = authority
        let answer = try await PoolClient(known).create(
            ["secret": .string(token.secret), "name": .string(name), "request": .string(wish.request)],
            in: "/pouch/v1/join")
        let member = Membership(
            server: server, node: name, authority: authority, certificate: try certificate(in: answer), key: wish.key)
        try await Lanes.shared.run { () throws(PoolError) in
            try member.save(to: folder)
            try? Files.remove("\(folder)/wish.json")
        }
        return member
    }

    /// Asks for the next certificate, with a new key, and keeps it in `folder`.
    package func renewed(in folder: String) async throws(PoolError) -> Membership {
        let wish: KeyRequest
        do throws(IdentityError) { wish = try KeyRequest() } catch { throw .malformed("\(error)") }
        let answer = try await PoolClient(address).create(["request": .string(wish.request)], in: "/pouch/v1/renew")
        let next = Membership(
            server: server, node: node, authority: authority, certificate: try Self.certificate(in: answer),
            key: wish.key)
        try await Lanes.shared.run { () throws(PoolError) in try next.save(to: folder) }
        return next
    }

    private static func certificate(in answer: JSONValue) throws(PoolError) -> String {
        guard let text = answer["certificate"]?.stringValue, (try? CertificateTerm(pem: text)) != nil else {
            throw .malformed("the server answered without a certificate")
        }
        return text.hasSuffix("\n") ? text : text + "\n"
    }

    /// The key that this node asks with, from before if it asked already.
    private static func request(in folder: String) throws(PoolError) -> KeyRequest {
        let path = "\(folder)/wish.json"
        if let bytes = try? WholeFile.read(path), let value = try? JSONValue(parsing: bytes),
            let key = value["key"]?.stringValue, let request = value["request"]?.stringValue
        {
            return KeyRequest(key: key, request: request)
        }
        let made: KeyRequest
        do throws(IdentityError) { made = try KeyRequest() } catch { throw .malformed("\(error)") }
        let value: JSONValue = ["key": .string(made.key), "request": .string(made.request)]
        try write(String(decoding: value.encoded(), as: UTF8.self), to: path)
        return made
    }

    // MARK: files

    /// What says that all is there comes last.
    private func save(to folder: String) throws(PoolError) {
        try Self.write(authority, to: Self.authority(in: folder))
        try Self.write(certificate + key, to: Self.credentials(in: folder))
        let value: JSONValue = ["server": .string(server), "node": .string(node)]
        try Self.write(String(decoding: value.encoded(), as: UTF8.self) + "\n", to: "\(folder)/member.json")
    }

    private static func makeFolder(_ folder: String) throws(PoolError) {
        var made = ""
        for part in folder.split(separator: "/") {
            made += "/\(part)"
            do throws(SyscallError) { try Files.makeDirectory(made, mode: 0o700) } catch {
                guard error.errno == EEXIST else { throw .malformed("\(error)") }
            }
        }
    }

    private static func text(_ path: String) throws(PoolError) -> String {
        do throws(SyscallError) { return String(decoding: try WholeFile.read(path), as: UTF8.self) } catch {
            throw .malformed("\(error)")
        }
    }

    private static func write(_ text: String, to path: String) throws(PoolError) {
        do throws(SyscallError) {
            try WholeFile.replace(path, with: Array(text.utf8), mode: 0o600, durable: true)
        } catch {
            throw .malformed("\(error)")
        }
    }
}
