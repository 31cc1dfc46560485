internal import Engine
internal import Hummingbird

/// `/volumes`.
struct VolumeRoutes: Sendable {
    let engine: Engine

    func add(to router: Router<EngineContext>) {
        router.get("/volumes", use: list)
        router.post("/volumes/create", use: create)
        router.post("/volumes/prune", use: prune)
        router.get("/volumes/:name", use: inspect)
        router.delete("/volumes/:name", use: remove)
    }

    @Sendable func list(_ request: Request, _ context: EngineContext) async throws -> Response {
        try Answer.json(await engine.volumes(request.query.filters()))
    }

    @Sendable func create(_ request: Request, _ context: EngineContext) async throws -> Response {
        let wanted = try await request.bodyIfPresent(VolumeCreateRequest.self) ?? VolumeCreateRequest()
        return try Answer.json(await engine.createVolume(wanted), status: .created)
    }

    @Sendable func inspect(_ request: Request, _ context: EngineContext) async throws -> Response {
        try Answer.json(await engine.volume(context.name()))
    }

    @Sendable func remove(_ request: Request, _ context: EngineContext) async throws -> Response {
        try await engine.removeVolume(context.name(), force: request.query.flag("force"))
        return Answer.empty()
    }

    /// Since 1.42 named volumes go only when `all` is asked for.
    @Sendable func prune(_ request: Request, _ context: EngineContext) async throws -> Response {
        var filters = try request.query.filters()
        if context.version < APIVersion(major: 1, minor: 42), filters["all"].isEmpty {
            filters.values["all"] = ["true"]
        }
        var report = try await engine.pruneVolumes(filters)
        report.volumesDeleted = report.volumesDeleted ?? []
        return try Answer.json(report)
    }
}
