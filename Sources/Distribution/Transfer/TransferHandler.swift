internal import Glibc
internal import HTTPKit
internal import HTTPTypes
internal import Identity
internal import Lanes
internal import LinuxKernel
internal import NIOCore
internal import NIOSSL
internal import Synchronization

/// One connection of a ``TransferServer``: a request, its answer, the next request.
final class TransferHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = IOData

    /// What all connections share.
    final class Settings: Sendable {
        let respond: TransferServer.Respond
        let upload: RateLimit
        let isPlain: Bool
        private let open = Mutex<[ObjectIdentifier: any Channel]>([:])

        init(respond: @escaping TransferServer.Respond, upload: RateLimit, isPlain: Bool) {
            self.respond = respond
            self.upload = upload
            self.isPlain = isPlain
        }

        func opened(_ channel: any Channel) { open.withLock { $0[ObjectIdentifier(channel)] = channel } }
        func closed(_ channel: any Channel) { _ = open.withLock { $0.removeValue(forKey: ObjectIdentifier(channel)) } }

        func closeAll() {
            for channel in open.withLock({ Array($0.values) }) { channel.close(promise: nil) }
        }
    }

    /// What one step sends without a limit: of a file, and of what TLS must read first.
    private static let plainStep = 16 << 20
    private static let sealedStep = 256 << 10

    private let settings: Settings
    private var parser = RequestParser()
    private var head: RequestHead?
    private var body: [UInt8] = []
    private var caller: NodeIdentity?
    private var isBroken = false
    /// Of the request that is being answered.
    private var urgency = Pacer.Urgency.foreground

    init(_ settings: Settings) { self.settings = settings }

    func channelActive(context: ChannelHandlerContext) {
        settings.opened(context.channel)
        context.fireChannelActive()
    }

    func channelInactive(context: ChannelHandlerContext) {
        settings.closed(context.channel)
        isBroken = true
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if event is IdleStateHandler.IdleStateEvent { return context.close(promise: nil) }
        context.fireUserInboundEventTriggered(event)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !isBroken else { return }
        parser.append(unwrapInboundIn(data))
        advance(context)
    }

    /// Reads up to the end of a request; the parser stops there until its answer has gone.
    private func advance(_ context: ChannelHandlerContext) {
        do throws(RequestError) {
            while let part = try parser.next() {
                switch part {
                case .head(let head):
                    (self.head, body) = (head, [])
                case .body(let bytes):
                    guard body.count + bytes.readableBytes <= TransferServer.longestBody else {
                        return refuse(413, "the message is too long", context)
                    }
                    body.append(contentsOf: bytes.readableBytesView)
                case .end: respond(context)
                case .raw: break
                }
            }
        } catch {
            refuse(400, error.message, context)
        }
    }

    /// Says no and ends the connection, whose next bytes nobody can read.
    private func refuse(_ status: Int, _ reason: String, _ context: ChannelHandlerContext) {
        isBroken = true
        let bytes = Array("\(reason)\n".utf8)
        let buffer = ByteBuffer(
            string: Self.headText(
                status, length: Int64(bytes.count), ["Connection: close", "Content-Type: text/plain"]))
        context.write(wrapOutboundOut(.byteBuffer(buffer)), promise: nil)
        let channel = context.channel
        context.writeAndFlush(wrapOutboundOut(.byteBuffer(ByteBuffer(bytes: bytes)))).whenComplete { _ in
            channel.close(promise: nil)
        }
    }

    private func respond(_ context: ChannelHandlerContext) {
        guard let head else { return }
        self.head = nil
        let request = request(head, context)
        urgency = request.isBackground ? .background : .foreground
        let context = NIOLoopBound(context, eventLoop: context.eventLoop)
        let handler = NIOLoopBound(self, eventLoop: context.value.eventLoop)
        settings.respond(request, context.value.eventLoop).hop(to: context.value.eventLoop).whenComplete { result in
            let answer: TransferAnswer
            switch result {
            case .success(let given): answer = given
            case .failure(let error): answer = .refusal(500, "\(error)")
            }
            handler.value.send(answer, isHead: head.request.method == .head, head.keepsAlive, context.value)
        }
    }

    private func request(_ head: RequestHead, _ context: ChannelHandlerContext) -> TransferRequest {
        if caller == nil, !settings.isPlain {
            caller = try? context.channel.pipeline.syncOperations.nioSSL_peerCertificate().map { try NodeIdentity($0) }
        }
        let halves = (head.request.path ?? "/").split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        let fields = head.request.headerFields
        return TransferRequest(
            method: head.request.method.rawValue, path: String(halves[0]),
            query: halves.count == 2 ? String(halves[1]) : "", caller: caller,
            claimedNumber: settings.isPlain ? fields[TransferField.node].flatMap { UInt64($0, radix: 16) } : nil,
            address: context.remoteAddress?.ipAddress ?? "", range: fields[.range], grant: fields[TransferField.grant],
            isBackground: fields[TransferField.urgency] == "background", body: body)
    }

    // MARK: the answer

    private func send(_ answer: TransferAnswer, isHead: Bool, _ keepsAlive: Bool, _ context: ChannelHandlerContext) {
        guard !isBroken else {
            if case .file(let part) = answer { part.ended(0) }
            return
        }
        let close = keepsAlive ? [] : ["Connection: close"]
        switch answer {
        case .bytes(let status, let bytes, let type):
            let text = Self.headText(status, length: Int64(bytes.count), ["Content-Type: \(type)"] + close)
            var buffer = context.channel.allocator.buffer(capacity: text.utf8.count + bytes.count)
            buffer.writeString(text)
            if !isHead { buffer.writeBytes(bytes) }
            let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
            context.writeAndFlush(wrapOutboundOut(.byteBuffer(buffer))).whenComplete { result in
                bound.value.0.answered(result, keepsAlive, bound.value.1)
            }
        case .file(let part):
            let isWhole = part.range == 0..<part.whole
            let fields =
                ["Content-Type: application/octet-stream"]
                + (isWhole
                    ? []
                    : ["Content-Range: bytes \(part.range.lowerBound)-\(part.range.upperBound - 1)/\(part.whole)"])
                + (part.proof.map { ["Pouch-Proof: \($0)"] } ?? []) + close
            let text = Self.headText(isWhole ? 200 : 206, length: Int64(part.range.count), fields)
            context.write(wrapOutboundOut(.byteBuffer(ByteBuffer(string: text))), promise: nil)
            let outbound = FileOutbound(part, settings, urgency, context) { [self] result in
                answered(result, keepsAlive, context)
            }
            let channel = context.channel
            part.onAbort { channel.close(promise: nil) }
            if isHead { outbound.finish(.success(())) } else { outbound.start() }
        }
    }

    private func answered(_ result: Result<Void, any Error>, _ keepsAlive: Bool, _ context: ChannelHandlerContext) {
        guard case .success = result, keepsAlive, !isBroken else { return context.close(promise: nil) }
        parser.resume(as: .nextRequest)
        advance(context)
    }

    private static func headText(_ status: Int, length: Int64, _ fields: [String]) -> String {
        "HTTP/1.1 \(status) \(reason(status))\r\nContent-Length: \(length)\r\n"
            + fields.map { "\($0)\r\n" }.joined() + "\r\n"
    }

    private static func reason(_ status: Int) -> String {
        switch status {
        case 200: "OK"
        case 206: "Partial Content"
        default: HTTPResponse.Status(code: status).reasonPhrase
        }
    }

    // MARK: a file

    /// A part of a file that is being sent, portion by portion as the limit allows.
    private final class FileOutbound {
        private let part: FilePart
        private let settings: Settings
        private let context: ChannelHandlerContext
        private let done: (Result<Void, any Error>) -> Void
        private let urgency: Pacer.Urgency
        private let region: NIOFileHandle?
        private var position: Int64

        init(
            _ part: FilePart, _ settings: Settings, _ urgency: Pacer.Urgency, _ context: ChannelHandlerContext,
            done: @escaping (Result<Void, any Error>) -> Void
        ) {
            self.part = part
            self.settings = settings
            self.urgency = urgency
            self.context = context
            self.done = done
            position = part.range.lowerBound
            // The handle is never closed through itself: the descriptor is the part's.
            region = settings.isPlain ? NIOFileHandle(_deprecatedTakingOwnershipOfDescriptor: part.file.raw) : nil
        }

        func finish(_ result: Result<Void, any Error>) {
            _ = try? region?.takeDescriptorOwnership()
            part.ended(position - part.range.lowerBound)
            done(result)
        }

        func start() { step() }

        /// Waits for leave to send the next portion, sends it, and goes on.
        private func step() {
            guard position < part.range.upperBound else { return finish(.success(())) }
            let most = settings.isPlain ? TransferHandler.plainStep : TransferHandler.sealedStep
            let count = min(Int(part.range.upperBound - position), settings.upload.portion(of: most))
            let bound = NIOLoopBound(self, eventLoop: context.eventLoop)
            settings.upload.pass(count, urgency, on: context.eventLoop).whenComplete { _ in
                bound.value.send(count)
            }
        }

        private func send(_ count: Int) {
            let bound = NIOLoopBound(self, eventLoop: context.eventLoop)
            if let region {
                let slice = FileRegion(
                    fileHandle: region, readerIndex: Int(position), endIndex: Int(position) + count)
                return write(.fileRegion(slice), count)
            }
            FileOutbound.read(part, from: position, count: count, on: context.eventLoop).whenComplete { result in
                switch result {
                case .success(let bytes): bound.value.write(.byteBuffer(bytes), count)
                case .failure(let error): bound.value.finish(.failure(error))
                }
            }
        }

        private func write(_ data: IOData, _ count: Int) {
            let bound = NIOLoopBound(self, eventLoop: context.eventLoop)
            context.writeAndFlush(NIOAny(data)).whenComplete { result in
                switch result {
                case .success:
                    bound.value.position += Int64(count)
                    bound.value.step()
                case .failure(let error): bound.value.finish(.failure(error))
                }
            }
        }

        /// Reads on a lane: a disk may be slow.
        private static func read(
            _ part: FilePart, from offset: Int64, count: Int, on loop: any EventLoop
        ) -> EventLoopFuture<ByteBuffer> {
            let promise = loop.makePromise(of: ByteBuffer.self)
            Lanes.shared.start {
                promise.completeWith(Result { try part.read(from: offset, count: count) })
            }
            return promise.futureResult
        }
    }
}

extension FilePart {
    /// Blocks on the disk.
    ///
    /// - Throws: `EIO` when the file is shorter than it was.
    func read(from offset: Int64, count: Int) throws(SyscallError) -> ByteBuffer {
        var buffer = ByteBufferAllocator().buffer(capacity: count)
        var done = 0
        while done < count {
            let number = file.raw
            var failure: SyscallError?
            let read = buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: count - done) { space in
                do throws(SyscallError) {
                    return try check("pread") { pread(number, space.baseAddress, count - done, Int(offset) + done) }
                } catch {
                    failure = error
                    return 0
                }
            }
            if let failure { throw failure }
            guard read > 0 else { throw SyscallError("pread", errno: EIO) }
            done += read
        }
        return buffer
    }
}

/// Fields of ours.
enum TransferField {
    static let grant = known("Pouch-Grant")
    static let urgency = known("Pouch-Urgency")
    static let node = known("Pouch-Node")

    private static func known(_ name: String) -> HTTPField.Name {
        guard let name = HTTPField.Name(name) else { preconditionFailure("\(name) is not a header's name") }
        return name
    }
}
