internal import Glibc

/// A system call that the kernel refused.
///
/// The only error that the Linux wing throws; other wings translate it where they make the lower call.
package struct SyscallError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The call as its man page names it, such as `mount`.
    package var call: String
    /// The errno, read before anything could change it.
    package var errno: Int32
    /// What it was about, usually a path; empty when there is nothing to name.
    package var subject: String

    package init(_ call: String, errno: Int32, subject: String = "") {
        self.call = call
        self.errno = errno
        self.subject = subject
    }

    package var description: String {
        let reason = String(cString: strerror(errno))
        return subject.isEmpty ? "\(call): \(reason)" : "\(call) \(subject): \(reason)"
    }
}

/// Runs a call that returns -1 and errno on failure; retries `EINTR`.
///
/// The errno is kept before `subject` is evaluated.
@discardableResult
@inline(__always)
package func check<Result: SignedInteger>(
    _ call: StaticString, _ subject: @autoclosure () -> String = "", _ body: () -> Result
) throws(SyscallError) -> Result {
    while true {
        let result = body()
        if result >= 0 { return result }
        let reason = errno
        if reason == EINTR { continue }
        throw SyscallError(call.description, errno: reason, subject: subject())
    }
}

/// Runs a `clinux_` call, which returns -errno on failure; retries `EINTR`.
@discardableResult
@inline(__always)
package func checkNegative<Result: SignedInteger>(
    _ call: StaticString, _ subject: @autoclosure () -> String = "", _ body: () -> Result
) throws(SyscallError) -> Result {
    while true {
        let result = body()
        if result >= 0 { return result }
        if result == -Result(EINTR) { continue }
        throw SyscallError(call.description, errno: Int32(-result), subject: subject())
    }
}
