internal import NIOCore

/// What a connection's tasks ask of its event loop.
enum ConnectionOutput: Sendable {
    case bytes([ByteBuffer])
    /// The request has been answered: what follows it may be read.
    case resume(Continuation)
}

/// The event loop's half of a connection: bytes to parts into the inbox, and the outbox's pieces to the socket.
///
/// Reading stops while the inbox is full. The peer's end of input and its leaving are different things: after the
/// first, answers still flow; the second fails both boxes.
final class ConnectionHandler: ChannelDuplexHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundIn = ConnectionOutput
    typealias OutboundOut = ByteBuffer

    private let inbox: Inbox
    private let outbox: Outbox
    private let presence: Presence
    /// Whether the end of input means that the peer is gone, as it does where a closed socket looks like that.
    private let endIsDeparture: Bool
    private var parser = RequestParser()
    private var isRaw = false
    private var sawEnd = false
    private var isBroken = false

    init(inbox: Inbox, outbox: Outbox, presence: Presence, endIsDeparture: Bool) {
        self.inbox = inbox
        self.outbox = outbox
        self.presence = presence
        self.endIsDeparture = endIsDeparture
    }

    func handlerAdded(context: ChannelHandlerContext) {
        if context.channel.isActive { context.read() }
    }

    func channelActive(context: ChannelHandlerContext) {
        context.fireChannelActive()
        context.read()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !isBroken else { return }
        parser.append(unwrapInboundIn(data))
        deliver()
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        context.fireChannelReadComplete()
        readMore(context)
    }

    /// Reads on unless the inbox is full, or bytes behind an unanswered request pile up.
    private func readMore(_ context: ChannelHandlerContext) {
        guard !sawEnd, parser.pending < Inbox.highWater, inbox.hasRoom() else { return }
        context.read()
    }

    private func deliver() {
        do throws(RequestError) {
            while let part = try parser.next() { inbox.put(part) }
        } catch {
            isBroken = true
            inbox.end(.failed(.request(error)))
        }
        if sawEnd { endInput() }
    }

    /// Passes the end of input on, once nothing that came before it is left.
    private func endInput() {
        if isRaw || parser.isBetweenRequests {
            inbox.end(.finished)
        } else if parser.state != .paused {
            inbox.end(.failed(.truncated))
        }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case .some(ChannelEvent.inputClosed) = event as? ChannelEvent {
            sawEnd = true
            deliver()
            if endIsDeparture, !isRaw { context.close(promise: nil) }
        }
        context.fireUserInboundEventTriggered(event)
    }

    func channelInactive(context: ChannelHandlerContext) {
        leave()
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        // A broken socket or TLS session; closing tells everyone through `channelInactive`.
        context.close(promise: nil)
    }

    private func leave() {
        sawEnd = true
        if parser.state == .paused {
            // No further request can be answered, but a stream that is about to take over may want these bytes.
            parser.resume(as: .raw)
            isRaw = true
            deliver()
        } else if parser.isBetweenRequests {
            inbox.end(.finished)
        }
        inbox.end(.failed(.closed))
        outbox.fail(.closed)
        presence.leave()
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        switch unwrapOutboundIn(data) {
        case .bytes(let pieces):
            for piece in pieces.dropLast() { context.write(wrapOutboundOut(piece), promise: nil) }
            context.write(wrapOutboundOut(pieces.last ?? ByteBuffer()), promise: promise)
        case .resume(let continuation):
            isRaw = continuation == .raw
            if !isBroken, parser.state == .paused {
                parser.resume(as: continuation)
                deliver()
                readMore(context)
            }
            promise?.succeed()
        }
    }
}
