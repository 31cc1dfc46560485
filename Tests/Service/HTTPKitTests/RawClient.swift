import NIOCore
import NIOPosix
import NIOSSL
import Synchronization

/// A client that sends and receives bytes as they are, with a half-close.
struct RawClient: Sendable {
    let channel: any Channel
    private let received: Received

    /// What has arrived; one task at a time waits for more.
    private final class Received: ChannelInboundHandler, Sendable {
        typealias InboundIn = ByteBuffer

        private struct State {
            var bytes = ByteBuffer()
            var isOver = false
            var waiter: CheckedContinuation<Void, Never>?
        }

        private let state = Mutex(State())

        private func change(_ body: (inout State) -> Void) {
            let waiter = state.withLock { state in
                body(&state)
                defer { state.waiter = nil }
                return state.waiter
            }
            waiter?.resume()
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            let bytes = unwrapInboundIn(data)
            change { $0.bytes.writeImmutableBuffer(bytes) }
        }
        func channelInactive(context: ChannelHandlerContext) { change { $0.isOver = true } }
        func errorCaught(context: ChannelHandlerContext, error: any Error) { change { $0.isOver = true } }
        func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
            if case .some(ChannelEvent.inputClosed) = event as? ChannelEvent { change { $0.isOver = true } }
        }

        /// Takes what `measure` asks for; waits for more while it asks for nothing and more can come.
        func take(_ measure: @Sendable (String) -> Int?) async -> String {
            while true {
                let found = state.withLock { state -> String? in
                    if let count = measure(String(buffer: state.bytes)) { return state.bytes.readString(length: count) }
                    return state.isOver ? state.bytes.readString(length: state.bytes.readableBytes) : nil
                }
                if let found { return found }
                let before = state.withLock { $0.bytes.writerIndex }
                await withCheckedContinuation { continuation in
                    let isReady = state.withLock { state in
                        if state.isOver || state.bytes.writerIndex != before { return true }
                        state.waiter = continuation
                        return false
                    }
                    if isReady { continuation.resume() }
                }
            }
        }
    }

    init(_ path: String, readsByItself: Bool = true) async throws {
        let received = Received()
        self.received = received
        channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .channelOption(.allowRemoteHalfClosure, value: true)
            .channelOption(.autoRead, value: readsByItself)
            .channelInitializer { $0.pipeline.addHandler(received) }
            .connect(unixDomainSocketPath: path).get()
    }

    /// The same over TLS.
    init(_ address: SocketAddress, tls context: NIOSSLContext) async throws {
        let received = Received()
        self.received = received
        channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandlers([
                        NIOSSLClientHandler(context: context, serverHostname: nil), received,
                    ])
                }
            }
            .connect(to: address).get()
    }

    func send(_ text: String) async throws {
        try await channel.writeAndFlush(ByteBuffer(string: text))
    }

    func send(_ bytes: ByteBuffer) async throws {
        try await channel.writeAndFlush(bytes)
    }

    /// Ends our side.
    func finish() async throws {
        try await channel.close(mode: .output)
    }

    func close() async {
        try? await channel.close()
    }

    /// Text up to and with `end`; all there was if the server ended before.
    func read(through end: String) async -> String {
        await received.take { text in
            text.firstRange(of: end).map { text[..<$0.upperBound].utf8.count }
        }
    }

    func readToEnd() async -> String {
        await received.take { _ in nil }
    }
}
