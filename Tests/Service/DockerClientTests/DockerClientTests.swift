import Glibc
import JSON
import TestSupport
import Testing

@testable import DockerClient

@Suite("the client over a real socket")
struct DockerClientTests {
    /// Runs `body` with a client of a scripted daemon, on a thread of its own since the client blocks.
    private func withClient<Result: Sendable>(
        at name: String = "d.sock",
        answer: @escaping @Sendable (ScriptedDaemon.Request, ScriptedDaemon.Channel) -> Void,
        _ body: @escaping @Sendable (DockerClient, ScriptedDaemon) throws -> Result
    ) async throws -> Result {
        try await withScratchDirectory { folder in
            let daemon = try ScriptedDaemon(at: "\(folder)/\(name)", answer)
            return try await withThread { () throws -> Result in
                try body(DockerClient(try Endpoint(parsing: daemon.host)), daemon)
            }
        }
    }

    @Test("uses one connection for requests that follow each other") func reuse() async throws {
        let connections = try await withClient(answer: { request, channel in
            if request.method == "HEAD" {
                channel.send("HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n")
            } else {
                channel.send(
                    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\n{\"a\"\r\n3\r\n:1}\r\n0\r\n\r\n")
            }
        }) { client, daemon in
            #expect(try client.get("/a", ["q": "x y"]).json() == ["a": 1])
            try client.send(Request("HEAD", "/b"))
            try client.post("/c", [:], ["k": "v"])
            return daemon.requests
        }
        #expect(connections.map(\.connection) == [0, 0, 0])
        #expect(connections.map(\.target) == ["/a?q=x%20y", "/b", "/c"])
        #expect(connections[2].text == #"{"k":"v"}"#)
        #expect(Set(connections.map { $0.fields["x-request-id"] }).count == 1)
    }

    @Test("connects anew when the daemon has closed") func reconnects() async throws {
        let numbers = try await withClient(answer: { _, channel in
            channel.answer(200, "{}")
            channel.close()
        }) { client, daemon in
            try client.get("/a")
            usleep(20000)
            try client.get("/b")
            return daemon.requests.map(\.connection)
        }
        #expect(numbers == [0, 1])
    }

    @Test("throws what the daemon says") func refused() async throws {
        try await withClient(answer: { request, channel in
            switch request.target {
            case "/json": channel.answer(404, #"{"message":"no such thing: x"}"#)
            case "/text": channel.send("HTTP/1.1 500 X\r\nContent-Length: 4\r\n\r\noops")
            case "/silent": channel.answer(503)
            default: channel.close()
            }
        }) { client, _ in
            #expect(throws: ClientError.refused(status: 404, message: "no such thing: x")) { try client.get("/json") }
            #expect(throws: ClientError.refused(status: 500, message: "oops")) { try client.get("/text") }
            #expect(throws: ClientError.refused(status: 503, message: "the daemon answered 503 to GET /silent")) {
                try client.get("/silent")
            }
            #expect(throws: ClientError.ended(doing: "GET /closed")) { try client.get("/closed") }
            #expect(throws: ClientError.refused(status: 404, message: "no such thing: x")) {
                try client.hijack(Request("POST", "/json"))
            }
        }
    }

    @Test("sends a file in chunks") func upload() async throws {
        let bytes = (0..<200_000).map { UInt8(truncatingIfNeeded: $0) }
        let received = try await withClient(answer: { _, channel in channel.answer(200) }) { client, daemon in
            var ends: [Int32] = [0, 0]
            pipe(&ends)
            let (reader, writer) = (ends[0], ends[1])
            var thread = pthread_t()
            pthread_create(
                &thread, nil,
                { argument in
                    let writer = Int32(Int(bitPattern: argument))
                    try? writeAll((0..<200_000).map { UInt8(truncatingIfNeeded: $0) }[...], to: writer)
                    close(writer)
                    return nil
                }, UnsafeMutableRawPointer(bitPattern: Int(writer)))
            try client.send(Request("POST", "/load", body: .file(reader)))
            pthread_join(thread, nil)
            close(reader)
            return daemon.requests[0].body
        }
        #expect(received == bytes)
    }

    @Test("sends what is made while it is sent") func generated() async throws {
        let received = try await withClient(answer: { _, channel in channel.answer(200) }) { client, daemon in
            let body = Request.Body.generated { (write) throws(ClientError) in
                for word in ["one ", "", "two"] { try write(Array(word.utf8)[...]) }
            }
            try client.send(Request("PUT", "/archive", body: body))
            return daemon.requests[0].text
        }
        #expect(received == "one two")
    }

    @Test("learns why a daemon stopped reading a large body") func earlyAnswer() async throws {
        try await withScratchDirectory { folder in
            // Answers after the head, without reading the body, and closes.
            let listener = try EarlyDaemon(at: "\(folder)/d.sock")
            try await withThread { () throws in
                let client = DockerClient(.unix(path: listener.path))
                let zeros = [UInt8](repeating: 0, count: 1 << 20)
                let body = Request.Body.generated { (write) throws(ClientError) in
                    for _ in 0..<64 { try write(zeros[...]) }
                }
                #expect(throws: ClientError.refused(status: 507, message: "disk full")) {
                    try client.send(Request("POST", "/load", body: body))
                }
            }
        }
    }

    @Test("reaches a socket whose path is longer than an address") func longPath() async throws {
        let name = String(repeating: "l", count: 90) + ".sock"
        try await withScratchDirectory { folder in
            let deep = "\(folder)/\(String(repeating: "d", count: 60))"
            mkdir(deep, 0o700)
            let daemon = try ScriptedDaemon(at: "\(folder)/short.sock") { _, channel in channel.answer(200, "{}") }
            try #require(rename(daemon.path, "\(deep)/\(name)") == 0)
            _ = try await withThread { () throws in try DockerClient(.unix(path: "\(deep)/\(name)")).get("/") }
        }
    }

    @Test("keeps the bytes that come with an upgrade, and closes one direction") func hijack() async throws {
        let (output, errors) = try await withClient(answer: { _, channel in
            channel.upgrade()
            channel.frame(1, "first ")
            let typed = channel.readToEnd()
            channel.frame(2, "got \(String(decoding: typed, as: UTF8.self))")
            channel.frame(1, "last")
            channel.close()
        }) { client, daemon in
            let stream = try client.hijack(Request("POST", "/attach", body: .json(["Tty": false])))
            #expect(stream.isMultiplexed == true)
            let pipes = try (0..<3).map { _ in try Pipe() }
            pipes[0].write("typed")
            pipes[0].closeWriter()
            var relay = Relay(
                input: pipes[0].reader, output: pipes[1].writer, errors: pipes[2].writer, isMultiplexed: true)
            #expect(try relay.run(stream) == .closed)
            #expect(daemon.requests[0].text == #"{"Tty":false}"#)
            #expect(daemon.requests[0].fields["upgrade"] == "tcp")
            return (pipes[1].readAll(), pipes[2].readAll())
        }
        #expect(output == "first last")
        #expect(errors == "got typed")
    }

    @Test("carries much in both directions at once") func duplex() async throws {
        let count = 3_000_000
        let returned = try await withClient(answer: { _, channel in
            channel.upgrade(type: "application/vnd.docker.raw-stream")
            while let piece = channel.read() { channel.send(piece) }  // an echo that stops reading while it writes
            channel.close()
        }) { client, _ in
            let stream = try client.hijack(Request("POST", "/attach"))
            let (typed, shown) = (try Pipe(), try Pipe())
            let collector = Collector(shown.reader)
            let feeder = Feeder(typed, count)
            var relay = Relay(input: typed.reader, output: shown.writer, errors: shown.writer, isMultiplexed: false)
            #expect(try relay.run(stream) == .closed)
            shown.closeWriter()
            feeder.join()
            return collector.join()
        }
        #expect(returned == count)
    }

    @Test("leaves at the detach keys without passing them on") func detach() async throws {
        try await withClient(answer: { _, channel in
            channel.upgrade()
            while channel.read() != nil {}
        }) { client, _ in
            let stream = try client.hijack(Request("POST", "/attach"))
            let pipe = try Pipe()
            pipe.write("ls\u{10}\u{11}never")
            var relay = Relay(input: pipe.reader, output: 1, errors: 2, isMultiplexed: false)
            relay.detachKeys = .standard
            #expect(try relay.run(stream) == .detached)
        }
    }

    @Test("waits for an answer on another connection") func waiting() async throws {
        let answer = try await withClient(answer: { request, channel in
            if request.target == "/wait" {
                channel.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
                usleep(50000)
                channel.send("10\r\n{\"StatusCode\":7}\r\n0\r\n\r\n")
            } else {
                channel.upgrade()
                channel.frame(1, "x")
                channel.close()
            }
        }) { client, _ in
            let stream = try client.hijack(Request("POST", "/attach"))
            let pipe = try Pipe()
            var relay = Relay(input: nil, output: pipe.writer, errors: pipe.writer, isMultiplexed: true)
            relay.waiting = try client.open(Request("POST", "/wait"))
            #expect(try relay.run(stream) == .closed)
            return relay.answer
        }
        #expect(String(decoding: answer, as: UTF8.self) == #"{"StatusCode":7}"#)
    }
}
