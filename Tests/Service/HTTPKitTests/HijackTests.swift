import Hummingbird
import HummingbirdCore
import NIOCore
import Testing

@testable import HTTPKit

@Suite struct HijackTests {
    private let upgrade = "Connection: Upgrade\r\nUpgrade: tcp\r\n"

    @Test("a request with a body and an upgrade is read whole, then the stream is raw") func execWithBody() async throws
    {
        try await withServer { path in
            let client = try await RawClient(path)
            try await client.send(
                "POST /echo HTTP/1.1\r\n\(upgrade)Content-Type: application/json\r\nContent-Length: 13\r\n\r\n{\"Tty\"")
            try await client.send(":false}")
            let head = await client.read(through: "\r\n\r\n")
            #expect(head.hasPrefix("HTTP/1.1 101 UPGRADED\r\n"))
            #expect(head.contains("Upgrade: tcp\r\n") && !head.contains("Content-Length") && !head.contains("chunked"))
            #expect(await client.read(through: ";") == "body={\"Tty\":false};")
            try await client.send("ping")
            #expect(await client.read(through: "ping") == "ping")
            try await client.finish()
            #expect(await client.readToEnd() == "bye")
        }
    }

    @Test("a chunked body is read whole too") func chunkedBody() async throws {
        try await withServer { path in
            let client = try await RawClient(path)
            try await client.send(
                "POST /echo HTTP/1.1\r\n\(upgrade)Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\nraw")
            try await client.finish()
            #expect(await client.readToEnd().hasSuffix("\r\n\r\nbody={};rawbye"))
        }
    }

    @Test("without an upgrade the answer is 200 and the stream as raw") func withoutUpgrade() async throws {
        try await withServer { path in
            let client = try await RawClient(path)
            try await client.send("POST /echo HTTP/1.1\r\n\r\n")
            let head = await client.read(through: "\r\n\r\n")
            #expect(head.hasPrefix("HTTP/1.1 200 OK\r\nContent-Type: application/vnd.docker.raw-stream\r\n"))
            try await client.send("GET / HTTP/1.1\r\n\r\n")
            try await client.finish()
            #expect(await client.readToEnd() == "body=;GET / HTTP/1.1\r\n\r\nbye")
        }
    }

    @Test("bytes sent right behind the request reach the stream") func bytesBehind() async throws {
        try await withServer { path in
            let client = try await RawClient(path)
            try await client.send("POST /echo HTTP/1.1\r\n\(upgrade)Content-Length: 2\r\n\r\n{}not a request\n")
            try await client.finish()
            #expect(await client.readToEnd().hasSuffix("\r\n\r\nbody={};not a request\nbye"))
        }
    }

    @Test("output goes on after the end of input") func halfClose() async throws {
        try await withServer { path in
            let client = try await RawClient(path)
            try await client.send("POST /late HTTP/1.1\r\n\(upgrade)\r\n")
            _ = await client.read(through: "\r\n\r\n")
            try await client.send("12345")
            try await client.finish()
            let expected = (0..<20).map { "\($0) of 5\n" }.joined()
            #expect(await client.readToEnd() == expected)
        }
    }

    @Test("frames arrive whole and in order") func frames() async throws {
        try await withServer { path in
            let client = try await RawClient(path)
            try await client.send("POST /frames HTTP/1.1\r\n\r\n")
            _ = await client.read(through: "\r\n\r\n")
            var bytes = ByteBuffer(string: await client.readToEnd())
            for number in 0..<100 {
                let stream = bytes.readInteger(as: UInt8.self)
                #expect(stream == UInt8(1 + number % 2))
                bytes.moveReaderIndex(forwardBy: 3)
                let length = bytes.readInteger(as: UInt32.self) ?? 0
                let text = bytes.readString(length: Int(length))
                #expect(text == "line \(number)\n")
            }
            #expect(bytes.readableBytes == 0)
        }
    }

    @Test("a refusal before the stream is an ordinary answer, and the connection goes on") func refusal() async throws {
        try await withServer { path in
            let client = try await RawClient(path)
            try await client.send("POST /echo HTTP/1.1\r\n\(upgrade)Content-Length: 3\r\n\r\nbad")
            #expect(await client.read(through: "{}").hasPrefix("HTTP/1.1 400 Bad Request"))
            try await client.send("GET /hello HTTP/1.1\r\n\r\n")
            #expect(await client.read(through: "hello").hasPrefix("HTTP/1.1 200 OK"))
        }
    }

    @Test("a slow reader holds the writer back") func slowReader() async throws {
        let routes = TestRoutes()
        try await withServer(respond: routes.respond) { path in
            let client = try await RawClient(path, readsByItself: false)
            try await client.send("POST /flood HTTP/1.1\r\n\r\n")
            #expect(await routes.notes.waits(for: "wrote 3"))
            try await Task.sleep(for: .milliseconds(200))
            #expect(routes.notes.all.count < 64, "16 MB were taken from a writer whose reader sleeps")
            try await client.channel.setOption(.autoRead, value: true).get()
            let text = await client.readToEnd()
            #expect(text.utf8.count > 256 * 65536)
        }
    }

    @Test("a client that vanishes cancels the stream") func vanishes() async throws {
        let routes = TestRoutes()
        try await withServer(respond: routes.respond) { path in
            let client = try await RawClient(path)
            try await client.send("POST /wait HTTP/1.1\r\n\(upgrade)\r\n")
            #expect(await routes.notes.waits(for: "wait began"))
            await client.close()
            #expect(await routes.notes.waits(for: "wait cancelled"))
        }
    }

    @Test("what a client sent before it vanished is still read") func lastWords() async throws {
        let notes = Notes()
        try await withServer(respond: { request, source in
            source.takeover.hijack { stream in
                var count = 0
                while let bytes = try await stream.read() { count += bytes.readableBytes }
                notes.add("read \(count)")
            }
            return Response(status: .ok)
        }) { path in
            let client = try await RawClient(path)
            try await client.send("POST /x HTTP/1.1\r\n\r\n")
            // An answer to nobody ends a connection with everything on it, so the answer comes first.
            #expect(await client.read(through: "\r\n\r\n").hasPrefix("HTTP/1.1 200"))
            try await client.send(String(repeating: "x", count: 10000))
            await client.close()
            #expect(await notes.waits(for: "read 10000"), "\(notes.all)")
        }
    }

    @Test("a hundred streams at once each get their own bytes") func concurrent() async throws {
        try await withServer { path in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 0..<100 {
                    group.addTask {
                        let client = try await RawClient(path)
                        try await client.send("POST /echo HTTP/1.1\r\n\(upgrade)Content-Length: 2\r\n\r\n{}")
                        _ = await client.read(through: "body={};")
                        let text = String(repeating: "\(number),", count: 2000)
                        try await client.send(text)
                        try await client.finish()
                        let answer = await client.readToEnd()
                        #expect(answer == text + "bye")
                    }
                }
                try await group.waitForAll()
            }
        }
    }
}
