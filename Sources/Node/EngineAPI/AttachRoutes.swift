internal import Engine
internal import HTTPTypes
internal import Hummingbird

/// `/containers/{name}/attach`.
struct AttachRoutes: Sendable {
    let engine: Engine

    func add(to router: Router<EngineContext>) {
        router.post("/containers/:name/attach", use: attach)
        router.get("/containers/:name/attach/ws", use: attachWebSocket)
    }

    @Sendable func attach(_ request: Request, _ context: EngineContext) async throws -> Response {
        let query = request.query
        _ = try await request.wholeBody()
        var options = AttachOptions()
        options.stdin = query.flag("stdin")
        options.stdout = query.flag("stdout")
        options.stderr = query.flag("stderr")
        options.logs = query.flag("logs")
        options.stream = query.flag("stream")
        options.detachKeys = query["detachKeys"]
        let session = try await engine.attach(context.name(), options)
        return AttachExchange(session: session, readsInput: options.stdin && options.stream)
            .response(to: request, context)
    }

    @Sendable func attachWebSocket(_ request: Request, _ context: EngineContext) throws -> Response {
        throw EngineError.unsupported(
            "attaching through a WebSocket is not supported: use POST /containers/{id}/attach")
    }
}
