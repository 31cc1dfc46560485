internal import Archives
internal import Glibc
internal import Lanes
internal import LinuxKernel
internal import Snapshots

/// A container's files, of which nothing leads out: a running one's through its first process, a stopped one's mounted where nobody
/// else sees them.
struct ContainerFiles: Sendable {
    var id: String
    var process: ContainerMachine.Process?
    var snapshots: any Snapshotter
    /// Where a stopped container's mounts come from.
    var mounts: [(source: String, plan: PlannedMount)]
    var isReadOnly: Bool

    /// Runs `body` with the container's root; blocks a lane.
    func withTree<Result: Sendable>(
        writable: Bool = false, _ body: @escaping @Sendable (Tree) throws(ArchiveError) -> Result
    ) async throws(EngineError) -> Result {
        let files = self
        return try await Lanes.shared.run { () throws(EngineError) in
            guard let process = files.process else { return try files.withStoppedTree(writable, body) }
            do throws(ArchiveError) {
                let root = try kernel { () throws(SyscallError) in
                    try Descriptor.open("/proc/\(process.pid)/root", O_RDONLY | O_DIRECTORY)
                }
                // The number may have been given to another process in the meantime.
                guard Processes.startTime(of: process.pid) == process.startTime else {
                    throw ArchiveError.interrupted("the container ended")
                }
                return try body(Tree(root: root))
            } catch {
                throw files.translated(error)
            }
        }
    }

    private func withStoppedTree<Result: Sendable>(
        _ writable: Bool, _ body: @escaping @Sendable (Tree) throws(ArchiveError) -> Result
    ) throws(EngineError) -> Result {
        let files = self
        do throws(SnapshotError) {
            return try snapshots.withRoot(of: id, writable: writable) { (tree) throws(ArchiveError) in
                for (source, plan) in files.mounts { files.attach(source, plan, in: tree, isMaking: writable) }
                return try body(tree)
            }
        } catch {
            if case .archive(let reason) = error { throw translated(reason) }
            throw EngineError(error)
        }
    }

    /// Shows a mount of the container inside its root, in this thread's mount namespace only.
    ///
    /// With `isMaking`, a folder is mounted on one that is made when the container has yet to get it.
    private func attach(_ source: String, _ plan: PlannedMount, in tree: Tree, isMaking: Bool) {
        do {
            let place = try EntryPath(Array(plan.destination.utf8))
            if isMaking, (try? Files.status(source))?.isDirectory == true {
                let root = snapshots.ownerMap(of: id)?.outside(owner: 0, group: 0) ?? (0, 0)
                _ = try tree.makeDirectories(place, owner: (root.owner, root.group))
            }
            let target = try tree.locate(place)
            let copy = try Mounts.copyTree(source, recursive: plan.recursive)
            if plan.readOnly {
                try Mounts.setAttributes(of: copy.raw, set: .readOnly, recursive: plan.forceRecursiveReadOnly)
            }
            try Mounts.attach(copy.raw, on: target.raw)
        } catch {
            // A mount point that the container has yet to get: what only looks has asked for another path.
            return
        }
    }

    func translated(_ error: ArchiveError) -> EngineError {
        switch error {
        case .notFound(let path): return .notFound("Could not find the file \(path) in container \(id)")
        case .hostile, .malformed, .tooLarge: return .invalid(error.description)
        case .conflict(let entry, let reason): return .invalid("cannot overwrite \(entry): \(reason)")
        case .interrupted: return .failed(error.description)
        case .kernel(let reason):
            switch reason.errno {
            case ENOENT, ENOTDIR: return .notFound("Could not find the file \(reason.subject) in container \(id)")
            case EROFS: return .forbidden("mounted volume is marked read-only")
            default: return .system(doing: "files of \(id)", reason)
            }
        }
    }

    // MARK: what is asked of them

    func stat(_ path: String) async throws(EngineError) -> PathStat {
        try await withTree(writable: needsMountPoint(path)) { (tree) throws(ArchiveError) in
            try PathLookup(tree, path, of: id).stat()
        }
    }

    /// Writes the tar of `path`; blocks until the reader has taken it.
    func archive(_ path: String, into pipe: ChunkPipe) async {
        do throws(EngineError) {
            try await withTree(writable: needsMountPoint(path)) { (tree) throws(ArchiveError) in
                let sink = PipeSink(pipe)
                try PathLookup(tree, path, of: id).archive(to: sink, owners: snapshots.ownerMap(of: id))
                try sink.flush()
            }
            pipe.finish()
        } catch {
            pipe.fail(error)
        }
    }

    /// Unpacks what comes through `pipe` into the folder `path`.
    func write(
        _ path: String, options: ExtractionOptions, from pipe: ChunkPipe
    ) async throws(EngineError) {
        try await withTree(writable: true) { (tree) throws(ArchiveError) in
            let folder = try PathLookup(tree, path, of: id).folder()
            if isReadOnly, process == nil, !isInMount(path) {
                throw ArchiveError.kernel(SyscallError("write", errno: EROFS, subject: path))
            }
            var options = options
            options.ownerMap = snapshots.ownerMap(of: id)
            _ = try TreeExtractor.extract(PipeSource(pipe), into: Tree(sharing: folder), options: options)
        }
    }

    /// Whether `path` lies in a mount of a container that does not run, and may never have.
    private func needsMountPoint(_ path: String) -> Bool { process == nil && isInMount(path) }

    private func isInMount(_ path: String) -> Bool {
        let clean = PathText.cleaned("/" + path)
        return mounts.contains { clean == $0.plan.destination || clean.hasPrefix($0.plan.destination + "/") }
    }
}

/// A path inside a root: its folder's links are followed, its own is not.
struct PathLookup {
    private let tree: Tree
    private let path: String
    private let container: String
    private let entry: EntryPath
    /// `dir/.` and `dir/` mean what is in there.
    private let meansContent: Bool

    init(_ tree: Tree, _ path: String, of container: String) throws(ArchiveError) {
        self.tree = tree
        self.path = path
        self.container = container
        entry = try EntryPath(Array(PathText.cleaned("/" + path).utf8))
        meansContent = path.hasSuffix("/.") || path == "." || entry.isRoot
    }

    private var name: String { String(decoding: entry.name, as: UTF8.self) }

    private func parent() throws(ArchiveError) -> DirectoryHandle {
        do throws(SyscallError) { return try tree.directory(entry.parent) } catch { throw absent(error) }
    }

    private func absent(_ error: SyscallError) -> ArchiveError {
        error.errno == ENOENT || error.errno == ENOTDIR ? .notFound(path) : .kernel(error)
    }

    /// The folder it leads to.
    func folder() throws(ArchiveError) -> DirectoryHandle {
        do throws(SyscallError) { return try tree.directory(entry) } catch {
            if error.errno == ENOTDIR { throw .malformed("extraction point is not a directory") }
            throw absent(error)
        }
    }

    func stat() throws(ArchiveError) -> PathStat {
        var raw = Glibc.stat()
        var target = ""
        do throws(SyscallError) {
            if meansContent || path.hasSuffix("/") {
                let number = try tree.directory(entry)
                try check("fstat", path) { fstat(number.raw, &raw) }
            } else {
                let parent = try tree.directory(entry.parent)
                try check("fstatat", path) { fstatat(parent.raw, name, &raw, AT_SYMLINK_NOFOLLOW) }
                if raw.st_mode & S_IFMT == S_IFLNK { target = try Files.readLink(name, at: parent.raw) }
            }
        } catch {
            throw absent(error)
        }
        let time = Int64(raw.st_mtim.tv_sec) * 1_000_000_000 + Int64(raw.st_mtim.tv_nsec)
        return PathStat(
            name: entry.isRoot ? "/" : name, size: Int64(raw.st_size), mode: GoFileMode.of(raw.st_mode),
            mtime: Timestamp(nanoseconds: time), linkTarget: target)
    }

    /// Writes its tar: under its own name, or as `.` when its content is meant.
    func archive(to sink: any BlockSink, owners: OwnerMap?) throws(ArchiveError) {
        var options = ArchivingOptions()
        if let owners { options.owners = owners.inside }
        let archiver = TreeArchiver(to: sink, options: options)
        if meansContent {
            // Every name begins with `./`: docker's client puts the destination's name in the place of that dot.
            let folder = try folder()
            try archiver.archiveItself(folder, as: [46])
            try archiver.archiveContents(of: folder, as: [46])
            try archiver.finish()
            return
        }
        let parent = try parent()
        try archiver.archive(entry.name, in: parent, as: entry.name)
        try archiver.finish()
    }
}

/// Go's `os.FileMode`, which Docker's clients read.
enum GoFileMode {
    static func of(_ mode: mode_t) -> UInt32 {
        var result = UInt32(mode & 0o777)
        switch mode & S_IFMT {
        case S_IFDIR: result |= 1 << 31
        case S_IFLNK: result |= 1 << 27
        case S_IFBLK: result |= 1 << 26
        case S_IFCHR: result |= 1 << 26 | 1 << 21
        case S_IFIFO: result |= 1 << 25
        case S_IFSOCK: result |= 1 << 24
        default: break
        }
        if mode & S_ISUID != 0 { result |= 1 << 23 }
        if mode & S_ISGID != 0 { result |= 1 << 22 }
        if mode & S_ISVTX != 0 { result |= 1 << 20 }
        return result
    }
}
