internal import Cgroups
internal import Glibc
internal import JSON
internal import LinuxKernel
internal import RuntimeSpec

extension Launcher {
    /// Goes through a launch of `plan` as far as nothing comes of it, so that Swift has built what it builds at first use: a process
    /// that others are copied from does this once.
    ///
    /// Mounts are made detached and let go, files of this process are read. What fails is left out.
    package static func rehearse(_ plan: SandboxPlan) {
        _ = try? ResourceLimits(plan.spec.linux?.resources, forDevices: true)
        if let tree = try? CgroupTree.current(), let path = try? CgroupPath(parsing: plan.cgroupPath) {
            let cgroup: Cgroup? = Cgroup(at: path, in: tree)
            _ = try? cgroup?.entrance()
        }
        let state = ContainerState(
            id: plan.id, ociVersion: plan.spec.ociVersion, bundle: plan.bundle, rootfs: plan.rootfs, pid: getpid(),
            startTime: Processes.status(of: getpid())?.startTime ?? 0, created: 0, owner: getuid(),
            annotations: plan.annotations, cgroupPath: nil, namespaces: plan.allNamespaces)
        _ = state.oci(.created, pid: 1).encoded()
        _ = state.encoded()
        _ = try? Capabilities.current()
        _ = try? WholeFile.read("/proc/self/status")
        let options = MountOptions(["ro", "nosuid", "size=64k"])
        let flags = MountFlags(attributes: options.change.set)
        guard flags.contains(.readOnly) else { return }
        let kept = [MountPlan.Option("size", "0")].map { (key: $0.key, value: $0.value) }
        _ = try? Mounts.make(type: "tmpfs", source: "tmpfs", options: kept, attributes: [.readOnly, .noSUID])
    }
}
