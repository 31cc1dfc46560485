internal import Glibc

/// Why a server does not listen where it was told to.
package enum ListenError: Error, Equatable, Sendable, CustomStringConvertible {
    /// Another process answers there.
    case inUse(path: String)
    /// Longer than a socket address can hold.
    case pathTooLong(path: String)
    case notASocket(path: String)
    /// A system call failed while we were `doing` something.
    case system(doing: String, errno: Int32)
    case tls(String)
    case malformed(String)

    package var description: String {
        switch self {
        case .inUse(let path): "listen on \(path): another process listens there already"
        case .pathTooLong(let path): "listen on \(path): a socket's path is at most 107 bytes long"
        case .notASocket(let path): "listen on \(path): the file there is not a socket"
        case .system(let doing, let errno): "\(doing): \(String(cString: strerror(errno)))"
        case .tls(let why): "TLS: \(why)"
        case .malformed(let text): "listen on \(text): not ADDRESS:PORT"
        }
    }
}

/// A listening Unix socket in the file system.
///
/// It appears under its name only when it is complete: it is bound beside that name, given its mode and group, and
/// renamed. Whoever can see it can connect, and a stale socket is replaced without a moment of absence.
package struct UnixListener: Sendable {
    package let path: String
    /// Permission bits, such as `0o660`.
    package let mode: UInt32
    /// Who may connect besides root.
    package let group: UInt32?

    package init(path: String, mode: UInt32 = 0o660, group: UInt32? = nil) {
        self.path = path
        self.mode = mode
        self.group = group
    }

    /// Makes the socket and listens; the caller owns the descriptor.
    ///
    /// - Throws: ``ListenError/inUse(path:)`` when somebody answers on `path`.
    func open() throws(ListenError) -> CInt {
        // The name beside it is at most 4 bytes longer.
        guard path.utf8.count <= 103 else { throw .pathTooLong(path: path) }
        try makeDirectory()
        try refuseIfTaken()
        let descriptor = socket(AF_UNIX, CInt(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue), 0)
        guard descriptor >= 0 else { throw .system(doing: "socket", errno: errno) }
        do throws(ListenError) {
            try publish(descriptor)
        } catch {
            close(descriptor)
            throw error
        }
        return descriptor
    }

    private func publish(_ descriptor: CInt) throws(ListenError) {
        let beside = path + ".new"
        unlink(beside)
        try check("bind \(path)") { Self.withAddress(beside) { bind(descriptor, $0, $1) } }
        try check("chmod \(path)") { chmod(beside, mode) }
        if let group { try check("chown \(path)") { chown(beside, uid_t.max, group) } }
        try check("listen \(path)") { listen(descriptor, 4096) }
        try check("rename \(path)") { rename(beside, path) }
    }

    /// Creates the directories that lead to the socket.
    private func makeDirectory() throws(ListenError) {
        guard let slash = path.lastIndex(of: "/") else { return }
        var made = ""
        for part in path[..<slash].split(separator: "/", omittingEmptySubsequences: true) {
            made += (made.isEmpty && !path.hasPrefix("/") ? "" : "/") + part
            if mkdir(made, 0o755) != 0, errno != EEXIST { throw .system(doing: "mkdir \(made)", errno: errno) }
        }
    }

    private func refuseIfTaken() throws(ListenError) {
        var status = stat()
        guard lstat(path, &status) == 0 else { return }
        guard status.st_mode & S_IFMT == S_IFSOCK else { throw .notASocket(path: path) }
        let probe = socket(AF_UNIX, CInt(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard probe >= 0 else { throw .system(doing: "socket", errno: errno) }
        defer { close(probe) }
        if Self.withAddress(path, { connect(probe, $0, $1) }) == 0 { throw .inUse(path: path) }
    }

    /// Removes the socket's name, unless somebody else's socket has it by now.
    ///
    /// - Parameter identity: what ``identity()`` said when it was opened.
    func remove(_ identity: FileIdentity?) {
        guard let identity, identity == self.identity() else { return }
        unlink(path)
    }

    struct FileIdentity: Equatable, Sendable {
        var device: UInt64
        var inode: UInt64
    }

    func identity() -> FileIdentity? {
        var status = stat()
        guard lstat(path, &status) == 0 else { return nil }
        return FileIdentity(device: UInt64(status.st_dev), inode: UInt64(status.st_ino))
    }

    private func check(_ doing: @autoclosure () -> String, _ call: () -> CInt) throws(ListenError) {
        if call() == 0 { return }
        let number = errno
        throw .system(doing: doing(), errno: number)
    }

    private static func withAddress(
        _ path: String, _ body: (UnsafePointer<sockaddr>, socklen_t) -> CInt
    ) -> CInt {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        return withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                body($0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
    }
}
