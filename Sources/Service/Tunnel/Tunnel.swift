internal import Glibc
internal import NIOCore
internal import NIOPosix
internal import NIOSSL
internal import NIOTLS

/// Carries the bytes of a socket to a server behind TLS and back.
///
/// What opens it need not know TLS: it makes a socket pair, gives one end to a process that calls this, and speaks into the
/// other as it would into a Unix socket.
///
/// ```
///   pouch                        the process with the tunnel                    pouchd
///     | <------- 0, or why not ------ | <------------- TLS handshake -----------> |
///     | ============= bytes ========> | ================ bytes ================> |
///     | half closed ----------------> | close_notify -------------------------->  |
///     | <============ bytes ========= | <=============== bytes ================= |
/// ```
package enum Tunnel {
    fileprivate typealias Ends = NIOAsyncChannel<ByteBuffer, ByteBuffer>

    /// Connects, says on `socket` whether that worked (a zero byte, or why not in words), and comes back when either side
    /// has closed for good.
    ///
    /// The server has `patience` to be connected with and to agree on TLS, and only as long as somebody holds the other end of `socket`.
    ///
    /// - Throws: ``TunnelError``; `socket` has been told, too, of any but ``TunnelError/broken(_:)``.
    package static func carry(
        _ socket: CInt, to target: TunnelTarget, patience: Duration = .seconds(30)
    ) async throws {
        let group = MultiThreadedEventLoopGroup.singleton
        let here = try await ClientBootstrap(group: group)
            .channelOption(.allowRemoteHalfClosure, value: true)
            .withConnectedSocket(socket) { channel in
                channel.eventLoop.makeCompletedFuture { try wrap(channel) }
            }
        try await here.executeThenClose { fromHere, toHere in
            let there: Ends
            do throws(TunnelError) {
                there = try await connect(to: target, group, TimeAmount(patience), while: here.channel.closeFuture)
            } catch {
                try await toHere.write(ByteBuffer(string: error.description))
                throw error
            }
            try await toHere.write(ByteBuffer(bytes: [0]))
            try await there.executeThenClose { fromThere, toThere in
                try await withThrowingTaskGroup(of: Void.self) { group in
                    group.addTask {
                        for try await bytes in fromHere { try await toThere.write(bytes) }
                        toThere.finish()
                        // Half closed it may go on for long; gone altogether it is not to wait for the server.
                        try await here.channel.closeFuture.get()
                        there.channel.close(promise: nil)
                    }
                    do {
                        for try await bytes in fromThere { try await toHere.write(bytes) }
                    } catch {
                        throw TunnelError.broken(words(error))
                    }
                    toHere.finish()
                    group.cancelAll()
                }
            }
        }
    }

    /// What people can do something about, in words.
    private static func words(_ error: any Error) -> String {
        if let error = error as? IOError { return String(cString: strerror(error.errnoCode)).lowercased() }
        let text = "\(error)"
        let meanings = [
            ("CERTIFICATE_VERIFY_FAILED", "its certificate is not signed by an authority that we trust"),
            ("alidateHostname", "its certificate is for another name"),
            ("unableToValidateCertificate", "its certificate is for another name"),
            ("CERTIFICATE_REQUIRED", "it wants a certificate: give --tlscert and --tlskey"),
            ("ALERT_UNKNOWN_CA", "it does not trust who signed our certificate"),
            ("UnknownHost", "no such host"),
        ]
        return meanings.first { text.contains($0.0) }?.1 ?? text
    }

    fileprivate static func wrap(_ channel: any Channel) throws -> Ends {
        try NIOAsyncChannel(
            wrappingChannelSynchronously: channel, configuration: .init(isOutboundHalfClosureEnabled: true))
    }

    private static func connect(
        to target: TunnelTarget, _ group: any EventLoopGroup, _ patience: TimeAmount, while gone: EventLoopFuture<Void>
    ) async throws(TunnelError) -> Ends {
        let context = try target.context()
        let name = target.serverName
        do {
            let ready = try await ClientBootstrap(group: group)
                .connectTimeout(patience)
                .channelOption(.socketOption(.tcp_nodelay), value: 1)
                .channelOption(.allowRemoteHalfClosure, value: true)
                .connect(host: target.host, port: target.port) { channel in
                    channel.eventLoop.makeCompletedFuture {
                        let ready = channel.eventLoop.makePromise(of: Ends.self)
                        let pipeline = channel.pipeline.syncOperations
                        try pipeline.addHandler(NIOSSLClientHandler(context: context, serverHostname: name))
                        let witness = HandshakeWitness(ready)
                        try pipeline.addHandler(witness)
                        let bound = NIOLoopBound(witness, eventLoop: channel.eventLoop)
                        channel.eventLoop.scheduleTask(in: patience) {
                            bound.value.give(up: "it does not agree on TLS in \(patience.nanoseconds / 1_000_000) ms")
                        }
                        gone.hop(to: channel.eventLoop).whenComplete { _ in
                            bound.value.give(up: "nobody waits for it any more")
                        }
                        return ready.futureResult
                    }
                }
            return try await ready.get()
        } catch let error as TunnelError {
            throw error
        } catch let error as NIOConnectionError {
            throw .refused(words(error.connectionErrors.first?.error ?? error))
        } catch {
            throw .refused(words(error))
        }
    }
}

/// Gives the channel's ends once the handshake is done, so that none are made for a server that is not believed, nor for an
/// address where nobody listens.
private final class HandshakeWitness: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private var promise: EventLoopPromise<Tunnel.Ends>?
    private var context: ChannelHandlerContext?

    init(_ promise: EventLoopPromise<Tunnel.Ends>) {
        self.promise = promise
    }

    func handlerAdded(context: ChannelHandlerContext) { self.context = context }

    /// Ends what has not come to a handshake.
    func give(up why: String) {
        guard promise != nil else { return }
        settle(TunnelError.refused(why))
        context?.close(promise: nil)
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case .handshakeCompleted = event as? TLSUserEvent {
            promise?.completeWith(Result { try Tunnel.wrap(context.channel) })
            promise = nil
        }
        context.fireUserInboundEventTriggered(event)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        settle(error)
        context.fireErrorCaught(error)
    }

    /// Also of a channel that never got as far as a connection.
    func handlerRemoved(context: ChannelHandlerContext) {
        self.context = nil
        settle(ChannelError.eof)
    }

    func channelInactive(context: ChannelHandlerContext) {
        settle(ChannelError.eof)
        context.fireChannelInactive()
    }

    private func settle(_ error: any Error) {
        promise?.fail(error)
        promise = nil
    }
}
