internal import HTTPKit
internal import Lanes
package import NIOCore

/// The client's side of one forwarded connection: read from one task, written to from one.
package protocol PortStream: Sendable {
    /// `nil` when the client sends no more.
    func read() async throws -> ByteBuffer?
    func write(_ bytes: ByteBuffer) async throws
}

/// What carries a client's bytes: a connection that was taken over, or a WebSocket in which they are messages.
struct PortTransport: Sendable {
    var read: @Sendable () async throws -> ByteBuffer?
    var write: @Sendable (ByteBuffer) async throws -> Void
}

extension PortTransport {
    init(_ stream: HijackedStream) {
        read = { try await stream.read() }
        write = { try await stream.write($0) }
    }

    init(_ session: WebSocketSession) {
        read = { try await session.receive() }
        write = { try await session.send($0) }
    }
}

/// What came from the client for one connection and was not read yet.
///
/// A client that sends more than the pod reads waits, with all its connections: nothing tells it which of them is slow.
struct PortQueue: Sendable {
    private let pipe = ChunkPipe(capacity: 256 * 1024)

    func send(_ bytes: ByteBuffer) async { try? await pipe.send(Array(bytes.readableBytesView)) }
    func finish() { pipe.finish() }
    func close() { pipe.close() }
    func read() async throws -> ByteBuffer? { try await pipe.next().map { ByteBuffer(bytes: $0) } }
}
