internal import Glibc

/// Says that a process uses a store's file; the kernel takes it back with the process, however that ends.
final class FileLock: Sendable {
    private let descriptor: CInt

    /// Locks `path`, which is made; `nil` while another process holds it.
    ///
    /// - Throws: ``PathFailure`` when the file cannot be made.
    init?(_ path: String) throws(PathFailure) {
        descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw PathFailure(path) }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else { return nil }
    }

    /// Lets others have it.
    func release() { flock(descriptor, LOCK_UN) }

    deinit { if descriptor >= 0 { close(descriptor) } }
}

/// Why the kernel refused something about `path`.
struct PathFailure: Error {
    let path: String
    let number: CInt

    init(_ path: String) {
        number = errno
        self.path = path
    }
}

extension PathFailure: CustomStringConvertible {
    var description: String { "\(path): \(String(cString: strerror(number)))" }
}
