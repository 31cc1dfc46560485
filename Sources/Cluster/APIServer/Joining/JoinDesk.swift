internal import ClusterModel
internal import Hummingbird
package import Identity
internal import JSON
internal import Lanes
internal import NIOCore
internal import Units

/// Lets machines into the pool: a certificate for who shows a one-time token, the next one for a node whose own ends soon.
///
/// A node that somebody deletes is expelled: what it was known by until then lets it in nowhere, and its name is free for who comes with
/// a new token. One that the server merely lost, as after a restore, makes its object again by itself.
///
/// `GET /pouch/v1/authority` says whom to believe, which a node compares with its token; `POST /pouch/v1/join` takes
/// `{"secret", "name", "request"}` and `POST /pouch/v1/renew` `{"request"}`; both answer `{"certificate"}`.
package struct JoinDesk: Sendable {
    static let prefix = "/pouch/v1/"
    /// What strangers may ask for.
    static let open: Set<String> = ["/pouch/v1/authority", "/pouch/v1/join"]
    private static let longestRequest = 64 * 1024

    private let folder: PoolFolder
    private let lifetime: Duration
    private let register: MemberRegister

    /// Nodes' certificates last for `lifetime`; blocks on the disk.
    package init(_ folder: PoolFolder, lifetime: Duration) throws(IdentityError) {
        self.folder = folder
        self.lifetime = lifetime
        register = MemberRegister(expelled: try folder.expulsions.all())
    }

    /// Whether a node may come in with the certificate, in DER, that it shows.
    func admits(_ node: String, showing certificate: [UInt8]) -> Bool {
        guard let expulsion = register.expulsion(of: node) else { return true }
        guard let term = try? CertificateTerm(der: certificate) else { return false }
        return term.begins > expulsion
    }

    /// From now on nobody is let in by what the node called `name` is known by.
    func expel(_ name: String, now: Timestamp) async throws(APIError) {
        register.expel(name, at: now.seconds)
        do throws(IdentityError) {
            try await Lanes.shared.run { [folder] () throws(IdentityError) in
                try folder.expulsions.add(name, at: now.seconds)
                try folder.tokens.release(node: name)
            }
        } catch {
            throw .internalFailure("node \(name) is deleted, and not expelled for good: \(error)")
        }
    }

    func answer(_ request: APIRequest, _ objects: Objects, now: Timestamp) async throws -> Response {
        switch (request.path, request.method) {
        case ("/pouch/v1/authority", .get): return .text(folder.authority.pem)
        case ("/pouch/v1/join", .post): return try await join(try await Self.body(request), objects, now: now)
        case ("/pouch/v1/renew", .post):
            guard let node = request.requester.node else {
                return Self.refusal(403, "Forbidden", "only a node's own certificate can be renewed")
            }
            let body = try await Self.body(request)
            do throws(IdentityError) {
                return .json(["certificate": .string(try certificate(for: node, body))])
            } catch {
                return Self.refusal(error)
            }
        default: throw APIError.noSuchPath
        }
    }

    private static func body(_ request: APIRequest) async throws -> JSONValue {
        let bytes: [UInt8]
        do {
            bytes = Array(try await request.request.body.collect(upTo: longestRequest).readableBytesView)
        } catch is NIOTooManyBytesError {
            throw APIError.tooLarge(limit: longestRequest)
        }
        guard let value = try? JSONValue(parsing: bytes), value["request"]?.stringValue != nil else {
            throw APIError.badRequest("body: a request for a certificate is expected")
        }
        return value
    }

    private func join(_ body: JSONValue, _ objects: Objects, now: Timestamp) async throws -> Response {
        guard let secret = body["secret"]?.stringValue, let name = body["name"]?.stringValue else {
            throw APIError.badRequest("body: secret and name are expected")
        }
        // Whoever asks again for the same key lost our answer.
        let claim = "\(name)#\(CertificateAuthority.digest(of: body["request"]?.stringValue ?? ""))"
        guard register.begin(name) else {
            return Self.taken(name, "another machine joins with this name right now; try again")
        }
        defer { register.end(name) }
        do {
            try CertificateHolder.check(node: name)
            let (isNew, isTaken) = try await Lanes.shared.run { [folder] () throws(IdentityError) in
                let isNew = try folder.tokens.check(secret: secret, by: claim, now: now.seconds)
                return (isNew, isNew ? try folder.tokens.isNameTaken(by: claim, now: now.seconds) : false)
            }
            if isTaken { return Self.taken(name, "a machine has joined with this name and has not come yet; start it") }
            if isNew, try await exists(name, objects) {
                return Self.taken(name, "the pool has one of this name; delete it first")
            }
            // What cannot be certified does not use the token up.
            try await register.waitOutExpulsion(of: name)
            let made = try certificate(for: name, body)
            _ = try await Lanes.shared.run { [folder] () throws(IdentityError) in
                try folder.tokens.redeem(secret: secret, by: claim, now: now.seconds)
            }
            return .json(["certificate": .string(made)])
        } catch let error as IdentityError {
            return Self.refusal(error)
        }
    }

    private func exists(_ node: String, _ objects: Objects) async throws(APIError) -> Bool {
        do throws(APIError) {
            _ = try await objects.stored(Catalog.node, nil, node)
            return true
        } catch {
            guard case .notFound = error else { throw error }
            return false
        }
    }

    private func certificate(for node: String, _ body: JSONValue) throws(IdentityError) -> String {
        try folder.authority.certificate(
            for: .node(node), request: body["request"]?.stringValue ?? "", lifetime: lifetime)
    }

    private static func taken(_ name: String, _ why: String) -> Response {
        refusal(409, "AlreadyExists", "node \(name): \(why), or join with another --node-name")
    }

    private static func refusal(_ error: IdentityError) -> Response {
        switch error {
        case .badToken, .tokenUsed, .tokenRevoked, .tokenExpired: refusal(403, "Forbidden", error.description)
        case .malformed, .name, .untrusted, .expired: refusal(400, "BadRequest", error.description)
        case .file, .cryptography: refusal(500, "InternalError", error.description)
        }
    }

    private static func refusal(_ code: Int, _ reason: String, _ message: String) -> Response {
        let status: JSONValue = [
            "kind": "Status", "apiVersion": "v1", "metadata": [:], "status": "Failure", "message": .string(message),
            "reason": .string(reason), "code": .integer(Int64(code)),
        ]
        return .json(status, status: .init(code: code))
    }
}
