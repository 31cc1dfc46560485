package import ClusterStore
package import Logging
internal import ServiceLifecycle

/// Has the store forget what happened long ago: whoever was away for longer lists anew.
package struct Compaction: Service {
    private let store: any ClusterStore
    private let interval: Duration
    private let logger: Logger

    /// What is older than twice `interval` is forgotten.
    package init(_ store: any ClusterStore, every interval: Duration = .seconds(300), logger: Logger) {
        self.store = store
        self.interval = interval
        self.logger = logger
    }

    package func run() async throws {
        await cancelWhenGracefulShutdown {
            var before = store.revision
            while !Task.isCancelled {
                try? await Task.sleep(for: interval)
                let now = store.revision
                if Task.isCancelled || now == before { continue }
                do throws(StoreError) {
                    try await store.compact(through: before)
                } catch {
                    if case .compacted = error {
                    } else {
                        logger.warning("compaction", metadata: ["error": "\(error)"])
                    }
                }
                before = now
            }
        }
    }
}
