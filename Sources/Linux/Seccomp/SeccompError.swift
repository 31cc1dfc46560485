package import LinuxKernel

/// Why a profile could not become a filter.
package enum SeccompError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The profile says something that no filter can do; the text finishes the sentence.
    case invalidProfile(String)
    /// libseccomp refused while we were `doing` something.
    case library(doing: String, errno: Int32)
    /// The kernel refused while we were `doing` something.
    case kernel(doing: String, SyscallError)

    package var description: String {
        switch self {
        case .invalidProfile(let why): "seccomp profile: \(why)"
        case .library(let doing, let errno): "seccomp: \(doing): \(SyscallError("libseccomp", errno: errno))"
        case .kernel(let doing, let error): "seccomp: \(doing): \(error)"
        }
    }
}
