internal import HTTPKit
internal import NIOCore

/// The Python client's way to forward ports: channels of one WebSocket.
///
/// Two for each port that the request names, the even ones for bytes, the odd ones for what went wrong. Each begins with its port, in two bytes, the lower first.
///
/// Source: Kubernetes, `portforward` over `v4.channel.k8s.io`.
struct ChannelPortForward: Sendable {
    static let version = "v4.channel.k8s.io"
    /// Channels have one byte.
    static let mostPorts = 100

    private let session: WebSocketSession
    private let ports: [Int]
    private let pod: PodContainer
    private let streams: any PodStreams

    init(_ session: WebSocketSession, _ ports: [Int], _ pod: PodContainer, _ streams: any PodStreams) {
        self.session = session
        self.ports = ports
        self.pod = pod
        self.streams = streams
    }

    private struct Connection: PortStream {
        let channel: UInt8
        let queue = PortQueue()
        let session: WebSocketSession

        func read() async throws -> ByteBuffer? { try await queue.read() }
        func write(_ bytes: ByteBuffer) async throws { try await session.send(ChannelTerminal.message(channel, bytes)) }
        func fail(_ why: String) async throws {
            try await session.send(ChannelTerminal.message(channel + 1, ByteBuffer(string: why)))
        }
    }

    /// Serves until the client leaves, or until all connections have ended.
    func run() async throws {
        let connections = ports.indices.map { Connection(channel: UInt8($0 * 2), session: session) }
        defer { for connection in connections { connection.queue.close() } }
        for (connection, port) in zip(connections, ports) {
            let number = ByteBuffer(bytes: [UInt8(port & 255), UInt8(port >> 8)])
            try await connection.write(number)
            try await session.send(ChannelTerminal.message(connection.channel + 1, number))
        }
        try await withThrowingTaskGroup(of: Bool.self) { group in
            for (connection, port) in zip(connections, ports) {
                group.addTask {
                    try await forward(connection, port)
                    return false
                }
            }
            group.addTask {
                while let message = try await session.receive() { await Self.take(message, connections) }
                return true
            }
            for _ in ports where try await group.next() == true { break }
            group.cancelAll()
        }
        try await session.close()
    }

    private static func take(_ message: ByteBuffer, _ connections: [Connection]) async {
        var bytes = message
        guard let channel = bytes.readInteger(as: UInt8.self), channel.isMultiple(of: 2),
            connections.indices.contains(Int(channel / 2)), bytes.readableBytes > 0
        else { return }
        await connections[Int(channel / 2)].queue.send(bytes)
    }

    private func forward(_ connection: Connection, _ port: Int) async throws {
        defer { connection.queue.close() }
        do throws(PodStreamError) {
            try await streams.forward(connection, to: port, in: pod)
        } catch {
            try await connection.fail(error.message)
        }
    }
}
