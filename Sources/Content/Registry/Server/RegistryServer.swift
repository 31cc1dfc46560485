package import ContentStore
package import HTTPKit
internal import HTTPTypes
package import Hummingbird
internal import ImageSpec
internal import JSON
package import Lanes
internal import Logging
internal import NIOCore

/// The OCI distribution API over the repositories of a machine.
///
/// Reads decode, ask memory, and stream from the disk; what is pushed goes to `repositories`, where that is allowed. A name
/// that is nowhere is answered at once, so that clients fall through to the next mirror.
///
/// Source: distribution-spec, main of July 2026.
package struct RegistryServer: Sendable {
    let repositories: RepositoryStore
    /// In the order they are asked; the first of them is `repositories`.
    let sources: [any RepositorySource]
    /// Asked before the sources for manifests, and behind them for blobs.
    let upstream: (any RegistryUpstream)?
    let allowsPush: Bool
    let uploads: Uploads
    let lanes: Lanes

    var content: ContentStore { repositories.content }

    /// `others` are served behind what was pushed, and never change; with an `upstream` it is a mirror.
    package init(
        _ repositories: RepositoryStore, others: [any RepositorySource] = [], upstream: (any RegistryUpstream)? = nil,
        allowsPush: Bool, lanes: Lanes = .shared
    ) {
        self.upstream = upstream
        self.repositories = repositories
        sources = [repositories] + others
        self.allowsPush = allowsPush
        self.lanes = lanes
        uploads = Uploads(repositories, lanes: lanes)
    }

    /// Answers one request; an error becomes an answer with its code.
    @Sendable package func respond(to request: Request, _ source: RequestSource) async throws -> Response {
        var response: Response
        do {
            response = try await answer(RegistryRequest(request))
        } catch let error as RegistryError {
            response = error.answer
        } catch let error as ContentError {
            source.logger.error("registry request failed", metadata: ["error": "\(error)"])
            response = RegistryError.failed(error.description).answer
        }
        response.headers[.distributionVersion] = "registry/2.0"
        return response
    }

    private func answer(_ request: RegistryRequest) async throws -> Response {
        guard let route = try RegistryRoute.read(request.path) else { return Response(status: .notFound) }
        switch (route, request.method) {
        case (.base, .get), (.base, .head): return .json([:])
        case (.catalog, .get): return try catalog(request)
        case (.tags(let name), .get): return try tags(of: name, request)
        case (.referrers(let name, let subject), .get): return try referrers(of: subject, in: name, request)
        case (.blob(let name, let digest), .get), (.blob(let name, let digest), .head):
            return try await blob(digest, in: name, request)
        case (.manifest(let name, let reference), .get), (.manifest(let name, let reference), .head):
            return try await manifest(reference, in: name, request)
        default: return try await change(route, request)
        }
    }

    private func change(_ route: RegistryRoute, _ request: RegistryRequest) async throws -> Response {
        guard route.takes(request.method) else { return .notAllowed(route.methods(allowsPush: allowsPush)) }
        guard allowsPush else {
            var refusal = RegistryError.unsupported("registry: read-only; pushing was not enabled where it was started")
                .answer
            refusal.headers[.allow] = route.methods(allowsPush: false)
            return refusal
        }
        switch (route, request.method) {
        case (.uploads(let name), _): return try await begin(in: name, request)
        case (.upload(let name, let id), .patch): return try await append(to: id, in: name, request)
        case (.upload(let name, let id), .put): return try await finish(id, in: name, request)
        case (.upload(let name, let id), .get): return try await status(of: id, in: name)
        case (.upload(let name, let id), _): return try await cancel(id, in: name)
        case (.manifest(let name, let reference), .put): return try await put(reference, in: name, request)
        case (.manifest(let name, let reference), _): return try await delete(reference, in: name)
        case (.blob(let name, let digest), _): return try await delete(blob: digest, in: name)
        default: return Response(status: .notFound)
        }
    }

    /// Runs `body`, which may block, on a lane.
    func blocking<Result: Sendable>(
        _ body: @escaping @Sendable () throws(ContentError) -> Result
    ) async throws(ContentError) -> Result {
        try await lanes.run(body)
    }

    /// The same, with `missing` thrown for a blob that is not there.
    func finding<Result: Sendable>(
        or missing: RegistryError, _ body: @escaping @Sendable () throws(ContentError) -> Result
    ) async throws -> Result {
        do throws(ContentError) {
            return try await lanes.run(body)
        } catch {
            if case .notFound = error { throw missing }
            throw error
        }
    }
}

extension RegistryRoute {
    /// Whether a method that changes something makes sense here.
    func takes(_ method: HTTPRequest.Method) -> Bool {
        switch self {
        case .base, .catalog, .tags, .referrers: false
        case .uploads: method == .post
        case .upload: [.get, .patch, .put, .delete].contains(method)
        case .manifest: [.put, .delete].contains(method)
        case .blob: method == .delete
        }
    }

    /// For the `Allow` field.
    func methods(allowsPush: Bool) -> String {
        switch self {
        case .base: "GET, HEAD"
        case .catalog, .tags, .referrers: "GET"
        case .uploads: allowsPush ? "POST" : ""
        case .upload: allowsPush ? "GET, PATCH, PUT, DELETE" : ""
        case .manifest: allowsPush ? "GET, HEAD, PUT, DELETE" : "GET, HEAD"
        case .blob: allowsPush ? "GET, HEAD, DELETE" : "GET, HEAD"
        }
    }
}

/// A request in a registry's words.
struct RegistryRequest: Sendable {
    let request: Request
    let path: String
    let query: QueryItems

    init(_ request: Request) {
        self.request = request
        let halves = (request.head.path ?? "/").split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        path = String(halves[0])
        query = QueryItems(halves.count == 2 ? String(halves[1]) : nil)
    }

    var method: HTTPRequest.Method { request.method }
    /// The host that the client thinks it pulls from.
    var namespace: String? { query["ns"] }
    var caller: UpstreamCaller {
        UpstreamCaller(namespace: namespace, authorization: request.headers[.authorization])
    }

    /// The `n` parameter.
    func limit() throws(RegistryError) -> Int? {
        guard let text = query["n"] else { return nil }
        guard let limit = Int(text), limit >= 0 else { throw .unsupported("n=\(text): not a number of entries") }
        return limit
    }
}

extension Response {
    static func json(
        _ value: JSONValue, type: String = "application/json", headers: HTTPFields = [:]
    ) -> Response {
        var headers = headers
        headers[.contentType] = type
        return Response(
            status: .ok, headers: headers, body: ResponseBody(byteBuffer: ByteBuffer(bytes: value.encoded())))
    }

    static func notAllowed(_ methods: String) -> Response {
        var answer = RegistryError.unsupported("registry: this method means nothing here").answer
        answer.headers[.allow] = methods
        return answer
    }
}

extension HTTPField.Name {
    static let contentDigest = known("Docker-Content-Digest")
    static let distributionVersion = known("Docker-Distribution-Api-Version")
    static let uploadID = known("Docker-Upload-UUID")
    static let filtersApplied = known("OCI-Filters-Applied")
    static let subject = known("OCI-Subject")
    static let ociTag = known("OCI-Tag")
    static let ociNamespace = known("OCI-Namespace")
    static let link = known("Link")

    private static func known(_ name: String) -> HTTPField.Name {
        guard let name = HTTPField.Name(name) else { preconditionFailure("\(name) is not a header's name") }
        return name
    }
}
