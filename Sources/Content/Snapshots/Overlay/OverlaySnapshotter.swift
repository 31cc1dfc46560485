package import Archives
internal import CLinux
internal import Glibc
package import ImageSpec
internal import JSON
internal import LinuxKernel
internal import Synchronization

/// Snapshots as overlayfs mounts: layers are shared directories, what a container writes is its own.
///
/// ```
/// containers-rw/<id>/upper   what the container wrote
/// containers-rw/<id>/work    overlayfs's scratch
/// containers-rw/<id>/image   a link whose text is the chain ID of the top layer, or "scratch", and the options; with a `place` among
///                            them, upper and work are there
/// empty/                     the lowest layer of images without one
/// ```
package final class OverlaySnapshotter: Snapshotter {
    package static let name = "overlay2"
    package static let folders = ["containers-rw"]

    let layers: LayerStore
    private let root: String
    private let known = Mutex<[String: Snapshot]>([:])

    /// What a snapshot was prepared from.
    struct Snapshot: Equatable, Sendable {
        var stack: [LayerRecord]
        var options: SnapshotOptions
    }

    /// Opens or makes the snapshots below the data root of `layers`; those that a crash left half made are removed.
    package init(layers: LayerStore) throws(SnapshotError) {
        self.layers = layers
        root = layers.root
        for directory in ["/containers-rw", "/empty"] {
            try asking { () throws(SyscallError) in try LayerStore.ensureDirectory(root + directory, mode: 0o711) }
        }
        for id in try asking({ () throws(SyscallError) in try Files.list("\(root)/containers-rw") }) {
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

    func directory(of id: String) -> String { "\(root)/containers-rw/\(id)" }

    /// The folder of `upper` and `work`, below the data root.
    private static func place(of id: String, _ options: SnapshotOptions) -> String {
        options.place ?? "containers-rw/\(id)"
    }

    package func ids() throws(SnapshotError) -> [String] {
        try asking { () throws(SyscallError) in try Files.list("\(root)/containers-rw") }
    }

    // MARK: life

    package func prepare(_ id: String, from top: Digest?, options: SnapshotOptions) throws(SnapshotError)
        -> SnapshotMount
    {
        guard let stack = layers.use(top) else {
            throw .missingLayers(of: top ?? Digest(hash: [UInt8](repeating: 0, count: 32)))
        }
        do throws(SnapshotError) {
            try asking { () throws(SyscallError) in
                let directory = directory(of: id)
                try Files.makeDirectory(directory, mode: 0o710)
                try makeDirectories("\(root)/\(Self.place(of: id, options))", options)
                // Last: without the link a snapshot counts as half made.
                try Files.makeLink("\(directory)/image", to: SnapshotOrigin.write(top, options))
            }
        } catch {
            layers.unpin(stack.map(\.chainID))
            if case .kernel(let reason) = error, reason.errno == EEXIST { throw .exists(id) }
            throw error
        }
        let snapshot = Snapshot(stack: stack, options: options)
        known.withLock { $0[id] = snapshot }
        return mount(id, snapshot)
    }

    private func makeDirectories(_ directory: String, _ options: SnapshotOptions) throws(SyscallError) {
        try LayerStore.ensureDirectory("\(directory)/upper", mode: 0o755)
        try LayerStore.ensureDirectory("\(directory)/work", mode: 0o711)
        guard let map = options.idMap else { return }
        // The root of the filesystem belongs to the container's root.
        let owner = map.users.first { $0.container == 0 }?.host ?? 0
        let group = map.groups.first { $0.container == 0 }?.host ?? 0
        try Files.changeOwner("\(directory)/upper", user: owner, group: group, at: AT_FDCWD)
    }

    package func mount(_ id: String) throws(SnapshotError) -> SnapshotMount {
        let snapshot = try snapshot(id)
        try asking { () throws(SyscallError) in
            let place = "\(root)/\(Self.place(of: id, snapshot.options))"
            try makeDirectories(place, snapshot.options)
            // overlayfs refuses to use the directories of a volatile mount again, as the machine may have crashed in
            // between; those of an earlier boot are never mounted again, since such containers go at start.
            if snapshot.options.isVolatile { try Tree.remove(path: "\(place)/work/work/incompat") }
        }
        return mount(id, snapshot)
    }

    func snapshot(_ id: String) throws(SnapshotError) -> Snapshot {
        guard let snapshot = known.withLock({ $0[id] }) else { throw .notFound(id) }
        return snapshot
    }

    private func mount(_ id: String, _ snapshot: Snapshot) -> SnapshotMount {
        var options = ["index=off", "redirect_dir=off", "metacopy=off"]
        if snapshot.options.isVolatile { options.append("volatile") }
        return SnapshotMount(
            root: root, lower: snapshot.stack.isEmpty ? ["empty"] : snapshot.stack.map { "l/\($0.link)" },
            upper: "\(Self.place(of: id, snapshot.options))/upper",
            work: "\(Self.place(of: id, snapshot.options))/work", options: options,
            idMap: snapshot.options.idMap)
    }

    package func ownerMap(of id: String) -> OwnerMap? {
        known.withLock { $0[id]?.options.idMap?.owners }
    }

    package func move(_ id: String, to place: String) throws(SnapshotError) {
        var snapshot = try snapshot(id)
        let old = "\(root)/\(Self.place(of: id, snapshot.options))"
        snapshot.options.place = place
        let options = snapshot.options
        try asking { () throws(SyscallError) in try makeDirectories("\(root)/\(place)", options) }
        try reading { () throws(ArchiveError) in
            try TreeCopy.copy(from: "\(old)/upper", to: "\(root)/\(place)/upper")
        }
        try asking { () throws(SyscallError) in
            // The new link takes the old one's place at once: before it the old folder counts, after it the new one.
            let link = "\(directory(of: id))/image"
            try? Files.remove("\(link).new")
            try Files.makeLink("\(link).new", to: SnapshotOrigin.write(snapshot.stack.first?.chainID, options))
            try Files.rename("\(link).new", to: link)
            for name in ["upper", "work"] { try Tree.remove(path: "\(old)/\(name)") }
        }
        known.withLock { $0[id] = snapshot }
    }

    package func remove(_ id: String) throws(SnapshotError) {
        try putAside(id)
        try asking { () throws(SyscallError) in try Tree.remove(path: aside(id)) }
    }

    package func putAside(_ id: String) throws(SnapshotError) {
        let snapshot = known.withLock { $0.removeValue(forKey: id) }
        try asking { () throws(SyscallError) in
            do throws(SyscallError) {
                try Files.rename(directory(of: id), to: aside(id))
            } catch {
                if error.errno == ENOENT { return }
                // An earlier removal left something: finish that one too.
                guard error.errno == ENOTEMPTY || error.errno == EEXIST else { throw error }
                try Tree.remove(path: directory(of: id))
            }
        }
        if let snapshot { layers.unpin(snapshot.stack.map(\.chainID)) }
    }

    private func aside(_ id: String) -> String { "\(root)/tmp/snapshot-\(id)" }

    // MARK: looking inside

    private func upper(of id: String, _ snapshot: Snapshot) -> String {
        "\(root)/\(Self.place(of: id, snapshot.options))/upper"
    }

    package func usage(of id: String) throws(SnapshotError) -> SnapshotUsage {
        let upper = upper(of: id, try snapshot(id))
        return try reading { () throws(ArchiveError) in
            let usage = try TreeUsage.measure(try Tree(path: upper))
            return SnapshotUsage(bytes: usage.bytes, inodes: usage.inodes)
        }
    }

    package func changes(of id: String) throws(SnapshotError) -> [SnapshotChange] {
        let snapshot = try snapshot(id)
        return try reading { () throws(ArchiveError) in try comparison(id, snapshot).all() }
    }

    package func writeLayer(of id: String, to sink: any BlockSink) throws(SnapshotError) {
        let snapshot = try snapshot(id)
        try reading { () throws(ArchiveError) in
            let comparison = try comparison(id, snapshot)
            let leftOut = try comparison.leftOut()
            var options = ArchivingOptions(whiteouts: .overlay)
            options.leavesOut = { leftOut.contains("/\($0)") }
            if let map = snapshot.options.idMap?.owners { options.owners = map.inside }
            try TreeArchiver(to: sink, options: options).archive(comparison.upper)
        }
    }

    private func comparison(_ id: String, _ snapshot: Snapshot) throws(ArchiveError) -> OverlayChanges {
        var lower: [Tree] = []
        for record in snapshot.stack { lower.append(try Tree(path: layers.diff(of: record.chainID))) }
        return OverlayChanges(upper: try Tree(path: upper(of: id, snapshot)), lower: lower)
    }

    package func withRoot<Result: Sendable>(
        of id: String, writable: Bool, _ body: @escaping @Sendable (Tree) throws(ArchiveError) -> Result
    ) throws(SnapshotError) -> Result {
        var mount = try mount(id)
        if !writable, let upper = mount.upper {
            // A second writable mount of one upper directory is undefined; as one more layer it is only read.
            mount.lower.insert(upper, at: 0)
            (mount.upper, mount.work) = (nil, nil)
            // Its files have the host's numbers already: the layers' keep theirs too, and `ownerMap` tells them apart.
            mount.idMap = nil
        }
        mount.options.removeAll { $0 == "volatile" }
        return try PrivateMount.run(mount, body)
    }

    /// Whether this kernel and the file system of the data root can show layers through an id map.
    ///
    /// Tries it, in a namespace of a thread's own; blocks.
    package func canMapIDs() -> Bool {
        let range = [SnapshotMount.IDRange(container: 0, host: 100_000, count: 1)]
        let mount = SnapshotMount(
            root: root, lower: ["empty"], idMap: SnapshotMount.IDMap(users: range, groups: range))
        return IDMappedLayers.isPossible(mount)
    }
}
