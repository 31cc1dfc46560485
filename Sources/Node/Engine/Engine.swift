package import Logging
package import NIOCore

/// Everything pouchd does with containers on this machine, behind one door.
///
/// A container is named by id, by a prefix of its id that no other has, or by name.
package final class Engine: Sendable {
    package let configuration: EngineConfiguration

    package init(_ configuration: EngineConfiguration, logger: Logger) throws(EngineError) {
        self.configuration = configuration
    }

    /// Takes over what an earlier pouchd left, then serves timers, restarts and health checks until it is shut down.
    ///
    /// Containers run on when it ends.
    package func run() async throws {}

    // MARK: containers

    package func create(_ request: CreateRequest, name: String?, platform: String? = nil)
        async throws(EngineError) -> CreateResponse
    { throw .unsupported("create") }
    package func start(_ reference: String) async throws(EngineError) { throw .unsupported("start") }
    /// `timeout` in seconds; nil is the container's own, -1 waits for ever.
    package func stop(_ reference: String, signal: String? = nil, timeout: Int? = nil) async throws(EngineError) {
        throw .unsupported("stop")
    }
    package func restart(_ reference: String, signal: String? = nil, timeout: Int? = nil) async throws(EngineError) {
        throw .unsupported("restart")
    }
    package func kill(_ reference: String, signal: String? = nil) async throws(EngineError) {
        throw .unsupported("kill")
    }
    package func pause(_ reference: String) async throws(EngineError) { throw .unsupported("pause") }
    package func unpause(_ reference: String) async throws(EngineError) { throw .unsupported("unpause") }
    package func rename(_ reference: String, to name: String) async throws(EngineError) {
        throw .unsupported("rename")
    }
    package func update(_ reference: String, _ update: UpdateConfig) async throws(EngineError) -> UpdateResponse {
        throw .unsupported("update")
    }
    /// Returns once the wait has begun, so that nothing that happens afterwards is missed.
    package func wait(_ reference: String, _ condition: WaitCondition) async throws(EngineError) -> WaitTicket {
        throw .unsupported("wait")
    }
    package func remove(_ reference: String, force: Bool, volumes: Bool) async throws(EngineError) {
        throw .unsupported("remove")
    }
    package func prune(_ filters: Filters) async throws(EngineError) -> PruneReport { throw .unsupported("prune") }
    package func list(_ options: ListOptions) async throws(EngineError) -> [ContainerSummary] {
        throw .unsupported("list")
    }
    package func inspect(_ reference: String, size: Bool = false) async throws(EngineError) -> ContainerInspection {
        throw .unsupported("inspect")
    }
    package func top(_ reference: String, arguments: String) async throws(EngineError) -> TopResult {
        throw .unsupported("top")
    }
    /// The first sample at once unless `oneShot` is false and the client wants a difference; then one each second while `stream`.
    package func stats(_ reference: String, stream: Bool, oneShot: Bool) async throws(EngineError)
        -> AsyncStream<Stats>
    { throw .unsupported("stats") }
    /// Also says whether the output is multiplexed (no terminal).
    package func logs(_ reference: String, _ options: LogOptions) async throws(EngineError)
        -> (multiplexed: Bool, output: OutputStream)
    { throw .unsupported("logs") }
    package func attach(_ reference: String, _ options: AttachOptions) async throws(EngineError) -> any AttachSession {
        throw .unsupported("attach")
    }
    package func resize(_ reference: String, rows: Int, columns: Int) async throws(EngineError) {
        throw .unsupported("resize")
    }
    package func changes(_ reference: String) async throws(EngineError) -> [FilesystemChange] {
        throw .unsupported("changes")
    }
    package func export(_ reference: String) async throws(EngineError) -> ByteStream { throw .unsupported("export") }

    // MARK: archives

    package func statPath(_ reference: String, path: String) async throws(EngineError) -> PathStat {
        throw .unsupported("stat")
    }
    /// A tar of `path`.
    package func readArchive(_ reference: String, path: String) async throws(EngineError) -> (PathStat, ByteStream) {
        throw .unsupported("archive")
    }
    /// Unpacks a tar, plain or compressed, into the folder `path`.
    package func writeArchive<Body: AsyncSequence<ByteBuffer, any Error> & Sendable>(
        _ reference: String, path: String, noOverwriteDirNonDir: Bool, copyOwner: Bool, body: Body
    ) async throws(EngineError) { throw .unsupported("archive") }

    // MARK: exec

    /// Gives the exec's id.
    package func createExec(_ reference: String, _ config: ExecConfig) async throws(EngineError) -> String {
        throw .unsupported("exec")
    }
    /// Nil when detached; else the session, with the program running.
    package func startExec(_ id: String, _ config: ExecStartConfig) async throws(EngineError) -> (any AttachSession)? {
        throw .unsupported("exec")
    }
    package func inspectExec(_ id: String) async throws(EngineError) -> ExecInspection { throw .unsupported("exec") }
    package func resizeExec(_ id: String, rows: Int, columns: Int) async throws(EngineError) {
        throw .unsupported("exec")
    }

    // MARK: images

    package func images(all: Bool, filters: Filters, sharedSize: Bool = false) async throws(EngineError)
        -> [ImageSummary]
    { throw .unsupported("images") }
    package func image(_ name: String) async throws(EngineError) -> ImageInspection { throw .unsupported("images") }
    package func imageHistory(_ name: String) async throws(EngineError) -> [ImageHistoryEntry] {
        throw .unsupported("images")
    }
    /// Gives a line for each image: "Loaded image: busybox:latest".
    package func loadImages<Body: AsyncSequence<ByteBuffer, any Error> & Sendable>(_ body: Body)
        async throws(EngineError) -> [String]
    { throw .unsupported("images") }
    /// Makes an image of a tar of a root filesystem; gives its id.
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
    /// Gives the new image's id.
    package func commit(_ request: CommitRequest) async throws(EngineError) -> String { throw .unsupported("commit") }

    // MARK: volumes

    package func volumes(_ filters: Filters) async throws(EngineError) -> VolumeList { throw .unsupported("volumes") }
    package func createVolume(_ request: VolumeCreateRequest) async throws(EngineError) -> Volume {
        throw .unsupported("volumes")
    }
    package func volume(_ name: String) async throws(EngineError) -> Volume { throw .unsupported("volumes") }
    package func removeVolume(_ name: String, force: Bool) async throws(EngineError) { throw .unsupported("volumes") }
    package func pruneVolumes(_ filters: Filters) async throws(EngineError) -> PruneReport {
        throw .unsupported("volumes")
    }

    // MARK: networks

    package func networks(_ filters: Filters) async throws(EngineError) -> [NetworkInspection] {
        throw .unsupported("networks")
    }
    package func network(_ reference: String) async throws(EngineError) -> NetworkInspection {
        throw .unsupported("networks")
    }

    // MARK: the system

    package func systemReport() async throws(EngineError) -> SystemReport { throw .unsupported("info") }
    package func versionReport() -> VersionReport { VersionReport() }
    package func diskUsage() async throws(EngineError) -> DiskUsageReport { throw .unsupported("df") }
    /// What happened since and what happens until; ends at `until`, or never.
    package func events(_ query: EventQuery) throws(EngineError) -> AsyncStream<Event> { throw .unsupported("events") }
}
