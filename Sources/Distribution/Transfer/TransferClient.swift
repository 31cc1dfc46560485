package import NIOCore
internal import NIOHTTP1
internal import NIOPosix
package import NIOSSL
internal import Synchronization

/// Asks peers and the tracker; keeps connections for the next request.
///
/// Any thread may use it; nobody blocks.
package final class TransferClient: Sendable {
    private struct State {
        var idle: [TransferTarget: [any Channel]] = [:]
        /// Since when those have been idle.
        var idleSince: [ObjectIdentifier: ContinuousClock.Instant] = [:]
        /// Connections that we close ourselves.
        var ending: Set<ObjectIdentifier> = []
        var isClosed = false
    }

    private let state = Mutex(State())
    private let tls: NIOSSLContext?
    private let group: any EventLoopGroup
    private let download: RateLimit
    private let connectTimeout: TimeAmount
    private let plainNumber: UInt64?
    private let idleLimit: Duration
    private let lost: @Sendable () -> Void

    /// Idle connections kept to one target.
    private static let kept = 8

    /// Without `tls` it speaks plain HTTP and says that it is the node of `plainNumber`.
    ///
    /// `download` limits what answers bring; `lost` is told of every connection that the other side ended, but for those that
    /// were idle for `idleLimit`, which it closes.
    package init(
        tls: NIOSSLContext?, group: any EventLoopGroup, download: RateLimit, plainNumber: UInt64? = nil,
        connectTimeout: Duration = .seconds(4), idleLimit: Duration = TransferServer.idleLimit - .seconds(5),
        lost: @escaping @Sendable () -> Void = {}
    ) {
        self.idleLimit = idleLimit
        self.lost = lost
        self.plainNumber = tls == nil ? plainNumber : nil
        self.tls = tls
        self.group = group
        self.download = download
        self.connectTimeout = .init(connectTimeout)
    }

    /// Sends `call`; the answer's future fails with a ``TransferError``.
    package func start(_ call: TransferCall, at target: TransferTarget) -> TransferTask {
        let loop = group.any()
        let task = TransferTask(call, target, on: loop)
        if let patience = call.patience {
            // A host that has vanished does not even close its connections.
            let timer = loop.scheduleTask(in: TimeAmount(patience)) { task.cancel(because: "no answer in \(patience)") }
            task.reply.whenComplete { _ in timer.cancel() }
        }
        attempt(task, mayReuse: true)
        return task
    }

    /// The same for who waits; cancelling the caller calls it off.
    package func send(_ call: TransferCall, to target: TransferTarget) async throws(TransferError) -> TransferReply {
        let task = start(call, at: target)
        do {
            return try await withTaskCancellationHandler {
                try await task.reply.get()
            } onCancel: {
                task.cancel()
            }
        } catch let error as TransferError {
            throw error
        } catch {
            throw .interrupted("\(call.method) \(call.path): \(error)")
        }
    }

    /// Closes what is idle, and every connection when its exchange ends.
    package func close() {
        let idle = state.withLock { state in
            state.isClosed = true
            defer { state.idle = [:] }
            return state.idle.values.flatMap { $0 }
        }
        for channel in idle { end(channel) }
    }

    /// Closes a connection, of which nobody is told that it was lost.
    private func end(_ channel: any Channel) {
        state.withLock { state in if channel.isActive { state.ending.insert(ObjectIdentifier(channel)) } }
        channel.close(promise: nil)
    }

    private func ended(_ channel: any Channel) {
        let isLost = state.withLock { state in
            let id = ObjectIdentifier(channel)
            let idle = state.idleSince.removeValue(forKey: id).map { ContinuousClock.now - $0 } ?? .zero
            return state.ending.remove(id) == nil && idle < idleLimit
        }
        if isLost { lost() }
    }

    private func attempt(_ task: TransferTask, mayReuse: Bool) {
        if mayReuse, let channel = popIdle(task.target) {
            return exchange(task, on: channel, isReused: true)
        }
        connect(to: task.target).whenComplete { [self] result in
            switch result {
            case .success(let channel):
                channel.closeFuture.whenComplete { [self] _ in ended(channel) }
                exchange(task, on: channel, isReused: false)
            case .failure(let error):
                task.finish(.failure(.unreachable("\(task.target.host):\(task.target.port): \(Self.reason(error))")))
            }
        }
    }

    private static func reason(_ error: any Error) -> String {
        guard let error = error as? NIOConnectionError, let first = error.connectionErrors.first else {
            return "\(error)"
        }
        return "\(first.error)"
    }

    private func exchange(_ task: TransferTask, on channel: any Channel, isReused: Bool) {
        guard task.begin({ [self] in end(channel) }) else { return giveBack(channel, task.target) }
        let exchange = ClientHandler.Exchange(
            call: task.call, host: task.target.host, number: plainNumber, loop: channel.eventLoop)
        // A connection that ends just now has no handler left that would say so.
        channel.writeAndFlush(exchange).whenFailure { error in
            exchange.promise.fail(TransferError.interrupted("\(task.doing): \(error)"))
        }
        exchange.promise.futureResult.whenComplete { [self] result in
            switch result {
            case .success(let (reply, keepsAlive)):
                if keepsAlive { giveBack(channel, task.target) } else { end(channel) }
                task.finish(.success(reply))
            case .failure(let error):
                channel.close(promise: nil)
                // The other side may have closed a connection that waited too long, just as we took it.
                if isReused, !exchange.hasAnswer, !task.isCancelled { return attempt(task, mayReuse: false) }
                task.finish(.failure(error as? TransferError ?? .interrupted("\(task.doing): \(error)")))
            }
        }
    }

    private func popIdle(_ target: TransferTarget) -> (any Channel)? {
        state.withLock { state in
            while let channel = state.idle[target]?.popLast() {
                guard channel.isActive else { continue }
                state.idleSince[ObjectIdentifier(channel)] = nil
                return channel
            }
            return nil
        }
    }

    private func giveBack(_ channel: any Channel, _ target: TransferTarget) {
        let isKept = state.withLock { state in
            guard channel.isActive, !state.isClosed, state.idle[target, default: []].count < Self.kept else {
                return false
            }
            state.idle[target, default: []].append(channel)
            state.idleSince[ObjectIdentifier(channel)] = .now
            return true
        }
        if !isKept { end(channel) }
    }

    private func connect(to target: TransferTarget) -> EventLoopFuture<any Channel> {
        let step = download.portion(of: 1 << 20)
        let limit = download.rate == nil ? nil : download
        var bootstrap = ClientBootstrap(group: group)
            .connectTimeout(connectTimeout)
            .channelOption(.socketOption(.tcp_nodelay), value: 1)
        if limit != nil {
            bootstrap =
                bootstrap
                .channelOption(.maxMessagesPerRead, value: 1)
                .channelOption(
                    .recvAllocator, value: FixedSizeRecvByteBufferAllocator(capacity: min(64 << 10, max(512, step))))
        } else {
            bootstrap = bootstrap.channelOption(
                .recvAllocator,
                value: AdaptiveRecvByteBufferAllocator(minimum: 4 << 10, initial: 64 << 10, maximum: 512 << 10))
        }
        return bootstrap.channelInitializer { [tls] channel in
            channel.eventLoop.makeCompletedFuture {
                let pipeline = channel.pipeline.syncOperations
                if let tls {
                    try pipeline.addHandler(NIOSSLClientHandler(context: tls, serverHostname: target.serverName))
                }
                try pipeline.addHTTPClientHandlers()
                try pipeline.addHandler(ClientHandler(limit))
            }
        }.connect(host: target.host, port: target.port)
    }
}

/// A request under way.
package final class TransferTask: Sendable {
    private enum Phase {
        case waiting
        /// With what ends its connection.
        case running(@Sendable () -> Void)
        case ended
    }

    let call: TransferCall
    package let target: TransferTarget
    private let promise: EventLoopPromise<TransferReply>
    private let state = Mutex((phase: Phase.waiting, isCancelled: false))

    init(_ call: TransferCall, _ target: TransferTarget, on loop: any EventLoop) {
        self.call = call
        self.target = target
        promise = loop.makePromise()
    }

    /// Fails with a ``TransferError``.
    package var reply: EventLoopFuture<TransferReply> { promise.futureResult }

    var doing: String { "\(call.method) \(target.host):\(target.port)\(call.path)" }
    var isCancelled: Bool { state.withLock { $0.isCancelled } }

    /// Calls it off: its connection ends, as nothing else stops what the other side is sending.
    package func cancel() { cancel(because: "called off") }

    func cancel(because reason: String) {
        let end = state.withLock { state -> (@Sendable () -> Void)? in
            state.isCancelled = true
            if case .running(let end) = state.phase { return end }
            return nil
        }
        end?()
        finish(.failure(.interrupted("\(doing): \(reason)")))
    }

    /// Whether it is still wanted, now that there is a connection.
    func begin(_ end: @escaping @Sendable () -> Void) -> Bool {
        state.withLock { state in
            if state.isCancelled { return false }
            state.phase = .running(end)
            return true
        }
    }

    func finish(_ result: Result<TransferReply, TransferError>) {
        let isFirst = state.withLock { state in
            if case .ended = state.phase { return false }
            state.phase = .ended
            return true
        }
        if isFirst { promise.completeWith(result.mapError { $0 as any Error }) }
    }
}
