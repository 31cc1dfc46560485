internal import Synchronization

/// Work that is done once for all who ask for it at the same time.
///
/// The first who asks does the work, in its own task; the others wait for what comes of it. When the first is cancelled, the
/// next one begins anew. Nothing is remembered afterwards.
package final class SingleFlight<Key: Hashable & Sendable, Value: Sendable, Failure: Error>: Sendable {
    private enum Outcome: Sendable {
        case done(Result<Value, Failure>)
        /// Whoever did the work has gone.
        case abandoned
    }
    private struct Flight {
        var waiters: [Int: CheckedContinuation<Outcome, Never>] = [:]
    }
    private struct State {
        var flights: [Key: Flight] = [:]
        var serial = 0
    }
    private let state = Mutex(State())

    package init() {}

    /// Does `work`, or waits for the one who does it for the same `key`.
    ///
    /// A task that is cancelled while it waits is told `abandoned`, which is its own to throw.
    package func run(
        _ key: Key, abandoned: Failure, _ work: () async throws(Failure) -> Value
    ) async throws(Failure) -> Value {
        while true {
            let isFirst = state.withLock { state in
                if state.flights[key] != nil { return false }
                state.flights[key] = Flight()
                return true
            }
            if isFirst { return try await lead(key, work) }
            switch await wait(for: key) {
            case .done(let result): return try result.get()
            case .abandoned: if Task.isCancelled { throw abandoned }
            }
        }
    }

    private func lead(_ key: Key, _ work: () async throws(Failure) -> Value) async throws(Failure) -> Value {
        let result: Result<Value, Failure>
        do throws(Failure) {
            result = .success(try await work())
        } catch {
            result = .failure(error)
        }
        let isAbandoned = Task.isCancelled && (try? result.get()) == nil
        let waiters = state.withLock { $0.flights.removeValue(forKey: key)?.waiters ?? [:] }
        for waiter in waiters.values { waiter.resume(returning: isAbandoned ? .abandoned : .done(result)) }
        return try result.get()
    }

    private func wait(for key: Key) async -> Outcome {
        let number = state.withLock { state in
            state.serial += 1
            return state.serial
        }
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isGone = state.withLock { state in
                    guard state.flights[key] != nil, !Task.isCancelled else { return true }
                    state.flights[key]?.waiters[number] = continuation
                    return false
                }
                if isGone { continuation.resume(returning: .abandoned) }
            }
        } onCancel: {
            let waiter = state.withLock { $0.flights[key]?.waiters.removeValue(forKey: number) }
            waiter?.resume(returning: .abandoned)
        }
    }
}
