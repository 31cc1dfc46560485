internal import HTTPKit
package import Logging
package import NIOCore
internal import NIOPosix
package import NIOSSL
internal import ServiceLifecycle
internal import Synchronization

/// Serves pieces and answers messages over HTTP/1.1, with mutual TLS or plain.
///
/// It stands on bare channels, as only there a file's bytes go from the page cache to the socket without passing through this
/// process. ``bind()`` first, then ``run()`` until graceful shutdown.
package final class TransferServer: Service {
    package typealias Respond = @Sendable (TransferRequest, any EventLoop) -> EventLoopFuture<TransferAnswer>

    /// The most that a message may have, in bytes.
    package static let longestBody = 16 << 20

    private let host: String
    private let port: Int
    private let tls: NIOSSLContext?
    private let group: any EventLoopGroup
    private let settings: TransferHandler.Settings
    private let logger: Logger
    private let channel = Mutex<(any Channel)?>(nil)

    /// A connection on which nothing has moved for so long is closed.
    package static let idleLimit = Duration.seconds(60)

    /// Without `tls` anyone who can reach the port may ask.
    ///
    /// `upload` limits what files send; `respond` must not block.
    package init(
        host: String, port: Int, tls: NIOSSLContext?, group: any EventLoopGroup, upload: RateLimit, logger: Logger,
        respond: @escaping Respond
    ) {
        self.host = host
        self.port = port
        self.tls = tls
        self.group = group
        self.logger = logger
        settings = TransferHandler.Settings(respond: respond, upload: upload, isPlain: tls == nil)
    }

    /// The port it listens at, after ``bind()``.
    package var boundPort: Int? { channel.withLock { $0?.localAddress?.port } }

    /// Starts to listen.
    ///
    /// - Throws: ``TransferError/listen(_:)``.
    package func bind() async throws(TransferError) {
        let bootstrap = ServerBootstrap(group: group)
            .serverChannelOption(.backlog, value: 1024)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.socketOption(.tcp_nodelay), value: 1)
            .childChannelOption(.maxMessagesPerRead, value: 4)
            .childChannelInitializer { [tls, settings] channel in
                channel.eventLoop.makeCompletedFuture {
                    let pipeline = channel.pipeline.syncOperations
                    if let tls { try pipeline.addHandler(NIOSSLServerHandler(context: tls)) }
                    // Whoever neither sends nor takes anything for this long holds a connection for nothing.
                    try pipeline.addHandler(IdleStateHandler(allTimeout: .init(Self.idleLimit)))
                    try pipeline.addHandler(TransferHandler(settings))
                }
            }
        do {
            let bound = try await bootstrap.bind(host: host, port: port).get()
            channel.withLock { $0 = bound }
        } catch {
            throw .listen("\(host):\(port): \(error)")
        }
    }

    /// Accepts until shutdown, cancellation or ``stop()``; connections end with it.
    package func run() async throws {
        guard let channel = channel.withLock({ $0 }) else { throw TransferError.listen("\(host):\(port): not bound") }
        await withTaskCancellationHandler {
            await withGracefulShutdownHandler {
                try? await channel.closeFuture.get()
            } onGracefulShutdown: {
                self.stop()
            }
        } onCancel: {
            self.stop()
        }
        settings.closeAll()
    }

    package func stop() { channel.withLock { $0 }?.close(promise: nil) }
}
