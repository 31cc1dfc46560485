package import LinuxKernel

/// Why a control group could not be made to do what was asked.
package enum CgroupError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The path of a group is not one; `why` finishes the sentence.
    case invalidPath(String, why: String)
    /// Asked for, and this machine's tree has no such thing; `remedy` is the way out.
    case unsupported(controller: String, knob: String, remedy: String)
    /// The values contradict one another, or no kernel takes them.
    case invalid(controller: String, knob: String, why: String)
    /// A group of this path exists and somebody lives in it.
    case occupied(path: String, processes: Int)
    /// The kernel did not finish in time while we were `doing` something.
    case timedOut(doing: String)
    /// The kernel refused while we were `doing` something.
    case kernel(doing: String, SyscallError)

    package var description: String {
        switch self {
        case .invalidPath(let path, let why): "cgroup path \(path): \(why)"
        case .unsupported(let controller, let knob, let remedy):
            "cgroup controller \(controller): \(knob) is not available here; \(remedy)"
        case .invalid(let controller, let knob, let why): "cgroup controller \(controller): \(knob): \(why)"
        case .occupied(let path, let processes): "cgroup \(path): already has \(processes) processes of others"
        case .timedOut(let doing): "\(doing): the kernel did not finish in time"
        case .kernel(let doing, let error): "\(doing): \(error)"
        }
    }
}
