internal import Synchronization

/// When images are collected next, and how many were; any task may use it.
final class CollectionPace: Sendable {
    private struct State {
        var collected = 0
        var isWanted = false
        var waiter: CheckedContinuation<Void, Never>?
    }

    private let state = Mutex(State())

    /// What goes on without being told.
    private static let interval = Duration.seconds(30)

    var collected: Int { state.withLock { $0.collected } }
    func count(_ images: Int) { state.withLock { $0.collected += images } }

    /// Something came: there may be too much.
    func wake() {
        let waiter = state.withLock { state in
            state.isWanted = true
            defer { state.waiter = nil }
            return state.waiter
        }
        waiter?.resume()
    }

    /// Waits until something came, or for a while.
    func pause() async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { try? await Task.sleep(for: Self.interval) }
            group.addTask { await self.wanted() }
            await group.next()
            group.cancelAll()
        }
        state.withLock { $0.isWanted = false }
    }

    private func wanted() async {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isReady = state.withLock { state in
                    if state.isWanted || Task.isCancelled { return true }
                    state.waiter = continuation
                    return false
                }
                if isReady { continuation.resume() }
            }
        } onCancel: {
            let waiter = state.withLock { state in
                defer { state.waiter = nil }
                return state.waiter
            }
            waiter?.resume()
        }
    }
}
