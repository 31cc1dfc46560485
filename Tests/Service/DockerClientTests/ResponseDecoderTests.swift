import TestSupport
import Testing

@testable import DockerClient

@Suite("the response decoder")
struct ResponseDecoderTests {
    /// Feeds `text` in pieces of `size` and gives the events, bodies joined.
    private func decode(
        _ text: String, pieces size: Int, _ expecting: ResponseDecoder.Expecting = .body
    ) throws -> (events: [ResponseDecoder.Event], decoder: ResponseDecoder) {
        var decoder = ResponseDecoder(expecting)
        var events: [ResponseDecoder.Event] = []
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            decoder.feed(rest.prefix(size))
            rest = rest.dropFirst(size)
            while let event = try decoder.next() {
                if case .body(let more) = event, case .body(let before)? = events.last {
                    events[events.count - 1] = .body(before + more)
                } else {
                    events.append(event)
                }
            }
        }
        return (events, decoder)
    }

    private func body(_ text: String) -> ResponseDecoder.Event { .body(Array(text.utf8)) }

    @Test("gives the same events however the bytes arrive", arguments: [1, 2, 3, 7, 1000])
    func pieces(size: Int) throws {
        let fixed = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-Two:  a b \r\n\r\nhello"
        let head = ResponseHead(status: 200, fields: [("content-length", "5"), ("x-two", "a b ")])
        #expect(try decode(fixed, pieces: size).events == [.head(head), body("hello"), .end])
        let chunked =
            "HTTP/1.1 201 Created\nTransfer-Encoding: chunked\n\n3\r\nabc\r\nA;x=y\r\n0123456789\r\n0\r\nTrailer: t\r\n\r\n"
        let events = try decode(chunked, pieces: size).events
        #expect(events.dropFirst() == [body("abc0123456789"), .end])
    }

    @Test("passes over 100 Continue") func informational() throws {
        let text = "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n"
        #expect(try decode(text, pieces: 4).events == [.head(.init(status: 204, fields: [])), .end])
    }

    @Test("keeps the connection after a whole answer and leaves the next one alone") func keepsAlive() throws {
        var (events, decoder) = try decode(
            "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\nHTTP/1.1 304 Not", pieces: 1000)
        #expect(events.last == .end)
        #expect(decoder.keepsAlive)
        let rest = decoder.takeRest()
        #expect(rest == Array("HTTP/1.1 304 Not".utf8))
        (events, decoder) = try decode("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n", pieces: 9)
        #expect(!decoder.keepsAlive)
    }

    @Test("takes a body without a length to the end of the connection") func untilClose() throws {
        var (events, decoder) = try decode("HTTP/1.1 200 OK\r\n\r\nrest", pieces: 5)
        #expect(events.dropFirst() == [body("rest")])
        var isWhole = decoder.close()
        #expect(isWhole)
        #expect(!decoder.keepsAlive)
        (events, decoder) = try decode("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nrest", pieces: 5)
        isWhole = decoder.close()
        #expect(!isWhole, "half a body is no answer")
    }

    @Test("leaves the bytes behind an upgrade to the stream", arguments: ["101 UPGRADED", "200 OK"])
    func upgrade(status: String) throws {
        var (events, decoder) = try decode("HTTP/1.1 \(status)\r\nUpgrade: tcp\r\n\r\nraw\r\n", pieces: 1000, .upgrade)
        #expect(events.count == 1)
        let rest = decoder.takeRest()
        #expect(rest == Array("raw\r\n".utf8))
    }

    @Test("expects no body after HEAD") func headOnly() throws {
        let text = "HTTP/1.1 200 OK\r\nContent-Length: 77\r\n\r\n"
        #expect(try decode(text, pieces: 3, .headOnly).events.last == .end)
    }

    @Test(
        "refuses what is not HTTP",
        arguments: [
            "SSH-2.0-OpenSSH_9.2\r\n\r\n", "HTTP/1.1 abc OK\r\n\r\n", "HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nabc\r\n",
        ])
    func refuses(text: String) {
        #expect(throws: ClientError.self) { try decode(text, pieces: 11) }
    }

    @Test("refuses a head without end") func endless() {
        let text = "HTTP/1.1 200 OK\r\nX: " + String(repeating: "a", count: 70000)
        #expect(throws: ClientError.self) { try decode(text, pieces: 4096) }
    }

    @Test("survives any bytes") func noise() {
        let alphabet = Array("HTTP/1.1 200 OK\r\n\r\nContent-Length: 3\r\ntransfer-encoding: chunked0f;".utf8)
        for seed in UInt64(0)..<1000 {
            var random = SplitMix64(seed: seed)
            var decoder = ResponseDecoder()
            if seed % 2 == 0 { decoder.feed(Array("HTTP/1.1 200 OK\r\n".utf8)) }
            for _ in 0..<100 {
                let count = Int.random(in: 0..<9, using: &random)
                decoder.feed((0..<count).map { _ in alphabet.randomElement(using: &random) ?? 0 })
                do {
                    while try decoder.next() != nil {}
                } catch {
                    break
                }
            }
        }
    }
}
