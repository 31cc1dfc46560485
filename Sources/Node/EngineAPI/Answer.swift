internal import Engine
internal import HTTPTypes
internal import Hummingbird
internal import JSON
internal import NIOCore

/// Responses as Docker's clients expect them.
enum Answer {
    private static let pascal = JSONCoder(keys: .pascalCase)
    private static let plain = JSONCoder(keys: .asWritten)

    /// `value` with Docker's capital keys, or as they are written in the type.
    static func json(
        _ value: some Encodable, status: HTTPResponse.Status = .ok, keys: JSONCoder.Keys = .pascalCase
    ) throws(EngineError) -> Response {
        json(try bytes(value, keys: keys), status: status)
    }

    static func json(_ value: JSONValue, status: HTTPResponse.Status = .ok) -> Response {
        json(value.encoded(), status: status)
    }

    private static func json(_ bytes: [UInt8], status: HTTPResponse.Status) -> Response {
        var buffer = ByteBuffer(bytes: bytes)
        buffer.writeInteger(UInt8(ascii: "\n"))
        return Response(
            status: status, headers: [.contentType: "application/json"], body: ResponseBody(byteBuffer: buffer))
    }

    /// One line of a stream of JSON values.
    static func line(_ value: some Encodable, keys: JSONCoder.Keys = .pascalCase) throws(EngineError) -> ByteBuffer {
        var buffer = ByteBuffer(bytes: try bytes(value, keys: keys))
        buffer.writeStaticString("\r\n")
        return buffer
    }

    static func line(_ value: JSONValue) -> ByteBuffer {
        var buffer = ByteBuffer(bytes: value.encoded())
        buffer.writeStaticString("\r\n")
        return buffer
    }

    private static func bytes(_ value: some Encodable, keys: JSONCoder.Keys) throws(EngineError) -> [UInt8] {
        do throws(JSONError) {
            return try (keys == .pascalCase ? pascal : plain).encode(value)
        } catch {
            throw .failed("encode the answer: \(error)")
        }
    }

    static func empty(_ status: HTTPResponse.Status = .noContent) -> Response {
        Response(status: status)
    }

    /// A body that is written while it is made; its head is sent at once.
    static func stream(
        _ type: String, headers: HTTPFields = [:],
        _ write: @escaping @concurrent @Sendable (inout any ResponseBodyWriter) async throws -> Void
    ) -> Response {
        var headers = headers
        headers[.contentType] = type
        return Response(
            status: .ok, headers: headers,
            body: ResponseBody { writer in
                try await write(&writer)
                try await writer.finish(nil)
            })
    }

    /// Bytes of the engine's, such as a tar; the engine is told when the client wants no more.
    static func bytes(_ stream: ByteStream, type: String, headers: HTTPFields = [:]) -> Response {
        Self.stream(type, headers: headers) { writer in
            defer { stream.close() }
            for try await chunk in stream { try await writer.write(ByteBuffer(bytes: chunk)) }
        }
    }

    /// An error as every client reads it.
    static func error(_ status: HTTPResponse.Status, _ message: String) -> Response {
        json(["message": .string(message)], status: status)
    }
}

extension Request {
    /// The longest JSON body that is read, in bytes.
    private static let longestBody = 8 << 20

    var query: Query { Query(uri.query) }

    /// The whole body; empty when there is none.
    ///
    /// - Throws: ``EngineError/invalid(_:)`` when it is too long or broke off.
    func wholeBody() async throws(EngineError) -> [UInt8] {
        do {
            return Array(buffer: try await body.collect(upTo: Self.longestBody))
        } catch {
            throw .invalid("read the request's body: \(error)")
        }
    }

    /// The body as JSON with Docker's capital keys; `nil` when there is none.
    ///
    /// - Throws: ``EngineError/invalid(_:)`` naming the path of what is wrong.
    func bodyIfPresent<T: Decodable>(_ type: T.Type) async throws(EngineError) -> T? {
        let bytes = try await wholeBody()
        if bytes.isEmpty { return nil }
        let kind = headers[.contentType].map { $0.prefix { $0 != ";" }.filter { $0 != " " }.lowercased() }
        if let kind, kind != "application/json" {
            throw .invalid("unsupported Content-Type header (\(kind)): must be 'application/json'")
        }
        do throws(JSONError) {
            let value = try JSONValue(parsing: bytes)
            if case .null = value { return nil }
            return try JSONCoder(keys: .pascalCase).decode(type, from: value)
        } catch {
            throw .invalid("invalid JSON: \(error)")
        }
    }

    /// The same for a body that must be there.
    func body<T: Decodable>(_ type: T.Type) async throws(EngineError) -> T {
        guard let value = try await bodyIfPresent(type) else {
            throw .invalid("invalid JSON: got EOF while reading request body")
        }
        return value
    }
}
