internal import Synchronization

/// Something that happens once and that any number of tasks may wait for.
final class Announcement<Value: Sendable>: Sendable {
    private enum State {
        case waiting([Int: CheckedContinuation<Value?, Never>], next: Int)
        case made(Value)
    }
    private let state = Mutex(State.waiting([:], next: 0))

    init() {}

    /// Only the first call counts.
    func make(_ value: Value) {
        let waiters = state.withLock { state -> [CheckedContinuation<Value?, Never>] in
            guard case .waiting(let waiters, _) = state else { return [] }
            state = .made(value)
            return Array(waiters.values)
        }
        for waiter in waiters { waiter.resume(returning: value) }
    }

    var made: Value? {
        state.withLock { state in
            if case .made(let value) = state { value } else { nil }
        }
    }

    /// Suspends until it was made; nil when the waiting task is cancelled.
    func value() async -> Value? {
        let number = state.withLock { state -> Int in
            guard case .waiting(let waiters, let next) = state else { return -1 }
            state = .waiting(waiters, next: next + 1)
            return next
        }
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let immediate = state.withLock { state -> Value?? in
                    switch state {
                    case .made(let value): return .some(value)
                    case .waiting(var waiters, let next):
                        if Task.isCancelled { return .some(nil) }
                        waiters[number] = continuation
                        state = .waiting(waiters, next: next)
                        return .none
                    }
                }
                if let immediate { continuation.resume(returning: immediate) }
            }
        } onCancel: {
            let waiter = state.withLock { state -> CheckedContinuation<Value?, Never>? in
                guard case .waiting(var waiters, let next) = state else { return nil }
                let waiter = waiters.removeValue(forKey: number)
                state = .waiting(waiters, next: next)
                return waiter
            }
            waiter?.resume(returning: nil)
        }
    }

    /// As ``value()``, but gives up after `limit`.
    func value(within limit: Duration) async -> Value? {
        if let made { return made }
        return await withTaskGroup(of: Value?.self) { group in
            group.addTask { await self.value() }
            group.addTask {
                try? await Task.sleep(for: limit)
                return nil
            }
            let first = await group.next() ?? nil
            group.cancelAll()
            return first
        }
    }
}
