internal import Archives
internal import ContentStore
internal import Engine
internal import Glibc
internal import ImageSpec
internal import Lanes
internal import LinuxKernel

/// Where the bind mounts of a RUN read from, and what that is worth as a part of the cache's key.
struct BindSources: Sendable {
    private(set) var sources: [Int: SourceTree] = [:]
    private(set) var digests: [String] = []

    static func find(_ mounts: [RunMount], for run: StageRun) async throws(BuildError) -> BindSources {
        var found = BindSources()
        do throws(BuildError) {
            for (index, mount) in mounts.enumerated() where mount.kind == .bind || mount.from != nil {
                let source = try await run.openSource(mount.from)
                found.sources[index] = source
                if let layers = source.layers {
                    found.digests.append(layers)
                } else {
                    let digest = try await Lanes.shared.run { () throws(BuildError) in
                        try building { () throws(ArchiveError) in try Self.digest(mount.source, in: source.tree) }
                    }
                    found.digests.append(digest)
                }
            }
        } catch {
            await found.close()
            throw error
        }
        return found
    }

    private static func digest(_ path: String, in tree: Tree) throws(ArchiveError) -> String {
        let clean = try tree.resolved(try EntryPath(inContainer: path))
        let sink = HashSink()
        var options = ArchivingOptions()
        options.adjusts = { $0.modified = FileTime(seconds: 0) }
        let archiver = TreeArchiver(to: sink, options: options)
        if clean.isRoot {
            try archiver.archiveContents(of: tree.root, as: [])
        } else {
            let parent = try kernel { () throws(SyscallError) in try tree.directory(clean.parent) }
            try archiver.archive(clean.name, in: parent, as: clean.name)
        }
        return sink.digest.description
    }

    func close() async {
        for source in sources.values { await source.finish() }
    }
}

/// The mounts of a RUN, as the engine takes them.
struct PreparedMounts: Sendable {
    private(set) var mounts: [MountRequest] = []
    /// Where in the container something is mounted that the image may not have.
    private(set) var targets: [String] = []
    /// What the step sees as variables besides its own, as `NAME=value`.
    private(set) var variables: [String] = []
    private var uses: [CacheMounts.Use] = []
    /// Where this step's secrets lie; it goes with the step.
    private var secrets: String?

    mutating func prepare(
        _ wanted: [RunMount], _ binds: BindSources, _ script: CommandScript, for run: StageRun
    ) async throws(BuildError) {
        for (index, mount) in wanted.enumerated() {
            switch mount.kind {
            case .tmpfs: addTmpfs(mount)
            case .secret:
                guard try await addSecret(mount, run) else { continue }
            case .cache: try await addCache(mount, binds.sources[index], run)
            case .bind:
                guard let source = binds.sources[index] else { continue }
                try await addBind(mount, source, run)
            }
            targets.append(mount.target)
        }
        if let text = script.file { try await addScript(text, script.fileName, run) }
    }

    func giveBack(to caches: CacheMounts) async {
        for use in uses { await caches.giveBack(use) }
        if let secrets { await Lanes.shared.run { try? Tree.remove(path: secrets) } }
    }

    private mutating func add(_ path: String, at target: String, isReadOnly: Bool) {
        var request = MountRequest()
        request.type = "bind"
        request.source = path
        request.target = target
        request.readOnly = isReadOnly
        mounts.append(request)
    }

    private mutating func addTmpfs(_ mount: RunMount) {
        var request = MountRequest()
        request.type = "tmpfs"
        request.target = mount.target
        var options = TmpfsOptions()
        options.options = [["exec"], ["dev"], ["suid"]]
        if mount.size > 0 { options.sizeBytes = mount.size }
        request.tmpfsOptions = options
        mounts.append(request)
    }

    private mutating func addCache(_ mount: RunMount, _ source: SourceTree?, _ run: StageRun) async throws(BuildError) {
        let use = try await run.build.builder.mounts.take(mount)
        uses.append(use)
        if use.isNew, let source {
            try await Lanes.shared.run { () throws(BuildError) in
                try building { () throws(ArchiveError) in
                    try TreeTransfer.copy(
                        try EntryPath(inContainer: mount.source), of: source.tree, to: EntryPath(),
                        in: try Tree(path: use.path))
                }
            }
        }
        add(use.path, at: mount.target, isReadOnly: mount.isReadOnly)
    }

    /// Files of the context are mounted where they lie; others, and those that may be written, from a copy.
    private mutating func addBind(_ mount: RunMount, _ source: SourceTree, _ run: StageRun) async throws(BuildError) {
        let context = run.build.context
        let path = try await Lanes.shared.run { () throws(BuildError) in
            try building { () throws(ArchiveError) in
                let clean = try source.tree.resolved(try EntryPath(inContainer: mount.source))
                if source.layers == nil, mount.isReadOnly {
                    return clean.isRoot ? context.files : context.files + "/" + clean.description
                }
                let folder = context.freshPath("mount")
                try kernel { () throws(SyscallError) in try Files.makeDirectory(folder, mode: 0o755) }
                let name = EntryPath(components: [Array("files".utf8)])
                try TreeTransfer.copy(clean, of: source.tree, to: name, in: try Tree(path: folder))
                return folder + "/files"
            }
        }
        add(path, at: mount.target, isReadOnly: mount.isReadOnly)
    }

    /// A secret lies in memory while its step runs; says whether there is a file to mount on.
    private mutating func addSecret(_ mount: RunMount, _ run: StageRun) async throws(BuildError) -> Bool {
        guard let bytes = run.build.options.secrets[mount.id] else {
            guard mount.isRequired else { return false }
            throw .invalid("secret \(mount.id): not found: give it with --secret id=\(mount.id),src=FILE")
        }
        if !mount.variable.isEmpty {
            guard let text = String(validating: bytes, as: UTF8.self), !text.utf8.contains(0) else {
                throw .invalid("secret \(mount.id): it is no text, so it cannot be a variable")
            }
            variables.append("\(mount.variable)=\(text)")
        }
        guard !mount.target.isEmpty else { return false }
        let engine = run.engine
        guard let owner = engine.ownerOutside(user: mount.owner, group: mount.group) else {
            throw .invalid("secret \(mount.id): the user namespace has no owner \(mount.owner):\(mount.group)")
        }
        var random = SystemRandomNumberGenerator()
        let folder = secrets ?? "\(engine.buildSecretsFolder)/\(String(random.next(), radix: 36))"
        let isFirst = secrets == nil
        secrets = folder
        let path = "\(folder)/\(mounts.count)"
        try await Lanes.shared.run { () throws(BuildError) in
            do throws(SyscallError) {
                if isFirst { try Files.makeDirectory(folder, mode: 0o700) }
                let file = try Descriptor.open(path, O_WRONLY | O_CREAT | O_EXCL, mode: 0o600)
                try file.writeAll(bytes)
                try Files.changeOwner(of: file.raw, user: owner.user, group: owner.group)
                try Files.changeMode(path, mount.mode, at: AT_FDCWD)
            } catch {
                throw .invalid("write the secret \(mount.id): \(error)")
            }
        }
        add(path, at: mount.target, isReadOnly: true)
        return true
    }

    private mutating func addScript(_ text: String, _ name: String, _ run: StageRun) async throws(BuildError) {
        let folder = run.build.context.freshPath("script")
        let path = folder + "/" + name.replacing("/", with: "_")
        try await Lanes.shared.run { () throws(BuildError) in
            do throws(SyscallError) {
                try Files.makeDirectory(folder, mode: 0o755)
                try Descriptor.open(path, O_WRONLY | O_CREAT | O_EXCL, mode: 0o755).writeAll(Array(text.utf8))
                try Files.changeMode(path, 0o755, at: AT_FDCWD)
            } catch {
                throw .invalid("write the step's script: \(error)")
            }
        }
        add(path, at: "\(CommandScript.folder)/\(name)", isReadOnly: true)
    }
}
