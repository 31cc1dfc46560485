internal import Engine
internal import Hummingbird
internal import JSON

/// `/containers/{name}/…`: starting, stopping, waiting.
struct ContainerLifeRoutes: Sendable {
    let engine: Engine

    func add(to router: Router<EngineContext>) {
        router.post("/containers/:name/start", use: start)
        router.post("/containers/:name/stop", use: stop)
        router.post("/containers/:name/restart", use: restart)
        router.post("/containers/:name/kill", use: kill)
        router.post("/containers/:name/pause", use: pause)
        router.post("/containers/:name/unpause", use: unpause)
        router.post("/containers/:name/resize", use: resize)
        router.post("/containers/:name/wait", use: wait)
    }

    @Sendable func start(_ request: Request, _ context: EngineContext) async throws -> Response {
        let bytes = try await request.wholeBody()
        // Some clients send an empty configuration along, which is no configuration.
        if let value = try? JSONValue(parsing: bytes), let object = value.objectValue, !object.isEmpty {
            throw EngineError.invalid(
                "starting container with non-empty request body was deprecated since API v1.22 and removed in v1.24")
        }
        if let checkpoint = request.query["checkpoint"] {
            throw EngineError.unsupported("start from checkpoint \(checkpoint): checkpoints are not supported")
        }
        try await engine.start(context.name())
        return Answer.empty()
    }

    @Sendable func stop(_ request: Request, _ context: EngineContext) async throws -> Response {
        let query = request.query
        try await engine.stop(context.name(), signal: query["signal"], timeout: query.int("t"))
        return Answer.empty()
    }

    @Sendable func restart(_ request: Request, _ context: EngineContext) async throws -> Response {
        let query = request.query
        try await engine.restart(context.name(), signal: query["signal"], timeout: query.int("t"))
        return Answer.empty()
    }

    @Sendable func kill(_ request: Request, _ context: EngineContext) async throws -> Response {
        try await engine.kill(context.name(), signal: request.query["signal"])
        return Answer.empty()
    }

    @Sendable func pause(_ request: Request, _ context: EngineContext) async throws -> Response {
        try await engine.pause(context.name())
        return Answer.empty()
    }

    @Sendable func unpause(_ request: Request, _ context: EngineContext) async throws -> Response {
        try await engine.unpause(context.name())
        return Answer.empty()
    }

    @Sendable func resize(_ request: Request, _ context: EngineContext) async throws -> Response {
        let size = try TerminalSize(request.query)
        try await engine.resize(context.name(), rows: size.rows, columns: size.columns)
        return Answer.empty(.ok)
    }

    /// The head is sent as soon as the wait has begun: `docker run` starts the container when it has that.
    @Sendable func wait(_ request: Request, _ context: EngineContext) async throws -> Response {
        let condition = request.query["condition"] ?? WaitCondition.notRunning.rawValue
        guard let condition = WaitCondition(rawValue: condition) else {
            throw EngineError.invalid("invalid condition: \"\(condition)\"")
        }
        let ticket = try await engine.wait(context.name(), condition)
        return Answer.stream("application/json") { writer in
            let result = await ticket.result()
            try Task.checkCancellation()
            try await writer.write(Answer.line(result))
        }
    }
}

/// What a client's terminal measures, in characters.
struct TerminalSize: Equatable, Sendable {
    let rows: Int
    let columns: Int

    /// - Throws: ``EngineError/invalid(_:)`` unless both are there and are numbers that a terminal can have.
    init(_ query: Query) throws(EngineError) {
        rows = try Self.side("h", of: query)
        columns = try Self.side("w", of: query)
    }

    private static func side(_ name: String, of query: Query) throws(EngineError) -> Int {
        guard let number = try query.int(name), (0...65535).contains(number) else {
            throw .invalid("invalid resize \(name == "h" ? "height" : "width")")
        }
        return number
    }
}
