package import Archives
internal import Glibc
package import ImageSpec
package import LinuxKernel
internal import Synchronization

/// How the whole root filesystem of a container is made of its image's layers; the methods block.
package protocol WholeTrees: Sendable {
    /// Of the driver, for people.
    static var name: String { get }
    /// Where the snapshots are, below the data root.
    static var folder: String { get }

    /// - Throws: ``SnapshotError/unsuitable(_:)`` where the data root's file system cannot have them.
    init(layers: LayerStore) throws(SnapshotError)

    /// Makes the directory `path`, whose parent is there, with the files of `stack` (the top layer first), owned as `owners` says.
    func make(_ path: String, of stack: [LayerRecord], _ owners: OwnerMap?) throws(SnapshotError)

    /// Removes a tree that ``make(_:of:_:)`` made, whatever became of it.
    func remove(_ path: String) throws(SyscallError)
}

/// Whole copies of images: for disks without overlayfs.
package typealias CopySnapshotter = WholeSnapshotter<CopiedTrees>

/// Subvolumes of btrfs.
package typealias BtrfsSnapshotter = WholeSnapshotter<BtrfsTrees>

/// Snapshots without a mount over their layers: each is a whole root filesystem.
///
/// ```
/// <folder>/<id>/root    the whole root filesystem, its owners as the container has them
/// <folder>/<id>/image   a link whose text says what it was made from; last to appear, first to go; with a `place` in it,
///                       `root` is there
/// ```
package final class WholeSnapshotter<Trees: WholeTrees>: Snapshotter {
    package static var name: String { Trees.name }
    package static var folders: [String] { [Trees.folder] }

    private let layers: LayerStore
    private let trees: Trees
    private let root: String
    private let known = Mutex<[String: Snapshot]>([:])

    private struct Snapshot: Sendable {
        var stack: [LayerRecord]
        var options: SnapshotOptions
    }

    /// Opens or makes the snapshots below the data root of `layers`; those that a crash left half made are removed.
    package init(layers: LayerStore) throws(SnapshotError) {
        self.layers = layers
        root = layers.root
        trees = try Trees(layers: layers)
        try asking { () throws(SyscallError) in
            try LayerStore.ensureDirectory("\(root)/\(Trees.folder)", mode: 0o711)
        }
        for id in try ids() {
            guard let text = try? Files.readLink("\(directory(of: id))/image"),
                let (top, options) = SnapshotOrigin.read(text)
            else {
                try asking { () throws(SyscallError) in
                    try trees.remove("\(directory(of: id))/root")
                    try Tree.remove(path: directory(of: id))
                }
                continue
            }
            // A snapshot without its layers stays: its own files may be all that somebody has left.
            guard let stack = layers.use(top) else { continue }
            known.withLock { $0[id] = Snapshot(stack: stack, options: options) }
        }
    }

    private func directory(of id: String) -> String { "\(root)/\(Trees.folder)/\(id)" }

    /// Where a snapshot's files are, below the data root.
    private static func tree(of id: String, _ options: SnapshotOptions) -> String {
        (options.place ?? "\(Trees.folder)/\(id)") + "/root"
    }

    private func files(of id: String) throws(SnapshotError) -> String {
        "\(root)/\(Self.tree(of: id, try snapshot(id).options))"
    }

    package func ids() throws(SnapshotError) -> [String] {
        try asking { () throws(SyscallError) in try Files.list("\(root)/\(Trees.folder)") }
    }

    // MARK: life

    package func prepare(_ id: String, from top: Digest?, options: SnapshotOptions) throws(SnapshotError)
        -> SnapshotMount
    {
        guard let stack = layers.use(top) else {
            throw .missingLayers(of: top ?? Digest(hash: [UInt8](repeating: 0, count: 32)))
        }
        let directory = directory(of: id)
        do throws(SnapshotError) {
            try asking { () throws(SyscallError) in try Files.makeDirectory(directory, mode: 0o711) }
        } catch {
            layers.unpin(stack.map(\.chainID))
            if case .kernel(let reason) = error, reason.errno == EEXIST { throw .exists(id) }
            throw error
        }
        do throws(SnapshotError) {
            try trees.make("\(root)/\(Self.tree(of: id, options))", of: stack, options.idMap?.owners)
            try asking { () throws(SyscallError) in
                try Files.makeLink("\(directory)/image", to: SnapshotOrigin.write(top, options))
            }
        } catch {
            layers.unpin(stack.map(\.chainID))
            try? trees.remove("\(root)/\(Self.tree(of: id, options))")
            try? Tree.remove(path: directory)
            throw error
        }
        known.withLock { $0[id] = Snapshot(stack: stack, options: options) }
        return mount(id, options)
    }

    private func mount(_ id: String, _ options: SnapshotOptions) -> SnapshotMount {
        var mount = SnapshotMount(root: root, lower: [Self.tree(of: id, options)])
        mount.kind = .bind
        return mount
    }

    /// Whether it is one of these.
    func has(_ id: String) -> Bool { known.withLock { $0[id] != nil } }

    private func snapshot(_ id: String) throws(SnapshotError) -> Snapshot {
        guard let snapshot = known.withLock({ $0[id] }) else { throw .notFound(id) }
        return snapshot
    }

    package func mount(_ id: String) throws(SnapshotError) -> SnapshotMount {
        mount(id, try snapshot(id).options)
    }

    package func move(_ id: String, to place: String) throws(SnapshotError) {
        var snapshot = try snapshot(id)
        let old = try files(of: id)
        snapshot.options.place = place
        let options = snapshot.options
        let new = "\(root)/\(Self.tree(of: id, options))"
        try asking { () throws(SyscallError) in try LayerStore.ensureDirectory(new, mode: 0o755) }
        try reading { () throws(ArchiveError) in try TreeCopy.copy(from: old, to: new) }
        try asking { () throws(SyscallError) in
            // The new link takes the old one's place at once: before it the old folder counts, after it the new one.
            let link = "\(directory(of: id))/image"
            try? Files.remove("\(link).new")
            try Files.makeLink("\(link).new", to: SnapshotOrigin.write(snapshot.stack.first?.chainID, options))
            try Files.rename("\(link).new", to: link)
            try trees.remove(old)
        }
        known.withLock { $0[id] = snapshot }
    }

    package func ownerMap(of id: String) -> OwnerMap? { known.withLock { $0[id]?.options.idMap?.owners } }

    package func remove(_ id: String) throws(SnapshotError) {
        guard Files.exists(directory(of: id)) else { return }
        let snapshot = known.withLock { $0.removeValue(forKey: id) }
        try asking { () throws(SyscallError) in
            // Without the link it counts as half made, should we die in the middle.
            try? Files.remove("\(directory(of: id))/image")
            try trees.remove("\(root)/\(Self.tree(of: id, snapshot?.options ?? SnapshotOptions()))")
            try Tree.remove(path: directory(of: id))
        }
        if let snapshot { layers.unpin(snapshot.stack.map(\.chainID)) }
    }

    // MARK: looking inside

    package func usage(of id: String) throws(SnapshotError) -> SnapshotUsage {
        let files = try files(of: id)
        return try reading { () throws(ArchiveError) in
            let usage = try TreeUsage.measure(try Tree(path: files))
            return SnapshotUsage(bytes: usage.bytes, inodes: usage.inodes)
        }
    }

    package func changes(of id: String) throws(SnapshotError) -> [SnapshotChange] {
        let snapshot = try snapshot(id)
        let files = try files(of: id)
        return try reading { () throws(ArchiveError) in
            var comparison = CopyComparison(owners: snapshot.options.idMap?.owners)
            return try comparison.changes(
                of: try Tree(path: files), from: try layers.trees(of: snapshot.stack))
        }
    }

    package func writeLayer(of id: String, to sink: any BlockSink) throws(SnapshotError) {
        let snapshot = try snapshot(id)
        let files = try files(of: id)
        let path = "\(root)/tmp/difference-\(id)-\(UInt64.random(in: .min ... .max))"
        try asking { () throws(SyscallError) in try Files.makeDirectory(path, mode: 0o700) }
        defer { try? Tree.remove(path: path) }
        try reading { () throws(ArchiveError) in
            let difference = try Tree(path: path)
            let owners = snapshot.options.idMap?.owners
            var comparison = CopyComparison(owners: owners, copier: TreeCopier(into: difference))
            _ = try comparison.changes(
                of: try Tree(path: files), from: try layers.trees(of: snapshot.stack), into: difference)
            var options = ArchivingOptions(whiteouts: .overlay)
            if let owners { options.owners = owners.inside }
            try TreeArchiver(to: sink, options: options).archive(difference)
        }
    }

    package func withRoot<Result: Sendable>(
        of id: String, writable: Bool, _ body: @escaping @Sendable (Tree) throws(ArchiveError) -> Result
    ) throws(SnapshotError) -> Result {
        let files = try files(of: id)
        return try reading { () throws(ArchiveError) in try body(try Tree(path: files)) }
    }
}
