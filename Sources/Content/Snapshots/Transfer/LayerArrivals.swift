internal import ContentStore
internal import ImageSpec
internal import Lanes
internal import Synchronization

/// Where a layer is on its way here.
package enum LayerStage: Equatable, Sendable {
    /// It was here before.
    case known
    case waiting
    /// So many of its bytes are here.
    case downloading(Int64)
    /// The source broke off, another try comes after so many seconds.
    case retrying(seconds: Int64)
    /// All bytes are here.
    case downloaded
    /// Unpacked and verified.
    case complete
}

/// Layers that are being fetched: one transfer for each, however many images need it.
final class LayerArrivals: Sendable {
    typealias Watcher = @Sendable (LayerStage) -> Void

    private struct State {
        var watchers: [Digest: [Int: Watcher]] = [:]
        var serial = 0
    }
    private let state = Mutex(State())
    private let flights = SingleFlight<Digest, UnpackedLayer, ImageError>()

    /// Fetches the layer with `work`, or waits for the one who does; `watcher` is told of the progress either way.
    ///
    /// `work` reports to everybody who waits.
    func fetch(
        _ blob: Digest, watcher: @escaping Watcher,
        _ work: (@escaping Watcher) async throws(ImageError) -> UnpackedLayer
    ) async throws(ImageError) -> UnpackedLayer {
        let number = state.withLock { state in
            state.serial += 1
            state.watchers[blob, default: [:]][state.serial] = watcher
            return state.serial
        }
        defer {
            state.withLock { state in
                state.watchers[blob]?[number] = nil
                if state.watchers[blob]?.isEmpty == true { state.watchers[blob] = nil }
            }
        }
        return try await flights.run(blob, abandoned: .source(.interrupted("cancelled", after: nil))) {
            () async throws(ImageError) in
            try await work { stage in self.tell(blob, stage) }
        }
    }

    private func tell(_ blob: Digest, _ stage: LayerStage) {
        let watchers = state.withLock { $0.watchers[blob].map { Array($0.values) } ?? [] }
        for watcher in watchers { watcher(stage) }
    }
}
