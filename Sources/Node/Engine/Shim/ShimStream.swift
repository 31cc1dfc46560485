internal import JSON
internal import NIOCore
internal import NIOPosix
internal import ShimProtocol
internal import Synchronization

/// A connection that carries the streams of a container or exec.
final class ShimStream: Sendable {
    let output: OutputQueue
    private let channel: any Channel
    private let exit: Announcement<ShimExit?>

    private init(channel: any Channel, output: OutputQueue, exit: Announcement<ShimExit?>) {
        self.channel = channel
        self.output = output
        self.exit = exit
    }

    /// Takes over a socket of which a shim has, or will have, the other end; `fd` is owned from here on.
    static func adopt(_ fd: Int32) async throws(EngineError) -> ShimStream {
        try await open(first: nil) { initialize in
            try await ClientBootstrap(group: .singletonMultiThreadedEventLoopGroup).channelOption(
                .autoRead, value: false
            )
            .channelInitializer(initialize).withConnectedSocket(fd).get()
        }.0
    }

    /// Connects to the shim in `directory` and sends `action`, which is `attach` or `exec`.
    static func connect(
        _ directory: String, _ action: ShimRequest.Action
    ) async throws(EngineError) -> (ShimStream, ShimReply) {
        let (stream, reply) = try await open(first: action) { initialize in
            try await ShimSocket.connect(directory) { channel in
                channel.setOption(.autoRead, value: false).flatMap { initialize(channel) }
            }
        }
        guard let reply else { throw .failed("shim: no reply") }
        if case .failure(let failure) = reply {
            stream.close()
            throw EngineError(failure)
        }
        return (stream, reply)
    }

    private static func open(
        first action: ShimRequest.Action?,
        _ connect: (@escaping @Sendable (any Channel) -> EventLoopFuture<Void>) async throws -> any Channel
    ) async throws(EngineError) -> (ShimStream, ShimReply?) {
        let output = OutputQueue()
        let exit = Announcement<ShimExit?>()
        let reply = Announcement<Result<ShimReply, EngineError>>()
        do {
            let channel = try await connect { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandlers([
                        ByteToMessageHandler(FrameReader()), StreamHandler(output: output, exit: exit, reply: reply),
                    ])
                }
            }
            output.whenRoom { [weak channel] in channel?.read() }
            let stream = ShimStream(channel: channel, output: output, exit: exit)
            guard let action else {
                channel.read()
                return (stream, nil)
            }
            try await channel.writeAndFlush(ShimRequest(action, requestID: RequestTrace.id).frame.buffer)
            channel.read()
            return (stream, try await reply.value()?.get())
        } catch {
            throw (error as? EngineError) ?? .failed("shim: \(error)")
        }
    }

    /// Returns when the socket has taken it.
    func write(_ bytes: ByteBuffer) async throws(EngineError) {
        var rest = bytes
        do {
            while let piece = rest.readSlice(length: min(rest.readableBytes, ShimProtocol.longestStreamPayload)),
                piece.readableBytes > 0
            {
                var frame = channel.allocator.buffer(capacity: Frame.headerLength + piece.readableBytes)
                frame.writeInteger(FrameKind.stdin.rawValue)
                frame.writeInteger(UInt32(piece.readableBytes))
                frame.writeImmutableBuffer(piece)
                try await channel.writeAndFlush(frame)
            }
        } catch {
            throw .failed("shim: \(error)")
        }
    }

    func closeInput() async {
        try? await channel.writeAndFlush(Frame(.endOfStdin).buffer)
    }

    func close() {
        output.close()
        channel.close(promise: nil)
    }

    /// How it ended; nil when the shim went away first.
    func exitStatus() async -> ShimExit? { await exit.value() ?? nil }
}

/// Feeds the output queue; reads from the socket only while the queue has room.
private final class StreamHandler: ChannelInboundHandler {
    typealias InboundIn = ReceivedFrame

    private let output: OutputQueue
    private let exit: Announcement<ShimExit?>
    private let reply: Announcement<Result<ShimReply, EngineError>>
    private var hasRoom = true

    init(output: OutputQueue, exit: Announcement<ShimExit?>, reply: Announcement<Result<ShimReply, EngineError>>) {
        self.output = output
        self.exit = exit
        self.reply = reply
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let frame = unwrapInboundIn(data)
        switch frame.kind {
        case .stdout: hasRoom = output.push(OutputFrame(stream: .stdout, bytes: frame.payload))
        case .stderr: hasRoom = output.push(OutputFrame(stream: .stderr, bytes: frame.payload))
        case .endOfOutput: output.finish()
        case .reply:
            do {
                reply.make(.success(try ShimReply(parsing: Array(frame.payload.readableBytesView))))
            } catch {
                reply.make(.failure(.failed("shim: \(error)")))
            }
        case .event:
            if case .exited(_, let status)? = try? ShimEvent(parsing: Array(frame.payload.readableBytesView)) {
                exit.make(status)
            }
        case .request, .stdin, .endOfStdin: break
        }
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        if hasRoom { context.read() }
        context.fireChannelReadComplete()
    }

    func channelInactive(context: ChannelHandlerContext) {
        finish(.failed("shim: connection closed"))
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        finish(.failed("shim: \(error)"))
        context.close(promise: nil)
    }

    private func finish(_ error: EngineError) {
        reply.make(.failure(error))
        exit.make(nil)
        output.finish()
    }
}
