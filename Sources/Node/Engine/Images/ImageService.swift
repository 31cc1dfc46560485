internal import Archives
internal import ContentStore
internal import Glibc
internal import ImageSpec
internal import Lanes
internal import LinuxKernel
internal import ShimProtocol
internal import Snapshots

/// Images and writable layers of this machine, in the engine's words.
final class ImageService: RootfsStore {
    let store: ImageStore
    let snapshots: any Snapshotter
    /// When images were used, and which are pinned.
    let ledger: ImageLedger
    let collection = CollectionPace()

    /// The name of the storage driver.
    var driverName: String { type(of: snapshots).name }

    /// Opens the store below `root`; blocks.
    init(root: String, driver: String = LayeredSnapshotter.name) throws(EngineError) {
        do throws(ImageError) { store = try ImageStore(root: root) } catch { throw EngineError(error) }
        ledger = ImageLedger(path: "\(root)/image-uses.json")
        try Self.refuseOthers(than: driver, below: root)
        do throws(SnapshotError) {
            snapshots =
                switch driver {
                case CopySnapshotter.name: try CopySnapshotter(layers: store.layers)
                case BtrfsSnapshotter.name: try BtrfsSnapshotter(layers: store.layers)
                default: try LayeredSnapshotter(layers: store.layers)
                }
        } catch {
            throw EngineError(error)
        }
        // Layers that a crash left behind; the containers' are known by now.
        do throws(ImageError) { _ = try store.collectNow() } catch { throw EngineError(error) }
    }

    /// A container whose files another driver made would look as if they were gone, and be cleaned away.
    private static func refuseOthers(than driver: String, below root: String) throws(EngineError) {
        let drivers: [any Snapshotter.Type] = [LayeredSnapshotter.self, CopySnapshotter.self, BtrfsSnapshotter.self]
        let own = drivers.first { $0.name == driver }?.folders ?? []
        for other in drivers {
            for folder in other.folders where !own.contains(folder) {
                guard let ids = try? Files.list("\(root)/\(folder)"), !ids.isEmpty else { continue }
                throw .failed(
                    "storage driver \(driver): \(root) has containers of \(other.name): start with "
                        + "--storage-driver \(other.name), and remove them first if you want another")
            }
        }
    }

    // MARK: finding

    func find(_ reference: String) throws(EngineError) -> Image {
        do throws(ImageError) { return try store.image(reference) } catch {
            if case .notFound = error { throw .noSuchImage(Self.spelled(reference)) }
            throw EngineError(error)
        }
    }

    /// As Docker names what it did not find: with a tag.
    private static func spelled(_ reference: String) -> String {
        (try? ImageReference(parsing: reference))?.familiar ?? reference
    }

    func image(_ reference: String) async throws(EngineError) -> ImageFacts {
        guard !reference.isEmpty else { throw .invalid("no image specified") }
        let image = try find(reference)
        return ImageFacts(id: image.id.description, config: ContainerConfig(image.config.config), os: image.config.os)
    }

    /// What a list calls a container's image: its name as long as that still leads to it.
    func displayName(_ name: String, id: String) -> String {
        guard let image = try? store.image(name), image.id.description == id else { return id }
        return name
    }

    /// Ids of the images named and of all that were made from them.
    func family(of references: [String]) -> Set<String> {
        var ids: Set<String> = []
        for reference in references {
            guard let ancestor = try? store.image(reference) else { continue }
            for image in store.all where image.chain.starts(with: ancestor.chain) { ids.insert(image.id.description) }
        }
        return ids
    }

    func size(of id: String) -> Int64 { (try? store.image(id))?.size ?? 0 }

    // MARK: layers

    func prepare(_ id: String, image: String, options: RootfsOptions) async throws(EngineError) -> Rootfs {
        let image = try find(image)
        ledger.noteUse(of: image.id, at: Int64(time(nil)))
        let snapshots = snapshots
        return try await Lanes.shared.run { () throws(EngineError) in
            do throws(SnapshotError) {
                var rootfs = Rootfs(try snapshots.prepare(id, from: image.top, options: SnapshotOptions(options)))
                rootfs.remark = snapshots.remark(on: id)
                return rootfs
            } catch {
                throw EngineError(error)
            }
        }
    }

    func rootfs(_ id: String, options: RootfsOptions) async throws(EngineError) -> Rootfs {
        do throws(SnapshotError) { return Rootfs(try snapshots.mount(id)) } catch { throw EngineError(error) }
    }

    func mountHere(_ id: String, on target: String) throws(EngineError) {
        let mount: SnapshotMount
        do throws(SnapshotError) { mount = try snapshots.mount(id) } catch { throw EngineError(error) }
        do throws(SyscallError) { try mount.perform(on: target) } catch {
            throw .system(doing: "mount the root filesystem of \(id) with mapped ids", error)
        }
    }

    func place(_ id: String) throws(EngineError) -> String {
        do throws(SnapshotError) {
            return PathText.folder(try snapshots.mount(id).upper ?? "")
        } catch {
            throw EngineError(error)
        }
    }

    func move(_ id: String, to place: String) async throws(EngineError) {
        let snapshots = snapshots
        try await Lanes.shared.run { () throws(EngineError) in
            do throws(SnapshotError) { try snapshots.move(id, to: place) } catch { throw EngineError(error) }
        }
    }

    func release(_ id: String) async throws(EngineError) {
        let snapshots = snapshots
        try await Lanes.shared.run { () throws(EngineError) in
            do throws(SnapshotError) { try snapshots.remove(id) } catch { throw EngineError(error) }
        }
    }

    func putAside(_ id: String) async throws(EngineError) {
        let snapshots = snapshots
        try await Lanes.shared.run { () throws(EngineError) in
            do throws(SnapshotError) { try snapshots.putAside(id) } catch { throw EngineError(error) }
        }
    }

    func copyOut(_ id: String, _ folder: String, into pipe: ChunkPipe) async throws(EngineError) {
        let snapshots = snapshots
        try await Lanes.shared.run { () throws(EngineError) in
            do throws(SnapshotError) {
                try snapshots.withRoot(of: id, writable: false) { (tree) throws(ArchiveError) in
                    let path = try EntryPath(Array(folder.utf8))
                    let handle = try kernel { () throws(SyscallError) in try tree.directory(path) }
                    let sink = PipeSink(pipe)
                    try TreeArchiver(to: sink).archive(Tree(sharing: handle), includingRoot: true)
                    try sink.flush()
                }
                pipe.finish()
            } catch {
                pipe.fail(error)
                throw EngineError(error)
            }
        }
    }

    func prepared() async throws(EngineError) -> [String] {
        do throws(SnapshotError) { return try snapshots.ids() } catch { throw EngineError(error) }
    }

    /// Bytes that a container wrote.
    func usage(of id: String) async throws(EngineError) -> Int64 {
        let snapshots = snapshots
        return try await Lanes.shared.run { () throws(EngineError) in
            do throws(SnapshotError) { return try snapshots.usage(of: id).bytes } catch { throw EngineError(error) }
        }
    }

    /// Inspect's `GraphDriver`.
    func driver(of id: String) -> GraphDriver {
        var driver = GraphDriver()
        driver.name = driverName
        guard let mount = try? snapshots.mount(id) else { return driver }
        func absolute(_ path: String) -> String { mount.root + "/" + path }
        guard mount.kind == .overlay else {
            driver.data = ["RootDir": mount.source]
            return driver
        }
        driver.data = [
            "LowerDir": mount.lower.map(absolute).joined(separator: ":"), "UpperDir": mount.upper.map(absolute) ?? "",
            "WorkDir": mount.work.map(absolute) ?? "",
        ]
        return driver
    }
}

extension Rootfs {
    init(_ mount: SnapshotMount) {
        mounts = [
            ShimConfiguration.RootfsMount(
                type: mount.type, source: mount.source,
                // The runtime then shows the layers' files as the container's own.
                options: mount.joinedOptions + (mount.idMap == nil ? [] : ["idmap"]))
        ]
        layers = ([mount.upper].compactMap { $0 } + mount.lower).map { mount.root + "/" + $0 }
    }
}

extension SnapshotOptions {
    init(_ options: RootfsOptions) {
        func ranges(_ maps: [EngineConfiguration.IDMap]) -> [SnapshotMount.IDRange] {
            maps.map { SnapshotMount.IDRange(container: $0.container, host: $0.host, count: $0.size) }
        }
        self.init(
            isVolatile: options.volatile,
            idMap: options.userMap.isEmpty
                ? nil : SnapshotMount.IDMap(users: ranges(options.userMap), groups: ranges(options.groupMap)),
            place: options.place)
    }
}

extension EngineError {
    init(_ error: ImageError) {
        switch error {
        case .notFound(let name): self = .noSuchImage(name)
        case .ambiguous, .invalidReference, .malformed: self = .invalid(error.description)
        case .conflict(let name, let reason): self = .conflict("conflict: \(name): \(reason)")
        case .source(BlobSourceError.notFound(let reason)): self = .notFound(reason)
        case .layerMismatch, .archive, .content, .source: self = .failed(error.description)
        case .kernel(let reason): self = .system(doing: "images", reason)
        }
    }

    init(_ error: SnapshotError) {
        switch error {
        case .notFound(let id): self = .failed("the writable layer of container \(id) is missing")
        case .exists, .missingLayers, .archive, .unsuitable: self = .failed(error.description)
        case .kernel(let reason): self = .system(doing: "snapshots", reason)
        }
    }
}

extension ContainerConfig {
    /// What an image says about its containers.
    init(_ execution: ImageConfig.Execution?) {
        self.init()
        guard let execution else { return }
        user = execution.user ?? ""
        exposedPorts = execution.exposedPorts.map { Self.set($0.names) }
        env = execution.env
        entrypoint = execution.entrypoint.map { WordList($0) }
        cmd = execution.cmd.map { WordList($0) }
        volumes = execution.volumes.map { Self.set($0.names) }
        workingDir = execution.workingDir ?? ""
        labels = execution.labels ?? [:]
        stopSignal = execution.stopSignal
        healthcheck = execution.healthcheck.map { HealthcheckConfig($0) }
        shell = execution.shell.map { WordList($0) }
        onBuild = execution.onBuild
        argsEscaped = execution.argsEscaped
    }

    private static func set(_ names: [String]) -> [String: EmptyObject] {
        Dictionary(names.map { ($0, EmptyObject()) }) { first, _ in first }
    }
}

extension HealthcheckConfig {
    init(_ healthcheck: ImageConfig.Healthcheck) {
        self.init()
        test = healthcheck.test
        interval = healthcheck.interval
        timeout = healthcheck.timeout
        startPeriod = healthcheck.startPeriod
        startInterval = healthcheck.startInterval
        retries = healthcheck.retries
    }
}
