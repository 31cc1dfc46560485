internal import Cgroups
internal import Glibc
internal import LinuxKernel

/// Shows the container its own groups.
///
/// With a cgroup namespace each hierarchy is mounted anew, and its root is the container's group; without one, the
/// group's folder is bound. Either way nothing above the group is visible, so that there is no `release_agent`.
struct CgroupMountWork {
    let root: ContainerRoot
    let cgroup: Cgroup?
    let hasNamespace: Bool

    func perform(_ plan: MountPlan) throws(SyscallError) {
        let target = try root.ensure(plan.destination, .directory)
        let tree: CgroupTree
        if let cgroup { tree = cgroup.tree } else { tree = try CgroupTree.current() }
        if tree.layout == .unified, let mount = tree.mounts.first {
            let made = try hierarchy(mount, plan)
            try Mounts.attach(made.raw, on: target.raw)
            return try spread(made.raw, plan)
        }
        let folder = try Mounts.make(
            type: "tmpfs", source: "tmpfs", options: [(key: "mode", value: "755"), (key: "size", value: "0")],
            attributes: plan.change.set.subtracting(.readOnly))
        try Mounts.attach(folder.raw, on: target.raw)
        for mount in tree.mounts where mount.hierarchy == .v1 {
            let name = mount.directory.split(separator: "/").last.map(String.init) ?? "cgroup"
            try Files.makeDirectory(name, mode: 0o755, at: folder.raw)
            let place = try Descriptor.open(name, Descriptor.pathOnly | O_DIRECTORY | O_NOFOLLOW, at: folder.raw)
            let made = try hierarchy(mount, plan)
            try Mounts.attach(made.raw, on: place.raw)
            for controller in mount.controllers.map(\.rawValue).sorted() where controller != name {
                try? Files.makeLink(controller, to: name, at: folder.raw)
            }
        }
        if plan.change.set.contains(.readOnly) { try Mounts.setAttributes(of: folder.raw, set: .readOnly) }
        try spread(folder.raw, plan)
    }

    private func hierarchy(_ mount: CgroupTree.Mount, _ plan: MountPlan) throws(SyscallError) -> Descriptor {
        guard hasNamespace else {
            let source = cgroup.map { $0.directory(on: mount) } ?? mount.directory
            let tree = try Mounts.copyTree(source)
            try Mounts.setAttributes(of: tree.raw, set: plan.change.set)
            return tree
        }
        var options: [(key: String, value: String?)] = []
        if mount.hierarchy == .v1 {
            options = mount.controllers.map { (key: $0.rawValue, value: nil) }
            if options.isEmpty { options.append((key: "none", value: nil)) }
            if let name = mount.name { options.append((key: "name", value: name)) }
        }
        return try Mounts.make(
            type: mount.hierarchy == .v1 ? "cgroup" : "cgroup2", source: "cgroup", options: options,
            attributes: plan.change.set)
    }

    private func spread(_ tree: Int32, _ plan: MountPlan) throws(SyscallError) {
        for spread in plan.spreads {
            try Mounts.setAttributes(of: tree, propagation: spread.propagation, recursive: spread.recursive)
        }
    }
}
