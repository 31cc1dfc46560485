package import Archives
package import LinuxKernel

/// Copies of images, file by file: slow and large, and works everywhere; where the file system shares contents between copies they
/// take no more than their changes.
package struct CopiedTrees: WholeTrees {
    package static let name = "vfs"
    package static let folder = "containers-copy"

    private let layers: LayerStore

    package init(layers: LayerStore) { self.layers = layers }

    package func make(_ path: String, of stack: [LayerRecord], _ owners: OwnerMap?) throws(SnapshotError) {
        do throws(SyscallError) { try Files.makeDirectory(path, mode: 0o755) } catch { throw .kernel(error) }
        try fill(path, of: stack, owners)
    }

    /// Copies into an empty directory.
    func fill(_ path: String, of stack: [LayerRecord], _ owners: OwnerMap?) throws(SnapshotError) {
        do throws(ArchiveError) {
            let target = try Tree(path: path)
            let copier = TreeCopier(into: target, owners: owners)
            let lower = try layers.trees(of: stack)
            try Self.merge(lower.map(\.root), into: target.root, at: [], copier)
            if let top = lower.first { try copier.finish(target.root, like: top.root) }
        } catch {
            throw .archive(error)
        }
    }

    private static func merge(
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

    package func remove(_ path: String) throws(SyscallError) { try Tree.remove(path: path) }
}

extension LayerStore {
    /// The files of layers.
    func trees(of stack: [LayerRecord]) throws(ArchiveError) -> [Tree] {
        var trees: [Tree] = []
        for record in stack { trees.append(try Tree(path: diff(of: record.chainID))) }
        return trees
    }
}
