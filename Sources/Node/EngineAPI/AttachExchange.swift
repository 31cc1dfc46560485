internal import Engine
internal import HTTPKit
internal import HTTPTypes
internal import Hummingbird
internal import Logging
internal import NIOCore

/// A client's connection and an attach session, copied into each other until both are done.
struct AttachExchange: Sendable {
    let session: any AttachSession
    /// Whether the client's bytes are input; otherwise they only tell that it is still there.
    let readsInput: Bool

    /// Takes the connection over and says so in the way that was asked for.
    func response(to request: Request, _ context: EngineContext) -> Response {
        let logger = context.logger
        context.source.takeover.hijack { stream in try await run(over: stream, logger: logger) }
        return Self.head(for: request, context.version, multiplexed: session.multiplexed)
    }

    static func head(for request: Request, _ version: APIVersion, multiplexed: Bool) -> Response {
        let type = MediaType.stream(multiplexed: multiplexed, for: version)
        guard request.headers[.upgrade] != nil else { return Response(status: .ok, headers: [.contentType: type]) }
        return Response(
            status: HTTPResponse.Status(code: 101, reasonPhrase: "UPGRADED"),
            headers: [.contentType: type, .connection: "Upgrade", .upgrade: "tcp"])
    }

    /// Ends when the output has ended and was delivered, or when the client has gone.
    private func run(over stream: HijackedStream, logger: Logger) async throws {
        do {
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { await copyInput(from: stream, logger: logger) }
                try await copyOutput(to: stream)
                group.cancelAll()
            }
        } catch {
            await session.close()
            throw error
        }
        await session.close()
    }

    private func copyOutput(to stream: HijackedStream) async throws {
        let multiplexed = session.multiplexed
        for try await frame in session.output {
            try await stream.write(frame.wire(multiplexed: multiplexed))
        }
    }

    /// Copies until the client ends its side, which ends the program's input but not its output.
    private func copyInput(from stream: HijackedStream, logger: Logger) async {
        do {
            while let bytes = try await stream.read() {
                if readsInput { try await session.write(bytes) }
            }
            if readsInput { await session.closeInput() }
        } catch is CancellationError {
            // The output has ended, so nobody reads the input any more.
        } catch {
            logger.debug("input ended", metadata: ["reason": "\(error)"])
        }
    }
}
