import Engine
import HTTPKit
import HTTPTypes
import Hummingbird
import JSON
import Logging
import NIOCore
import Synchronization
import TestSupport
import Testing

@testable import EngineAPI

/// Requests against an API over an engine that has nothing.
@Suite struct RoutingTests {
    private struct Answered {
        var status: Int
        var headers: HTTPFields
        var body: String

        var message: String? { (try? JSONValue(parsing: body))?["message"]?.stringValue }
    }

    private struct Collector: ResponseBodyWriter {
        let bytes: Bytes
        final class Bytes: Sendable {
            let buffer = Mutex(ByteBuffer())
        }
        mutating func write(_ buffer: ByteBuffer) async throws {
            bytes.buffer.withLock { _ = $0.writeImmutableBuffer(buffer) }
        }
        consuming func finish(_ trailingHeaders: HTTPFields?) async throws {}
    }

    private func ask(
        _ requests: [(HTTPRequest.Method, String, String)], check: ([Answered]) throws -> Void
    ) async throws {
        try await withScratchDirectory { directory in
            let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
            let engine = try Engine(
                EngineConfiguration(
                    dataRoot: "\(directory)/data", execRoot: "\(directory)/exec", runtimeExecutable: "/bin/false"),
                logger: logger)
            let api = EngineAPI(engine: engine, metrics: MetricsRegistry())
            var answers: [Answered] = []
            for (method, path, body) in requests {
                let request = Request(
                    head: HTTPRequest(method: method, scheme: "http", authority: "docker", path: path),
                    body: RequestBody(buffer: ByteBuffer(string: body)))
                let response = try await api.respond(to: request, RequestSource(logger: logger, requestID: "1"))
                let bytes = Collector.Bytes()
                try await response.body.write(Collector(bytes: bytes))
                answers.append(
                    Answered(
                        status: response.status.code, headers: response.headers,
                        body: bytes.buffer.withLock { String(buffer: $0) }))
            }
            try check(answers)
        }
    }

    @Test("ping says which version is spoken") func ping() async throws {
        try await ask([(.get, "/_ping", ""), (.head, "/v1.41/_ping", "")]) { answers in
            #expect(answers[0].body == "OK")
            for answer in answers {
                #expect(answer.status == 200)
                #expect(answer.headers[.apiVersion] == "1.48")
                #expect(answer.headers[.osType] == "linux")
                #expect(answer.headers[.dockerExperimental] == "false")
                #expect(answer.headers[.builderVersion] == "1")
            }
        }
    }

    @Test("versions that are not spoken are refused in Docker's words") func versions() async throws {
        try await ask([(.get, "/v1.99/_ping", ""), (.get, "/v1.20/version", "")]) { answers in
            #expect(
                answers[0].message == "client version 1.99 is too new. Maximum supported API version is 1.48")
            #expect(answers[0].status == 400)
            #expect(answers[1].message?.hasPrefix("client version 1.20 is too old. Minimum supported API") == true)
        }
    }

    @Test("what does not exist is not found, in JSON") func notFound() async throws {
        try await ask([(.get, "/nowhere", ""), (.delete, "/info", "")]) { answers in
            for answer in answers {
                #expect(answer.status == 404)
                #expect(answer.message == "page not found")
                #expect(answer.headers[.contentType] == "application/json")
            }
        }
    }

    @Test("bodies that are no JSON, or none, are refused") func bodies() async throws {
        try await ask([
            (.post, "/containers/create", ""), (.post, "/containers/create", "{"),
            (.post, "/containers/create", #"{"Image":1}"#),
        ]) { answers in
            #expect(answers.allSatisfy { $0.status == 400 })
            #expect(answers[0].message == "invalid JSON: got EOF while reading request body")
            #expect(answers[2].message?.contains("Image") == true)
        }
    }

    @Test("a swarm is off as Docker's is, plugins are none, BuildKit is absent, pulls ask for a name")
    func absent() async throws {
        try await ask([
            (.get, "/swarm", ""), (.get, "/services", ""), (.get, "/plugins", ""), (.post, "/build?version=2", ""),
            (.post, "/images/create?tag=x", ""),
        ]) { answers in
            #expect(
                answers[0].status == 503 && answers[0].message?.hasPrefix("This node is not a swarm manager") == true)
            #expect(answers[1].status == 503)
            #expect(answers[2].status == 200 && answers[2].body == "[]\n")
            #expect(answers[3].status == 501)
            #expect(answers[4].status == 400 && answers[4].message == "no image was named")
        }
    }

    @Test("requests are counted by route") func metrics() async throws {
        try await ask([(.get, "/v1.45/_ping", ""), (.get, "/metrics", "")]) { answers in
            #expect(
                answers[1].body.contains(#"pouch_api_requests_total{code="200",method="GET",route="/_ping"} 1"#))
        }
    }
}
