internal import Engine
internal import HTTPTypes
internal import Hummingbird
internal import JSON
internal import Units

/// `/containers/{name}/archive`: files in and out of a container, as `docker cp` moves them.
struct ArchiveRoutes: Sendable {
    let engine: Engine

    func add(to router: Router<EngineContext>) {
        router.head("/containers/:name/archive", use: status)
        router.get("/containers/:name/archive", use: read)
        router.put("/containers/:name/archive", use: write)
    }

    @Sendable func status(_ request: Request, _ context: EngineContext) async throws -> Response {
        let stat = try await engine.statPath(context.name(), path: path(of: request))
        return Response(status: .ok, headers: [.pathStat: try Self.header(stat)])
    }

    @Sendable func read(_ request: Request, _ context: EngineContext) async throws -> Response {
        let (stat, bytes) = try await engine.readArchive(context.name(), path: path(of: request))
        return Answer.bytes(bytes, type: MediaType.tar, headers: [.pathStat: try Self.header(stat)])
    }

    @Sendable func write(_ request: Request, _ context: EngineContext) async throws -> Response {
        let query = request.query
        try await engine.writeArchive(
            context.name(), path: path(of: request), noOverwriteDirNonDir: query.flag("noOverwriteDirNonDir"),
            copyOwner: query.flag("copyUIDGID"), body: request.body)
        return Answer.empty(.ok)
    }

    private func path(of request: Request) throws(EngineError) -> String {
        guard let path = request.query["path"] else { throw .invalid("Bad parameters: no path was given") }
        return path
    }

    /// The status in JSON, in base64.
    private static func header(_ stat: PathStat) throws(EngineError) -> String {
        do throws(JSONError) {
            return Base64.encoded(try JSONCoder(keys: .asWritten).encode(stat))
        } catch {
            throw .failed("encode the answer: \(error)")
        }
    }
}
