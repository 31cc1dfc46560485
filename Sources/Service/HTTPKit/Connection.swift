internal import HTTPTypes
internal import Hummingbird
internal import Logging
internal import NIOCore
internal import NIOSSL
internal import Synchronization

/// One client's connection: its requests one after another, until it ends or a request takes it over.
final class Connection: Sendable {
    typealias Respond = @Sendable (Request, RequestSource) async throws -> Response

    /// What a server that wants to stop may do with it.
    enum Phase: Sendable {
        /// Between requests: may be closed.
        case idle
        /// A request is being worked on: shall be finished.
        case busy
        /// An endless answer or a hijacked stream: may be cut.
        case streaming
    }

    let channel: any Channel
    let inbox: Inbox
    let outbox: Outbox
    let presence: Presence
    private let peer: Peer
    private let phase = Mutex(Phase.idle)
    private let isStopping = Mutex(false)

    init(channel: any Channel, peer: Peer) throws {
        self.channel = channel
        self.peer = peer
        inbox = Inbox { [channel] in channel.read() }
        outbox = Outbox(channel: channel)
        presence = Presence()
        let handler = ConnectionHandler(
            inbox: inbox, outbox: outbox, presence: presence, endIsDeparture: peer != .local)
        try channel.pipeline.syncOperations.addHandler(handler)
    }

    /// Ends the connection as soon as that disturbs no request.
    func stop() {
        isStopping.withLock { $0 = true }
        if phase.withLock({ $0 != .busy }) { channel.close(promise: nil) }
    }

    /// Serves until the connection has ended; never throws, since there is nobody left to tell.
    func serve(logger: Logger, respond: @escaping Respond) async {
        do {
            var certificate: [UInt8]?
            var isFirst = true
            while case .head(let head)? = try await nextHead() {
                if isFirst, case .certified = peer { certificate = try await peerCertificate() }
                isFirst = false
                guard try await serve(head, certificate, logger: logger, respond: respond) else { break }
                if isStopping.withLock({ $0 }) { break }
            }
            try await linger()
        } catch ConnectionError.request(let error) {
            try? await refuse(error)
        } catch {
            logger.trace("connection ended", metadata: ["reason": "\(error)"])
        }
        try? await channel.close()
    }

    /// What the client showed; the handshake is over when its first request is here.
    private func peerCertificate() async throws -> [UInt8]? {
        try await channel.nioSSL_peerCertificate().flatMapThrowing { try $0?.toDERBytes() }.get()
    }

    private func nextHead() async throws -> RequestPart? {
        phase.withLock { $0 = .idle }
        let part = try await inbox.next()
        phase.withLock { $0 = .busy }
        return part
    }

    /// Answers one request; whether the connection goes on with another.
    private func serve(
        _ head: RequestHead, _ certificate: [UInt8]?, logger: Logger, respond: Respond
    ) async throws -> Bool {
        let clock = ContinuousClock()
        let began = clock.now
        var logger = logger
        let id = RequestID.of(head.request)
        logger[metadataKey: "request"] = "\(id)"
        let source = RequestSource(logger: logger, requestID: id, peer: peer, certificate: certificate)
        let progress = BodyProgress(awaitsLeave: head.expectsContinue && head.hasBody)
        let body =
            head.hasBody
            ? RequestBody(asyncSequence: RequestStream(inbox: inbox, outbox: outbox, progress: progress))
            : RequestBody(buffer: ByteBuffer())
        var response = try await respond(Request(head: head.request, body: body), source)
        response.headers[RequestID.field] = id
        logger.debug(
            "request",
            metadata: [
                "method": "\(head.request.method)", "path": "\(head.request.path ?? "")",
                "status": "\(response.status.code)", "took": "\(clock.now - began)",
            ])
        if let takeover = source.takeover.take() {
            try await readRest(progress)
            try await hijack(response, by: takeover, logger: logger)
            return false
        }
        let goesOn = try await send(response, to: head, canGoOn: !progress.awaitsLeave)
        guard goesOn else {
            if !progress.isComplete, !progress.awaitsLeave { try? await discardRest(progress) }
            return false
        }
        try await readRest(progress)
        // Not waited for: what follows the answer comes through the inbox, and the end of the connection too.
        channel.writeAndFlush(ConnectionOutput.resume(.nextRequest), promise: nil)
        return true
    }

    /// Sends an answer; whether the client can know where it ended and send another request.
    private func send(_ response: Response, to head: RequestHead, canGoOn: Bool) async throws -> Bool {
        var response = response
        let framing = Self.framing(response, to: head)
        let goesOn = head.keepsAlive && framing != .close && canGoOn && !isStopping.withLock { $0 }
        switch framing {
        case .length, .nothing:
            if let length = response.body.contentLength, Self.mayHaveBody(response.status),
                response.headers[.contentLength] == nil
            {
                response.headers[.contentLength] = String(length)
            }
        case .chunked: response.headers[.transferEncoding] = "chunked"
        case .close: break
        }
        if !goesOn { response.headers[.connection] = "close" }
        let sender = ResponseSender(outbox: outbox, framing: framing, head: response.head.encodedHead())
        if framing == .nothing {
            try await sender.finish(nil)
        } else if response.body.contentLength == nil {
            try await stream(response.body, through: sender)
        } else {
            try await response.body.write(sender)
        }
        return goesOn
    }

    /// Sends a body that may take for ever; gives up as soon as the client is gone.
    private func stream(_ body: ResponseBody, through sender: ResponseSender) async throws {
        phase.withLock { $0 = .streaming }
        defer { phase.withLock { $0 = .busy } }
        var sender = sender
        try await sender.flush()
        try await untilGone { [sender] in try await body.write(sender) }
    }

    /// Runs `work` and cancels it when the client leaves.
    private func untilGone(_ work: @escaping @Sendable () async throws -> Void) async throws {
        try await withThrowingTaskGroup(of: Bool.self) { group in
            group.addTask {
                try await work()
                return true
            }
            group.addTask { [presence, inbox] in
                await presence.gone()
                // What the client sent before it left may still matter, if somebody is reading it.
                for _ in 0..<20 where !Task.isCancelled && !inbox.isDrained {
                    try? await Task.sleep(for: .milliseconds(50))
                }
                return false
            }
            let isDone = try await group.next() ?? false
            group.cancelAll()
            if !isDone { throw ConnectionError.closed }
        }
    }

    private static func mayHaveBody(_ status: HTTPResponse.Status) -> Bool {
        status.code >= 200 && status.code != 204 && status.code != 304
    }

    private static func framing(_ response: Response, to head: RequestHead) -> ResponseSender.Framing {
        if head.request.method == .head || !mayHaveBody(response.status) { return .nothing }
        if response.body.contentLength != nil || response.headers[.contentLength] != nil { return .length }
        return head.takesChunks ? .chunked : .close
    }
}

extension Connection {
    private func hijack(_ response: Response, by body: @escaping Takeover.Body, logger: Logger) async throws {
        phase.withLock { $0 = .streaming }
        var head = response.head
        head.headerFields[.contentLength] = nil
        // A client that has left already may still have sent input that counts, so these may fail.
        try? await outbox.write([head.encodedHead()])
        try? await channel.writeAndFlush(ConnectionOutput.resume(.raw))
        let receipt = HeadReceipt(channel: channel, isLocal: peer == .local)
        let stream = HijackedStream(inbox: inbox, outbox: outbox, head: receipt)
        do {
            try await untilGone { try await body(stream) }
        } catch {
            logger.debug("hijacked stream ended", metadata: ["reason": "\(error)"])
        }
    }

    /// Reads what is left of a body that nobody wanted, so that the next request can be found.
    private func readRest(_ progress: BodyProgress) async throws {
        while !progress.isComplete {
            switch try await inbox.next() {
            case .body: continue
            case .end: return progress.complete()
            case .head, .raw, nil: throw ConnectionError.truncated
            }
        }
    }

    /// Reads a body that was refused, for a while: closing at once would reset the connection, and the client would
    /// see a broken pipe instead of the answer.
    private func discardRest(_ progress: BodyProgress) async throws {
        outbox.finish()
        try await limited(to: .seconds(10)) { try await self.readRest(progress) }
    }

    /// Lets the client take the last bytes before the connection goes: a Unix socket that is closed with bytes unread
    /// resets its peer.
    private func linger() async throws {
        try await outbox.drain()
        outbox.finish()
        phase.withLock { $0 = .streaming }
        try await limited(to: .seconds(2)) { [inbox] in
            while try await inbox.next() != nil {}
        }
    }

    private func limited(to time: Duration, _ work: @escaping @Sendable () async throws -> Void) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await work() }
            group.addTask { try await Task.sleep(for: time) }
            _ = try await group.next()
            group.cancelAll()
        }
    }

    private func refuse(_ error: RequestError) async throws {
        let body = ByteBuffer(string: #"{"message":"\#(error.message)"}"# + "\n")
        let head = HTTPResponse(
            status: error.status,
            headerFields: [
                .contentType: "application/json", .contentLength: String(body.readableBytes), .connection: "close",
            ])
        try await outbox.write([head.encodedHead(), body])
        try await linger()
    }
}
