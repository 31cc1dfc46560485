import Hummingbird
import HummingbirdCore
import NIOCore
import Testing

@testable import HTTPKit

@Suite struct PlainRequestTests {
    @Test("a connection serves one request after another") func keepAlive() async throws {
        try await withServer { path in
            let client = try await RawClient(path)
            for _ in 0..<5 {
                try await client.send("GET /hello HTTP/1.1\r\nHost: x\r\n\r\n")
                let answer = await client.read(through: "\r\n\r\nhello")
                #expect(answer.hasPrefix("HTTP/1.1 200 OK\r\n"))
                #expect(answer.contains("Content-Length: 5\r\n"))
                #expect(answer.contains("X-Request-Id: "))
            }
            await client.close()
        }
    }

    @Test("pipelined requests are answered in order") func pipelined() async throws {
        try await withServer { path in
            let client = try await RawClient(path)
            let post = "POST /length HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc"
            try await client.send("GET /hello HTTP/1.1\r\n\r\n\(post)GET /hello HTTP/1.1\r\nConnection: close\r\n\r\n")
            let answers = await client.readToEnd()
            let bodies = answers.split(separator: "\r\n\r\n").dropFirst().map { $0.prefix { $0 != "H" } }
            #expect(bodies == ["hello", "3", "hello"])
        }
    }

    @Test("a client that ends its side still gets its answer") func halfClosed() async throws {
        try await withServer { path in
            let client = try await RawClient(path)
            try await client.send("GET /slow HTTP/1.1\r\n\r\n")
            try await client.finish()
            #expect(await client.readToEnd().hasSuffix("slow"))
        }
    }

    @Test("the client's request id comes back") func requestID() async throws {
        try await withServer { path in
            let client = try await RawClient(path)
            try await client.send("GET /hello HTTP/1.1\r\nX-Request-Id: abc-1\r\n\r\n")
            #expect(await client.read(through: "hello").contains("X-Request-Id: abc-1\r\n"))
        }
    }

    @Test("a body may wait for leave, be long, be chunked, or go unread") func bodies() async throws {
        try await withServer { path in
            let client = try await RawClient(path)
            try await client.send("POST /length HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n")
            #expect(await client.read(through: "\r\n\r\n") == "HTTP/1.1 100 Continue\r\n\r\n")
            try await client.send("abcd")
            #expect(await client.read(through: "\r\n\r\n4").hasPrefix("HTTP/1.1 200 OK"))
            try await client.send("POST /length HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n")
            let chunk = ByteBuffer(string: "10000\r\n" + String(repeating: "z", count: 65536) + "\r\n")
            for _ in 0..<320 { try await client.send(chunk) }
            try await client.send("0\r\n\r\n")
            #expect(await client.read(through: "\r\n\r\n20971520").hasPrefix("HTTP/1.1 200 OK"))
            try await client.send("POST /ignore HTTP/1.1\r\nContent-Length: 4\r\n\r\nabcd")
            #expect(await client.read(through: "ignored").hasPrefix("HTTP/1.1 200 OK"))
            try await client.send("GET /hello HTTP/1.1\r\n\r\n")
            #expect(await client.read(through: "hello").hasPrefix("HTTP/1.1 200 OK"))
        }
    }

    @Test("bytes that are no request are answered and the connection ends") func malformed() async throws {
        try await withServer { path in
            let client = try await RawClient(path)
            try await client.send("\u{16}\u{3}\u{1} nonsense\r\n\r\n")
            let answer = await client.readToEnd()
            #expect(answer.hasPrefix("HTTP/1.1 400 Bad Request"))
            #expect(answer.contains(#"{"message":"malformed request"#))
        }
    }

    @Test("an endless answer stops when its reader leaves") func readerLeaves() async throws {
        let routes = TestRoutes()
        try await withServer(respond: routes.respond) { path in
            let client = try await RawClient(path)
            try await client.send("GET /forever HTTP/1.1\r\n\r\n")
            let answer = await client.read(through: "5\r\ntick\n")
            #expect(answer.contains("Transfer-Encoding: chunked"))
            await client.close()
            #expect(await routes.notes.waits(for: "forever ended"))
        }
    }

    @Test("a request that is being worked on is finished though its client left") func workGoesOn() async throws {
        let routes = TestRoutes()
        try await withServer(respond: routes.respond) { path in
            let client = try await RawClient(path)
            try await client.send("GET /slow HTTP/1.1\r\n\r\n")
            #expect(await routes.notes.waits(for: "slow began"))
            await client.close()
            #expect(await routes.notes.waits(for: "slow done"))
        }
    }

    @Test("a body that breaks off is an error, not a shorter body") func truncated() async throws {
        let notes = Notes()
        try await withServer(respond: { request, _ in
            do {
                for try await _ in request.body {}
                notes.add("complete")
            } catch { notes.add("\(error)") }
            return TestRoutes.text("x")
        }) { path in
            let client = try await RawClient(path)
            try await client.send("POST /x HTTP/1.1\r\nContent-Length: 100\r\n\r\nabc")
            await client.close()
            #expect(await notes.waits(for: "truncated"), "\(notes.all)")
        }
    }

    @Test("an answer to HEAD has a length and no body") func head() async throws {
        try await withServer { path in
            let client = try await RawClient(path)
            try await client.send("HEAD /hello HTTP/1.1\r\n\r\nGET /hello HTTP/1.1\r\nConnection: close\r\n\r\n")
            let answer = await client.readToEnd()
            #expect(answer.split(separator: "hello").count == 1)
            #expect(answer.split(separator: "Content-Length: 5").count == 3)
        }
    }

    @Test("stopping cuts idle and endless connections and lets work be finished", .timeLimit(.minutes(1)))
    func stopping() async throws {
        let routes = TestRoutes()
        let answers = Notes()
        try await withServer(respond: routes.respond) { path in
            let idle = try await RawClient(path)
            try await idle.send("GET /hello HTTP/1.1\r\n\r\n")
            _ = await idle.read(through: "hello")
            let endless = try await RawClient(path)
            try await endless.send("GET /forever HTTP/1.1\r\n\r\n")
            _ = await endless.read(through: "tick")
            let busy = try await RawClient(path)
            try await busy.send("GET /slow HTTP/1.1\r\n\r\n")
            _ = await routes.notes.waits(for: "slow began")
            Task {
                let answer = await busy.readToEnd()
                answers.add(answer.hasSuffix("slow") ? "answered" : answer)
            }
        }
        #expect(await answers.waits(for: "answered"), "\(answers.all)")
        #expect(routes.notes.all.contains("forever ended"))
    }
}
