package import Cgroups
package import LinuxKernel
package import RuntimeSpec

/// Why a container could not be made to do what was asked.
package enum RuntimeError: Error, Equatable, Sendable {
    case notFound(id: String)
    case exists(id: String)
    /// It exists, in a state that does not allow `operation`.
    case notAllowed(operation: String, id: String, status: RuntimeSpec.Status)
    /// The request itself is wrong.
    case invalid(String)
    /// Sound, and this machine or this runtime has no such thing.
    case unsupported(String)
    case plan(PlanError)
    /// The kernel refused a step, such as `mount proc on /proc`.
    case step(String, SyscallError)
    case cgroup(CgroupError)
    /// The program to run; the reason tells 127 (not there) from 126 (cannot run).
    case program(String, SyscallError)
    case hook(kind: String, path: String, why: String)
    /// The child went without a word, at the step before which it was last heard of.
    case died(ProcessEnd)
}

extension RuntimeError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .notFound(let id): "container \"\(id)\" does not exist"
        case .exists(let id): "container with id exists: \(id)"
        case .notAllowed("exec in", let id, .paused):
            "cannot exec in a paused container: resume \"\(id)\" first, or let the program wait with --ignore-paused"
        case .notAllowed(let operation, let id, let status):
            "cannot \(operation) container \"\(id)\": it is \(status.rawValue)"
        case .invalid(let why), .unsupported(let why): why
        case .plan(let error): error.description
        case .step(let step, let error): "\(step): \(error)"
        case .cgroup(let error):
            switch error {
            case .unsupported, .invalid: "invalid configuration: \(error)"
            default: error.description
            }
        case .program(let name, let error):
            // Engines tell 127 from 126 by these words.
            error.errno == 2 && !name.contains("/")
                ? "exec: \"\(name)\": executable file not found in $PATH"
                : "exec: \"\(name)\": \(SyscallError("", errno: error.errno).reason)"
        case .hook(let kind, let path, let why): "error running hook: \(kind) \(path): \(why)"
        case .died(let end):
            switch end {
            case .exited(let code): "the container's first process ended with code \(code) before it was ready"
            case .killed(let signal, _):
                "the container's first process was killed by signal \(signal) before it was ready"
            }
        }
    }

    /// What was being done, for logs and other processes.
    package var stage: String {
        switch self {
        case .notFound, .exists, .notAllowed: "state"
        case .invalid, .unsupported, .plan: "plan"
        case .step(let step, _): step
        case .cgroup: "cgroup"
        case .program: "exec"
        case .hook(let kind, _, _): "\(kind) hook"
        case .died: "init"
        }
    }

    /// The errno, 0 when the kernel was not asked.
    package var errno: Int32 {
        switch self {
        case .step(_, let error), .program(_, let error), .cgroup(.kernel(_, let error)): error.errno
        default: 0
        }
    }

    /// As a shell would end: 127 for a program that is not there, 126 for one that cannot run, else 125.
    package var exitCode: Int32 {
        guard case .program(_, let error) = self else { return 125 }
        return error.errno == 2 || error.errno == 20 ? 127 : 126
    }
}

extension SyscallError {
    /// The kernel's words alone, as Go writes them.
    package var reason: String {
        let words = SyscallError("", errno: errno).description.dropFirst(2)
        return words.prefix(1).lowercased() + words.dropFirst()
    }
}

/// Runs a step made of system calls, and names it when one fails.
@inline(__always)
func step<Result: ~Copyable>(
    _ name: @autoclosure () -> String, _ body: () throws(SyscallError) -> Result
) throws(RuntimeError) -> Result {
    do { return try body() } catch { throw .step(name(), error) }
}
