import Synchronization

/// A number that goes up and down on any thread, and the most it has been.
final class Gauge: Sendable {
    private let state = Mutex((now: 0, most: 0))

    var most: Int { state.withLock { $0.most } }

    func change(by amount: Int) {
        state.withLock { state in
            state.now += amount
            state.most = max(state.most, state.now)
        }
    }
}
