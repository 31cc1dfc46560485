internal import Cgroups
internal import ContentStore
internal import ImageSpec
internal import LinuxKernel
package import Logging
internal import RegistryClient
internal import Synchronization
internal import Volumes

/// Everything pouchd does with containers on this machine, behind one door.
///
/// A container is named by id, by a prefix of its id that no other has, or by name.
package final class Engine: Sendable {
    package let configuration: EngineConfiguration
    let services: EngineServices
    let images: ImageService
    let registries: RegistryClient
    /// Where blobs come from before a registry is asked; nil outside pools.
    let pool = Mutex<(any BlobPool)?>(nil)
    /// The layers of images that are being pulled, by name.
    let arriving = Mutex(ArrivingImages())
    /// All containers are known: before that nobody can tell which images are used.
    let recovered = Announcement<Void>()

    /// Opens what is stored; nothing runs or changes before ``recover()``.
    ///
    /// - Throws: ``EngineError/failed(_:)`` when the database or the image store cannot be used.
    package convenience init(_ configuration: EngineConfiguration, logger: Logger) throws(EngineError) {
        let images = try ImageService(root: configuration.dataRoot, driver: configuration.storageDriver)
        try self.init(
            configuration, logger: logger, images: images, rootfs: images,
            launcher: ProcessLauncher(
                executable: configuration.runtimeExecutable, tree: try MachineFacts.tree(),
                execRoot: configuration.execRoot),
            networks: nil)
    }

    init(
        _ configuration: EngineConfiguration, logger: Logger, images: ImageService, rootfs: any RootfsStore,
        launcher: any ShimLauncher, networks: (any NetworkProvider)?
    ) throws(EngineError) {
        self.configuration = configuration
        self.images = images
        registries = RegistryClient(configuration.registries, logger: logger)
        let paths = EnginePaths(data: configuration.dataRoot, exec: configuration.execRoot)
        do throws(SyscallError) {
            try Folders.make(paths.data, mode: 0o711)
            try Folders.make(paths.containers, mode: 0o711)
            try Folders.make(paths.volumes, mode: 0o711)
            try Folders.make(paths.exec, mode: 0o711)
            try Folders.make(paths.runs, mode: 0o711)
            try Folders.make(paths.runtimeState, mode: 0o700)
        } catch {
            throw .system(doing: "prepare \(configuration.dataRoot) and \(configuration.execRoot)", error)
        }
        let database = try EngineDatabase(path: paths.database)
        let events = EventBus()
        let spaces = SpaceStore(
            root: paths.spaces, templates: paths.quotaTemplates, driver: configuration.quotaDriver, ledger: database)
        let registry = Registry()
        let networks =
            networks
            ?? MachineNetworks(configuration, database: database, registry: registry, logger: logger)
        services = EngineServices(
            configuration: configuration, paths: paths, database: database, launcher: launcher, rootfs: rootfs,
            networks: networks,
            volumes: VolumeStore(root: paths.volumes, spaces: spaces, database: database, events: events),
            spaces: spaces,
            registry: registry, events: events, background: Background(), execs: ExecIndex(),
            machine: try MachineFacts.current(), logger: logger)
    }

    /// Serves timers, restarts, health checks and the shims' news until the calling task is cancelled.
    ///
    /// Containers run on when it ends.
    package func run() async {
        await services.background.run()
        await services.launcher.close()
    }

    func container(_ reference: String) async throws(EngineError) -> Container {
        try await services.registry.find(reference)
    }

    // MARK: life

    package func start(_ reference: String) async throws(EngineError) { try await container(reference).start() }

    /// `timeout` in seconds; nil is the container's own, -1 waits for ever.
    package func stop(_ reference: String, signal: String? = nil, timeout: Int? = nil) async throws(EngineError) {
        try await container(reference).stop(signal: signal, timeout: timeout)
    }

    package func restart(_ reference: String, signal: String? = nil, timeout: Int? = nil) async throws(EngineError) {
        try await container(reference).restart(signal: signal, timeout: timeout)
    }

    package func kill(_ reference: String, signal: String? = nil) async throws(EngineError) {
        try await container(reference).kill(signal: signal)
    }

    package func pause(_ reference: String) async throws(EngineError) { try await container(reference).pause() }
    package func unpause(_ reference: String) async throws(EngineError) { try await container(reference).unpause() }

    package func rename(_ reference: String, to name: String) async throws(EngineError) {
        guard !name.isEmpty else { throw .invalid("Neither old nor new names may be empty") }
        try await container(reference).rename(to: try ContainerName.validated(name))
    }

    package func update(_ reference: String, _ update: UpdateConfig) async throws(EngineError) -> UpdateResponse {
        try await container(reference).update(update)
    }

    /// Returns once the wait has begun, so that nothing that happens afterwards is missed.
    package func wait(_ reference: String, _ condition: WaitCondition) async throws(EngineError) -> WaitTicket {
        try await container(reference).wait(condition)
    }

    package func remove(_ reference: String, force: Bool, volumes: Bool) async throws(EngineError) {
        try await container(reference).remove(force: force, volumes: volumes)
    }

    /// Forgets what a container calls another one, which stays.
    package func removeLink(_ reference: String, alias: String) async throws(EngineError) {
        try await container(reference).removeLink(alias)
    }

    // MARK: streams

    /// Also says whether the output is multiplexed (no terminal).
    package func logs(_ reference: String, _ options: LogOptions) async throws(EngineError)
        -> (multiplexed: Bool, output: OutputStream)
    {
        let container = try await container(reference)
        return (!container.seen.record.hasTerminal, try await container.logs(options))
    }

    package func attach(_ reference: String, _ options: AttachOptions) async throws(EngineError) -> any AttachSession {
        try await container(reference).attach(options)
    }

    package func resize(_ reference: String, rows: Int, columns: Int) async throws(EngineError) {
        try await container(reference).resize(rows: rows, columns: columns, exec: nil)
    }

    // MARK: exec

    /// Gives the exec's id.
    package func createExec(_ reference: String, _ config: ExecConfig) async throws(EngineError) -> String {
        try await container(reference).createExec(config)
    }

    /// Nil when detached; else the session, with the program running.
    package func startExec(_ id: String, _ config: ExecStartConfig) async throws(EngineError) -> (any AttachSession)? {
        let (id, container) = try services.execs.find(id)
        return try await container.startExec(id, config)
    }

    package func inspectExec(_ id: String) async throws(EngineError) -> ExecInspection {
        let (id, container) = try services.execs.find(id)
        return try await container.inspectExec(id)
    }

    package func resizeExec(_ id: String, rows: Int, columns: Int) async throws(EngineError) {
        let (id, container) = try services.execs.find(id)
        try await container.resize(rows: rows, columns: columns, exec: id)
    }
}
