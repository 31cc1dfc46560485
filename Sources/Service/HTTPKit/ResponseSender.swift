internal import HTTPTypes
internal import Hummingbird
internal import NIOCore

/// Writes one response: its head together with the first bytes of the body where both are there at once.
///
/// A body whose length is not known yet has its head sent at once, since its client may wait for that (the docker CLI
/// starts a container when the head of `wait` has arrived).
struct ResponseSender: ResponseBodyWriter, Sendable {
    enum Framing: Sendable {
        /// As long as the head says.
        case length
        case chunked
        /// Until the connection ends, as HTTP/1.0 has it.
        case close
        /// None, whatever the head says: an answer to HEAD, 204, 304.
        case nothing
    }

    let outbox: Outbox
    let framing: Framing
    /// Not sent yet.
    private var head: ByteBuffer?

    init(outbox: Outbox, framing: Framing, head: ByteBuffer) {
        self.outbox = outbox
        self.framing = framing
        self.head = head
    }

    /// Sends the head on its own if it has not been.
    mutating func flush() async throws {
        guard let head else { return }
        self.head = nil
        try await outbox.write([head])
    }

    mutating func write(_ buffer: ByteBuffer) async throws {
        let first = head
        head = nil
        let pieces = framed(buffer)
        guard let first else { return pieces.isEmpty ? () : try await outbox.write(pieces) }
        try await outbox.write(Self.joined([first] + pieces))
    }

    private func framed(_ buffer: ByteBuffer) -> [ByteBuffer] {
        if buffer.readableBytes == 0 { return [] }
        switch framing {
        case .nothing: return []
        case .length, .close: return [buffer]
        case .chunked:
            let size = ByteBuffer(string: String(buffer.readableBytes, radix: 16) + "\r\n")
            return Self.joined([size, buffer, ByteBuffer(string: "\r\n")])
        }
    }

    /// One piece where copying is cheaper than another entry in the write.
    private static func joined(_ pieces: [ByteBuffer]) -> [ByteBuffer] {
        let count = pieces.reduce(0) { $0 + $1.readableBytes }
        guard pieces.count > 1, count <= 32 * 1024, var all = pieces.first else { return pieces }
        all.reserveCapacity(minimumWritableBytes: count)
        for piece in pieces.dropFirst() { all.writeImmutableBuffer(piece) }
        return [all]
    }

    consuming func finish(_ trailingHeaders: HTTPFields?) async throws {
        var last = head
        if framing == .chunked {
            var bytes = last ?? ByteBuffer()
            bytes.writeString("0\r\n")
            for field in trailingHeaders ?? [:] { bytes.writeString("\(field.name.rawName): \(field.value)\r\n") }
            bytes.writeString("\r\n")
            last = bytes
        }
        if let last { try await outbox.write([last]) }
    }
}

extension HTTPResponse {
    /// The bytes of an HTTP/1.1 head.
    func encodedHead() -> ByteBuffer {
        var bytes = ByteBuffer()
        bytes.reserveCapacity(512)
        bytes.writeString("HTTP/1.1 \(status.code) \(status.reasonPhrase)\r\n")
        for field in headerFields {
            bytes.writeString(field.name.rawName)
            bytes.writeString(": ")
            bytes.writeString(field.value)
            bytes.writeString("\r\n")
        }
        bytes.writeString("\r\n")
        return bytes
    }
}
