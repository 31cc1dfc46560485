internal import Glibc
package import Testing

/// Something of the machine that a test cannot do without.
package enum Need: Sendable, CustomStringConvertible {
    case root
    case cgroupV1
    case cgroupV2
    case appArmor
    case tool(String)

    /// Whether this is a choice that a kernel was built or booted with, of which no installation can change anything.
    var isKernels: Bool {
        switch self {
        case .cgroupV1, .cgroupV2, .appArmor: true
        case .root, .tool: false
        }
    }

    package var description: String {
        switch self {
        case .root: "root"
        case .cgroupV1: "cgroup v1 controllers"
        case .cgroupV2: "the unified cgroup hierarchy with controllers"
        case .appArmor: "AppArmor in the kernel"
        case .tool(let name): "the program \(name)"
        }
    }

    var isMet: Bool {
        switch self {
        case .root: geteuid() == 0
        case .cgroupV1:
            access("/sys/fs/cgroup/memory/memory.limit_in_bytes", F_OK) == 0
                || access("/sys/fs/cgroup/memory/tasks", F_OK) == 0
        case .cgroupV2: access("/sys/fs/cgroup/cgroup.controllers", F_OK) == 0
        case .appArmor: access("/sys/kernel/security/apparmor/.load", F_OK) == 0
        case .tool(let name): Executables.tool(name) != nil
        }
    }
}

extension Trait where Self == ConditionTrait {
    /// Skips the test, with the reason, where the machine lacks something; `STRICT_NEEDS=1` lets it run and fail instead,
    /// unless the kernel is what lacks it.
    package static func needs(_ needs: Need...) -> Self {
        let missing = needs.filter { !$0.isMet }
        let strict = getenv("STRICT_NEEDS") != nil
        return .enabled(
            if: missing.isEmpty || strict && !missing.contains { $0.isKernels },
            "this machine lacks \(missing.map(\.description).joined(separator: ", "))")
    }
}
