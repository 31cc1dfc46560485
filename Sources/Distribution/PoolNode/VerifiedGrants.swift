internal import Synchronization

/// Grants whose signatures were found good, so that each is verified once; the oldest half goes when there are too many.
final class VerifiedGrants: Sendable {
    private let state = Mutex((new: Set<String>(), old: Set<String>()))
    private static let generation = 4096

    func contains(_ text: String) -> Bool { state.withLock { $0.new.contains(text) || $0.old.contains(text) } }

    func insert(_ text: String) {
        state.withLock { state in
            if state.new.count >= Self.generation { (state.new, state.old) = ([], state.new) }
            state.new.insert(text)
        }
    }
}
