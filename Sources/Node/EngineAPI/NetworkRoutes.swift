internal import Engine
internal import Hummingbird
internal import JSON

/// `/networks`.
struct NetworkRoutes: Sendable {
    let engine: Engine

    func add(to router: Router<EngineContext>) {
        router.get("/networks", use: list)
        router.get("/networks/:name", use: inspect)
        router.post("/networks/create", use: create)
        router.post("/networks/prune", use: prune)
        router.post("/networks/:name/connect", use: connect)
        router.post("/networks/:name/disconnect", use: disconnect)
        router.delete("/networks/:name", use: remove)
    }

    @Sendable func list(_ request: Request, _ context: EngineContext) async throws -> Response {
        try Answer.json(await engine.networks(request.query.filters()))
    }

    @Sendable func inspect(_ request: Request, _ context: EngineContext) async throws -> Response {
        try Answer.json(await engine.network(context.name()))
    }

    @Sendable func create(_ request: Request, _ context: EngineContext) async throws -> Response {
        let wanted = try await request.body(NetworkCreateRequest.self)
        return try Answer.json(await engine.createNetwork(wanted), status: .created)
    }

    @Sendable func prune(_ request: Request, _ context: EngineContext) async throws -> Response {
        let report = try await engine.pruneNetworks(request.query.filters())
        return Answer.json(["NetworksDeleted": .array((report.networksDeleted ?? []).map { .string($0) })])
    }

    @Sendable func connect(_ request: Request, _ context: EngineContext) async throws -> Response {
        try await engine.connect(context.name(), try await request.body(NetworkConnectRequest.self))
        return Answer.empty(.ok)
    }

    @Sendable func disconnect(_ request: Request, _ context: EngineContext) async throws -> Response {
        try await engine.disconnect(context.name(), try await request.body(NetworkDisconnectRequest.self))
        return Answer.empty(.ok)
    }

    @Sendable func remove(_ request: Request, _ context: EngineContext) async throws -> Response {
        try await engine.removeNetwork(context.name())
        return Answer.empty()
    }
}
