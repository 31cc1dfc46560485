internal import Engine
internal import Hummingbird
internal import JSON

/// `/containers`: what there is, and making and removing it.
struct ContainerRoutes: Sendable {
    let engine: Engine

    func add(to router: Router<EngineContext>) {
        router.get("/containers/json", use: list)
        router.post("/containers/create", use: create)
        router.post("/containers/prune", use: prune)
        router.get("/containers/:name/json", use: inspect)
        router.get("/containers/:name/top", use: top)
        router.get("/containers/:name/changes", use: changes)
        router.get("/containers/:name/export", use: export)
        router.post("/containers/:name/rename", use: rename)
        router.post("/containers/:name/update", use: update)
        router.delete("/containers/:name", use: remove)
        router.delete("/containers/:name/:alias", use: removeLink)
        router.post("/commit", use: commit)
    }

    @Sendable func list(_ request: Request, _ context: EngineContext) async throws -> Response {
        let query = request.query
        var options = ListOptions()
        options.all = query.flag("all")
        options.limit = max(0, try query.int("limit") ?? 0)
        options.size = query.flag("size")
        options.filters = try query.filters()
        return try Answer.json(await engine.list(options))
    }

    @Sendable func create(_ request: Request, _ context: EngineContext) async throws -> Response {
        let query = request.query
        let body = try await request.body(CreateRequest.self)
        let response = try await engine.create(body, name: query["name"], platform: query["platform"])
        return try Answer.json(response, status: .created)
    }

    @Sendable func inspect(_ request: Request, _ context: EngineContext) async throws -> Response {
        try Answer.json(await engine.inspect(context.name(), size: request.query.flag("size")))
    }

    @Sendable func top(_ request: Request, _ context: EngineContext) async throws -> Response {
        try Answer.json(await engine.top(context.name(), arguments: request.query["ps_args"] ?? "-ef"))
    }

    @Sendable func changes(_ request: Request, _ context: EngineContext) async throws -> Response {
        try Answer.json(await engine.changes(context.name()))
    }

    @Sendable func export(_ request: Request, _ context: EngineContext) async throws -> Response {
        Answer.bytes(try await engine.export(context.name()), type: "application/octet-stream")
    }

    @Sendable func rename(_ request: Request, _ context: EngineContext) async throws -> Response {
        try await engine.rename(context.name(), to: request.query["name"] ?? "")
        return Answer.empty()
    }

    @Sendable func update(_ request: Request, _ context: EngineContext) async throws -> Response {
        try Answer.json(await engine.update(context.name(), request.body(UpdateConfig.self)))
    }

    @Sendable func remove(_ request: Request, _ context: EngineContext) async throws -> Response {
        let query = request.query
        if query.flag("link") {
            throw EngineError.invalid("remove a link by its name, such as \(try context.name())/ALIAS")
        }
        try await engine.remove(context.name(), force: query.flag("force"), volumes: query.flag("v"))
        return Answer.empty()
    }

    /// What a container calls another is a name below its own.
    @Sendable func removeLink(_ request: Request, _ context: EngineContext) async throws -> Response {
        let (parent, alias) = (try context.name(), try context.name("alias"))
        guard request.query.flag("link") else { throw EngineError.notFound("No such container: \(parent)/\(alias)") }
        try await engine.removeLink(parent, alias: alias)
        return Answer.empty()
    }

    @Sendable func prune(_ request: Request, _ context: EngineContext) async throws -> Response {
        var report = try await engine.prune(request.query.filters())
        report.containersDeleted = report.containersDeleted ?? []
        return try Answer.json(report)
    }

    @Sendable func commit(_ request: Request, _ context: EngineContext) async throws -> Response {
        let query = request.query
        guard let container = query["container"] else { throw EngineError.invalid("no container was named") }
        var wanted = CommitRequest(container: container)
        wanted.repository = query["repo"]
        wanted.tag = query["tag"]
        wanted.comment = query["comment"] ?? ""
        wanted.author = query["author"] ?? ""
        wanted.pause = query.flag("pause", default: true)
        wanted.changes = query.all("changes")
        wanted.config = try await request.bodyIfPresent(ContainerConfig.self)
        let id = try await engine.commit(wanted)
        return Answer.json(["Id": .string(id)], status: .created)
    }
}
