internal import Archives

/// What the layers below have under one name.
struct LayersBelow {
    /// The file one would see without the upper directory.
    var item: TreeItem?
    /// The directories that are merged there, the top one first.
    var directories: [DirectoryHandle] = []

    static func find(_ wanted: [UInt8], in layers: [DirectoryHandle]) throws(ArchiveError) -> LayersBelow {
        var below = LayersBelow()
        for layer in layers {
            guard let item = try TreeItem.named(wanted, in: layer) else { continue }
            if item.isWhiteout { break }
            if below.item == nil { below.item = item }
            guard item.isDirectory else { break }
            let directory = try item.open()
            below.directories.append(directory)
            if directory.isOpaque { break }
        }
        return below
    }

    /// Everything that the layers show in one directory, sorted by name.
    static func all(in layers: [DirectoryHandle]) throws(ArchiveError) -> [LayersBelow] {
        var names: Set<[UInt8]> = []
        for layer in layers { names.formUnion(try TreeItem.all(in: layer).map(\.bytes)) }
        var found: [LayersBelow] = []
        for name in names.sorted(by: { $0.lexicographicallyPrecedes($1) }) {
            let below = try find(name, in: layers)
            if below.item != nil { found.append(below) }
        }
        return found
    }
}
