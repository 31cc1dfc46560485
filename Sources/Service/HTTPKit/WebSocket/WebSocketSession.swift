internal import Crypto
package import HTTPTypes
package import Hummingbird
package import NIOCore
internal import Synchronization
internal import Units

/// Turns a request into a WebSocket.
///
/// Source: RFC 6455, section 4.2.
package enum WebSocketHandshake {
    /// The subprotocols that the client offers, in its order; `nil` when it asks for no WebSocket.
    package static func offers(_ request: Request) -> [String]? {
        guard request.headers[.upgrade]?.lowercased() == "websocket", request.headers[.webSocketKey] != nil,
            request.headers[.webSocketVersion] == "13"
        else { return nil }
        return request.headers[values: .webSocketProtocol].flatMap { $0.split(separator: ",") }.map {
            $0.filter { $0 != " " }
        }
    }

    /// The head that makes the connection a WebSocket.
    package static func response(to request: Request, choosing offer: String?) -> Response {
        var headers: HTTPFields = [.upgrade: "websocket", .connection: "Upgrade"]
        headers[.webSocketAccept] = accept(request.headers[.webSocketKey] ?? "")
        headers[.webSocketProtocol] = offer
        return Response(status: .switchingProtocols, headers: headers)
    }

    static func accept(_ key: String) -> String {
        let text = key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
        return Base64.encoded(Array(Insecure.SHA1.hash(data: Array(text.utf8))))
    }
}

/// A WebSocket that a handler has taken over: whole messages both ways; pings are answered here.
package final class WebSocketSession: Sendable {
    private let stream: HijackedStream
    private let parser = Mutex(WebSocketParser())

    package init(_ stream: HijackedStream) {
        self.stream = stream
    }

    /// The next message; `nil` when the client has ended.
    ///
    /// One task at a time may ask.
    ///
    /// - Throws: ``WebSocketError``, ``ConnectionError``.
    package func receive() async throws -> ByteBuffer? {
        var message: ByteBuffer?
        while true {
            guard let frame = try parser.withLock({ parser throws(WebSocketError) in try parser.next() }) else {
                guard let bytes = try await stream.read() else { return nil }
                parser.withLock { $0.append(bytes) }
                continue
            }
            switch frame.opcode {
            case .ping: try await stream.write(WebSocketFrame(.pong, frame.payload).encoded)
            case .pong: continue
            case .close: return nil
            case .text, .binary, .continuation:
                guard (frame.opcode == .continuation) == (message != nil) else { throw WebSocketError.badFrame }
                var whole = message ?? ByteBuffer()
                whole.writeImmutableBuffer(frame.payload)
                guard whole.readableBytes <= WebSocketParser.longest else {
                    throw WebSocketError.tooLong(bytes: UInt64(whole.readableBytes))
                }
                if frame.isFinal { return whole }
                message = whole
            }
        }
    }

    package func send(_ payload: ByteBuffer) async throws {
        try await stream.write(WebSocketFrame(.binary, payload).encoded)
    }

    /// Says that nothing follows.
    package func close(code: UInt16 = 1000) async throws {
        var payload = ByteBuffer()
        payload.writeInteger(code)
        try await stream.write(WebSocketFrame(.close, payload).encoded)
    }
}

extension HTTPField.Name {
    package static let webSocketKey = known("Sec-WebSocket-Key")
    static let webSocketVersion = known("Sec-WebSocket-Version")
    static let webSocketProtocol = known("Sec-WebSocket-Protocol")
    static let webSocketAccept = known("Sec-WebSocket-Accept")

    private static func known(_ name: String) -> HTTPField.Name {
        guard let name = HTTPField.Name(name) else { preconditionFailure("\(name) is not a header's name") }
        return name
    }
}
