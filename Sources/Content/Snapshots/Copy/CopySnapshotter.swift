package import Archives
internal import Glibc
package import ImageSpec
internal import LinuxKernel
internal import Synchronization

/// Snapshots as whole copies of their images: for disks without overlayfs, and for user namespaces where layers cannot be
/// mounted with other owners.
///
/// Slow and large, and works everywhere; where the file system shares contents between copies it takes no more than its changes.
/// ```
/// containers-copy/<id>/root    the whole root filesystem, its owners as the container has them
/// containers-copy/<id>/image   a link whose text says what it was made from; last to appear, first to go; with a `place` in it,
///                              `root` is there
/// ```
package final class CopySnapshotter: Snapshotter {
    package static let name = "vfs"

    private let layers: LayerStore
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
        try asking { () throws(SyscallError) in
            try LayerStore.ensureDirectory("\(root)/containers-copy", mode: 0o711)
        }
        for id in try ids() {
            guard let text = try? Files.readLink("\(directory(of: id))/image"),
                let (top, options) = SnapshotOrigin.read(text)
            else {
                try asking { () throws(SyscallError) in try Tree.remove(path: directory(of: id)) }
                continue
            }
            // A snapshot without its layers stays: its own files may be all that somebody has left.
            guard let stack = layers.use(top) else { continue }
            known.withLock { $0[id] = Snapshot(stack: stack, options: options) }
        }
    }

    private func directory(of id: String) -> String { "\(root)/containers-copy/\(id)" }

    /// Where a snapshot's files are, below the data root.
    private static func tree(of id: String, _ options: SnapshotOptions) -> String {
        (options.place ?? "containers-copy/\(id)") + "/root"
    }

    private func files(of id: String) throws(SnapshotError) -> String {
        "\(root)/\(Self.tree(of: id, try snapshot(id).options))"
    }

    package func ids() throws(SnapshotError) -> [String] {
        try asking { () throws(SyscallError) in try Files.list("\(root)/containers-copy") }
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
            let files = "\(root)/\(Self.tree(of: id, options))"
            try asking { () throws(SyscallError) in try Files.makeDirectory(files, mode: 0o755) }
            try copy(stack, to: files, options.idMap?.owners)
            try asking { () throws(SyscallError) in
                try Files.makeLink("\(directory)/image", to: SnapshotOrigin.write(top, options))
            }
        } catch {
            layers.unpin(stack.map(\.chainID))
            try? Tree.remove(path: directory)
            throw error
        }
        known.withLock { $0[id] = Snapshot(stack: stack, options: options) }
        return mount(id, options)
    }

    private func copy(_ stack: [LayerRecord], to path: String, _ owners: OwnerMap?) throws(SnapshotError) {
        try reading { () throws(ArchiveError) in
            let target = try Tree(path: path)
            let copier = TreeCopier(into: target, owners: owners)
            let lower = try trees(stack)
            try merge(lower.map(\.root), into: target.root, at: [], copier)
            if let top = lower.first { try copier.finish(target.root, like: top.root) }
        }
    }

    private func merge(
        _ layers: [DirectoryHandle], into directory: DirectoryHandle, at place: [UInt8], _ copier: TreeCopier
    ) throws(ArchiveError) {
        for below in try LayersBelow.all(in: layers) {
            guard let item = below.item else { continue }
            guard item.isDirectory, let original = below.directories.first else {
                try copier.copy(item, into: directory, at: place)
                continue
            }
            let made = try copier.makeDirectory(item.bytes, in: directory)
            try merge(below.directories, into: made, at: (place.isEmpty ? [] : place + [47]) + item.bytes, copier)
            try copier.finish(made, like: original)
        }
    }

    private func trees(_ stack: [LayerRecord]) throws(ArchiveError) -> [Tree] {
        var trees: [Tree] = []
        for record in stack { trees.append(try Tree(path: layers.diff(of: record.chainID))) }
        return trees
    }

    private func mount(_ id: String, _ options: SnapshotOptions) -> SnapshotMount {
        var mount = SnapshotMount(root: root, lower: [Self.tree(of: id, options)])
        mount.kind = .bind
        return mount
    }

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
            try Tree.remove(path: old)
        }
        known.withLock { $0[id] = snapshot }
    }

    package func ownerMap(of id: String) -> OwnerMap? { known.withLock { $0[id]?.options.idMap?.owners } }

    package func remove(_ id: String) throws(SnapshotError) {
        let snapshot = known.withLock { $0.removeValue(forKey: id) }
        try asking { () throws(SyscallError) in
            // Without the link it counts as half made, should we die in the middle.
            try? Files.remove("\(directory(of: id))/image")
            if let snapshot { try Tree.remove(path: "\(root)/\(Self.tree(of: id, snapshot.options))") }
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
                of: try Tree(path: files), from: try trees(snapshot.stack))
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
                of: try Tree(path: files), from: try trees(snapshot.stack), into: difference)
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
