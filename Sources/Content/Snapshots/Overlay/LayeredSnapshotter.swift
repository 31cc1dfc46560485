package import Archives
package import ImageSpec
internal import LinuxKernel
internal import Synchronization

/// Overlay mounts; where the kernel or the disk cannot show layers with other owners, the snapshots of containers in user namespaces
/// are whole copies whose files are given to them.
package final class LayeredSnapshotter: Snapshotter {
    package static let name = OverlaySnapshotter.name
    package static let folders = OverlaySnapshotter.folders + CopySnapshotter.folders

    private let overlays: OverlaySnapshotter
    private let copies: CopySnapshotter
    private let mapsOwners: @Sendable () -> Bool
    private let found = Mutex<Bool?>(nil)

    /// `mapsOwners` says whether layers can be shown with other owners; by default it is tried, once.
    package init(layers: LayerStore, mapsOwners: (@Sendable () -> Bool)? = nil) throws(SnapshotError) {
        let overlays = try OverlaySnapshotter(layers: layers)
        self.overlays = overlays
        copies = try CopySnapshotter(layers: layers)
        self.mapsOwners = mapsOwners ?? { overlays.canMapIDs() }
    }

    private var canMap: Bool {
        found.withLock { found in
            let answer = found ?? mapsOwners()
            found = answer
            return answer
        }
    }

    private func driver(of id: String) -> any Snapshotter { copies.has(id) ? copies : overlays }

    package func prepare(_ id: String, from top: Digest?, options: SnapshotOptions) throws(SnapshotError)
        -> SnapshotMount
    {
        guard options.idMap != nil, !canMap else { return try overlays.prepare(id, from: top, options: options) }
        return try copies.prepare(id, from: top, options: options)
    }

    package func mount(_ id: String) throws(SnapshotError) -> SnapshotMount { try driver(of: id).mount(id) }
    package func ownerMap(of id: String) -> OwnerMap? { driver(of: id).ownerMap(of: id) }

    package func remark(on id: String) -> String? {
        guard copies.has(id) else { return nil }
        return
            "the image's files cannot be shown with the owners of a user namespace here: the container has a copy of them"
    }

    package func move(_ id: String, to place: String) throws(SnapshotError) {
        try driver(of: id).move(id, to: place)
    }

    package func remove(_ id: String) throws(SnapshotError) {
        try copies.remove(id)
        try overlays.remove(id)
    }

    package func putAside(_ id: String) throws(SnapshotError) {
        if copies.has(id) { try copies.remove(id) } else { try overlays.putAside(id) }
    }

    package func ids() throws(SnapshotError) -> [String] { try overlays.ids() + copies.ids() }
    package func usage(of id: String) throws(SnapshotError) -> SnapshotUsage { try driver(of: id).usage(of: id) }
    package func changes(of id: String) throws(SnapshotError) -> [SnapshotChange] {
        try driver(of: id).changes(of: id)
    }

    package func writeLayer(of id: String, to sink: any BlockSink) throws(SnapshotError) {
        try driver(of: id).writeLayer(of: id, to: sink)
    }

    package func withRoot<Result: Sendable>(
        of id: String, writable: Bool, _ body: @escaping @Sendable (Tree) throws(ArchiveError) -> Result
    ) throws(SnapshotError) -> Result {
        try driver(of: id).withRoot(of: id, writable: writable, body)
    }
}
