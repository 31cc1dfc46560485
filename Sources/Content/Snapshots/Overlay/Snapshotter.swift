package import Archives
package import ImageSpec
package import LinuxKernel

/// How a snapshot is to be made.
package struct SnapshotOptions: Equatable, Sendable {
    /// What is written need not survive a crash of the machine: for containers that vanish with their end.
    package var isVolatile = false
    /// The container runs in a user namespace with this map.
    package var idMap: SnapshotMount.IDMap?
    /// A folder below the data root that somebody prepared for what is written, such as one with a limit; it is theirs to remove.
    package var place: String?

    package init(isVolatile: Bool = false, idMap: SnapshotMount.IDMap? = nil, place: String? = nil) {
        self.isVolatile = isVolatile
        self.idMap = idMap
        self.place = place
    }
}

/// Disk that a snapshot's own files take.
package struct SnapshotUsage: Equatable, Sendable {
    /// Bytes on the disk.
    package var bytes: Int64
    package var inodes: Int

    package init(bytes: Int64 = 0, inodes: Int = 0) {
        self.bytes = bytes
        self.inodes = inodes
    }
}

/// One path that differs from the image.
package struct SnapshotChange: Hashable, Sendable {
    /// Docker's numbers.
    package enum Kind: Int, Sendable {
        case modified = 0
        case added = 1
        case deleted = 2
    }

    /// Absolute, as the container sees it.
    package var path: String
    package var kind: Kind

    package init(path: String, kind: Kind) {
        self.path = path
        self.kind = kind
    }
}

package enum SnapshotError: Error, Equatable, Sendable {
    case notFound(String)
    case exists(String)
    /// A layer it needs is not there.
    case missingLayers(of: Digest)
    /// The file system cannot have this driver's snapshots.
    case unsuitable(String)
    case archive(ArchiveError)
    case kernel(SyscallError)
}

extension SnapshotError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .notFound(let id): "snapshot \(id): not found"
        case .exists(let id): "snapshot \(id): already exists"
        case .missingLayers(let top): "snapshot of \(top): a layer is missing"
        case .unsuitable(let reason): reason
        case .archive(let error): error.description
        case .kernel(let error): error.description
        }
    }
}

/// Turns layers into root filesystems: one writable snapshot per container.
///
/// The engine calls it from lanes, any thread, blocking. All but ``withRoot(of:body:)`` touch the disk only as much as they
/// must; ``prepare(_:from:options:)`` is on the path of every start and never syncs.
package protocol Snapshotter: Sendable {
    /// The name in `docker info` and inspections.
    static var name: String { get }
    /// Where its snapshots are, below the data root.
    static var folders: [String] { get }

    /// Makes the writable snapshot `id` on the layers below `top` (none: an empty root), which it holds from then on.
    ///
    /// - Throws: `exists`, `missingLayers`.
    func prepare(_ id: String, from top: Digest?, options: SnapshotOptions) throws(SnapshotError) -> SnapshotMount

    /// The mount of a snapshot that was prepared before, also after a restart; directories that a power failure took are
    /// made again.
    func mount(_ id: String) throws(SnapshotError) -> SnapshotMount

    /// Which numbers the owners inside have in the snapshot's files; nil without a user namespace.
    ///
    /// Reads memory only.
    func ownerMap(of id: String) -> OwnerMap?

    /// What whoever made the snapshot should know of how that was done; nil when all is as usual.
    func remark(on id: String) -> String?

    /// Moves what was written, of a snapshot that nobody has mounted, to `place` below the data root: an empty folder that somebody
    /// prepared, perhaps on another filesystem. Blocks as long as copying takes.
    ///
    /// - Throws: what copying throws, such as `ENOSPC`; then all is as it was.
    func move(_ id: String, to place: String) throws(SnapshotError)

    /// Removes a snapshot and lets its layers go; one that is gone already is fine.
    func remove(_ id: String) throws(SnapshotError)

    /// As ``remove(_:)`` for who looks at snapshots and layers, but may leave files of which only ``remove(_:)`` and the next start of
    /// the daemon know: takes the same time for a large snapshot as for a small one.
    func putAside(_ id: String) throws(SnapshotError)

    /// Every snapshot there is.
    func ids() throws(SnapshotError) -> [String]

    func usage(of id: String) throws(SnapshotError) -> SnapshotUsage

    /// What differs from the image, sorted by path, as `docker diff` shows it.
    func changes(of id: String) throws(SnapshotError) -> [SnapshotChange]

    /// Writes the difference from the image as a layer.
    func writeLayer(of id: String, to sink: any BlockSink) throws(SnapshotError)

    /// Mounts the snapshot where nobody sees it (a mount namespace of its own thread) and runs `body` with its root.
    ///
    /// Writing is for snapshots that no container has mounted: a running container's files are reached through its process.
    /// Reading goes beside a running container too, and sees the root filesystem alone, without what is mounted in it.
    func withRoot<Result: Sendable>(
        of id: String, writable: Bool, _ body: @escaping @Sendable (Tree) throws(ArchiveError) -> Result
    ) throws(SnapshotError) -> Result
}

extension Snapshotter {
    package func remark(on id: String) -> String? { nil }
    package func putAside(_ id: String) throws(SnapshotError) { try remove(id) }
}
