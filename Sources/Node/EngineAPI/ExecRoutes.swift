internal import Engine
internal import HTTPKit
internal import Hummingbird
internal import JSON
internal import NIOCore

/// `/exec`: more programs in a running container.
struct ExecRoutes: Sendable {
    let engine: Engine

    func add(to router: Router<EngineContext>) {
        router.post("/containers/:name/exec", use: create)
        router.post("/exec/:name/start", use: start)
        router.post("/exec/:name/resize", use: resize)
        router.get("/exec/:name/json", use: inspect)
    }

    @Sendable func create(_ request: Request, _ context: EngineContext) async throws -> Response {
        let config = try await request.body(ExecConfig.self)
        guard let words = config.cmd?.words, !words.isEmpty else {
            throw EngineError.invalid("no exec command specified")
        }
        let id = try await engine.createExec(context.name(), config)
        return Answer.json(["Id": .string(id)], status: .created)
    }

    @Sendable func start(_ request: Request, _ context: EngineContext) async throws -> Response {
        let id = try context.name()
        var config = try await request.bodyIfPresent(ExecStartConfig.self) ?? ExecStartConfig()
        if context.version < APIVersion(major: 1, minor: 42) { config.consoleSize = nil }
        let exec = try await engine.inspectExec(id)
        let session: (any AttachSession)?
        do throws(EngineError) {
            session = try await engine.startExec(id, config)
        } catch {
            guard case .startFailed(let failure) = error, !config.detach else { throw error }
            return refused(failure.message, config, request, context)
        }
        guard let session else { return Answer.empty(.ok) }
        return AttachExchange(session: session, readsInput: exec.openStdin).response(to: request, context)
    }

    /// Tells in the stream, as dockerd does, why the program did not start: the client then asks for the exit code.
    private func refused(
        _ message: String, _ config: ExecStartConfig, _ request: Request, _ context: EngineContext
    ) -> Response {
        let frame = OutputFrame(stream: .stdout, bytes: ByteBuffer(string: message + "\r\n"))
        context.source.takeover.hijack { stream in
            try await stream.write(frame.wire(multiplexed: !config.tty))
        }
        return AttachExchange.head(for: request, context.version, multiplexed: !config.tty)
    }

    @Sendable func resize(_ request: Request, _ context: EngineContext) async throws -> Response {
        let size = try TerminalSize(request.query)
        try await engine.resizeExec(context.name(), rows: size.rows, columns: size.columns)
        return Answer.empty(.ok)
    }

    @Sendable func inspect(_ request: Request, _ context: EngineContext) async throws -> Response {
        try Answer.json(await engine.inspectExec(context.name()))
    }
}
