internal import Archives
internal import LinuxKernel

/// Compares an upper directory of overlayfs with the layers below it; blocking.
///
/// Says what `docker diff` says: a directory counts as modified when anything in it changed, and what exists only because
/// the runtime mounted something on it does not count.
struct OverlayChanges {
    let upper: Tree
    /// The top layer first.
    let lower: [Tree]

    /// What the runtime makes in a root filesystem, to mount on it.
    static let mountPoints: Set<String> = [
        "/.dockerenv", "/dev", "/dev/console", "/dev/mqueue", "/dev/pts", "/dev/shm", "/etc/hostname", "/etc/hosts",
        "/etc/mtab", "/etc/resolv.conf", "/proc", "/sys",
    ]

    /// What was found in one directory.
    private struct Found {
        var changes: [SnapshotChange] = []
        /// Made by the runtime.
        var hidden: [String] = []
    }

    func all() throws(ArchiveError) -> [SnapshotChange] {
        try compare(upper.root, with: lower.map(\.root), at: "").changes.sorted { $0.path < $1.path }
    }

    /// Paths that a layer made of the upper directory must leave out.
    func leftOut() throws(ArchiveError) -> Set<String> {
        Set(try compare(upper.root, with: lower.map(\.root), at: "").hidden)
    }

    private func compare(_ directory: DirectoryHandle, with below: [DirectoryHandle], at path: String)
        throws(ArchiveError) -> Found
    {
        var found = Found()
        for item in try TreeItem.all(in: directory) {
            let child = "\(path)/\(item.name)"
            let old = try LayersBelow.find(item.bytes, in: below)
            if item.isWhiteout {
                if old.item != nil { found.changes.append(SnapshotChange(path: child, kind: .deleted)) }
            } else if item.isDirectory {
                try compareDirectory(item, child, old, &found)
            } else if old.item == nil, Self.mountPoints.contains(child), item.isEmptyFile || item.isSymbolicLink {
                found.hidden.append(child)
            } else {
                found.changes.append(SnapshotChange(path: child, kind: old.item == nil ? .added : .modified))
            }
        }
        return found
    }

    private func compareDirectory(_ item: TreeItem, _ path: String, _ old: LayersBelow, _ found: inout Found)
        throws(ArchiveError)
    {
        let handle = try item.open()
        let inside = try compare(handle, with: handle.isOpaque ? [] : old.directories, at: path)
        found.hidden += inside.hidden
        if let before = old.item {
            // Making a mount point changes a directory's time and size, and nothing else that we can tell apart.
            let quiet = inside.changes.isEmpty && !inside.hidden.isEmpty
            if quiet, item.hasSameAccess(as: before) {
                found.hidden.append(path)
            } else if !inside.changes.isEmpty || !item.looksLike(before) || quiet {
                found.changes.append(SnapshotChange(path: path, kind: .modified))
            }
        } else if inside.changes.isEmpty, Self.mountPoints.contains(path) {
            found.hidden.append(path)
        } else {
            found.changes.append(SnapshotChange(path: path, kind: .added))
        }
        found.changes += inside.changes
    }
}
