internal import NIOCore
internal import Synchronization

/// kubectl's way to forward ports: SPDY streams, in a WebSocket or bare.
///
/// Source: Kubernetes enhancement 4006, "Transition from SPDY to WebSockets".
final class SPDYPortForward: Sendable {
    /// In a WebSocket, whose messages are bytes of the SPDY connection.
    static let tunnel = "SPDY/3.1+portforward.k8s.io"
    /// As `Upgrade` says it, and as the version of what is spoken in its streams.
    static let upgrade = "SPDY/3.1"
    static let version = "portforward.k8s.io"

    private let transport: PortTransport
    private let pod: PodContainer
    private let streams: any PodStreams
    private let state = Mutex(State())
    private let departure: AsyncStream<Void>
    private let departing: AsyncStream<Void>.Continuation

    private struct State {
        var pairs = PortPairs()
        /// By the stream for bytes.
        var queues: [UInt32: PortQueue] = [:]
        /// The client has said that it opens nothing more.
        var isLeaving = false

        var isDone: Bool { isLeaving && pairs.count == 0 }
    }

    init(_ transport: PortTransport, _ pod: PodContainer, _ streams: any PodStreams) {
        self.transport = transport
        self.pod = pod
        self.streams = streams
        (departure, departing) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    /// Serves until the client leaves, or has said that it will and its last connection has ended.
    func run() async throws {
        defer { for queue in state.withLock({ Array($0.queues.values) }) { queue.close() } }
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await self.serve() }
            group.addTask { for await _ in self.departure { break } }
            try await group.next()
            group.cancelAll()
        }
    }

    private func serve() async throws {
        try await withThrowingDiscardingTaskGroup { group in
            var parser = SPDYParser()
            var writer = SPDYWriter()
            while let bytes = try await transport.read() {
                parser.append(bytes)
                while let frame = try parser.next() {
                    for connection in try await take(frame, &writer) {
                        group.addTask { try await self.forward(connection) }
                    }
                }
            }
            group.cancelAll()
        }
    }

    /// Does what a frame asks for; gives the connections that begin with it.
    private func take(_ frame: SPDYFrame, _ writer: inout SPDYWriter) async throws -> [SPDYConnection] {
        switch frame {
        case .open(let stream, let headers, let isFinished):
            var begun: [SPDYConnection] = []
            for effect in state.withLock({ $0.pairs.open(stream, headers) }) {
                switch effect {
                case .reply(let stream): try await transport.write(writer.reply(stream))
                case .expect(let stream): state.withLock { $0.queues[stream] = PortQueue() }
                case .refuse(let stream): try await transport.write(SPDYWriter.reset(stream, status: 3))
                case .begin(let pair): begun.append(begin(pair))
                }
            }
            if isFinished { queue(stream)?.finish() }
            return begun
        case .data(let stream, let bytes, let isLast):
            let queue = queue(stream)
            if bytes.readableBytes > 0 { await queue?.send(bytes) }
            if isLast { queue?.finish() }
        case .reset(let stream): reset(stream)
        case .ping(let number): try await transport.write(SPDYWriter.ping(number))
        case .goAway:
            state.withLock { $0.isLeaving = true }
            departIfDone()
        case .other: break
        }
        return []
    }

    private func reset(_ stream: UInt32) {
        queue(stream)?.close()
        state.withLock { if $0.pairs.reset(stream) { $0.queues[stream] = nil } }
    }

    private func departIfDone() { if state.withLock({ $0.isDone }) { departing.yield() } }

    private func queue(_ stream: UInt32) -> PortQueue? { state.withLock { $0.queues[stream] } }

    private func begin(_ pair: PortPairs.Pair) -> SPDYConnection {
        // The client may have given it up, or sent its last byte, already.
        SPDYConnection(pair: pair, queue: queue(pair.data) ?? PortQueue(), transport: transport)
    }

    private func forward(_ connection: SPDYConnection) async throws {
        var why: String?
        do throws(PodStreamError) {
            try await streams.forward(connection, to: connection.pair.port, in: pod)
        } catch {
            why = error.message
        }
        connection.queue.close()
        state.withLock { $0.queues[connection.pair.data] = nil }
        try await connection.finish(why)
        state.withLock { $0.pairs.end() }
        departIfDone()
    }
}

/// One forwarded connection.
private struct SPDYConnection: PortStream {
    let pair: PortPairs.Pair
    let queue: PortQueue
    let transport: PortTransport

    func read() async throws -> ByteBuffer? { try await queue.read() }

    func write(_ bytes: ByteBuffer) async throws {
        var bytes = bytes
        while bytes.readableBytes > 0, let piece = bytes.readSlice(length: min(bytes.readableBytes, 32 * 1024)) {
            try await transport.write(SPDYWriter.data(pair.data, piece))
        }
    }

    /// Says how it ended, then ends both streams.
    func finish(_ why: String?) async throws {
        if let why { try await transport.write(SPDYWriter.data(pair.errors, ByteBuffer(string: why))) }
        try await transport.write(SPDYWriter.data(pair.errors, ByteBuffer(), isLast: true))
        try await transport.write(SPDYWriter.data(pair.data, ByteBuffer(), isLast: true))
    }
}
