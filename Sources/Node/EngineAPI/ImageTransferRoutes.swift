internal import Engine
internal import Hummingbird
internal import JSON
internal import NIOCore

/// `/images`: archives in and out.
struct ImageTransferRoutes: Sendable {
    let engine: Engine

    func add(to router: Router<EngineContext>) {
        router.post("/images/load", use: load)
        router.get("/images/get", use: saveMany)
        router.get("/images/:name/get", use: save)
        router.post("/images/create", use: create)
        router.post("/images/:name/push", use: push)
        router.get("/images/search", use: search)
    }

    /// What went wrong is told in the stream, where clients of `load` look for it.
    @Sendable func load(_ request: Request, _ context: EngineContext) -> Response {
        Answer.stream("application/json") { writer in
            for line in await outcome(of: request.body) { try await writer.write(line) }
        }
    }

    private func outcome(of archive: RequestBody) async -> [ByteBuffer] {
        do throws(EngineError) {
            return try await engine.loadImages(archive).map { Answer.line(["stream": .string($0 + "\n")]) }
        } catch {
            return [Self.failure(error)]
        }
    }

    @Sendable func save(_ request: Request, _ context: EngineContext) async throws -> Response {
        Answer.bytes(try await engine.saveImages([context.name()]), type: MediaType.tar)
    }

    @Sendable func saveMany(_ request: Request, _ context: EngineContext) async throws -> Response {
        let names = request.query.all("names").flatMap { $0.split(separator: ",").map(String.init) }
        guard !names.isEmpty else { throw EngineError.invalid("no images were named") }
        return Answer.bytes(try await engine.saveImages(names), type: MediaType.tar)
    }

    /// An import when a source is named; else a pull, which is not there yet.
    @Sendable func create(_ request: Request, _ context: EngineContext) async throws -> Response {
        let query = request.query
        guard let source = query["fromSrc"] else {
            let name = query["fromImage"] ?? ""
            throw EngineError.unsupported("pull \(name): pulling images from registries is not supported yet")
        }
        guard source == "-" else {
            throw EngineError.unsupported("import \(source): importing from a URL is not supported, send the archive")
        }
        let id = try await engine.importImage(
            request.body, repository: query["repo"], tag: query["tag"], message: query["message"] ?? "",
            changes: query.all("changes"), platform: query["platform"])
        return Answer.stream("application/json") { writer in
            try await writer.write(Answer.line(["status": .string(id)]))
        }
    }

    @Sendable func push(_ request: Request, _ context: EngineContext) throws -> Response {
        throw EngineError.unsupported("push \(try context.name()): pushing images to registries is not supported yet")
    }

    @Sendable func search(_ request: Request, _ context: EngineContext) throws -> Response {
        throw EngineError.unsupported("searching registries is not supported yet")
    }

    private static func failure(_ error: EngineError) -> ByteBuffer {
        Answer.line(["errorDetail": ["message": .string(error.message)], "error": .string(error.message)])
    }
}
