internal import Glibc

/// The process id in a file, and the lock that says that the process still lives.
///
/// The lock tells, not the number: a number may belong to somebody else by now, and a daemon that was killed leaves its
/// file behind. The kernel drops the lock with the process.
struct Pidfile: ~Copyable {
    private let path: String
    private let descriptor: CInt

    /// Locks `path` and writes our id into it.
    ///
    /// - Throws: ``ConfigurationError/machine(_:)`` while another process holds the lock.
    init(locking path: String) throws(ConfigurationError) {
        self.path = path
        descriptor = try Self.locked(path)
    }

    private static func locked(_ path: String) throws(ConfigurationError) -> CInt {
        try makeDirectories(leadingTo: path)
        let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw .machine("pid file \(path): \(String(cString: strerror(errno)))") }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            let owner = read(descriptor)
            close(descriptor)
            throw .machine(
                "pid file found, ensure pouchd is not running or delete \(path): process \(owner) holds its lock")
        }
        let text = Array("\(getpid())\n".utf8)
        guard ftruncate(descriptor, 0) == 0, pwrite(descriptor, text, text.count, 0) == text.count else {
            let reason = String(cString: strerror(errno))
            close(descriptor)
            throw .machine("pid file \(path): \(reason)")
        }
        return descriptor
    }

    deinit {
        unlink(path)
        close(descriptor)
    }

    private static func read(_ descriptor: CInt) -> String {
        var bytes = [UInt8](repeating: 0, count: 32)
        let count = pread(descriptor, &bytes, bytes.count, 0)
        return String(decoding: bytes.prefix(max(0, count)).prefix { $0 > 32 }, as: UTF8.self)
    }
}

/// A lock on a root that only one daemon may use.
struct RootLock: ~Copyable {
    private let descriptor: CInt

    /// Makes the folder `root` if need be, and locks it until this process ends.
    ///
    /// - Throws: ``ConfigurationError/machine(_:)`` when it cannot be written, or another daemon has it.
    init(_ root: String, name: String) throws(ConfigurationError) {
        descriptor = try Self.locked(root, name)
    }

    private static func locked(_ root: String, _ name: String) throws(ConfigurationError) -> CInt {
        do throws(ConfigurationError) {
            try makeDirectories(leadingTo: root + "/")
        } catch {
            throw .machine("\(name) \(root) cannot be made: \(error)")
        }
        let descriptor = open("\(root)/pouchd.lock", O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else {
            throw .machine("\(name) \(root) is not writable: \(String(cString: strerror(errno)))")
        }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            close(descriptor)
            throw .machine("\(name) \(root) is in use by another pouchd")
        }
        return descriptor
    }

    deinit { close(descriptor) }
}

/// Creates the folders of `path` up to its last slash.
func makeDirectories(leadingTo path: String) throws(ConfigurationError) {
    guard let slash = path.lastIndex(of: "/") else { return }
    var made = ""
    for part in path[..<slash].split(separator: "/") {
        made += "/" + part
        if mkdir(made, 0o755) != 0, errno != EEXIST {
            throw .machine("mkdir \(made): \(String(cString: strerror(errno)))")
        }
    }
}
