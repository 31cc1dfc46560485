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
        router.get("/distribution/:name/json", use: distribution)
        router.get("/distribution/:name/manifest", use: manifest)
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
            return [TransferAnswer.failure(error)]
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

    /// An import when a source is named; else a pull.
    @Sendable func create(_ request: Request, _ context: EngineContext) async throws -> Response {
        let query = request.query
        guard let source = query["fromSrc"] else {
            guard let name = query["fromImage"] else { throw EngineError.invalid("no image was named") }
            let pull = try await engine.findImages(
                name, tag: query["tag"], platform: query["platform"], authorization: request.registryAuthorization)
            return TransferAnswer.stream(pull.run)
        }
        let (message, changes) = (query["message"] ?? "", query.all("changes"))
        let id: String
        if source == "-" {
            id = try await engine.importImage(
                request.body, repository: query["repo"], tag: query["tag"], message: message, changes: changes,
                platform: query["platform"])
        } else {
            id = try await engine.importImage(
                at: source, repository: query["repo"], tag: query["tag"], message: message, changes: changes,
                platform: query["platform"])
        }
        return Answer.stream("application/json") { writer in
            try await writer.write(Answer.line(["status": .string(id)]))
        }
    }

    @Sendable func push(_ request: Request, _ context: EngineContext) async throws -> Response {
        let push = try await engine.findImagesToPush(
            context.name(), tag: request.query["tag"], authorization: request.registryAuthorization)
        return TransferAnswer.stream(push.run)
    }

    @Sendable func search(_ request: Request, _ context: EngineContext) async throws -> Response {
        let query = request.query
        guard let term = query["term"] else { throw EngineError.invalid("no search term was given") }
        return try Answer.json(
            await engine.searchImages(
                term, limit: query.int("limit") ?? 25, filters: query.filters(),
                authorization: request.registryAuthorization), keys: .asWritten)
    }

    @Sendable func distribution(_ request: Request, _ context: EngineContext) async throws -> Response {
        Answer.json(
            try await engine.inspectDistribution(context.name(), authorization: request.registryAuthorization).json)
    }

    /// The document itself, which Docker's API does not give; `pouch manifest inspect` prints it.
    @Sendable func manifest(_ request: Request, _ context: EngineContext) async throws -> Response {
        let (bytes, type) = try await engine.manifest(context.name(), authorization: request.registryAuthorization)
        return Response(
            status: .ok, headers: [.contentType: type], body: .init(byteBuffer: ByteBuffer(bytes: bytes)))
    }
}
