internal import NIOCore
internal import Synchronization

/// The sending side of a connection.
///
/// Writes are handed to the event loop at once; a writer waits only while more than ``highWater`` bytes have not
/// reached the kernel.
final class Outbox: Sendable {
    static let highWater = 256 * 1024

    private struct State {
        var pending = 0
        var failure: ConnectionError?
        var nextWaiter = 0
        /// Writers that wait until `pending` is at most their limit.
        var waiters: [Int: (limit: Int, CheckedContinuation<Void, any Error>)] = [:]
    }

    private let state = Mutex(State())
    private let channel: any Channel

    init(channel: any Channel) {
        self.channel = channel
    }

    /// Sends `pieces` together; returns when there is room for more.
    ///
    /// - Throws: ``ConnectionError/closed`` once the peer is gone; `CancellationError`.
    func write(_ pieces: [ByteBuffer]) async throws {
        let count = pieces.reduce(0) { $0 + $1.readableBytes }
        let failure = state.withLock { state -> ConnectionError? in
            state.pending += state.failure == nil ? count : 0
            return state.failure
        }
        if let failure { throw failure }
        channel.writeAndFlush(ConnectionOutput.bytes(pieces)).whenComplete { [self] _ in sent(count) }
        try await room(atMost: Self.highWater)
    }

    /// Returns when everything has reached the kernel.
    func drain() async throws {
        try await room(atMost: 0)
    }

    /// Ends our side; the peer may still send.
    func finish() {
        channel.close(mode: .output, promise: nil)
    }

    /// Nothing can be sent any more.
    func fail(_ error: ConnectionError) {
        let waiters = state.withLock { state in
            state.failure = state.failure ?? error
            defer { state.waiters = [:] }
            return state.waiters.values.map(\.1)
        }
        for waiter in waiters { waiter.resume(throwing: error) }
    }

    private func sent(_ count: Int) {
        let ready = state.withLock { state in
            state.pending -= count
            let ready = state.waiters.filter { state.pending <= $0.value.limit }
            for key in ready.keys { state.waiters[key] = nil }
            return ready.values.map(\.1)
        }
        for waiter in ready { waiter.resume() }
    }

    private func room(atMost limit: Int) async throws {
        let number = state.withLock { state -> Int? in
            if state.pending <= limit, state.failure == nil { return nil }
            state.nextWaiter += 1
            return state.nextWaiter
        }
        guard let number else { return }
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
                wait(number, limit, continuation, isCancelled: Task.isCancelled)
            }
        } onCancel: {
            state.withLock { $0.waiters.removeValue(forKey: number) }?.1.resume(throwing: CancellationError())
        }
    }

    private func wait(
        _ number: Int, _ limit: Int, _ continuation: CheckedContinuation<Void, any Error>, isCancelled: Bool
    ) {
        let outcome = state.withLock { state -> Result<Void, any Error>? in
            if let failure = state.failure { return .failure(failure) }
            if isCancelled { return .failure(CancellationError()) }
            if state.pending <= limit { return .success(()) }
            state.waiters[number] = (limit, continuation)
            return nil
        }
        if let outcome { continuation.resume(with: outcome) }
    }
}
