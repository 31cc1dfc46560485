internal import Glibc
internal import LinuxKernel

/// Packs a file or a tree into a tar archive, piece by piece.
///
/// Links are packed as links. Sockets are left out. A file that shrinks while it is read is filled up with zeros, one that grows is cut:
/// the header has gone out already.
struct TreePacker {
    let write: ([UInt8]) throws(SyscallError) -> Void
    /// What becomes of a file, by its name in the archive; nil packs everything.
    var choose: ((_ name: String) -> Choice)?
    /// Everything belongs to root, so that one tree gives one archive whoever packs it.
    var disowns = false
    private var seen: [String: String] = [:]

    enum Choice {
        case pack
        case leaveOut
        /// The folder stays out, but something in it may not.
        case lookInside
    }

    init(write: @escaping ([UInt8]) throws(SyscallError) -> Void) {
        self.write = write
    }

    /// Packs `path` under `name`; with an empty name only what is in the folder.
    mutating func pack(_ path: String, as name: String) throws(SyscallError) {
        let slash = path.lastIndex(of: "/")
        let parent = try Descriptor.open(slash.map { String(path[...$0]) } ?? ".", O_RDONLY | O_DIRECTORY)
        if name.isEmpty {
            try packContents(of: try Descriptor.open(path, O_RDONLY | O_DIRECTORY), name)
        } else {
            try pack(slash.map { String(path[path.index(after: $0)...]) } ?? path, in: parent.raw, name)
        }
        try write(TarEntry.trailer)
    }

    /// Packs bytes as a file.
    func pack(_ bytes: [UInt8], as name: String) throws(SyscallError) {
        try write(TarEntry(name: name, kind: .file, mode: 0o644, size: Int64(bytes.count)).encoded())
        try write(bytes)
        try write(TarEntry.padding(Int64(bytes.count)))
    }

    private mutating func pack(_ file: String, in folder: Int32, _ name: String) throws(SyscallError) {
        var status = stat()
        try check("stat", name) { fstatat(folder, file, &status, AT_SYMLINK_NOFOLLOW) }
        let choice = choose?(name) ?? .pack
        if choice == .leaveOut { return }
        if choice == .lookInside {
            guard status.st_mode & S_IFMT == S_IFDIR else { return }
            return try packContents(
                of: try Descriptor.open(file, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, at: folder), name)
        }
        var entry = TarEntry(
            name: name, kind: .file, mode: status.st_mode & 0o7777, owner: disowns ? 0 : status.st_uid,
            group: disowns ? 0 : status.st_gid, modified: Int64(status.st_mtim.tv_sec))
        switch status.st_mode & S_IFMT {
        case S_IFDIR:
            entry.kind = .directory
            try write(entry.encoded())
            return try packContents(
                of: try Descriptor.open(file, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, at: folder), name)
        case S_IFLNK: entry.kind = .symbolicLink(target: try Self.target(file, in: folder, Int(status.st_size)))
        case S_IFIFO: entry.kind = .fifo
        case S_IFSOCK: return
        case S_IFCHR, S_IFBLK:
            let (major, minor) = DeviceNumber.parts(UInt64(status.st_rdev))
            entry.kind =
                status.st_mode & S_IFMT == S_IFCHR
                ? .characterDevice(major: major, minor: minor) : .blockDevice(major: major, minor: minor)
        default: return try packFile(file, in: folder, entry, status)
        }
        try write(entry.encoded())
    }

    private mutating func packFile(
        _ file: String, in folder: Int32, _ entry: TarEntry, _ status: stat
    ) throws(SyscallError) {
        var entry = entry
        if status.st_nlink > 1 {
            let key = "\(status.st_dev):\(status.st_ino)"
            if let first = seen[key] {
                entry.kind = .hardLink(target: first)
                return try write(entry.encoded())
            }
            seen[key] = entry.name
        }
        let source = try Descriptor.open(file, O_RDONLY | O_NOFOLLOW, at: folder)
        entry.size = Int64(status.st_size)
        try write(entry.encoded())
        var left = entry.size
        var chunk = [UInt8](repeating: 0, count: 65536)
        while left > 0 {
            let limit = Int(min(left, Int64(chunk.count)))
            let number = source.raw
            let count = try check("read", entry.name) {
                chunk.withUnsafeMutableBytes { read(number, $0.baseAddress, limit) }
            }
            let piece = count == 0 ? [UInt8](repeating: 0, count: limit) : Array(chunk[..<count])
            try write(piece)
            left -= Int64(piece.count)
        }
        try write(TarEntry.padding(entry.size))
    }

    private mutating func packContents(of folder: consuming Descriptor, _ name: String) throws(SyscallError) {
        let number = folder.raw
        for child in try Self.names(in: number) {
            try pack(child, in: number, name.isEmpty ? child : "\(name)/\(child)")
        }
    }

    private static func target(_ link: String, in folder: Int32, _ size: Int) throws(SyscallError) -> String {
        var buffer = [CChar](repeating: 0, count: max(size, 255) + 1)
        let count = try check("readlink", link) {
            readlinkat(folder, link, &buffer, buffer.count)
        }
        return String(decoding: buffer[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    /// In order, so that one tree always gives one archive.
    private static func names(in folder: Int32) throws(SyscallError) -> [String] {
        guard let stream = fdopendir(dup(folder)) else { throw SyscallError("opendir", errno: errno) }
        defer { closedir(stream) }
        rewinddir(stream)
        var names: [String] = []
        while let entry = readdir(stream) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names.sorted()
    }
}
