internal import Archives
internal import Glibc
internal import Lanes
internal import LinuxKernel
internal import Logging

extension Container {
    /// The mounts with their sources on this machine; makes what `-v` makes, fills volumes that are new.
    func resolvedMounts(_ rootfs: Rootfs) async throws(EngineError) -> [SpecInput.ResolvedMount] {
        var resolved: [SpecInput.ResolvedMount] = []
        for plan in record.mounts {
            switch plan.kind {
            case .tmpfs: resolved.append(SpecInput.ResolvedMount(plan: plan, source: ""))
            case .bind:
                let source = try Self.bindSource(plan)
                try Self.checkPropagation(plan, source)
                resolved.append(try part(of: source, plan, makes: plan.createSource))
            case .volume:
                let source = try await volumeSource(plan, rootfs)
                if plan.subpath.isEmpty || externalRuntime != nil {
                    resolved.append(SpecInput.ResolvedMount(plan: plan, source: source))
                } else {
                    let folder = services.volumes.mountpoint(plan.source)
                    resolved.append(try part(of: folder, plan, makes: plan.makesSubpath == true))
                }
            }
        }
        return resolved
    }

    /// What of `folder` a mount is about.
    ///
    /// Our own runtime resolves it when it mounts, so that a folder which another container
    /// exchanges for a link meanwhile leads nowhere; to others a path is given.
    private func part(
        of folder: String, _ plan: PlannedMount, makes: Bool
    ) throws(EngineError) -> SpecInput.ResolvedMount {
        guard !plan.subpath.isEmpty else { return SpecInput.ResolvedMount(plan: plan, source: folder) }
        let path = try Self.subfolder(plan.subpath, of: folder, making: makes)
        if externalRuntime != nil { return SpecInput.ResolvedMount(plan: plan, source: path) }
        return SpecInput.ResolvedMount(plan: plan, source: folder, subpath: plan.subpath)
    }

    /// The folder of a volume, ready for use: made, mounted, filled when it is new.
    private func volumeSource(_ plan: PlannedMount, _ rootfs: Rootfs) async throws(EngineError) -> String {
        _ = try await services.volumes.obtain(
            plan.source, driver: plan.driver, options: plan.driverOptions, labels: plan.labels,
            anonymous: plan.anonymous)
        let folder = try await services.volumes.activate(plan.source, for: id)
        var source = folder
        if !plan.subpath.isEmpty {
            source = try Self.subfolder(plan.subpath, of: folder, making: plan.makesSubpath == true)
        }
        if !plan.noCopy, ((try? Files.list(source)) ?? []).isEmpty {
            try await fill(source, from: plan.destination, LayeredRoot(layers: rootfs.layers))
        }
        return source
    }

    /// Gets the volumes of a container that does not run ready for somebody who looks into it, as its start would.
    ///
    /// - Returns: Whether there is something to let go of with ``leaveVolumes()``.
    func visitVolumes() async throws(EngineError) -> Bool {
        try await inTurn { () throws(EngineError) in
            guard machine.process == nil, record.mounts.contains(where: { $0.kind == .volume }) else { return false }
            let rootfs = try await services.rootfs.rootfs(id, options: rootfsOptions)
            for plan in record.mounts where plan.kind == .volume { _ = try await volumeSource(plan, rootfs) }
            return true
        }
    }

    /// Ends ``visitVolumes()``, unless the container was started meanwhile and uses them itself.
    func leaveVolumes() async {
        try? await inTurn { () throws(EngineError) in
            if machine.process == nil { await releaseVolumes() }
        }
    }

    static func bindSource(_ plan: PlannedMount) throws(EngineError) -> String {
        if Files.exists(plan.source) { return plan.source }
        guard plan.createSource else {
            throw .invalid(
                "invalid mount config for type \"bind\": bind source path does not exist: \(plan.source)")
        }
        do throws(SyscallError) {
            try Folders.make(plan.source)
        } catch {
            throw .system(doing: "error while creating mount source path '\(plan.source)'", error)
        }
        return plan.source
    }

    /// Mounts can come and go only through a mount of this machine that has a part in that.
    private static func checkPropagation(_ plan: PlannedMount, _ source: String) throws(EngineError) {
        let isShared = ["shared", "rshared"].contains(plan.propagation)
        guard isShared || ["slave", "rslave"].contains(plan.propagation) else { return }
        let table = (try? WholeFile.read("/proc/self/mountinfo")).map { String(decoding: $0, as: UTF8.self) } ?? ""
        let path = (try? Files.resolve(source)) ?? source
        guard let (place, peers) = MountTable.peers(of: path, in: table) else { return }
        if isShared, !peers.contains(where: { $0.hasPrefix("shared:") }) {
            throw .invalid(
                "path \(source) is mounted on \(place) but it is not a shared mount: mount --make-rshared \(place) makes it one"
            )
        }
        if !isShared, peers.isEmpty {
            throw .invalid(
                "path \(source) is mounted on \(place) but it is not a shared or slave mount: mount --make-rshared \(place) makes it one"
            )
        }
    }

    /// A folder inside a volume, whatever links lie on the way.
    private static func subfolder(_ path: String, of folder: String, making: Bool) throws(EngineError) -> String {
        do throws(SyscallError) {
            let root = try Descriptor.open(folder, OpenFlag.path | O_DIRECTORY)
            if making { try makeFolders(path, below: root.raw) }
            let inner = try Descriptor.open(inRoot: root.raw, path, OpenFlag.path)
            return try Files.readLink("/proc/self/fd/\(inner.raw)")
        } catch {
            throw .invalid("cannot access path \(path) in the volume: \(error)")
        }
    }
}

extension Container {
    /// Makes the folders of `path` that are missing; links on the way lead nowhere out of `root`.
    private static func makeFolders(_ path: String, below root: Int32) throws(SyscallError) {
        var done = "."
        for part in path.split(separator: "/") where part != "." && part != ".." {
            let parent = try Descriptor.open(inRoot: root, done, OpenFlag.path | O_DIRECTORY)
            do throws(SyscallError) {
                try Files.makeDirectory(String(part), mode: 0o755, at: parent.raw)
            } catch {
                guard error.errno == EEXIST else { throw error }
            }
            done += "/" + part
        }
    }

    /// Lets go of volumes that are mounted while containers run with them.
    func releaseVolumes() async {
        for plan in record.mounts where plan.kind == .volume {
            let isUsed = await services.registry.all.contains { other in
                other.id != id && other.seen.isRunning
                    && other.seen.record.mounts.contains { $0.kind == .volume && $0.source == plan.source }
            }
            do throws(EngineError) {
                try await services.volumes.deactivate(plan.source, for: id, isLast: !isUsed)
            } catch {
                services.logger.warning(
                    "volume not let go", metadata: ["volume": "\(plan.source)", "error": "\(error.message)"])
            }
        }
    }

    /// Puts what the image has at `destination` into an empty volume, the folder's own looks included.
    func fill(_ folder: String, from destination: String, _ layers: LayeredRoot) async throws(EngineError) {
        guard let place = layers.resolve(destination), (try? Files.status(place))?.isDirectory == true else { return }
        let pipe = ChunkPipe()
        let rootfs = services.rootfs
        let id = id
        let failure = await withTaskGroup(of: EngineError?.self) { group in
            group.addTask {
                do throws(EngineError) {
                    try await rootfs.copyOut(id, destination, into: pipe)
                    return nil
                } catch {
                    return error
                }
            }
            group.addTask {
                await Lanes.shared.run {
                    defer { pipe.close() }
                    do {
                        _ = try TreeExtractor.extract(PipeSource(pipe), into: try Tree(path: folder), options: .plain)
                        return nil
                    } catch {
                        return .failed("fill volume from \(destination): \(error)")
                    }
                }
            }
            var first: EngineError?
            for await failure in group where first == nil { first = failure }
            return first
        }
        if let failure { throw failure }
    }
}
