internal import Archives

/// Compares a whole copy with the layers it was made of; blocking.
///
/// Says what ``OverlayChanges`` says. With a copier, what differs is also gathered as an upper directory of overlayfs.
struct CopyComparison {
    private let owners: OwnerMap?
    private let copier: TreeCopier?
    private var found: [SnapshotChange] = []

    init(owners: OwnerMap?, copier: TreeCopier? = nil) {
        self.owners = owners
        self.copier = copier
    }

    mutating func changes(
        of tree: Tree, from layers: [Tree], into upper: Tree? = nil
    ) throws(ArchiveError) -> [SnapshotChange] {
        found = []
        _ = try compare(tree.root, layers.map(\.root), Place(path: "", bytes: [], upper: upper?.root))
        return found.sorted { $0.path < $1.path }
    }

    /// Where the comparison is.
    private struct Place {
        var path: String
        var bytes: [UInt8]
        var upper: DirectoryHandle?

        func path(of name: [UInt8]) -> String { path + "/" + String(decoding: name, as: UTF8.self) }

        func child(_ name: [UInt8], _ upper: DirectoryHandle?) -> Place {
            Place(path: path(of: name), bytes: (bytes.isEmpty ? [] : bytes + [47]) + name, upper: upper)
        }
    }

    /// Whether a directory holds anything that counts, and anything that the runtime made.
    private struct Outcome {
        var changed = false
        var hidden = false
    }

    private mutating func compare(
        _ directory: DirectoryHandle, _ layers: [DirectoryHandle], _ place: Place
    ) throws(ArchiveError) -> Outcome {
        var outcome = Outcome()
        var old: [[UInt8]: LayersBelow] = [:]
        for below in try LayersBelow.all(in: layers) { if let item = below.item { old[item.bytes] = below } }
        for item in try TreeItem.all(in: directory) {
            let below = old.removeValue(forKey: item.bytes)
            if item.isDirectory {
                try compareDirectory(item, below, place, &outcome)
            } else if below == nil, item.isEmptyFile || item.isSymbolicLink,
                OverlayChanges.mountPoints.contains(place.path(of: item.bytes))
            {
                outcome.hidden = true
            } else if below?.item.map({ item.looksLikeCopy(of: $0, owners: owners) }) != true {
                note(place.path(of: item.bytes), below == nil ? .added : .modified, &outcome)
                if let upper = place.upper { try copier?.copy(item, into: upper, at: place.bytes) }
            }
        }
        for name in old.keys.sorted(by: { $0.lexicographicallyPrecedes($1) }) {
            note(place.path(of: name), .deleted, &outcome)
            if let upper = place.upper { try copier?.makeWhiteout(name, in: upper) }
        }
        return outcome
    }

    private mutating func compareDirectory(
        _ item: TreeItem, _ below: LayersBelow?, _ place: Place, _ outcome: inout Outcome
    ) throws(ArchiveError) {
        let handle = try item.open()
        var upper: DirectoryHandle?
        if let above = place.upper { upper = try copier?.makeDirectory(item.bytes, in: above) }
        let child = place.child(item.bytes, upper)
        let inside = try compare(handle, below?.directories ?? [], child)
        guard let kind = kind(of: item, below?.item, inside, child.path) else {
            outcome.hidden = outcome.hidden || inside.hidden || below == nil
            if upper != nil, let above = place.upper { try copier?.removeDirectory(item.bytes, in: above) }
            return
        }
        note(child.path, kind, &outcome)
        outcome.changed = true
        if let upper { try copier?.finish(upper, like: handle) }
    }

    /// How a directory differs from what was there; nil when it does not.
    private func kind(
        of item: TreeItem, _ before: TreeItem?, _ inside: Outcome, _ path: String
    ) -> SnapshotChange.Kind? {
        guard let before else {
            return !inside.changed && OverlayChanges.mountPoints.contains(path) ? nil : .added
        }
        if inside.changed || !before.isDirectory { return .modified }
        // Making a mount point changes a directory's time, and nothing else that we can tell apart.
        return item.looksLikeCopy(of: before, owners: owners) || inside.hidden ? nil : .modified
    }

    private mutating func note(_ path: String, _ kind: SnapshotChange.Kind, _ outcome: inout Outcome) {
        outcome.changed = true
        found.append(SnapshotChange(path: path, kind: kind))
    }
}
