import Glibc
import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import NIOPosix
import ServiceLifecycle
import Synchronization
import TestSupport

@testable import HTTPKit

/// Runs `body` against a server on a socket of its own.
func withServer(
    respond: @escaping @Sendable (Request, RequestSource) async throws -> Response = TestRoutes().respond,
    _ body: (String) async throws -> Void
) async throws {
    try await withScratchDirectory { directory in
        let path = "\(directory)/s.sock"
        let server = HTTPServer(
            listeners: [.unix(UnixListener(path: path))], group: MultiThreadedEventLoopGroup.singleton,
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }, respond: respond)
        try await server.bind()
        let services = ServiceGroup(
            configuration: .init(
                services: [.init(service: server)], logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }))
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await services.run() }
            try await body(path)
            await services.triggerGracefulShutdown()
            try await group.waitForAll()
        }
    }
}

/// Writes a text file.
func write(_ text: String, to path: String) throws {
    let descriptor = open(path, O_CREAT | O_WRONLY | O_TRUNC, 0o600)
    defer { close(descriptor) }
    let bytes = Array(text.utf8)
    guard Glibc.write(descriptor, bytes, bytes.count) == bytes.count else { throw TestFailure("write \(path)") }
}

/// What happened on the server's side of a test.
final class Notes: Sendable {
    private let lines = Mutex<[String]>([])

    func add(_ line: String) { lines.withLock { $0.append(line) } }
    var all: [String] { lines.withLock { $0 } }

    /// Waits until `line` has been noted, for at most ten seconds.
    func waits(for line: String) async -> Bool {
        for _ in 0..<1000 {
            if all.contains(line) { return true }
            try? await Task.sleep(for: .milliseconds(10))
        }
        return false
    }
}

/// Routes that show what a daemon's do.
struct TestRoutes: Sendable {
    var notes = Notes()

    func respond(_ request: Request, _ source: RequestSource) async throws -> Response {
        switch request.uri.path {
        case "/hello": return Self.text("hello")
        case "/length":
            var count = 0
            for try await bytes in request.body { count += bytes.readableBytes }
            return Self.text("\(count)")
        case "/ignore": return Self.text("ignored")
        case "/forever": return forever()
        case "/slow":
            notes.add("slow began")
            try await Task.sleep(for: .milliseconds(300))
            notes.add("slow done")
            return Self.text("slow")
        case "/echo": return try await takeover(request, source, Self.echo)
        case "/late": return try await takeover(request, source, late)
        case "/frames": return try await takeover(request, source, Self.frames)
        case "/flood": return try await takeover(request, source, flood)
        case "/wait": return try await takeover(request, source, waits)
        default: return Response(status: .notFound)
        }
    }

    static func text(_ text: String) -> Response {
        Response(
            status: .ok, headers: [.contentType: "text/plain"], body: ResponseBody(byteBuffer: ByteBuffer(string: text))
        )
    }

    private func takeover(
        _ request: Request, _ source: RequestSource,
        _ body: @escaping @Sendable (String, HijackedStream) async throws -> Void
    ) async throws -> Response {
        let text = String(buffer: try await request.body.collect(upTo: 1 << 20))
        if text.contains("bad") {
            return Response(status: .badRequest, body: .init(byteBuffer: ByteBuffer(string: "{}")))
        }
        source.takeover.hijack { try await body(text, $0) }
        let upgrades = request.headers[.upgrade] == "tcp"
        return Response(
            status: upgrades ? .init(code: 101, reasonPhrase: "UPGRADED") : .ok,
            headers: upgrades
                ? [.connection: "Upgrade", .upgrade: "tcp"] : [.contentType: "application/vnd.docker.raw-stream"])
    }

    private func forever() -> Response {
        Response(
            status: .ok,
            body: ResponseBody { [notes] writer in
                do {
                    while true {
                        try await writer.write(ByteBuffer(string: "tick\n"))
                        try await Task.sleep(for: .milliseconds(20))
                    }
                } catch {
                    notes.add("forever ended")
                    throw error
                }
            })
    }

    private static func echo(_ text: String, _ stream: HijackedStream) async throws {
        try await stream.write(ByteBuffer(string: "body=\(text);"))
        while let bytes = try await stream.read() { try await stream.write(bytes) }
        try await stream.write(ByteBuffer(string: "bye"))
    }

    /// Output that goes on after the input has ended.
    private func late(_ text: String, _ stream: HijackedStream) async throws {
        var count = 0
        while let bytes = try await stream.read() { count += bytes.readableBytes }
        for number in 0..<20 {
            try await Task.sleep(for: .milliseconds(5))
            try await stream.write(ByteBuffer(string: "\(number) of \(count)\n"))
        }
    }

    private static func frames(_ text: String, _ stream: HijackedStream) async throws {
        for number in 0..<100 {
            let payload = ByteBuffer(string: "line \(number)\n")
            var header = ByteBuffer(bytes: [UInt8(1 + number % 2), 0, 0, 0])
            header.writeInteger(UInt32(payload.readableBytes))
            try await stream.write([header, payload])
        }
    }

    private func flood(_ text: String, _ stream: HijackedStream) async throws {
        let chunk = ByteBuffer(repeating: 120, count: 64 * 1024)
        for number in 0..<256 {
            try await stream.write(chunk)
            notes.add("wrote \(number)")
        }
    }

    private func waits(_ text: String, _ stream: HijackedStream) async throws {
        notes.add("wait began")
        do {
            try await Task.sleep(for: .seconds(60))
        } catch {
            notes.add("wait cancelled")
            throw error
        }
    }
}
