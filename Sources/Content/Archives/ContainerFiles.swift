internal import CLinux
internal import Glibc
internal import LinuxKernel

/// What `docker cp` is told about a path.
package struct PathStatus: Equatable, Sendable {
    /// The last part of the path that was asked for.
    package var name: String
    /// In bytes.
    package var size: Int64
    /// Go's `os.FileMode`: permissions below, kind in the high bits.
    package var mode: UInt32
    package var modified: FileTime
    /// Where a symbolic link leads to in the container, fully followed; empty for everything else.
    package var linkTarget: String
}

/// How an archive is put into a container.
package struct CopyOptions: Equatable, Sendable {
    /// Refuse to replace a directory by a file, and the reverse.
    package var keepsKinds = false
    /// Give everything to this user and group instead of the archive's.
    package var owner: (user: UInt32, group: UInt32)?

    package init() {}

    package static func == (left: CopyOptions, right: CopyOptions) -> Bool {
        left.keepsKinds == right.keepsKinds && left.owner?.user == right.owner?.user
            && left.owner?.group == right.owner?.group
    }
}

/// The files of a container as `docker cp` moves them; blocking.
///
/// Paths are the container's: links are followed by the kernel with the container's root as root, so neither they nor a
/// process that changes them meanwhile lead to the host (CVE-2018-15664). Nothing of the container is ever loaded or run
/// (CVE-2019-14271).
package struct ContainerFiles {
    private let tree: Tree

    /// The files below `root`, such as `/proc/<pid>/root` or a mounted snapshot.
    package init(root: Tree) { tree = root }

    /// What is at `path`; the last link of it is not followed unless the path ends in a slash or dot.
    ///
    /// - Throws: ``ArchiveError/notFound(_:)``.
    package func status(of path: String) throws(ArchiveError) -> PathStatus {
        let place = try place(of: path)
        let status = try look(at: place, path)
        let isLink = status.st_mode & S_IFMT == S_IFLNK
        return PathStatus(
            name: place.archived, size: Int64(status.st_size), mode: GoFileMode.mode(of: status.st_mode),
            modified: FileTime(status.st_mtim), linkTarget: isLink ? target(of: place) : "")
    }

    /// Writes what is at `path` as a tar whose entries begin with the path's last part.
    ///
    /// - Throws: ``ArchiveError/notFound(_:)``.
    package func archive(
        _ path: String, to sink: any BlockSink, options: ArchivingOptions = ArchivingOptions()
    ) throws(ArchiveError) {
        let place = try place(of: path)
        let status = try look(at: place, path)
        let archiver = TreeArchiver(to: sink, options: options)
        if status.st_mode & S_IFMT == S_IFDIR {
            let directory = try reaching(path) { () throws(SyscallError) in
                try place.name.map { (name) throws(SyscallError) in
                    DirectoryHandle(try Names.open(name, at: place.directory.raw, O_RDONLY | O_DIRECTORY))
                } ?? place.directory
            }
            try archiver.archiveItself(directory, as: Array(place.archived.utf8))
            try archiver.archiveContents(of: directory, as: Array(place.archived.utf8))
        } else if let name = place.name {
            try archiver.archive(name, in: place.directory, as: Array(place.archived.utf8))
        }
        try archiver.finish()
    }

    /// Unpacks an archive into the directory at `path`, which must be there.
    ///
    /// - Throws: `notFound`, or `conflict` when it is no directory or an entry may not replace what is there.
    package func extract(_ source: any BlockSource, into path: String, _ options: CopyOptions) throws(ArchiveError) {
        let clean = try EntryPath(inContainer: path)
        do throws(SyscallError) {
            _ = try tree.directory(clean)
        } catch {
            if error.errno == ENOTDIR {
                throw .conflict(entry: path, reason: "extraction point is not a directory")
            }
            throw Self.translated(error, path)
        }
        var extraction = ExtractionOptions.plain
        extraction.keepsKinds = options.keepsKinds
        if let owner = options.owner { extraction.ownership = .fixed(owner: owner.user, group: owner.group) }
        let extractor = TreeExtractor(into: tree, below: clean, options: extraction)
        _ = try extractor.extract(try TarReader(source))
    }

    // MARK: paths

    /// A path with everything followed but its last name.
    private struct Place {
        var directory: DirectoryHandle
        /// Nil when the path is the directory itself.
        var name: [UInt8]?
        var path: EntryPath
        /// The name in status and archive: the path's last part as it was asked for.
        var archived: String
    }

    private func place(of path: String) throws(ArchiveError) -> Place {
        let clean = try EntryPath(inContainer: path)
        let followed = clean.isRoot || path.hasSuffix("/") || path.hasSuffix("/.") || path == "."
        let archived =
            clean.isRoot ? "/" : path.hasSuffix("/.") ? "." : String(decoding: clean.name, as: UTF8.self)
        let directory = try reaching(path) { () throws(SyscallError) in
            try tree.directory(followed ? clean : clean.parent)
        }
        return Place(directory: directory, name: followed ? nil : clean.name, path: clean, archived: archived)
    }

    private func look(at place: Place, _ path: String) throws(ArchiveError) -> stat {
        try reaching(path) { () throws(SyscallError) in
            guard let name = place.name else { return try Names.status(of: place.directory.raw) }
            return try Names.status(name, at: place.directory.raw)
        }
    }

    /// The path that a link leads to, as the container writes it; of a link to nowhere, what it says.
    private func target(of place: Place) -> String {
        guard let name = place.name else { return "" }
        if let end = try? tree.locate(place.path),
            let full = try? Names.path(of: end.raw), let root = try? Names.path(of: tree.root.raw),
            full.starts(with: root)
        {
            let inside = String(decoding: full.dropFirst(root == [47] ? 0 : root.count), as: UTF8.self)
            return inside.isEmpty ? "/" : inside
        }
        let text = (try? Names.readLink(name, at: place.directory.raw)) ?? []
        let base = text.first == 47 ? [] : place.path.parent.bytes + [47]
        return "/" + ((try? EntryPath(base + text))?.description ?? "")
    }

    private func reaching<Result>(_ path: String, _ body: () throws(SyscallError) -> Result) throws(ArchiveError)
        -> Result
    {
        do throws(SyscallError) {
            return try body()
        } catch {
            throw Self.translated(error, path)
        }
    }

    private static func translated(_ error: SyscallError, _ path: String) -> ArchiveError {
        [ENOENT, ENOTDIR, ELOOP].contains(error.errno)
            ? .notFound(path) : .kernel(SyscallError(error.call, errno: error.errno, subject: path))
    }
}

/// Go's portable file modes, which Docker's API carries.
///
/// Source: Go, io/fs, "FileMode".
enum GoFileMode {
    static func mode(of mode: UInt32) -> UInt32 {
        var bits = mode & 0o777
        switch mode & S_IFMT {
        case S_IFDIR: bits |= 1 << 31
        case S_IFLNK: bits |= 1 << 27
        case S_IFBLK: bits |= 1 << 26
        case S_IFCHR: bits |= 1 << 26 | 1 << 21
        case S_IFIFO: bits |= 1 << 25
        case S_IFSOCK: bits |= 1 << 24
        default: break
        }
        if mode & 0o4000 != 0 { bits |= 1 << 23 }
        if mode & 0o2000 != 0 { bits |= 1 << 22 }
        if mode & 0o1000 != 0 { bits |= 1 << 20 }
        return bits
    }
}
