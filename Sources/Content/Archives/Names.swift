internal import CLinux
internal import Glibc
internal import LinuxKernel

/// System calls that take a name as bytes, relative to an open directory.
///
/// A name here is one component, or a path that only descends; the final symbolic link is never followed.
enum Names {
    /// A descriptor that names a file without opening it.
    static let pathOnly: Int32 = 0o10000000

    /// Runs `body` with `bytes` as a C string.
    static func withCString<Result: ~Copyable, Failure: Error>(
        _ bytes: [UInt8], _ body: (UnsafePointer<CChar>) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try withUnsafeTemporaryAllocation(of: CChar.self, capacity: bytes.count + 1) {
            (buffer) throws(Failure) -> Result in
            for index in bytes.indices { buffer[index] = CChar(bitPattern: bytes[index]) }
            buffer[bytes.count] = 0
            guard let start = buffer.baseAddress else {
                preconditionFailure("a buffer of one byte or more has an address")
            }
            return try body(start)
        }
    }

    static func text(_ name: [UInt8]) -> String { String(decoding: name, as: UTF8.self) }

    static func open(_ name: [UInt8], at directory: Int32, _ flags: Int32, mode: UInt32 = 0) throws(SyscallError)
        -> Descriptor
    {
        Descriptor(
            owning: try checkNegative("open", text(name)) {
                withCString(name) { clinux_openat(directory, $0, flags | O_NOFOLLOW | O_CLOEXEC, mode) }
            })
    }

    /// Opens a path under `root` with RESOLVE_ flags of openat2(2).
    static func resolve(_ path: [UInt8], under root: Int32, _ flags: Int32, resolve: UInt64) throws(SyscallError)
        -> Descriptor
    {
        var how = clinux_open_how(flags: UInt64(UInt32(bitPattern: flags | O_CLOEXEC)), mode: 0, resolve: resolve)
        return Descriptor(
            owning: try checkNegative("openat2", text(path)) { withCString(path) { clinux_openat2(root, $0, &how) } })
    }

    static func status(_ name: [UInt8], at directory: Int32) throws(SyscallError) -> stat {
        var raw = stat()
        try check("stat", text(name)) { withCString(name) { fstatat(directory, $0, &raw, 0x100) } }
        return raw
    }

    static func status(of descriptor: Int32) throws(SyscallError) -> stat {
        var raw = stat()
        try check("fstat") { fstat(descriptor, &raw) }
        return raw
    }

    static func makeDirectory(_ name: [UInt8], at directory: Int32, mode: UInt32) throws(SyscallError) {
        try check("mkdir", text(name)) { withCString(name) { mkdirat(directory, $0, mode) } }
    }

    static func makeNode(
        _ name: [UInt8], at directory: Int32, mode: UInt32, major: UInt32 = 0, minor: UInt32 = 0
    ) throws(SyscallError) {
        try checkNegative("mknod", text(name)) {
            withCString(name) { clinux_mknodat(directory, $0, mode, major, minor) }
        }
    }

    static func makeSymbolicLink(_ name: [UInt8], at directory: Int32, to target: [UInt8]) throws(SyscallError) {
        try check("symlink", text(name)) {
            withCString(target) { target in withCString(name) { symlinkat(target, directory, $0) } }
        }
    }

    static func makeHardLink(
        _ name: [UInt8], at directory: Int32, to target: [UInt8], at targetDirectory: Int32
    ) throws(SyscallError) {
        try check("link", text(name)) {
            withCString(target) { target in withCString(name) { linkat(targetDirectory, target, directory, $0, 0) } }
        }
    }

    static func remove(_ name: [UInt8], at directory: Int32, isDirectory: Bool = false) throws(SyscallError) {
        try check(isDirectory ? "rmdir" : "unlink", text(name)) {
            withCString(name) { unlinkat(directory, $0, isDirectory ? 0x200 : 0) }
        }
    }

    static func readLink(_ name: [UInt8], at directory: Int32) throws(SyscallError) -> [UInt8] {
        var buffer = [CChar](repeating: 0, count: 4096)
        let count = try check("readlink", text(name)) {
            withCString(name) { readlinkat(directory, $0, &buffer, buffer.count) }
        }
        return buffer[..<count].map { UInt8(bitPattern: $0) }
    }

    /// The path of an open file as the kernel tells it, in the caller's view.
    static func path(of descriptor: Int32) throws(SyscallError) -> [UInt8] {
        try readLink(Array("/proc/self/fd/\(descriptor)".utf8), at: AT_FDCWD)
    }

    static func changeOwner(_ name: [UInt8], at directory: Int32, to owner: UInt32, _ group: UInt32)
        throws(SyscallError)
    {
        try check("chown", text(name)) { withCString(name) { fchownat(directory, $0, owner, group, 0x100) } }
    }

    /// Not for symbolic links, which have no permissions of their own.
    ///
    /// chmod(2) would follow a link that is put in place meanwhile, so the file is held first.
    static func changeMode(_ name: [UInt8], at directory: Int32, to mode: UInt32) throws(SyscallError) {
        let held = try open(name, at: directory, pathOnly)
        try check("chmod", text(name)) { chmod("/proc/self/fd/\(held.raw)", mode) }
    }

    static func changeTime(_ name: [UInt8], at directory: Int32, to time: FileTime) throws(SyscallError) {
        let times = [time.timespec, time.timespec]
        try check("utimensat", text(name)) { withCString(name) { utimensat(directory, $0, times, 0x100) } }
    }

    /// The names in an open directory without `.` and `..`, sorted by their bytes.
    static func list(_ directory: Int32) throws(SyscallError) -> [[UInt8]] {
        let copy = try Names.open([UInt8(ascii: ".")], at: directory, O_RDONLY | O_DIRECTORY).release()
        guard let stream = fdopendir(copy) else {
            let reason = errno
            close(copy)
            throw SyscallError("fdopendir", errno: reason)
        }
        defer { closedir(stream) }
        var names: [[UInt8]] = []
        while let entry = readdir(stream) {
            let length = withUnsafePointer(to: &entry.pointee.d_name) {
                strlen(UnsafeRawPointer($0).assumingMemoryBound(to: CChar.self))
            }
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { Array($0[..<length]) }
            if name != [46], name != [46, 46] { names.append(name) }
        }
        return names.sorted { $0.lexicographicallyPrecedes($1) }
    }
}
