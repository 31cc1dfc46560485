internal import Engine
internal import Hummingbird
internal import JSON

/// What Docker has and Pouch does not, each refused in a way that says so.
struct AbsentRoutes: Sendable {
    func add(to router: Router<EngineContext>) {
        router.get("/plugins") { _, _ in Answer.json([]) }
        router.get("/plugins/:name/json") { _, context -> Response in
            throw EngineError.notFound("plugin \"\(try context.name())\" not found")
        }
        router.post("/plugins/pull", use: Self.refusal("plugins are not supported"))
        router.post("/plugins/create", use: Self.refusal("plugins are not supported"))
        router.post("/session", use: Self.refusal("BuildKit sessions are not supported"))
        router.post("/grpc", use: Self.refusal("BuildKit sessions are not supported"))
        router.get("/containers/:name/checkpoints", use: Self.refusal("checkpoints are not supported"))
        router.post("/containers/:name/checkpoints", use: Self.refusal("checkpoints are not supported"))
    }

    private static func refusal(
        _ message: String
    ) -> @Sendable (Request, EngineContext) async throws -> Response {
        { _, _ in throw EngineError.unsupported(message) }
    }
}
