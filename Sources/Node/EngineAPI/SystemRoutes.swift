internal import Engine
internal import Hummingbird
internal import JSON

/// `/info`, `/version`, `/system/df`, `/events`, `/auth`.
struct SystemRoutes: Sendable {
    let engine: Engine

    func add(to router: Router<EngineContext>) {
        router.get("/info", use: info)
        router.get("/version", use: version)
        router.get("/system/df", use: diskUsage)
        router.get("/events", use: events)
        router.post("/auth", use: authenticate)
    }

    @Sendable func info(_ request: Request, _ context: EngineContext) async throws -> Response {
        try Answer.json(await engine.systemReport())
    }

    @Sendable func version(_ request: Request, _ context: EngineContext) throws -> Response {
        var report = engine.versionReport()
        report.apiVersion = APIVersion.current.description
        report.minAPIVersion = APIVersion.oldest.description
        return try Answer.json(report)
    }

    @Sendable func diskUsage(_ request: Request, _ context: EngineContext) async throws -> Response {
        var report = try await engine.diskUsage()
        let wanted = Set(request.query.all("type"))
        if !wanted.isEmpty {
            if let unknown = wanted.subtracting(["container", "image", "volume", "build-cache"]).sorted().first {
                throw EngineError.invalid("unknown object type: \(unknown)")
            }
            if !wanted.contains("container") { report.containers = nil }
            if !wanted.contains("image") { report.images = nil }
            if !wanted.contains("volume") { report.volumes = nil }
            if !wanted.contains("build-cache") { report.buildCache = nil }
        }
        return try Answer.json(report)
    }

    /// One JSON object per line, from the past and then as things happen.
    @Sendable func events(_ request: Request, _ context: EngineContext) throws -> Response {
        let query = request.query
        var wanted = EventQuery()
        wanted.since = try query.time("since")
        wanted.until = try query.time("until")
        wanted.filters = try query.filters()
        let events = try engine.events(wanted)
        return Answer.stream("application/json") { writer in
            for await event in events { try await writer.write(Answer.line(event, keys: .asWritten)) }
        }
    }

    @Sendable func authenticate(_ request: Request, _ context: EngineContext) async throws -> Response {
        guard let body = try? JSONValue(parsing: await request.wholeBody()) else {
            throw EngineError.invalid("invalid JSON: expected the credentials of a registry")
        }
        try await engine.login(body)
        return try Answer.json(["IdentityToken": "", "Status": "Login Succeeded"])
    }
}
