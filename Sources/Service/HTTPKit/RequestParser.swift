package import HTTPTypes
package import NIOCore

/// Why bytes are not a request that this server takes.
package enum RequestError: Error, Hashable, Sendable {
    case malformed(String)
    /// The request line and the header fields together are longer than ``RequestParser/longestHead``.
    case headTooLarge
    case unsupportedVersion(String)
    case unsupportedTransferEncoding(String)

    /// What the client is told before the connection ends.
    var status: HTTPResponse.Status {
        switch self {
        case .malformed: .badRequest
        case .headTooLarge: .requestHeaderFieldsTooLarge
        case .unsupportedVersion: HTTPResponse.Status(code: 505, reasonPhrase: "HTTP Version Not Supported")
        case .unsupportedTransferEncoding: .notImplemented
        }
    }

    package var message: String {
        switch self {
        case .malformed(let what): "malformed request: \(what)"
        case .headTooLarge: "request header fields are longer than \(RequestParser.longestHead) bytes"
        case .unsupportedVersion(let version): "HTTP version \(version) is not supported"
        case .unsupportedTransferEncoding(let coding): "transfer encoding \(coding) is not supported"
        }
    }
}

/// The head of a request and how its connection goes on.
package struct RequestHead: Equatable, Sendable {
    package var request: HTTPRequest
    /// HTTP/1.1, where a body of unknown length may be chunked.
    package var takesChunks: Bool
    /// Whether the client wants to send another request on the same connection.
    package var keepsAlive: Bool
    /// Whether the client waits for `100 Continue` before it sends the body.
    package var expectsContinue: Bool
    package var hasBody: Bool
}

/// What a connection received, in order.
package enum RequestPart: Equatable, Sendable {
    case head(RequestHead)
    case body(ByteBuffer)
    /// The request is complete; nothing follows until ``RequestParser/resume(as:)``.
    case end
    /// Bytes of the protocol that took over.
    case raw(ByteBuffer)
}

/// How the bytes behind a request are to be read.
package enum Continuation: Sendable {
    case nextRequest
    case raw
}

/// Bytes of an HTTP/1.1 connection in, parts of requests out.
///
/// It stops behind every request: what follows may be another request or, when the request took the connection over,
/// another protocol, and only the answer tells. NIO's own decoder cannot stop there, so it would read the first bytes
/// of a hijacked stream as a request.
///
/// Strict where leniency has been exploited: no bare line feeds, no folded fields, no request with both a length and
/// a transfer encoding.
///
/// Source: RFC 9112, sections 2 to 7.
package struct RequestParser: Sendable {
    /// In bytes, request line and fields together.
    package static let longestHead = 64 * 1024

    enum State: Equatable {
        case head
        case body(left: Int)
        case chunkSize
        case chunk(left: Int)
        case chunkEnd
        case trailers
        case end
        case paused
        case raw
    }

    private(set) var state = State.head
    private var buffer = ByteBuffer()
    /// How far the buffer has been searched for the end of what is being read.
    private var searched = 0

    package init() {}

    /// Bytes received and not yet given out.
    package var pending: Int { buffer.readableBytes }
    /// Whether a connection that ends here ends between two requests.
    package var isBetweenRequests: Bool { (state == .head || state == .paused) && buffer.readableBytes == 0 }

    package mutating func append(_ bytes: ByteBuffer) {
        if buffer.readableBytes == 0 {
            buffer = bytes
        } else {
            var bytes = bytes
            buffer.writeBuffer(&bytes)
        }
    }

    /// Says what follows the request that has ended.
    package mutating func resume(as continuation: Continuation) {
        precondition(state == .paused, "a request must end before the connection goes on")
        state = continuation == .raw ? .raw : .head
        searched = 0
    }

    /// The next part, or `nil` until more bytes arrive or ``resume(as:)`` is called.
    ///
    /// - Throws: ``RequestError``; the connection cannot be read any further.
    package mutating func next() throws(RequestError) -> RequestPart? {
        while true {
            switch state {
            case .head: return try head().map { .head($0) }
            case .body(0): state = .end
            case .body(let left): return take(left) { .body(left: $0) }
            case .chunkSize:
                guard let line = try line(atMost: 4096) else { return nil }
                let size = try Self.chunkSize(line)
                state = size == 0 ? .trailers : .chunk(left: size)
            case .chunk(0): state = .chunkEnd
            case .chunk(let left): return take(left) { .chunk(left: $0) }
            case .chunkEnd:
                guard let line = try line(atMost: 2) else { return nil }
                guard line.isEmpty else { throw .malformed("no line end behind a chunk") }
                state = .chunkSize
            case .trailers:
                guard let line = try line(atMost: Self.longestHead) else { return nil }
                if line.isEmpty { state = .end }
            case .end:
                state = .paused
                return .end
            case .paused: return nil
            case .raw:
                guard buffer.readableBytes > 0 else { return nil }
                defer { buffer = ByteBuffer() }
                return .raw(buffer)
            }
        }
    }

    /// At most `left` bytes of body.
    private mutating func take(_ left: Int, _ rest: (Int) -> State) -> RequestPart? {
        let count = min(left, buffer.readableBytes)
        guard count > 0, let bytes = buffer.readSlice(length: count) else { return nil }
        state = rest(left - count)
        return .body(bytes)
    }

    /// One line without its end, or `nil` until it is complete.
    private mutating func line(atMost limit: Int) throws(RequestError) -> String? {
        let view = buffer.readableBytesView
        let from = view.index(view.startIndex, offsetBy: searched)
        guard let end = view[from...].firstIndex(of: 10) else {
            searched = view.count
            if searched > limit { throw .malformed("line too long") }
            return nil
        }
        let length = view.distance(from: view.startIndex, to: end)
        guard length > 0, view[end - 1] == 13, length - 1 <= limit else { throw .malformed("bad line end") }
        searched = 0
        let line = buffer.readString(length: length - 1) ?? ""
        buffer.moveReaderIndex(forwardBy: 2)
        return line
    }

    private static func chunkSize(_ line: String) throws(RequestError) -> Int {
        let digits = line.prefix { $0 != ";" && $0 != " " && $0 != "\t" }
        guard digits.utf8.count <= 15, digits.utf8.allSatisfy({ isHexDigit($0) }), let size = Int(digits, radix: 16)
        else { throw .malformed("chunk size") }
        return size
    }

    private static func isHexDigit(_ byte: UInt8) -> Bool {
        switch byte {
        case 48...57, 65...70, 97...102: true
        default: false
        }
    }

    private mutating func head() throws(RequestError) -> RequestHead? {
        // An empty line before the request line is allowed: some clients send one behind a body.
        while searched == 0, buffer.readableBytes >= 2, buffer.getInteger(at: buffer.readerIndex) == UInt16(0x0d0a) {
            buffer.moveReaderIndex(forwardBy: 2)
        }
        guard let length = try headLength() else { return nil }
        searched = 0
        guard let text = buffer.readString(length: length) else { return nil }
        let parsed = try HeadText(text).parse()
        switch parsed.framing {
        case .none: state = .end
        case .length(let bytes): state = .body(left: bytes)
        case .chunked: state = .chunkSize
        }
        return parsed.head
    }

    /// The length of the head with its empty line, once that has arrived.
    private mutating func headLength() throws(RequestError) -> Int? {
        let view = buffer.readableBytesView
        var from = view.index(view.startIndex, offsetBy: searched)
        while let end = view[from...].firstIndex(of: 10) {
            let length = view.distance(from: view.startIndex, to: end) + 1
            guard length >= 2, view[end - 1] == 13 else { throw .malformed("bad line end") }
            if length > Self.longestHead { throw .headTooLarge }
            if length >= 4, view[end - 2] == 10 { return length }
            from = view.index(after: end)
        }
        searched = view.count
        if searched > Self.longestHead { throw .headTooLarge }
        return nil
    }
}
