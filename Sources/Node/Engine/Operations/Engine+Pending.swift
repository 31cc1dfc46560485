package import NIOCore

extension Engine {
    package func top(_ reference: String, arguments: String) async throws(EngineError) -> TopResult {
        throw .unsupported("top")
    }
    package func stats(_ reference: String, stream: Bool, oneShot: Bool) async throws(EngineError)
        -> AsyncStream<Stats>
    { throw .unsupported("stats") }
    package func changes(_ reference: String) async throws(EngineError) -> [FilesystemChange] {
        throw .unsupported("changes")
    }
    package func export(_ reference: String) async throws(EngineError) -> ByteStream { throw .unsupported("export") }
    package func statPath(_ reference: String, path: String) async throws(EngineError) -> PathStat {
        throw .unsupported("stat")
    }
    package func readArchive(_ reference: String, path: String) async throws(EngineError) -> (PathStat, ByteStream) {
        throw .unsupported("archive")
    }
    package func writeArchive<Body: AsyncSequence<ByteBuffer, any Error> & Sendable>(
        _ reference: String, path: String, noOverwriteDirNonDir: Bool, copyOwner: Bool, body: Body
    ) async throws(EngineError) { throw .unsupported("archive") }
    package func images(all: Bool, filters: Filters, sharedSize: Bool = false) async throws(EngineError)
        -> [ImageSummary]
    { throw .unsupported("images") }
    package func image(_ name: String) async throws(EngineError) -> ImageInspection { throw .unsupported("images") }
    package func imageHistory(_ name: String) async throws(EngineError) -> [ImageHistoryEntry] {
        throw .unsupported("images")
    }
    package func loadImages<Body: AsyncSequence<ByteBuffer, any Error> & Sendable>(_ body: Body)
        async throws(EngineError) -> [String]
    { throw .unsupported("images") }
    package func importImage<Body: AsyncSequence<ByteBuffer, any Error> & Sendable>(
        _ body: Body, repository: String?, tag: String?, message: String, changes: [String], platform: String?
    ) async throws(EngineError) -> String { throw .unsupported("images") }
    package func saveImages(_ names: [String]) async throws(EngineError) -> ByteStream { throw .unsupported("images") }
    package func tagImage(_ name: String, repository: String, tag: String) async throws(EngineError) {
        throw .unsupported("images")
    }
    package func removeImage(_ name: String, force: Bool, prune: Bool) async throws(EngineError) -> [ImageDeletion] {
        throw .unsupported("images")
    }
    package func pruneImages(_ filters: Filters) async throws(EngineError) -> PruneReport {
        throw .unsupported("images")
    }
    package func commit(_ request: CommitRequest) async throws(EngineError) -> String { throw .unsupported("commit") }
    package func volumes(_ filters: Filters) async throws(EngineError) -> VolumeList { throw .unsupported("volumes") }
    package func createVolume(_ request: VolumeCreateRequest) async throws(EngineError) -> Volume {
        throw .unsupported("volumes")
    }
    package func volume(_ name: String) async throws(EngineError) -> Volume { throw .unsupported("volumes") }
    package func removeVolume(_ name: String, force: Bool) async throws(EngineError) { throw .unsupported("volumes") }
    package func pruneVolumes(_ filters: Filters) async throws(EngineError) -> PruneReport {
        throw .unsupported("volumes")
    }
    package func networks(_ filters: Filters) async throws(EngineError) -> [NetworkInspection] {
        throw .unsupported("networks")
    }
    package func network(_ reference: String) async throws(EngineError) -> NetworkInspection {
        throw .unsupported("networks")
    }
    package func systemReport() async throws(EngineError) -> SystemReport { throw .unsupported("info") }
    package func versionReport() -> VersionReport { VersionReport() }
    package func diskUsage() async throws(EngineError) -> DiskUsageReport { throw .unsupported("df") }
    package func events(_ query: EventQuery) throws(EngineError) -> AsyncStream<Event> { throw .unsupported("events") }
}
