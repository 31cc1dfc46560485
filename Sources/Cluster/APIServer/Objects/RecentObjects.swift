internal import ClusterStore
internal import Synchronization

/// The objects that were written or asked for last: their contents stay decoded, older ones are bytes again.
///
/// A write is read several times within moments, by the scheduling loop, the controllers and the watches of nodes; after that
/// its decoded form, several times as large as its bytes, is not worth the memory.
final class RecentObjects: Sendable {
    private struct State {
        var places: [StoredObject?]
        var next = 0
    }

    private let state: Mutex<State>

    init(_ count: Int = 8192) {
        state = Mutex(State(places: Array(repeating: nil, count: count)))
    }

    func remember(_ object: StoredObject) {
        let oldest = state.withLock { state in
            let oldest = state.places[state.next]
            state.places[state.next] = object
            state.next = (state.next + 1) % state.places.count
            return oldest
        }
        if let oldest, oldest !== object { oldest.content = nil }
    }
}
