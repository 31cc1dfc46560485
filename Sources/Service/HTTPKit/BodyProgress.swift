internal import Synchronization

/// How far the body of one request has been read.
final class BodyProgress: Sendable {
    private struct State {
        var isComplete = false
        var awaitsLeave: Bool
    }

    private let state: Mutex<State>

    init(awaitsLeave: Bool) {
        state = Mutex(State(awaitsLeave: awaitsLeave))
    }

    var isComplete: Bool { state.withLock { $0.isComplete } }
    /// Whether the client still waits for `100 Continue`, so that it has sent nothing.
    var awaitsLeave: Bool { state.withLock { $0.awaitsLeave } }

    func complete() {
        state.withLock { $0.isComplete = true }
    }

    /// Whether leave to send must be given now; true once.
    func takeLeave() -> Bool {
        state.withLock { state in
            defer { state.awaitsLeave = false }
            return state.awaitsLeave
        }
    }
}
