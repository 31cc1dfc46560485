internal import CLinux
internal import Glibc
internal import LinuxKernel

/// Unpacks the members of an archive below one folder, whatever the archive says.
///
/// Folders are opened from the root's descriptor with openat2, following no link, so that neither a link in the archive nor one
/// that appears meanwhile leads out. A member takes the place of what is no folder. Permissions and times of folders are set at the
/// end, since what is unpacked into them changes both.
///
/// Source: openat2(2), RESOLVE_BENEATH and RESOLVE_NO_SYMLINKS, Linux 5.6.
struct TreeUnpacker: ~Copyable {
    private let root: Descriptor
    /// Gives members the owner that the archive names; else they are the caller's.
    private let keepsOwner: Bool
    private var folders: [(parts: [String], entry: TarEntry)] = []
    private var file: Descriptor?
    private var current: (parts: [String], entry: TarEntry)?

    init(in folder: String, keepsOwner: Bool) throws(SyscallError) {
        root = try Descriptor.open(folder, O_RDONLY | O_DIRECTORY)
        self.keepsOwner = keepsOwner
    }

    /// Begins a member; the bytes of a file follow by ``write(_:)`` until ``finish()``.
    mutating func begin(_ entry: TarEntry, as parts: [String], linkedTo target: [String] = []) throws(SyscallError) {
        current = (parts, entry)
        guard let name = parts.last else { return remember(parts, entry) }  // the root itself
        let parent = try opened(Array(parts.dropLast()), makesMissing: true)
        let folder = parent.raw
        if entry.kind == .directory {
            try makeFolder(name, in: folder)
            return remember(parts, entry)
        }
        try makeRoom(for: name, in: folder)
        switch entry.kind {
        case .file:
            file = try Descriptor.open(name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, mode: 0o600, at: folder)
        case .symbolicLink(let target): try check("symlink", name) { symlinkat(target, folder, name) }
        case .hardLink:
            let source = try opened(Array(target.dropLast()), makesMissing: false)
            let old = target.last ?? ""
            try check("link", name) { linkat(source.raw, old, folder, name, 0) }
        case .fifo: try make(name, UInt32(S_IFIFO), 0, 0, in: folder)
        case .characterDevice(let major, let minor): try make(name, UInt32(S_IFCHR), major, minor, in: folder)
        case .blockDevice(let major, let minor): try make(name, UInt32(S_IFBLK), major, minor, in: folder)
        case .directory: break
        }
    }

    mutating func write(_ bytes: [UInt8]) throws(SyscallError) {
        try file?.writeAll(bytes)
    }

    /// Ends the member that was begun.
    mutating func finish() throws(SyscallError) {
        file = nil
        guard let (parts, entry) = current, entry.kind != .directory, let name = parts.last else { return }
        current = nil
        if case .hardLink = entry.kind { return }
        let parent = try opened(Array(parts.dropLast()), makesMissing: false)
        try finish(entry, name, in: parent.raw)
    }

    /// Sets what was kept back for the folders, the deepest first.
    mutating func complete() throws(SyscallError) {
        for (parts, entry) in folders.reversed() {
            guard let name = parts.last else { continue }
            let parent = try opened(Array(parts.dropLast()), makesMissing: false)
            try finish(entry, name, in: parent.raw)
        }
        folders = []
    }

    private mutating func remember(_ parts: [String], _ entry: TarEntry) {
        folders.append((parts, entry))
    }

    private func opened(_ parts: [String], makesMissing: Bool) throws(SyscallError) -> Descriptor {
        let path = parts.isEmpty ? "." : parts.joined(separator: "/")
        do throws(SyscallError) {
            return try beneath(path)
        } catch {
            guard error.errno == ENOENT, makesMissing, !parts.isEmpty else { throw error }
        }
        let parent = try opened(Array(parts.dropLast()), makesMissing: true)
        try check("mkdir", path) { mkdirat(parent.raw, parts.last ?? "", 0o755) }
        return try beneath(path)
    }

    private func beneath(_ path: String) throws(SyscallError) -> Descriptor {
        let resolve: UInt64 = 0x08 | 0x04 | 0x02  // BENEATH, NO_SYMLINKS, NO_MAGICLINKS
        var how = clinux_open_how(
            flags: UInt64(UInt32(bitPattern: O_RDONLY | O_DIRECTORY | O_CLOEXEC)), mode: 0, resolve: resolve)
        let number = root.raw
        return Descriptor(owning: try checkNegative("openat2", path) { clinux_openat2(number, path, &how) })
    }

    /// A folder that is there stays; a link in its place goes, as does a file.
    private func makeFolder(_ name: String, in folder: Int32) throws(SyscallError) {
        if let type = Self.type(of: name, in: folder) {
            if type == S_IFDIR { return }
            try check("unlink", name) { unlinkat(folder, name, 0) }
        }
        try check("mkdir", name) { mkdirat(folder, name, 0o700) }
    }

    private func makeRoom(for name: String, in folder: Int32) throws(SyscallError) {
        guard let type = Self.type(of: name, in: folder) else { return }
        guard type != S_IFDIR else { throw SyscallError("replace", errno: EISDIR, subject: name) }
        try check("unlink", name) { unlinkat(folder, name, 0) }
    }

    private static func type(of name: String, in folder: Int32) -> mode_t? {
        var status = stat()
        return fstatat(folder, name, &status, AT_SYMLINK_NOFOLLOW) == 0 ? status.st_mode & S_IFMT : nil
    }

    private func make(_ name: String, _ type: UInt32, _ major: UInt32, _ minor: UInt32, in folder: Int32)
        throws(SyscallError)
    {
        try check("mknod", name) { mknodat(folder, name, type | 0o600, UInt(DeviceNumber.joined(major, minor))) }
    }

    /// Owner before permissions: changing the owner clears setuid.
    private func finish(_ entry: TarEntry, _ name: String, in folder: Int32) throws(SyscallError) {
        if keepsOwner {
            try check("chown", name) { fchownat(folder, name, entry.owner, entry.group, AT_SYMLINK_NOFOLLOW) }
        }
        var isLink = false
        if case .symbolicLink = entry.kind { isLink = true }
        if !isLink { try check("chmod", name) { fchmodat(folder, name, entry.mode, 0) } }
        let time = timespec(tv_sec: Int(entry.modified), tv_nsec: Int(max(0, min(entry.nanoseconds, 999_999_999))))
        var times = [time, time]
        try check("utimensat", name) { utimensat(folder, name, &times, AT_SYMLINK_NOFOLLOW) }
    }
}
