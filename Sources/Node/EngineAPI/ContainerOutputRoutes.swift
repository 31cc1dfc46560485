internal import Engine
internal import Hummingbird
internal import JSON
internal import NIOCore

/// `/containers/{name}/logs` and `/stats`: answers that go on for as long as somebody reads them.
struct ContainerOutputRoutes: Sendable {
    let engine: Engine

    func add(to router: Router<EngineContext>) {
        router.get("/containers/:name/logs", use: logs)
        router.get("/containers/:name/stats", use: stats)
    }

    @Sendable func logs(_ request: Request, _ context: EngineContext) async throws -> Response {
        let query = request.query
        var options = LogOptions()
        options.stdout = query.flag("stdout")
        options.stderr = query.flag("stderr")
        guard options.stdout || options.stderr else {
            throw EngineError.invalid("Bad parameters: you must choose at least one stream")
        }
        options.follow = query.flag("follow")
        options.timestamps = query.flag("timestamps")
        options.details = query.flag("details")
        options.since = try query.time("since")
        options.until = try query.time("until")
        // Like dockerd: anything that is not a number of lines means all of them.
        options.tail = query["tail"].flatMap { Int($0) }.flatMap { $0 < 0 ? nil : $0 }
        let (multiplexed, output) = try await engine.logs(context.name(), options)
        let type = MediaType.stream(multiplexed: multiplexed, for: context.version)
        return Answer.stream(type) { writer in
            for try await frame in output {
                try await writer.write(contentsOf: frame.wire(multiplexed: multiplexed))
            }
        }
    }

    @Sendable func stats(_ request: Request, _ context: EngineContext) async throws -> Response {
        let query = request.query
        let streams = query.flag("stream", default: true)
        let oneShot = query.flag("one-shot")
        if streams && oneShot {
            throw EngineError.invalid("cannot have stream=true and one-shot=true")
        }
        let samples = try await engine.stats(context.name(), stream: streams, oneShot: oneShot)
        return Answer.stream("application/json") { writer in
            for await sample in samples { try await writer.write(Answer.line(sample, keys: .asWritten)) }
        }
    }
}

/// Names of stream formats.
enum MediaType {
    static let tar = "application/x-tar"

    /// The multiplexed form has had a name of its own since 1.42.
    static func stream(multiplexed: Bool, for version: APIVersion) -> String {
        multiplexed && version >= APIVersion(major: 1, minor: 42)
            ? "application/vnd.docker.multiplexed-stream" : "application/vnd.docker.raw-stream"
    }
}

extension OutputFrame {
    /// Its bytes, behind a header of eight bytes when streams share a connection: stream, three zeros, length.
    func wire(multiplexed: Bool) -> [ByteBuffer] {
        guard multiplexed else { return [bytes] }
        var header = ByteBuffer()
        header.writeInteger(UInt32(stream.rawValue) << 24)
        header.writeInteger(UInt32(bytes.readableBytes))
        return [header, bytes]
    }
}
