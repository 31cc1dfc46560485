package import NIOCore
internal import Synchronization

/// A limit that all transfers of one kind share: uploads, downloads, or what comes from registries.
///
/// Any thread may use it; nobody blocks.
package final class RateLimit: Sendable {
    private struct State {
        var pacer: Pacer
        var waiting: [UInt64: EventLoopPromise<Void>] = [:]
        var serial: UInt64 = 0
        var hasTimer = false
    }

    private let state: Mutex<State>
    private let loop: any EventLoop
    private let started = ContinuousClock.now
    /// Bytes per second; nil is none.
    package let rate: Int64?
    /// What passes here passes these too.
    private let parts: [RateLimit]

    /// `loop` carries the timer.
    package init(rate: Int64?, loop: any EventLoop) {
        self.rate = rate
        self.loop = loop
        parts = []
        state = Mutex(State(pacer: Pacer(rate: rate, now: .zero)))
    }

    /// Several limits at once: bytes pass when each of `parts` lets them.
    package init(all parts: [RateLimit], loop: any EventLoop) {
        rate = parts.compactMap(\.rate).min()
        self.loop = loop
        self.parts = parts
        state = Mutex(State(pacer: Pacer(rate: nil, now: .zero)))
    }

    /// How many bytes to ask for at once, at most `most`.
    package func portion(of most: Int) -> Int {
        guard parts.isEmpty else { return parts.map { $0.portion(of: most) }.min() ?? most }
        return rate == nil ? most : state.withLock { $0.pacer.portion(of: most) }
    }

    /// Succeeds when `bytes` may pass.
    package func pass(
        _ bytes: Int, _ urgency: Pacer.Urgency, on caller: any EventLoop
    ) -> EventLoopFuture<Void> {
        guard rate != nil else { return caller.makeSucceededVoidFuture() }
        guard parts.isEmpty else {
            return parts.reduce(caller.makeSucceededVoidFuture()) { before, part in
                before.flatMap { part.pass(bytes, urgency, on: caller) }
            }
        }
        let promise = caller.makePromise(of: Void.self)
        state.withLock { state in
            state.serial += 1
            state.waiting[state.serial] = promise
            state.pacer.ask(state.serial, bytes: bytes, urgency)
        }
        release()
        return promise.futureResult
    }

    /// Waits until `bytes` may pass.
    package func pass(_ bytes: Int, _ urgency: Pacer.Urgency) async throws {
        try await pass(bytes, urgency, on: loop).get()
    }

    private func release() {
        let (ready, wait) = state.withLock { state in
            let (tickets, wait) = state.pacer.release(now: ContinuousClock.now - started)
            let ready = tickets.compactMap { state.waiting.removeValue(forKey: $0) }
            guard let wait, !state.hasTimer else { return (ready, Duration?.none) }
            state.hasTimer = true
            return (ready, wait)
        }
        for promise in ready { promise.succeed() }
        guard let wait else { return }
        loop.scheduleTask(in: TimeAmount(wait)) { [self] in
            state.withLock { $0.hasTimer = false }
            release()
        }
    }
}
