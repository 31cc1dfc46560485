package import LinuxKernel
package import RuntimeSpec

/// A device node of the container.
package struct DevicePlan: Equatable, Sendable {
    /// Absolute, in the container.
    package var path: String
    /// File type and permissions, as mknod(2) takes them.
    package var mode: UInt32
    package var major: UInt32
    package var minor: UInt32
    package var user: UInt32
    package var group: UInt32
    /// Bind the host's node of the same path instead of making one: the only way in a user namespace.
    package var isBound: Bool

    package init(
        path: String, mode: UInt32, major: UInt32, minor: UInt32, user: UInt32 = 0, group: UInt32 = 0,
        isBound: Bool = false
    ) {
        self.path = path
        self.mode = mode
        self.major = major
        self.minor = minor
        self.user = user
        self.group = group
        self.isBound = isBound
    }
}

/// One thing to do in the new container before its program runs.
///
/// Steps run in the child, in order; what a step failed at is told by its description.
package enum SandboxStep: Equatable, Sendable, CustomStringConvertible {
    /// Make the present groups the root of what the container sees of the trees.
    case newCgroupNamespace
    /// Join a namespace; the descriptor was opened by the parent from `path`.
    case enter(Namespaces, path: String)
    case loopback
    case hostname(String)
    case domainname(String)
    /// `path` is relative to `/proc/sys`.
    case sysctl(path: String, value: String)
    case oomScore(Int)
    /// How the mounts that were copied from the host spread.
    case hostPropagation(MountPlan.Spread)
    case rootfsMount(RootfsMount)
    /// Make the root filesystem a mount of its own and open it.
    case openRootfs(String)
    case mount(MountPlan)
    case device(DevicePlan)
    case link(path: String, target: String)
    /// The parent runs these, in its own namespaces, while we wait.
    case runtimeHooks
    /// Run here, with the container's namespaces and the host's paths.
    case containerHooks([RuntimeSpec.Hook])
    case terminal
    case changeRoot(pivot: Bool)
    case rootPropagation(MountPlan.Spread)
    case readOnlyMount(String)
    case readOnlyRoot
    case readOnlyPath(String)
    case maskedPath(String)
    case workingDirectory(String)

    package var description: String {
        switch self {
        case .newCgroupNamespace: "new cgroup namespace"
        case .enter(_, let path): "join namespace \(path)"
        case .loopback: "bring up lo"
        case .hostname(let name): "hostname \(name)"
        case .domainname(let name): "domainname \(name)"
        case .sysctl(let path, let value): "sysctl \(path) = \(value)"
        case .oomScore(let score): "oom_score_adj \(score)"
        case .hostPropagation(let spread): "make the host's mounts \(spread)"
        case .rootfsMount(let mount): "mount \(mount.type) (\(mount.source)) as root filesystem"
        case .openRootfs(let path): "root filesystem \(path)"
        case .mount(let plan): plan.description
        case .device(let device): "device \(device.path)"
        case .link(let path, let target): "link \(path) to \(target)"
        case .runtimeHooks: "hooks of the runtime"
        case .containerHooks: "createContainer hooks"
        case .terminal: "terminal"
        case .changeRoot(let pivot): pivot ? "pivot_root" : "chroot"
        case .rootPropagation(let spread): "make / \(spread)"
        case .readOnlyMount(let path): "make \(path) read-only"
        case .readOnlyRoot: "make / read-only"
        case .readOnlyPath(let path): "read-only path \(path)"
        case .maskedPath(let path): "masked path \(path)"
        case .workingDirectory(let path): "working directory \(path)"
        }
    }
}

extension MountPlan.Spread: CustomStringConvertible {
    package var description: String {
        let name =
            switch propagation {
            case .private: "private"
            case .replica: "slave"
            case .shared: "shared"
            case .unbindable: "unbindable"
            }
        return recursive ? "r" + name : name
    }
}
