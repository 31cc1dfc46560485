internal import Engine
internal import Hummingbird
internal import JSON

/// `/images`: what there is, its names, and removing it.
struct ImageRoutes: Sendable {
    let engine: Engine

    func add(to router: Router<EngineContext>) {
        router.get("/images/json", use: list)
        router.get("/images/:name/json", use: inspect)
        router.get("/images/:name/history", use: history)
        router.post("/images/:name/tag", use: tag)
        router.delete("/images/:name", use: remove)
        router.post("/images/prune", use: prune)
    }

    @Sendable func list(_ request: Request, _ context: EngineContext) async throws -> Response {
        let query = request.query
        var images = try await engine.images(
            all: query.flag("all"), filters: query.filters(), sharedSize: query.flag("shared-size"))
        if context.version < APIVersion(major: 1, minor: 44) {
            for index in images.indices { images[index].virtualSize = images[index].size }
        }
        return try Answer.json(images)
    }

    @Sendable func inspect(_ request: Request, _ context: EngineContext) async throws -> Response {
        try await engine.demandPlatform(try request.query.platforms(), of: context.name())
        var image = try await engine.image(context.name())
        if context.version < APIVersion(major: 1, minor: 44) { image.virtualSize = image.size }
        return try Answer.json(image)
    }

    @Sendable func history(_ request: Request, _ context: EngineContext) async throws -> Response {
        try await engine.demandPlatform(try request.query.platforms(), of: context.name())
        return try Answer.json(await engine.imageHistory(context.name()))
    }

    @Sendable func tag(_ request: Request, _ context: EngineContext) async throws -> Response {
        let query = request.query
        guard let repository = query["repo"] else { throw EngineError.invalid("repository name must have a value") }
        try await engine.tagImage(context.name(), repository: repository, tag: query["tag"] ?? "")
        return Answer.empty(.created)
    }

    @Sendable func remove(_ request: Request, _ context: EngineContext) async throws -> Response {
        let query = request.query
        try await engine.demandPlatform(try query.platforms(), of: context.name())
        return try Answer.json(
            await engine.removeImage(context.name(), force: query.flag("force"), prune: !query.flag("noprune")))
    }

    @Sendable func prune(_ request: Request, _ context: EngineContext) async throws -> Response {
        var report = try await engine.pruneImages(request.query.filters())
        report.imagesDeleted = report.imagesDeleted ?? []
        return try Answer.json(report)
    }
}
