internal import Synchronization

/// What waits for one watch: filled by the store, emptied by whoever reads the ``Watch``.
///
/// A reader that is slow, or comes with a revision of the past, is *behind*: the store keeps nothing for it until it has
/// read what the log tells.
final class WatchMailbox: Sendable {
    /// So many events may wait before a reader counts as behind.
    private static let capacity = 1024

    enum Next {
        case batch(WatchBatch)
        /// The log has to be read from here on.
        case behind(after: Revision)
        case ended(StoreError?)
        case wait
    }

    let request: WatchRequest
    private let state: Mutex<State>

    private struct State {
        var events: [WatchEvent] = []
        /// Everything up to here is in `events` or was read.
        var through: Revision
        var isBehind: Bool
        var owesProgress = false
        var end: StoreError??
        var reader: CheckedContinuation<Void, Never>?
    }

    init(_ request: WatchRequest, after revision: Revision, isBehind: Bool) {
        self.request = request
        state = Mutex(State(through: revision, isBehind: isBehind))
    }

    // MARK: the store's side

    /// Adds what happened; the events of a revision come together.
    func deliver(_ events: [WatchEvent], through revision: Revision) {
        wake { state in
            guard !state.isBehind, state.end == nil else { return false }
            if state.events.count + events.count > Self.capacity {
                state.isBehind = true
                // What waits is read before the log, which goes on where it ends.
                state.through = state.events.last?.revision ?? state.through
                return false
            }
            state.events += events
            state.through = revision
            return true
        }
    }

    func announce(_ revision: Revision) {
        wake { state in
            guard !state.isBehind, state.end == nil else { return false }
            state.through = revision
            state.owesProgress = true
            return true
        }
    }

    func end(_ error: StoreError?) {
        wake { state in
            if state.end == nil { state.end = .some(error) }
            return true
        }
    }

    /// The log was read: `events`, complete up to `revision`; from then on `deliver` goes on unless it is still behind.
    func caughtUp(_ batch: WatchBatch, isBehind: Bool) {
        state.withLock { state in
            state.events += batch.events
            state.through = batch.through
            state.isBehind = isBehind
        }
    }

    private func wake(_ change: (inout State) -> Bool) {
        let reader = state.withLock { state -> CheckedContinuation<Void, Never>? in
            guard change(&state) else { return nil }
            defer { state.reader = nil }
            return state.reader
        }
        reader?.resume()
    }

    // MARK: the reader's side

    func next() -> Next {
        state.withLock { state in Self.next(&state) }
    }

    private static func next(_ state: inout State) -> Next {
        if !state.events.isEmpty {
            let through = state.isBehind ? state.events.last?.revision ?? state.through : state.through
            defer { state.events = [] }
            state.owesProgress = false
            return .batch(WatchBatch(events: state.events, through: through))
        }
        if let end = state.end { return .ended(end) }
        if state.isBehind { return .behind(after: state.through) }
        guard state.owesProgress else { return .wait }
        state.owesProgress = false
        return .batch(WatchBatch(events: [], through: state.through))
    }

    /// Suspends until there may be something.
    func wait() async {
        await withCheckedContinuation { continuation in
            let isReady = state.withLock { state in
                guard state.events.isEmpty, state.end == nil, !state.isBehind, !state.owesProgress else { return true }
                state.reader = continuation
                return false
            }
            if isReady { continuation.resume() }
        }
    }
}
