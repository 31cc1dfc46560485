internal import CLinux
internal import Glibc
internal import JSON
internal import LinuxKernel
internal import Logging
internal import NIOCore
internal import NIOPosix
internal import ShimProtocol

/// The connection over which a shim is asked things and tells what happens.
///
/// Its events end when the shim closes it, which the kernel does for a shim that dies, unless somebody else holds the
/// shim's end; so they end a moment after the shim's death as well.
final class ShimConnection: ShimLink, Sendable {
    let events: AsyncStream<ShimEvent>
    private let channel: any Channel

    private init(channel: any Channel, events: AsyncStream<ShimEvent>) {
        self.channel = channel
        self.events = events
    }

    /// Connects to the shim whose directory is `directory`.
    ///
    /// - Throws: ``EngineError/failed(_:)`` when nobody listens there.
    static func connect(_ directory: String) async throws(EngineError) -> ShimConnection {
        let (events, continuation) = AsyncStream<ShimEvent>.makeStream()
        do {
            let channel = try await ShimSocket.connect(directory) { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandlers([
                        ByteToMessageHandler(FrameReader()), ConversationHandler(continuation),
                    ])
                }
            }
            await follow(channel)
            return ShimConnection(channel: channel, events: events)
        } catch {
            throw .failed("shim of \(directory): \(error)")
        }
    }

    /// Closes `channel` when the process that listened is dead; what it said before has a second to be read.
    private static func follow(_ channel: any Channel) async {
        guard let options = channel as? any SocketOptionProvider,
            let peer: clinux_peer = try? await options.unsafeGetSocketOption(
                level: .socket, name: NIOBSDSocket.Option(rawValue: SO_PEERCRED)
            ).get(), let process = try? Processes.open(pid: peer.process)
        else { return }
        ProcessWatch.shared.whenEnded(process) {
            channel.eventLoop.scheduleTask(in: .seconds(1)) { channel.close(promise: nil) }
        }
    }

    func request(_ action: ShimRequest.Action) async throws(EngineError) -> ShimReply {
        let promise = channel.eventLoop.makePromise(of: ShimReply.self)
        let order = ConversationHandler.Order(
            frame: ShimRequest(action, requestID: RequestTrace.id).frame, reply: promise)
        // On a channel that is closed already nobody is left to answer: the write itself says so.
        let written = channel.eventLoop.makePromise(of: Void.self)
        written.futureResult.whenFailure { promise.fail($0) }
        channel.writeAndFlush(order, promise: written)
        let reply: ShimReply
        do { reply = try await promise.futureResult.get() } catch { throw .failed("shim: \(error)") }
        if case .failure(let failure) = reply { throw EngineError(failure) }
        return reply
    }

    func close() { channel.close(promise: nil) }
}

extension EngineError {
    /// What a shim refused.
    init(_ failure: ShimFailure) {
        self = .startFailed(
            StartFailure(
                stage: failure.stage, errno: failure.errno, message: failure.message, exitCode: failure.exitCode))
    }
}

/// Matches replies to requests, which come in the same order, and passes events on.
private final class ConversationHandler: ChannelDuplexHandler {
    typealias InboundIn = ReceivedFrame
    typealias OutboundIn = Order
    typealias OutboundOut = ByteBuffer

    struct Order: Sendable {
        var frame: Frame
        var reply: EventLoopPromise<ShimReply>
    }

    private var waiting: CircularBuffer<EventLoopPromise<ShimReply>> = []
    private let events: AsyncStream<ShimEvent>.Continuation
    private var isOver = false

    init(_ events: AsyncStream<ShimEvent>.Continuation) { self.events = events }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        let order = unwrapOutboundIn(data)
        guard !isOver else {
            promise?.fail(ChannelError.ioOnClosedChannel)
            return
        }
        waiting.append(order.reply)
        context.write(wrapOutboundOut(order.frame.buffer), promise: promise)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let frame = unwrapInboundIn(data)
        let payload = Array(frame.payload.readableBytesView)
        switch frame.kind {
        case .reply:
            guard let promise = waiting.popFirst() else { return }
            do { promise.succeed(try ShimReply(parsing: payload)) } catch { promise.fail(error) }
        case .event:
            // Events of a newer shim that this pouchd does not know are none of its business.
            if let event = try? ShimEvent(parsing: payload) { events.yield(event) }
        case .request, .stdin, .stdout, .stderr, .endOfStdin, .endOfOutput: break
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        finish(ChannelError.eof)
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        finish(error)
        context.close(promise: nil)
    }

    private func finish(_ error: any Error) {
        isOver = true
        while let promise = waiting.popFirst() { promise.fail(error) }
        events.finish()
    }
}

/// The socket beside a container.
enum ShimSocket {
    /// Connects through the directory's descriptor, so that the path may be longer than a socket's name.
    static func connect(
        _ directory: String, _ initialize: @escaping @Sendable (any Channel) -> EventLoopFuture<Void>
    ) async throws -> any Channel {
        let path = directory + "/" + ShimProtocol.FileName.socket
        let bootstrap = ClientBootstrap(group: .singletonMultiThreadedEventLoopGroup).channelInitializer(initialize)
        if path.utf8.count < 100 { return try await bootstrap.connect(unixDomainSocketPath: path).get() }
        let folder = try OpenFolder(directory)
        defer { folder.close() }
        return try await bootstrap.connect(
            unixDomainSocketPath: "/proc/self/fd/\(folder.number)/\(ShimProtocol.FileName.socket)"
        ).get()
    }
}
