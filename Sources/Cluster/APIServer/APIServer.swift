internal import ClusterModel
package import ClusterStore
package import HTTPKit
internal import HTTPTypes
package import Hummingbird
internal import JSON
internal import Logging
internal import NIOCore
package import Units

/// The pool's API: Kubernetes' wire format over a ``ClusterStore``.
///
/// Reads a request, makes one call, answers: what may happen to objects is decided in ``Objects`` and in the values of
/// `ClusterModel`.
///
/// Source: Kubernetes API concepts; Kubernetes API conventions.
package struct APIServer: Sendable {
    package let objects: Objects
    let metrics: MetricsRegistry
    let clock: @Sendable () -> Timestamp
    private let authentication: Authentication
    private let limits: RequestLimits
    private let audit: AuditLog?
    let dialer: NodeDialer?
    let desk: JoinDesk?

    package init(
        _ store: any ClusterStore, authentication: Authentication = .open, limits: RequestLimits = RequestLimits(),
        audit: AuditLog? = nil, dialer: NodeDialer? = nil, desk: JoinDesk? = nil,
        metrics: MetricsRegistry = MetricsRegistry(),
        clock: @escaping @Sendable () -> Timestamp = { .now }
    ) {
        objects = Objects(store, clock: clock)
        self.authentication = authentication
        self.limits = limits
        self.audit = audit
        self.dialer = dialer
        self.desk = desk
        self.metrics = metrics
        self.clock = clock
    }

    /// Answers one request; an error becomes a `Status`.
    @Sendable package func respond(to sent: Request, _ source: RequestSource) async throws -> Response {
        let began = clock()
        var request = APIRequest(sent, from: .anonymous)
        var response: Response
        do {
            request.requester = try authentication.requester(
                certificate: source.certificate, authorization: sent.headers[.authorization],
                isLocal: source.peer == .local)
            try checkMembership(request.requester, source)
            response = try await admit(request, source)
        } catch let error as APIError {
            if error.code >= 500 {
                source.logger.error("request failed", metadata: ["path": "\(request.path)", "error": "\(error)"])
            }
            response = .refusal(error)
        }
        note(request, source, response, began: began)
        return response
    }

    /// Lets a request in when there is room for it.
    private func admit(_ request: APIRequest, _ source: RequestSource) async throws -> Response {
        let path = try request.place.get()
        do throws(APIError) {
            try await authorize(path, request)
        } catch {
            // Who showed nothing is asked who they are, before they hear what they may not.
            throw request.requester == .anonymous ? .unauthorized : error
        }
        if request.flag("watch") || path.isStream { return try await answer(request, source) }
        try limits.enter(request.requester)
        defer { limits.leave(request.requester) }
        return try await answer(request, source)
    }

    /// Counts a request; what changed something, or was refused, is written down.
    private func note(_ request: APIRequest, _ source: RequestSource, _ response: Response, began: Timestamp) {
        let ended = clock()
        let action = (try? request.place.get()).flatMap { try? self.action($0, request) }
        metrics.observe(
            "pouch_api_request_seconds", help: "Time to the head of the answer, by verb and kind.",
            labels: [
                ("verb", action?.verb ?? request.method.rawValue.lowercased()),
                ("resource", action?.kind.plural ?? ""), ("code", "\(response.status.code)"),
            ], ended.duration(since: began))
        let isRead = [.get, .head].contains(request.method)
        guard let audit, !isRead || [401, 403].contains(response.status.code) else { return }
        audit.record(
            request, id: source.requestID, action, code: response.status.code, began: began, ended: ended)
    }

    private func answer(_ request: APIRequest, _ source: RequestSource) async throws -> Response {
        switch try request.place.get() {
        case .plain(let path): return try await plain(path, request)
        case .coreVersions, .groups, .group, .resources:
            guard [.get, .head].contains(request.method) else { throw APIError.methodNotAllowed }
            return try discover(request)
        case .collection(let kind, let namespace): return try await collection(kind, namespace, request)
        case .object(let kind, let namespace, let name): return try await object(kind, namespace, name, request)
        case .subresource(let kind, let namespace, let name, let subresource):
            if ["log", "exec", "attach", "portforward"].contains(subresource), [.get, .post].contains(request.method) {
                return try await stream(subresource, namespace ?? "", name, request, source)
            }
            return try await self.subresource(subresource, kind, namespace, name, request)
        }
    }

    private func plain(_ path: String, _ request: APIRequest) async throws -> Response {
        if let desk, path.hasPrefix(JoinDesk.prefix) {
            return try await desk.answer(request, objects, now: clock())
        }
        guard [.get, .head].contains(request.method) else { throw APIError.methodNotAllowed }
        switch path {
        case "/healthz", "/livez", "/readyz", "/healthz/ping", "/livez/ping", "/readyz/ping": return .text("ok")
        case "/version", "/version/": return .json(Discovery.version)
        case "/metrics": return .text(metrics.text())
        case "/": return .json(["paths": .array(Discovery.paths.map { .string($0) })])
        default: return try describe(path, request)
        }
    }
}

extension APIServer {
    private func collection(_ kind: ResourceKind, _ namespace: String?, _ request: APIRequest) async throws -> Response
    {
        switch request.method {
        case .get, .head:
            return request.flag("watch")
                ? try await watch(kind, namespace, name: nil, request) : try await list(kind, namespace, request)
        case .post:
            guard kind.isNamespaced == (namespace != nil) else { throw APIError.methodNotAllowed }
            return try await create(kind, namespace, request)
        case .delete: return try await deleteCollection(kind, namespace, request)
        default: throw APIError.methodNotAllowed
        }
    }

    private func object(
        _ kind: ResourceKind, _ namespace: String?, _ name: String, _ request: APIRequest
    ) async throws -> Response {
        switch request.method {
        case .get, .head:
            if request.flag("watch") { return try await watch(kind, namespace, name: name, request) }
            return try await get(kind, namespace, name, request)
        case .put: return try await replace(kind, namespace, name, .all, request)
        case .patch: return try await patch(kind, namespace, name, .all, request)
        case .delete: return try await delete(kind, namespace, name, request)
        default: throw APIError.methodNotAllowed
        }
    }

    private func subresource(
        _ subresource: String, _ kind: ResourceKind, _ namespace: String?, _ name: String, _ request: APIRequest
    ) async throws -> Response {
        switch (subresource, request.method) {
        case ("status", .get): return try await get(kind, namespace, name, request)
        case ("status", .put): return try await replace(kind, namespace, name, .status, request)
        case ("status", .patch): return try await patch(kind, namespace, name, .status, request)
        case ("finalize", .put): return try await replace(kind, namespace, name, .finalize, request)
        case ("binding", .post): return try await bind(namespace ?? "", name, request)
        case ("eviction", .post): return try await evict(namespace ?? "", name, request)
        default: throw APIError.methodNotAllowed
        }
    }

    private func bind(_ namespace: String, _ name: String, _ request: APIRequest) async throws -> Response {
        var admission = Admission(Catalog.pod, namespace: namespace, strictness: try request.strictness())
        guard let body = try await request.body() else { throw APIError.badRequest("body: a Binding is expected") }
        let binding = try admission.decode(body, as: "Binding")
        try await objects.bind(namespace, name, binding, isDryRun: try request.isDryRun())
        return .json(Self.success(code: 201), status: .created)
    }

    private func evict(_ namespace: String, _ name: String, _ request: APIRequest) async throws -> Response {
        var admission = Admission(Catalog.pod, namespace: namespace, strictness: try request.strictness())
        guard let body = try await request.body() else { throw APIError.badRequest("body: an Eviction is expected") }
        let eviction = try admission.decode(body, as: "Eviction")
        guard eviction.name.isEmpty || eviction.name == name else {
            throw APIError.badRequest("name in URL does not match name in Eviction object")
        }
        var options = try DeleteOptions(eviction["deleteOptions"] ?? [:])
        options.isDryRun = try options.isDryRun || request.isDryRun()
        try await objects.evict(namespace, name, options)
        return .json(Self.success(code: 201), status: .created)
    }

    static func success(code: Int, details: JSONValue? = nil) -> JSONValue {
        var status: JSONValue = [
            "kind": "Status", "apiVersion": "v1", "metadata": [:], "status": "Success",
            "code": .integer(Int64(code)),
        ]
        status["details"] = details
        return status
    }
}
