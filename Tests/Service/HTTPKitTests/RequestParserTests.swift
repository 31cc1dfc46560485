import HTTPTypes
import NIOCore
import TestSupport
import Testing

@testable import HTTPKit

@Suite struct RequestParserTests {
    /// Everything that `text` gives, fed in pieces of the given sizes; body and raw bytes are joined.
    private func parts(
        _ text: String, sizes: [Int] = [], then continuations: [Continuation] = []
    ) throws(RequestError) -> [RequestPart] {
        var parser = RequestParser()
        var found: [RequestPart] = []
        var continuations = continuations[...]
        var rest = ByteBuffer(string: text)
        var sizes = sizes[...]
        while rest.readableBytes > 0 {
            let size = min(sizes.popFirst() ?? rest.readableBytes, rest.readableBytes)
            guard let piece = rest.readSlice(length: size) else { break }
            parser.append(piece)
            while true {
                if let part = try parser.next() {
                    Self.join(part, to: &found)
                } else if parser.state == .paused, let next = continuations.popFirst() {
                    parser.resume(as: next)
                } else {
                    break
                }
            }
        }
        return found
    }

    private static func join(_ part: RequestPart, to found: inout [RequestPart]) {
        switch (found.last, part) {
        case (.body(var before)?, .body(let more)):
            before.writeImmutableBuffer(more)
            found[found.count - 1] = .body(before)
        case (.raw(var before)?, .raw(let more)):
            before.writeImmutableBuffer(more)
            found[found.count - 1] = .raw(before)
        default: found.append(part)
        }
    }

    private func head(_ part: RequestPart?) throws -> RequestHead {
        guard case .head(let head)? = part else { throw TestFailure("no head: \(String(describing: part))") }
        return head
    }

    @Test("a request without a body is a head and an end") func plain() throws {
        let found = try parts("GET /v1.47/info?a=b HTTP/1.1\r\nHost: docker\r\nX-One:  two \r\n\r\n")
        #expect(found.count == 2)
        let head = try head(found.first)
        #expect(head.request.method == .get)
        #expect(head.request.path == "/v1.47/info?a=b")
        #expect(head.request.authority == "docker")
        #expect(head.request.headerFields[HTTPField.Name("X-One")!] == "two")
        #expect(head.keepsAlive && head.takesChunks && !head.hasBody)
        #expect(found.last == .end)
    }

    @Test("bytes behind a hijacking request are not read as a request") func rawBehind() throws {
        let text =
            "POST /exec/1/start HTTP/1.1\r\nUpgrade: tcp\r\nConnection: Upgrade\r\nContent-Length: 2\r\n\r\n{}\u{1}raw"
        let found = try parts(text, then: [.raw])
        #expect(found.dropFirst() == [.body(ByteBuffer(string: "{}")), .end, .raw(ByteBuffer(string: "\u{1}raw"))])
    }

    @Test("chunks are joined, extensions and trailers skipped") func chunks() throws {
        let text =
            "PUT /x HTTP/1.1\r\nTransfer-Encoding: Chunked\r\n\r\n4;a=b\r\nWiki\r\nA\r\n0123456789\r\n0\r\nT: v\r\n\r\n"
        let found = try parts(text)
        #expect(found.dropFirst() == [.body(ByteBuffer(string: "Wiki0123456789")), .end])
    }

    @Test("pipelined requests come one after another, each when the one before was answered") func pipelined() throws {
        let one = "GET /1 HTTP/1.1\r\n\r\n"
        #expect(try parts(one + one).count == 2)
        #expect(try parts(one + one + one, then: [.nextRequest, .nextRequest]).count == 6)
    }

    @Test(
        "a request that could mean two things is refused",
        arguments: [
            "GET / HTTP/1.1\nHost: a\n\n", "GET  / HTTP/1.1\r\n\r\n", "GET /\r\n\r\n", "G(T / HTTP/1.1\r\n\r\n",
            "POST / HTTP/1.1\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n",
            "POST / HTTP/1.1\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\n",
            "POST / HTTP/1.1\r\nContent-Length: +3\r\n\r\n", "POST / HTTP/1.1\r\nContent-Length: 3, 3\r\n\r\n",
            "GET / HTTP/1.1\r\nA: b\r\n c\r\n\r\n", "GET / HTTP/1.1\r\nA : b\r\n\r\n", "GET / HTTP/1.1\r\n: b\r\n\r\n",
            "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n",
            "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nab\r\n",
            "GET / HTTP/1.1\r\nA: b\u{0}\r\n\r\n", "GET nowhere HTTP/1.1\r\n\r\n",
        ])
    func refused(text: String) {
        #expect(throws: RequestError.self) { try parts(text) }
    }

    @Test("other versions, other codings and endless heads have answers of their own") func statuses() {
        #expect(throws: RequestError.unsupportedVersion("2.0")) { try parts("GET / HTTP/2.0\r\n\r\n") }
        #expect(throws: RequestError.unsupportedTransferEncoding("gzip, chunked")) {
            try parts("POST / HTTP/1.1\r\nTransfer-Encoding: gzip, chunked\r\n\r\n")
        }
        let long = "GET / HTTP/1.1\r\nA: " + String(repeating: "a", count: RequestParser.longestHead)
        #expect(throws: RequestError.headTooLarge) { try parts(long) }
        #expect(throws: RequestError.headTooLarge) { try parts(long + "\r\n\r\n") }
    }

    @Test("HTTP/1.0 closes unless asked to stay") func oldVersion() throws {
        #expect(try head(parts("GET / HTTP/1.0\r\n\r\n").first).keepsAlive == false)
        #expect(try head(parts("GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n").first).keepsAlive)
        #expect(try head(parts("GET / HTTP/1.1\r\nConnection: close\r\n\r\n").first).keepsAlive == false)
    }

    @Test("what is found does not depend on how the bytes arrive", arguments: UInt64(0)..<1000)
    func dripping(seed: UInt64) throws {
        var rng = SplitMix64(seed: seed)
        let body = String(
            decoding: (0..<Int.random(in: 0...300, using: &rng)).map { _ in
                Array("ab\r\n0".utf8).randomElement(using: &rng) ?? 0
            },
            as: UTF8.self)
        let bytes = Array(body.utf8)
        var text = "POST /a HTTP/1.1\r\nHost: h\r\n"
        if Bool.random(using: &rng) {
            text += "Content-Length: \(bytes.count)\r\n\r\n\(body)"
        } else {
            text += "Transfer-Encoding: chunked\r\n\r\n"
            var rest = bytes[...]
            while !rest.isEmpty {
                let count = Int.random(in: 1...rest.count, using: &rng)
                text += "\(String(count, radix: 16))\r\n" + String(decoding: rest.prefix(count), as: UTF8.self) + "\r\n"
                rest = rest.dropFirst(count)
            }
            text += "0\r\n\r\n"
        }
        let whole = text + "GET /b HTTP/1.1\r\nUpgrade: tcp\r\n\r\nraw\r\n\r\nGET"
        let sizes = (0..<whole.utf8.count).map { _ in Int.random(in: 1...20, using: &rng) }
        let expected = try parts(whole, then: [.nextRequest, .raw])
        #expect(try parts(whole, sizes: sizes, then: [.nextRequest, .raw]) == expected, "seed \(seed)")
        #expect(expected.last == .raw(ByteBuffer(string: "raw\r\n\r\nGET")))
        #expect(expected.count == (bytes.isEmpty ? 5 : 6))
    }
}

struct TestFailure: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}
