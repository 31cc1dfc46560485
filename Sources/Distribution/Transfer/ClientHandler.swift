internal import NIOCore
internal import NIOHTTP1
internal import Synchronization

/// One connection of a ``TransferClient``: an exchange at a time.
final class ClientHandler: ChannelDuplexHandler {
    typealias InboundIn = HTTPClientResponsePart
    typealias OutboundIn = Exchange
    typealias OutboundOut = HTTPClientRequestPart

    /// A request, and who waits for its answer.
    final class Exchange: Sendable {
        let call: TransferCall
        let host: String
        let number: UInt64?
        let promise: EventLoopPromise<(TransferReply, Bool)>
        private let answered = Mutex(false)

        init(call: TransferCall, host: String, number: UInt64?, loop: any EventLoop) {
            self.call = call
            self.number = number
            self.host = host
            promise = loop.makePromise()
        }

        /// Whether a byte of the answer has come.
        var hasAnswer: Bool { answered.withLock { $0 } }
        func noteAnswer() { answered.withLock { $0 = true } }
    }

    private let limit: RateLimit?
    private var exchange: Exchange?
    private var head: HTTPResponseHead?
    private var body = ByteBuffer()
    /// Bytes of this read cycle that the limit has not seen.
    private var uncounted = 0
    /// Of the exchange that they belong to, which may have ended with them.
    private var urgency = Pacer.Urgency.foreground

    init(_ limit: RateLimit?) { self.limit = limit }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        let exchange = unwrapOutboundIn(data)
        let call = exchange.call
        self.exchange = exchange
        urgency = call.isBackground ? .background : .foreground
        var headers: HTTPHeaders = ["Host": exchange.host]
        if let range = call.range {
            headers.add(name: "Range", value: "bytes=\(range.lowerBound)-\(range.upperBound - 1)")
        }
        if let grant = call.grant { headers.add(name: "Pouch-Grant", value: grant) }
        if call.isBackground { headers.add(name: "Pouch-Urgency", value: "background") }
        if let number = exchange.number { headers.add(name: "Pouch-Node", value: String(number, radix: 16)) }
        if !call.body.isEmpty || call.method == "POST" {
            headers.add(name: "Content-Length", value: "\(call.body.count)")
        }
        let request = HTTPRequestHead(
            version: .http1_1, method: HTTPMethod(rawValue: call.method), uri: call.path, headers: headers)
        context.write(wrapOutboundOut(.head(request)), promise: nil)
        if !call.body.isEmpty {
            context.write(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(bytes: call.body)))), promise: nil)
        }
        context.write(wrapOutboundOut(.end(nil)), promise: promise)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard let exchange else { return context.close(promise: nil) }
        switch unwrapInboundIn(data) {
        case .head(let head):
            guard head.status.code >= 200 else { return }
            exchange.noteAnswer()
            self.head = head
            let length = head.headers.first(name: "Content-Length").flatMap(Int.init)
            guard length ?? 0 <= exchange.call.longestAnswer else { return tooLong(exchange, context) }
            body = context.channel.allocator.buffer(capacity: min(length ?? 0, exchange.call.longestAnswer))
        case .body(var bytes):
            uncounted += bytes.readableBytes
            guard body.readableBytes + bytes.readableBytes <= exchange.call.longestAnswer else {
                return tooLong(exchange, context)
            }
            body.writeBuffer(&bytes)
        case .end:
            guard let head else { return }
            let reply = TransferReply(
                status: Int(head.status.code), contentRange: head.headers.first(name: "Content-Range"),
                proof: head.headers.first(name: "Pouch-Proof"), body: body)
            (self.exchange, self.head, body) = (nil, nil, ByteBuffer())
            exchange.promise.succeed((reply, head.isKeepAlive))
        }
    }

    private func tooLong(_ exchange: Exchange, _ context: ChannelHandlerContext) {
        self.exchange = nil
        exchange.promise.fail(
            TransferError.malformed(
                "\(exchange.call.path): more than the \(exchange.call.longestAnswer) bytes asked for"))
        context.close(promise: nil)
    }

    /// Reads no more before the limit has let pass what came: the sender feels it through its socket.
    func channelReadComplete(context: ChannelHandlerContext) {
        context.fireChannelReadComplete()
        guard let limit, uncounted > 0 else {
            uncounted = 0
            return
        }
        let count = uncounted
        uncounted = 0
        let channel = context.channel
        _ = channel.setOption(.autoRead, value: false)
        limit.pass(count, urgency, on: context.eventLoop)
            .whenComplete { _ in _ = channel.setOption(.autoRead, value: true) }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        fail(.interrupted("\(exchange?.call.path ?? ""): \(error)"))
        context.close(promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) {
        fail(.interrupted("\(exchange?.call.path ?? ""): the connection ended"))
        context.fireChannelInactive()
    }

    private func fail(_ error: TransferError) {
        exchange?.promise.fail(error)
        exchange = nil
    }
}
