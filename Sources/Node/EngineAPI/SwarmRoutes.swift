internal import HTTPTypes
internal import Hummingbird

/// What belongs to Docker's swarm, answered as by a daemon that is in none.
struct SwarmRoutes: Sendable {
    private static let notManager =
        "This node is not a swarm manager. Use \"docker swarm init\" or \"docker swarm join\" to connect this node to "
        + "swarm and try again."

    private static let collections: [String] = ["/services", "/nodes", "/tasks", "/secrets", "/configs"]

    func add(to router: Router<EngineContext>) {
        router.get("/swarm", use: refuse)
        router.get("/swarm/unlockkey", use: refuse)
        router.post("/swarm/:verb", use: post)
        for collection in Self.collections {
            router.get(RouterPath(collection), use: refuse)
            router.get(RouterPath(collection + "/:name"), use: refuse)
            router.post(RouterPath(collection + "/create"), use: refuse)
            router.delete(RouterPath(collection + "/:name"), use: refuse)
        }
    }

    @Sendable func refuse(_ request: Request, _ context: EngineContext) -> Response {
        Answer.error(.serviceUnavailable, Self.notManager)
    }

    @Sendable func post(_ request: Request, _ context: EngineContext) throws -> Response {
        switch context.parameters.get("verb") {
        case "init", "join": Answer.error(.notImplemented, "Docker's swarm mode is not supported: use pouch-server")
        case "leave": Answer.error(.serviceUnavailable, "This node is not part of a swarm")
        default: refuse(request, context)
        }
    }
}
