internal import ClusterModel
internal import Hummingbird
package import Identity
internal import JSON
internal import Lanes
internal import Units

/// Lets machines into the pool: a certificate for who shows a one-time token, the next one for a node whose own ends soon.
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

    /// Nodes' certificates last for `lifetime`.
    package init(_ folder: PoolFolder, lifetime: Duration) {
        self.folder = folder
        self.lifetime = lifetime
    }

    func answer(_ request: APIRequest, _ objects: Objects, now: Timestamp) async throws -> Response {
        switch (request.path, request.method) {
        case ("/pouch/v1/authority", .get): return .text(folder.authority.pem)
        case ("/pouch/v1/join", .post): return try await join(try await Self.body(request), objects, now: now)
        case ("/pouch/v1/renew", .post):
            guard let node = request.requester.node else {
                return Self.refusal(403, "Forbidden", "only a node's own certificate can be renewed")
            }
            return try await certificate(for: node, try await Self.body(request))
        default: throw APIError.noSuchPath
        }
    }

    private static func body(_ request: APIRequest) async throws -> JSONValue {
        let bytes = Array(try await request.request.body.collect(upTo: longestRequest).readableBytesView)
        guard let value = try? JSONValue(parsing: bytes), value["request"]?.stringValue != nil else {
            throw APIError.badRequest("body: a request for a certificate is expected")
        }
        return value
    }

    private func join(_ body: JSONValue, _ objects: Objects, now: Timestamp) async throws -> Response {
        guard let secret = body["secret"]?.stringValue, let name = body["name"]?.stringValue else {
            throw APIError.badRequest("body: secret and name are expected")
        }
        let request = body["request"]?.stringValue ?? ""
        // Whoever asks again for the same key lost our answer.
        let claim = "\(name)#\(CertificateAuthority.digest(of: request))"
        do throws(IdentityError) {
            try CertificateHolder.check(node: name)
            let isNew = try await Lanes.shared.run { () throws(IdentityError) in
                try folder.tokens.check(secret: secret, by: claim, now: now.seconds)
            }
            if isNew, await exists(name, objects) {
                return Self.refusal(
                    409, "AlreadyExists",
                    "node \(name): the pool has one of this name; delete it first, or join with another --node-name")
            }
            _ = try await Lanes.shared.run { () throws(IdentityError) in
                try folder.tokens.redeem(secret: secret, by: claim, now: now.seconds)
            }
        } catch {
            return Self.refusal(error)
        }
        return try await certificate(for: name, body)
    }

    private func exists(_ node: String, _ objects: Objects) async -> Bool {
        (try? await objects.get(Catalog.node, nil, node)) != nil
    }

    private func certificate(for node: String, _ body: JSONValue) async throws -> Response {
        let request = body["request"]?.stringValue ?? ""
        do throws(IdentityError) {
            let made = try folder.authority.certificate(for: .node(node), request: request, lifetime: lifetime)
            return .json(["certificate": .string(made)])
        } catch {
            return Self.refusal(error)
        }
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
