internal import Engine
internal import Hummingbird
internal import JSON

/// `/networks`: the predefined ones can be looked at; others are not there yet.
struct NetworkRoutes: Sendable {
    let engine: Engine

    func add(to router: Router<EngineContext>) {
        router.get("/networks", use: list)
        router.get("/networks/:name", use: inspect)
        router.post("/networks/create", use: create)
        router.post("/networks/prune", use: prune)
        router.post("/networks/:name/connect", use: refuse)
        router.post("/networks/:name/disconnect", use: refuse)
        router.delete("/networks/:name", use: remove)
    }

    @Sendable func list(_ request: Request, _ context: EngineContext) async throws -> Response {
        try Answer.json(await engine.networks(request.query.filters()))
    }

    @Sendable func inspect(_ request: Request, _ context: EngineContext) async throws -> Response {
        try Answer.json(await engine.network(context.name()))
    }

    @Sendable func create(_ request: Request, _ context: EngineContext) throws -> Response {
        throw EngineError.unsupported("creating networks is not supported yet: use none, host or container:ID")
    }

    @Sendable func prune(_ request: Request, _ context: EngineContext) throws -> Response {
        _ = try request.query.filters()
        return Answer.json(["NetworksDeleted": []])
    }

    @Sendable func refuse(_ request: Request, _ context: EngineContext) async throws -> Response {
        let network = try await engine.network(context.name())
        throw EngineError.unsupported("changing the containers of network \(network.name) is not supported yet")
    }

    @Sendable func remove(_ request: Request, _ context: EngineContext) async throws -> Response {
        let network = try await engine.network(context.name())
        throw EngineError.forbidden("\(network.name) is a pre-defined network and cannot be removed")
    }
}
