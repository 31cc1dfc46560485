package import Hummingbird
package import Logging
package import NIOCore
internal import NIOPosix
internal import NIOSSL
internal import ServiceLifecycle
internal import Synchronization

/// Where a server listens.
package enum Listener: Sendable {
    case unix(UnixListener)
    case plain(PlainListener)
    case tls(TLSListener)
}

/// An HTTP/1.1 server on Unix sockets and TCP ports, whose handlers may take a connection over.
///
/// ``bind()`` first, so that a daemon can say that it is ready; then ``run()`` serves until graceful shutdown: idle
/// and streaming connections are cut, requests in work are answered.
package final class HTTPServer: Service {
    private let listeners: [Listener]
    private let group: any EventLoopGroup
    private let logger: Logger
    private let respond: Connection.Respond
    private let bound = Mutex<[Bound]>([])
    private let connections = Mutex<[ObjectIdentifier: Connection]>([:])
    private let isStopping = Mutex(false)

    private struct Bound: Sendable {
        var accepting: NIOAsyncChannel<Connection, Never>
        var removeSocket: @Sendable () -> Void
        /// What new connections of a TLS port get.
        var sessions: (listener: TLSListener, current: TLSSessions)?
    }

    /// The certificate that is shown now.
    private final class TLSSessions: Sendable {
        let context: Mutex<NIOSSLContext>

        init(_ context: NIOSSLContext) { self.context = Mutex(context) }
    }

    /// How long requests in work are waited for when the server stops.
    private static let grace = Duration.seconds(10)

    /// An error that `respond` throws ends the connection.
    package init(
        listeners: [Listener], group: any EventLoopGroup, logger: Logger,
        respond: @escaping @Sendable (Request, RequestSource) async throws -> Response
    ) {
        self.listeners = listeners
        self.group = group
        self.logger = logger
        self.respond = respond
    }

    /// How many connections are open.
    package var openConnections: Int { connections.withLock { $0.count } }

    /// Where it listens, after ``bind()``: for ports that the kernel chose.
    package var addresses: [SocketAddress] { bound.withLock { $0.compactMap(\.accepting.channel.localAddress) } }

    /// Starts to listen: connections queue from here on.
    ///
    /// - Throws: ``ListenError``; whatever had been bound is released.
    package func bind() async throws {
        do {
            for listener in listeners {
                let one = try await bind(listener)
                bound.withLock { $0.append(one) }
            }
        } catch {
            for one in bound.withLock({ $0 }) {
                one.removeSocket()
                try? await one.accepting.channel.close()
            }
            throw error
        }
    }

    private func bind(_ listener: Listener) async throws -> Bound {
        switch listener {
        case .unix(let unix):
            let descriptor = try unix.open()
            let identity = unix.identity()
            let channel = try await bootstrap().bind(descriptor) { Self.connection(on: $0, peer: .local) }
            return Bound(accepting: channel) { unix.remove(identity) }
        case .plain(let plain):
            let channel = try await bootstrap()
                .childChannelOption(.socketOption(.tcp_nodelay), value: 1)
                .bind(host: plain.host, port: plain.port) { channel in
                    Self.connection(on: channel, peer: .anonymous(address: Self.address(of: channel)))
                }
            return Bound(accepting: channel) {}
        case .tls(let tls):
            let sessions = TLSSessions(try tls.context())
            let isMutual = tls.authority != nil
            let channel = try await bootstrap()
                .childChannelOption(.socketOption(.tcp_nodelay), value: 1)
                .bind(host: tls.host, port: tls.port) { channel in
                    channel.eventLoop.makeCompletedFuture {
                        try channel.pipeline.syncOperations.addHandler(
                            NIOSSLServerHandler(context: sessions.context.withLock { $0 }))
                    }.flatMap {
                        let address = Self.address(of: channel)
                        return Self.connection(
                            on: channel, peer: isMutual ? .certified(address: address) : .anonymous(address: address))
                    }
                }
            return Bound(accepting: channel, removeSocket: {}, sessions: (tls, sessions))
        }
    }

    /// Reads the certificates of TLS ports again, for connections to come.
    ///
    /// - Throws: ``ListenError/tls(_:)``; then the old ones stay. Blocks on the disk.
    package func reloadCertificates() throws(ListenError) {
        for case let (listener, current)? in bound.withLock({ $0.map(\.sessions) }) {
            let context = try listener.context()
            current.context.withLock { $0 = context }
        }
    }

    private func bootstrap() -> ServerBootstrap {
        ServerBootstrap(group: group)
            .serverChannelOption(.backlog, value: 4096)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.autoRead, value: false)
            .childChannelOption(.allowRemoteHalfClosure, value: true)
    }

    private static func address(of channel: any Channel) -> String {
        channel.remoteAddress.map(String.init(describing:)) ?? ""
    }

    private static func connection(on channel: any Channel, peer: Peer) -> EventLoopFuture<Connection> {
        channel.eventLoop.makeCompletedFuture { try Connection(channel: channel, peer: peer) }
    }

    package func run() async throws {
        let bound = bound.withLock { $0 }
        await withGracefulShutdownHandler {
            await withTaskGroup(of: Void.self) { group in
                for one in bound {
                    group.addTask { await self.accept(one.accepting) }
                }
            }
        } onGracefulShutdown: {
            self.stop(bound)
        }
        for one in bound { one.removeSocket() }
    }

    private func accept(_ accepting: NIOAsyncChannel<Connection, Never>) async {
        do {
            try await accepting.executeThenClose { inbound in
                try await withThrowingDiscardingTaskGroup { group in
                    for try await connection in inbound {
                        group.addTask { await self.serve(connection) }
                    }
                }
            }
        } catch {
            if !isStopping.withLock({ $0 }) { logger.error("accepting ended", metadata: ["error": "\(error)"]) }
        }
    }

    private func serve(_ connection: Connection) async {
        let key = ObjectIdentifier(connection)
        connections.withLock { $0[key] = connection }
        if isStopping.withLock({ $0 }) { connection.stop() }
        await connection.serve(logger: logger, respond: respond)
        connections.withLock { $0[key] = nil }
    }

    private func stop(_ bound: [Bound]) {
        isStopping.withLock { $0 = true }
        for one in bound {
            one.removeSocket()
            one.accepting.channel.close(promise: nil)
        }
        for connection in connections.withLock({ $0.values.map { $0 } }) { connection.stop() }
        group.any().scheduleTask(in: .seconds(Self.grace.components.seconds)) { [self] in
            for connection in connections.withLock({ $0.values.map { $0 } }) {
                connection.channel.close(promise: nil)
            }
        }
    }
}
