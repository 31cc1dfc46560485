package import ClusterStore
internal import ServiceLifecycle

/// Lets idle watches hear from time to time how far the store is, so that they can go on from there after a lost connection.
package struct Bookmarks: Service {
    private let store: any ClusterStore
    private let interval: Duration

    package init(_ store: any ClusterStore, every interval: Duration = .seconds(60)) {
        self.store = store
        self.interval = interval
    }

    package func run() async throws {
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                try? await Task.sleep(for: interval)
                await store.announceProgress()
            }
        }
    }
}
