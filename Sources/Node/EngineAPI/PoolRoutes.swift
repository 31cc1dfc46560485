internal import Engine
internal import HTTPTypes
internal import Hummingbird
internal import JSON

/// `/pool`: this node's part in a pool; not of Docker's API.
struct PoolRoutes: Sendable {
    let engine: Engine

    func add(to router: Router<EngineContext>) {
        router.get("/pool/status", use: status)
        router.get("/pool/explain", use: explain)
    }

    @Sendable func status(_ request: Request, _ context: EngineContext) async throws -> Response {
        guard let status = await engine.poolStatus() else {
            throw EngineError.conflict("this daemon is in no pool (--pool-tracker)")
        }
        return Answer.json(status)
    }

    @Sendable func explain(_ request: Request, _ context: EngineContext) async throws -> Response {
        let query = Query(request.uri.query)
        guard let image = query["image"] else { throw EngineError.invalid("no image in the query") }
        return Answer.json(try await engine.explainTransfer(of: image))
    }
}
