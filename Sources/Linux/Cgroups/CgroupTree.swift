package import LinuxKernel

/// The two generations of control groups, which name and scale their settings differently.
package enum Hierarchy: Hashable, Sendable {
    case v1, v2
}

/// A controller's name as the kernel writes it.
package enum ControllerName: String, Hashable, Sendable, CaseIterable {
    case cpu, cpuacct, cpuset, memory, devices, freezer, blkio, io, pids, hugetlb, rdma, misc
    case networkClass = "net_cls"
    case networkPriority = "net_prio"
    case performance = "perf_event"
}

/// How this machine mounts its control groups.
///
/// Three layouts exist: v1 with one mount per controller (or several controllers on one), v2 with everything on one
/// mount, and the hybrid of systemd's, v1 with an extra v2 mount that has the remaining controllers, often none. All
/// three are lists of mounts, and nothing here asks for more than which mount a controller is on.
package struct CgroupTree: Hashable, Sendable {
    /// One mounted hierarchy.
    package struct Mount: Hashable, Sendable {
        /// Without a trailing slash.
        package var directory: String
        package var hierarchy: Hierarchy
        /// What v1 says it was mounted with; empty on v2, where a group's files tell.
        package var controllers: Set<ControllerName>
        /// `systemd` for `name=systemd`.
        package var name: String?

        package init(
            directory: String, hierarchy: Hierarchy, controllers: Set<ControllerName> = [], name: String? = nil
        ) {
            self.directory = directory
            self.hierarchy = hierarchy
            self.controllers = controllers
            self.name = name
        }
    }

    package enum Layout: String, Hashable, Sendable {
        /// v1 only.
        case legacy
        /// v1, and v2 for what v1 does not have.
        case hybrid
        /// v2 only.
        case unified
    }

    package var mounts: [Mount]

    package init(mounts: [Mount]) {
        self.mounts = mounts
    }

    /// Reads the layout of the machine; one read of a few kilobytes.
    ///
    /// - Throws: whatever reading `mountinfo` says.
    package static func detect(mountinfo: String = "/proc/self/mountinfo") throws(SyscallError) -> CgroupTree {
        CgroupTree(mountinfo: try WholeFile.read(mountinfo))
    }

    /// What ``detect(mountinfo:)`` said when this process first asked: hierarchies do not move under a running machine, and a copy
    /// of this process (clone(2)) does not ask again.
    ///
    /// - Throws: what the first reading threw, each time.
    package static func current() throws(SyscallError) -> CgroupTree { try first.get() }

    private static let first = Result<CgroupTree, SyscallError> { () throws(SyscallError) in try detect() }

    package var layout: Layout {
        guard mounts.contains(where: { $0.hierarchy == .v1 && !$0.controllers.isEmpty }) else { return .unified }
        return unified == nil ? .legacy : .hybrid
    }

    /// The v2 mount, alone or beside v1.
    package var unified: Mount? { mounts.first { $0.hierarchy == .v2 } }

    /// Where `controller` is: its v1 mount, else the v2 one, which may or may not have it.
    package func mount(of controller: ControllerName) -> Mount? {
        mounts.first { $0.controllers.contains(controller) } ?? unified
    }
}
