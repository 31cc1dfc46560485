package import JSON

/// A request to the pool's API.
package struct PoolRequest: Sendable, Equatable {
    package enum Method: String, Sendable {
        case get = "GET"
        case post = "POST"
        case put = "PUT"
        case patch = "PATCH"
        case delete = "DELETE"
    }

    /// How the body of a patch is meant.
    package enum PatchKind: String, Sendable {
        case merge = "application/merge-patch+json"
        case strategic = "application/strategic-merge-patch+json"
        case json = "application/json-patch+json"
    }

    package var method: Method
    /// Such as `/api/v1/namespaces/default/pods`.
    package var path: String
    package var query: [String: String]
    package var body: JSONValue?
    /// What the body is, where it is no plain object.
    package var patch: PatchKind?
    /// The form of the answer: JSON unless it says otherwise, such as a table.
    package var accept: String?

    package init(
        _ method: Method, _ path: String, query: [String: String] = [:], body: JSONValue? = nil,
        patch: PatchKind? = nil, accept: String? = nil
    ) {
        self.method = method
        self.path = path
        self.query = query
        self.body = body
        self.patch = patch
        self.accept = accept
    }
}

/// One line of a watch.
package struct PoolEvent: Sendable, Equatable {
    package enum Kind: String, Sendable {
        case added = "ADDED"
        case modified = "MODIFIED"
        case deleted = "DELETED"
        case bookmark = "BOOKMARK"
    }

    package var kind: Kind
    package var object: JSONValue

    package init(_ kind: Kind, _ object: JSONValue) {
        self.kind = kind
        self.object = object
    }
}

/// Why the pool did not do what it was asked.
package enum PoolError: Error, Sendable, Equatable {
    /// Nobody answered, or the answer broke off.
    case unreachable(String)
    /// It answered, and not well: the status code with `reason` and `message` of the API's Status.
    case refused(code: Int, reason: String, message: String)
    /// What it answered makes no sense.
    case malformed(String)

    package var code: Int? {
        if case .refused(let code, _, _) = self { code } else { nil }
    }

    package var isNotFound: Bool { code == 404 }
    package var isConflict: Bool { code == 409 }
    /// What was watched is too old to go on with.
    package var isGone: Bool { code == 410 }

    /// Reads a Status object.
    package init(code: Int, status: JSONValue) {
        let field = Field(status)
        self = .refused(
            code: field["code"].number ?? code, reason: field["reason"].text ?? "",
            message: field["message"].text ?? "the server answered \(code)")
    }
}

extension PoolError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .unreachable(let why), .malformed(let why): why
        case .refused(_, _, let message): message
        }
    }
}

/// What controllers and nodes ask of the pool: over the network, or in the server's own process.
package protocol PoolAccess: Sendable {
    /// Does one request and gives the object that came back.
    func send(_ request: PoolRequest) async throws(PoolError) -> JSONValue
    /// Hands over the changes of a collection after a revision, one at a time; returns when the server ends the watch.
    func watch(_ path: String, query: [String: String], _ take: (PoolEvent) async -> Void) async throws(PoolError)
    /// The same, with what happened together handed over together.
    func watchBatches(
        _ path: String, query: [String: String], _ take: ([PoolEvent]) async -> Void
    ) async throws(PoolError)
    /// Does requests that have nothing to do with each other; what became of each, in their order.
    func sendAll(_ requests: [PoolRequest]) async -> [Result<JSONValue, PoolError>]
}

extension PoolAccess {
    package func watchBatches(
        _ path: String, query: [String: String], _ take: ([PoolEvent]) async -> Void
    ) async throws(PoolError) {
        try await watch(path, query: query) { await take([$0]) }
    }

    package func sendAll(_ requests: [PoolRequest]) async -> [Result<JSONValue, PoolError>] {
        var results: [Result<JSONValue, PoolError>] = []
        for request in requests {
            do throws(PoolError) {
                results.append(.success(try await send(request)))
            } catch {
                results.append(.failure(error))
            }
        }
        return results
    }

    package func get(_ path: String, query: [String: String] = [:]) async throws(PoolError) -> JSONValue {
        try await send(PoolRequest(.get, path, query: query))
    }

    @discardableResult
    package func patch(
        _ path: String, _ body: JSONValue, kind: PoolRequest.PatchKind = .merge
    ) async throws(PoolError) -> JSONValue {
        try await send(PoolRequest(.patch, path, body: body, patch: kind))
    }

    @discardableResult
    package func create(_ object: JSONValue, in path: String) async throws(PoolError) -> JSONValue {
        try await send(PoolRequest(.post, path, body: object))
    }
}

/// Paths of the API's collections and objects.
package enum PoolPath {
    package static let nodes = "/api/v1/nodes"
    package static let pods = "/api/v1/pods"
    package static let namespaces = "/api/v1/namespaces"
    package static let priorityClasses = "/apis/scheduling.k8s.io/v1/priorityclasses"
    package static let budgets = "/apis/policy/v1/poddisruptionbudgets"
    package static let queues = "/apis/pouch.io/v1/queues"
    package static let addressPools = "/apis/pouch.io/v1/ippools"
    package static let podGroups = "/apis/pouch.io/v1/podgroups"
    package static let leases = "/apis/coordination.k8s.io/v1/leases"
    package static let nodeLeases = "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases"

    package static func node(_ name: String) -> String { "\(nodes)/\(name)" }
    package static func pod(_ namespace: String, _ name: String) -> String { "\(namespaces)/\(namespace)/pods/\(name)" }
    package static func budget(_ namespace: String, _ name: String) -> String {
        "/apis/policy/v1/namespaces/\(namespace)/poddisruptionbudgets/\(name)"
    }
    package static func events(_ namespace: String) -> String { "\(namespaces)/\(namespace)/events" }

    /// The path of the pod `namespace/name`.
    package static func pod(key: String) -> String {
        let parts = key.split(separator: "/", maxSplits: 1).map(String.init)
        return parts.count == 2 ? pod(parts[0], parts[1]) : pod("default", key)
    }
}
