internal import CLinux
internal import Glibc

/// What stat(2) says about a file.
package struct FileStatus: Hashable, Sendable {
    /// Type and permissions.
    package var mode: UInt32
    package var device: UInt64
    package var inode: UInt64
    package var owner: UInt32
    package var group: UInt32
    package var size: Int64
    /// Of a device file: which device it stands for.
    package var major: UInt32
    package var minor: UInt32

    package var isDirectory: Bool { mode & 0o170000 == 0o040000 }
    package var isRegular: Bool { mode & 0o170000 == 0o100000 }
    package var isSymbolicLink: Bool { mode & 0o170000 == 0o120000 }
    package var isCharacterDevice: Bool { mode & 0o170000 == 0o020000 }
    package var isBlockDevice: Bool { mode & 0o170000 == 0o060000 }
    package var isFIFO: Bool { mode & 0o170000 == 0o010000 }

    init(_ raw: stat) {
        mode = raw.st_mode
        device = UInt64(raw.st_dev)
        inode = UInt64(raw.st_ino)
        owner = raw.st_uid
        group = raw.st_gid
        size = Int64(raw.st_size)
        // gnu_dev_major() and gnu_dev_minor(), which are macros.
        let number = raw.st_rdev
        major = UInt32(truncatingIfNeeded: number >> 8 & 0xfff | number >> 32 & 0xffff_f000)
        minor = UInt32(truncatingIfNeeded: number & 0xff | number >> 12 & 0xffff_ff00)
    }
}

/// Files relative to an open directory, so that no path is walked twice.
package enum Files {
    /// The kernel's numbers for filesystems that we must be sure of.
    ///
    /// Source: include/uapi/linux/magic.h.
    package enum Magic {
        package static let proc = 0x9fa0
        package static let devpts = 0x1cd1
        package static let tmpfs = 0x0102_1994
        package static let cgroup2 = 0x6367_7270
    }

    package static func status(of descriptor: Int32) throws(SyscallError) -> FileStatus {
        var raw = stat()
        try check("fstat") { fstat(descriptor, &raw) }
        return FileStatus(raw)
    }

    /// - Throws: `ENOENT` when there is nothing of that name.
    package static func status(
        _ path: String, at directory: Int32 = -100, following: Bool = true
    ) throws(SyscallError) -> FileStatus {
        var raw = stat()
        try check("stat", path) { fstatat(directory, path, &raw, following ? 0 : 0x100) }
        return FileStatus(raw)
    }

    package static func exists(_ path: String) -> Bool {
        access(path, F_OK) == 0
    }

    /// Which kind of filesystem holds what `descriptor` was opened on, as in ``Magic``.
    package static func magic(of descriptor: Int32) throws(SyscallError) -> Int {
        Int(try filesystem(of: descriptor).type)
    }

    /// The ST_ flags of the mount that holds it.
    package static func mountFlags(of descriptor: Int32) throws(SyscallError) -> Int {
        Int(try filesystem(of: descriptor).flags)
    }

    /// Whether the mount that holds it is read-only.
    package static func isOnReadOnlyMount(_ descriptor: Int32) throws(SyscallError) -> Bool {
        try filesystem(of: descriptor).flags & 1 != 0
    }

    private static func filesystem(of descriptor: Int32) throws(SyscallError) -> clinux_filesystem {
        var found = clinux_filesystem()
        try checkNegative("fstatfs") { clinux_fstatfs(descriptor, &found) }
        return found
    }

    package static func makeDirectory(_ path: String, mode: UInt32, at directory: Int32 = -100) throws(SyscallError) {
        try check("mkdir", path) { mkdirat(directory, path, mode) }
    }

    package static func makeNode(
        _ path: String, mode: UInt32, major: UInt32 = 0, minor: UInt32 = 0, at directory: Int32 = -100
    ) throws(SyscallError) {
        try checkNegative("mknod", path) { clinux_mknodat(directory, path, mode, major, minor) }
    }

    package static func makeLink(_ path: String, to target: String, at directory: Int32 = -100) throws(SyscallError) {
        try check("symlink", path) { symlinkat(target, directory, path) }
    }

    package static func readLink(_ path: String, at directory: Int32 = -100) throws(SyscallError) -> String {
        try withUnsafeTemporaryAllocation(of: CChar.self, capacity: 4097) { (buffer) throws(SyscallError) -> String in
            guard let start = buffer.baseAddress else { return "" }
            let count = try check("readlink", path) { readlinkat(directory, path, start, 4096) }
            buffer[count] = 0
            return String(cString: start)
        }
    }

    package static func remove(_ path: String, directory: Bool = false, at parent: Int32 = -100) throws(SyscallError) {
        try check(directory ? "rmdir" : "unlink", path) { unlinkat(parent, path, directory ? 0x200 : 0) }
    }

    package static func rename(_ path: String, to new: String) throws(SyscallError) {
        try check("rename", path) { Glibc.rename(path, new) }
    }

    /// Gives a file one more name.
    ///
    /// - Throws: `EEXIST` when something has that name; of two who try at once only one succeeds.
    package static func link(_ path: String, to new: String) throws(SyscallError) {
        try check("link", new) { Glibc.link(path, new) }
    }

    /// Returns once the names in a folder would survive power loss.
    package static func synchronize(folder path: String) throws(SyscallError) {
        let folder = try Descriptor.open(path, O_RDONLY | O_DIRECTORY)
        let number = folder.raw
        try check("fsync", path) { fsync(number) }
    }

    package static func changeOwner(
        of descriptor: Int32, user: UInt32, group: UInt32
    ) throws(SyscallError) {
        try check("fchown") { fchown(descriptor, user, group) }
    }

    package static func changeOwner(
        _ path: String, user: UInt32, group: UInt32, at directory: Int32
    ) throws(SyscallError) {
        try check("chown", path) { fchownat(directory, path, user, group, 0x100) }
    }

    package static func changeMode(_ path: String, _ mode: UInt32, at directory: Int32) throws(SyscallError) {
        try check("chmod", path) { fchmodat(directory, path, mode, 0) }
    }

    /// Sets both times of a file to a number of seconds since 1970; a link is not followed.
    package static func changeTime(_ path: String, seconds: Int64, at directory: Int32 = -100) throws(SyscallError) {
        let times = [timespec](repeating: timespec(tv_sec: Int(seconds), tv_nsec: 0), count: 2)
        try check("utimensat", path) { utimensat(directory, path, times, 0x100) }
    }

    package static func makeFIFO(_ path: String, mode: UInt32) throws(SyscallError) {
        try check("mkfifo", path) { mkfifo(path, mode) }
    }

    /// Names in a directory, without `.` and `..`, sorted.
    package static func list(_ path: String) throws(SyscallError) -> [String] {
        guard let stream = opendir(path) else { throw SyscallError("open", errno: errno, subject: path) }
        defer { closedir(stream) }
        var names: [String] = []
        while let entry = readdir(stream) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name != "." && name != ".." { names.append(name) }
        }
        return names.sorted()
    }

    /// Takes or drops (`unlocked`) an advisory lock that ends with the last copy of `descriptor`.
    ///
    /// Blocks until no one else holds it.
    package static func lock(_ descriptor: Int32) throws(SyscallError) {
        try check("flock") { flock(descriptor, LOCK_EX) }
    }

    /// Sets the mask that new files' permissions lose; gives the old one.
    @discardableResult
    package static func setCreationMask(_ mask: UInt32) -> UInt32 {
        umask(mask)
    }

    /// The absolute path without symbolic links, as realpath(3).
    package static func resolve(_ path: String) throws(SyscallError) -> String {
        guard let found = realpath(path, nil) else { throw SyscallError("realpath", errno: errno, subject: path) }
        defer { free(found) }
        return String(cString: found)
    }
}
