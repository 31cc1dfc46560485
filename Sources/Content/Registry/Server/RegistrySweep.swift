package import ContentStore
internal import Lanes
package import Logging
internal import ServiceLifecycle

/// Now and then removes what nobody will come back for: uploads that stopped, blobs that no manifest names, and the bytes
/// that nothing holds any more.
package struct RegistrySweep: Service {
    private let repositories: RepositoryStore
    /// Whether to remove bytes, too: no where somebody else collects the same store.
    private let collects: Bool
    private let logger: Logger

    /// What is younger may be part of a push under way, in seconds.
    private static let patience = 24 * 3600
    private static let pause = Duration.seconds(900)

    package init(repositories: RepositoryStore, collects: Bool = false, logger: Logger) {
        self.repositories = repositories
        self.collects = collects
        self.logger = logger
    }

    package func run() async throws {
        try? await cancelWhenGracefulShutdown {
            while true {
                await sweep()
                try await Task.sleep(for: Self.pause)
            }
        }
    }

    private func sweep() async {
        do throws(ContentError) {
            let removed = try await Lanes.shared.run { [repositories, collects] () throws(ContentError) in
                let uploads = try repositories.content.removeAbandoned(olderThan: Self.patience)
                let loose = try repositories.removeLooseBlobs(olderThan: Self.patience)
                return (uploads, loose, collects ? try repositories.content.collect(inUse: { [] }).count : 0)
            }
            guard removed != (0, 0, 0) else { return }
            logger.info(
                "swept",
                metadata: ["uploads": "\(removed.0)", "links": "\(removed.1)", "blobs": "\(removed.2)"])
        } catch {
            logger.error("sweeping failed", metadata: ["error": "\(error)"])
        }
    }
}
