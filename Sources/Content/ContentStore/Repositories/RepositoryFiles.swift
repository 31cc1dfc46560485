internal import Glibc
internal import ImageSpec
internal import JSON
internal import LinuxKernel

/// Reads back what a ``RepositoryStore`` wrote.
enum RepositoryFiles {
    static func read(_ root: String) throws(ContentError) -> RepositoryIndex {
        var index = RepositoryIndex()
        try read(root, name: "", into: &index)
        return index
    }

    private static func read(_ path: String, name: String, into index: inout RepositoryIndex) throws(ContentError) {
        let entries = try list(path)
        for entry in entries where entry.hasPrefix("_") {
            index.make(name)
            try read(kind: entry, below: "\(path)/\(entry)", name: name, into: &index)
        }
        for entry in entries where !entry.hasPrefix("_") && !entry.hasPrefix(".") {
            try read("\(path)/\(entry)", name: name.isEmpty ? entry : "\(name)/\(entry)", into: &index)
        }
    }

    private static func read(
        kind: String, below path: String, name: String, into index: inout RepositoryIndex
    ) throws(ContentError) {
        switch kind {
        case "_blobs":
            for file in try list(path) { if let digest = digest(of: file) { index.add(blob: digest, to: name) } }
        case "_manifests":
            for file in try list(path) where digest(of: file) != nil {
                let bytes = try bytes(of: "\(path)/\(file)")
                if let record = try? ManifestRecord(parsing: bytes) { index.add(record, to: name) }
            }
        case "_tags":
            for file in try list(path) where file.hasSuffix("=") {
                let text = String(decoding: try bytes(of: "\(path)/\(file)"), as: UTF8.self)
                // Folders are read in the order of their names: the manifests are known by now.
                if let digest = try? Digest(parsing: text), index.manifest(name, .digest(digest)) != nil {
                    index.set(tag: String(file.dropLast()), to: digest, in: name)
                }
            }
        default: break
        }
    }

    private static func digest(of file: String) -> Digest? {
        let halves = file.split(separator: "-", maxSplits: 1)
        guard halves.count == 2, let algorithm = Digest.Algorithm(rawValue: String(halves[0])) else { return nil }
        return try? Digest(algorithm, hex: String(halves[1]))
    }

    private static func list(_ path: String) throws(ContentError) -> [String] {
        try kernel { () throws(SyscallError) in try Files.list(path) }
    }

    private static func bytes(of path: String) throws(ContentError) -> [UInt8] {
        try kernel { () throws(SyscallError) in try WholeFile.read(path) }
    }
}
