internal import CLinux
internal import Glibc
internal import LinuxKernel

/// How a tree becomes a tar.
package struct ArchivingOptions: Sendable {
    package enum Whiteouts: Sendable {
        /// A tree like any other; overlayfs's own attributes are left out.
        case plain
        /// An upper directory of overlayfs: its marks become `.wh.` entries.
        case overlay
    }

    package var whiteouts: Whiteouts
    /// Says whether a path (and all below it) stays out.
    package var leavesOut: @Sendable (EntryPath) -> Bool = { _ in false }
    /// Rewrites owners, such as from the numbers of a user namespace.
    package var owners: @Sendable (_ owner: UInt32, _ group: UInt32) -> (owner: UInt32, group: UInt32) = { ($0, $1) }
    /// The last word on each entry that is a file of the tree, but not on its path, kind and size.
    package var adjusts: @Sendable (inout ArchiveEntry) -> Void = { _ in }

    package init(whiteouts: Whiteouts = .plain) { self.whiteouts = whiteouts }
}

/// Writes a tree as a tar: names sorted by their bytes, each inode once, the same tree always as the same bytes.
///
/// Sockets are left out, as no tar can hold them. Blocking, used from one thread. The tree may change meanwhile: a file
/// that shrinks is filled up with zeros, so that the archive stays well formed.
package final class TreeArchiver {
    private let sink: any BlockSink
    private let options: ArchivingOptions
    /// Where inodes with several names were first seen.
    private var firstNames: [Inode: [UInt8]] = [:]
    private let buffer = Buffer(count: 256 << 10)

    private struct Inode: Hashable {
        var device: UInt64
        var number: UInt64
    }

    package init(to sink: any BlockSink, options: ArchivingOptions = ArchivingOptions()) {
        self.sink = sink
        self.options = options
    }

    /// Writes everything below the root of `tree` with names relative to it, and the end of the archive.
    ///
    /// `includingRoot` adds an entry for the root itself, as `./`.
    package func archive(_ tree: Tree, includingRoot: Bool = false) throws(ArchiveError) {
        if includingRoot {
            try archiveItself(tree.root, as: [46])
        }
        try archiveContents(of: tree.root, as: [])
        try finish()
    }

    /// Writes the file or tree called `name` in `directory` under the archive name `archived`, without the end.
    package func archive(_ name: [UInt8], in directory: DirectoryHandle, as archived: [UInt8]) throws(ArchiveError) {
        try archive(name, at: Place(EntryPath(), below: directory, directory), as: archived)
    }

    /// Writes the contents of `directory` below the archive name `archived`, without the end.
    package func archiveContents(of directory: DirectoryHandle, as archived: [UInt8]) throws(ArchiveError) {
        try archiveContents(of: Place(EntryPath(), below: directory, directory), as: archived)
    }

    /// Writes the entry of `directory` alone under the name `archived`.
    package func archiveItself(_ directory: DirectoryHandle, as archived: [UInt8]) throws(ArchiveError) {
        let status = try kernel { () throws(SyscallError) in try Names.status(of: directory.raw) }
        try write(entry: archived, from: [46], at: directory.raw, status)
    }

    /// Writes one file that has no tree.
    package func add(_ entry: ArchiveEntry, content: [UInt8] = []) throws(ArchiveError) {
        var entry = entry
        entry.size = Int64(content.count)
        try sink.write(TarEncoder.header(for: entry))
        try sink.write(content)
        try sink.write([UInt8](repeating: 0, count: TarEncoder.padding(after: entry.size)))
    }

    /// Writes one file whose content comes from `source`, which must give exactly `entry.size` bytes.
    package func add(_ entry: ArchiveEntry, from source: any BlockSource) throws(ArchiveError) {
        try sink.write(TarEncoder.header(for: entry))
        var written: Int64 = 0
        while let block = try source.nextBlock() {
            written += Int64(block.count)
            guard written <= entry.size else { break }
            try sink.write(block)
        }
        guard written == entry.size else { throw .interrupted("\(entry.name) is not \(entry.size) bytes long") }
        try sink.write([UInt8](repeating: 0, count: TarEncoder.padding(after: entry.size)))
    }

    /// Ends the archive.
    package func finish() throws(ArchiveError) {
        try sink.write(TarEncoder.end)
    }

    // MARK: the walk

    private func archiveContents(of place: Place, as archived: [UInt8]) throws(ArchiveError) {
        if case .overlay = options.whiteouts, try place.open().isOpaque {
            try writeWhiteout(named: Whiteout.opaque, below: archived)
        }
        let directory = try place.open().raw
        let names = try kernel { () throws(SyscallError) in try Names.list(directory) }
        for name in names { try archive(name, at: place, as: joined(archived, name)) }
    }

    private func archive(_ name: [UInt8], at place: Place, as archived: [UInt8]) throws(ArchiveError) {
        if options.leavesOut(place.path.appending(name)) { return }
        guard let child = try archiveItself(name, at: place, as: archived) else { return }
        place.release()
        try archiveContents(of: child, as: archived)
    }

    /// Writes the entry of `name` alone; gives the directory whose contents must follow, if it is one.
    private func archiveItself(_ name: [UInt8], at place: Place, as archived: [UInt8]) throws(ArchiveError) -> Place? {
        let directory = try place.open()
        guard let status = try existing(name, at: directory) else { return nil }
        if case .overlay = options.whiteouts, status.st_mode & S_IFMT == S_IFCHR, status.st_rdev == 0 {
            try writeWhiteout(named: Whiteout.prefix + name, below: EntryPath(archived).parent.bytes)
            return nil
        }
        try write(entry: archived, from: name, at: directory.raw, status)
        guard status.st_mode & S_IFMT == S_IFDIR else { return nil }
        do throws(SyscallError) {
            let child = DirectoryHandle(try Names.open(name, at: directory.raw, O_RDONLY | O_DIRECTORY))
            return Place(place.path.appending(name), below: place.anchor, child)
        } catch {
            if error.errno == ENOENT || error.errno == ENOTDIR { return nil }  // it went away meanwhile
            throw .kernel(error)
        }
    }

    /// A directory of the walk; deep ones let go of their descriptor while what is below them is written.
    private final class Place {
        let path: EntryPath
        let anchor: DirectoryHandle
        private var handle: DirectoryHandle?

        init(_ path: EntryPath, below anchor: DirectoryHandle, _ handle: DirectoryHandle) {
            self.path = path
            self.anchor = anchor
            self.handle = handle
        }

        func open() throws(ArchiveError) -> DirectoryHandle {
            if let handle { return handle }
            let opened = try kernel { () throws(SyscallError) in try Tree(sharing: anchor).directory(path) }
            handle = opened
            return opened
        }

        func release() {
            if path.components.count > 100 { handle = nil }
        }
    }

    private func existing(_ name: [UInt8], at directory: DirectoryHandle) throws(ArchiveError) -> stat? {
        do throws(SyscallError) {
            return try Names.status(name, at: directory.raw)
        } catch {
            if error.errno == ENOENT { return nil }
            throw .kernel(error)
        }
    }

    private func write(entry path: [UInt8], from name: [UInt8], at directory: Int32, _ status: stat)
        throws(ArchiveError)
    {
        guard
            var entry = try kernel({ () throws(SyscallError) in
                try describe(path, name, at: directory, status)
            })
        else { return }
        options.adjusts(&entry)
        let inode = Inode(device: UInt64(status.st_dev), number: UInt64(status.st_ino))
        if status.st_nlink > 1, entry.kind != .directory {
            if let first = firstNames[inode] {
                entry.kind = .hardLink(target: first)
                entry.size = 0
                entry.attributes = []
                return try sink.write(TarEncoder.header(for: entry))
            }
            firstNames[inode] = path
        }
        guard entry.kind == .file else { return try sink.write(TarEncoder.header(for: entry)) }
        try writeFile(entry, name, at: directory)
    }

    private func writeFile(_ entry: ArchiveEntry, _ name: [UInt8], at directory: Int32) throws(ArchiveError) {
        let file: Descriptor
        do throws(SyscallError) {
            file = try Tree.openFile(name, at: directory)
        } catch {
            if error.errno == ENOENT || error.errno == EINVAL { return }  // it went away meanwhile
            throw .kernel(error)
        }
        try sink.write(TarEncoder.header(for: entry))
        var left = entry.size
        let (number, target) = (file.raw, buffer.pointer)
        while left > 0 {
            let wanted = Int(min(left, Int64(target.count)))
            let count = try kernel { () throws(SyscallError) in
                try check("read", entry.name) { read(number, target.baseAddress, wanted) }
            }
            if count == 0 { break }
            try sink.write(UnsafeRawBufferPointer(rebasing: target[..<count]))
            left -= Int64(count)
        }
        while left > 0 {
            let count = Int(min(left, 65536))
            try sink.write([UInt8](repeating: 0, count: count))
            left -= Int64(count)
        }
        try sink.write([UInt8](repeating: 0, count: TarEncoder.padding(after: entry.size)))
    }

    private func describe(_ path: [UInt8], _ name: [UInt8], at directory: Int32, _ status: stat)
        throws(SyscallError) -> ArchiveEntry?
    {
        let device = (major: DeviceNumber.major(status.st_rdev), minor: DeviceNumber.minor(status.st_rdev))
        let kind: ArchiveEntry.Kind
        switch status.st_mode & S_IFMT {
        case S_IFREG: kind = .file
        case S_IFDIR: kind = .directory
        case S_IFLNK: kind = .symbolicLink(target: try Names.readLink(name, at: directory))
        case S_IFIFO: kind = .fifo
        case S_IFCHR: kind = .characterDevice(major: device.major, minor: device.minor)
        case S_IFBLK: kind = .blockDevice(major: device.major, minor: device.minor)
        default: return nil
        }
        let (owner, group) = options.owners(status.st_uid, status.st_gid)
        let attributes = try Attributes.read(name, at: directory).filter { attribute in
            !Whiteout.isReserved(attribute.name, .plain)
        }
        return ArchiveEntry(
            path: path, kind: kind, mode: status.st_mode & 0o7777, owner: owner, group: group,
            size: kind == .file ? Int64(status.st_size) : 0, modified: FileTime(status.st_mtim), attributes: attributes)
    }

    // MARK: whiteouts

    private func writeWhiteout(named name: [UInt8], below parent: [UInt8]) throws(ArchiveError) {
        try add(ArchiveEntry(path: joined(parent, name), kind: .file, mode: 0))
    }

    private func joined(_ parent: [UInt8], _ name: [UInt8]) -> [UInt8] {
        parent.isEmpty ? name : parent.last == UInt8(ascii: "/") ? parent + name : parent + [UInt8(ascii: "/")] + name
    }
}
