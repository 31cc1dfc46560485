internal import Cgroups
internal import Glibc
internal import LinuxKernel

/// Performs the mounts of a plan in the child, each onto a descriptor that was resolved under the root.
struct MountWork {
    let root: ContainerRoot
    /// Bind sources that the parent opened, by their place among the steps.
    let sources: [Int: Int32]
    let cgroup: Cgroup?
    let hasCgroupNamespace: Bool

    func perform(_ plan: MountPlan, step index: Int) throws(SyscallError) {
        switch plan.kind {
        case .filesystem(let type, let source, let options):
            try mountFilesystem(plan, type: type, source: source, options: options)
        case .bind(let source, let recursive):
            let tree =
                if let opened = sources[index] {
                    Descriptor(owning: opened)
                } else {
                    try plan.copy(of: source, recursive: recursive)
                }
            let isDirectory = try Files.status(of: tree.raw).isDirectory
            let target = try root.ensure(plan.destination, isDirectory ? .directory : .file)
            try refuseHiddenProc(plan.destination, tree.raw)
            try change(tree.raw, plan)
            try Mounts.attach(tree.raw, on: target.raw)
            try spread(tree.raw, plan)
        case .cgroup: try CgroupMountWork(root: root, cgroup: cgroup, hasNamespace: hasCgroupNamespace).perform(plan)
        case .remount:
            let target = try root.open(plan.destination)
            try change(target.raw, plan)
            try spread(target.raw, plan)
        }
    }

    private func mountFilesystem(
        _ plan: MountPlan, type: String, source: String, options: [MountPlan.Option]
    ) throws(SyscallError) {
        let target = try root.ensure(plan.destination, .directory)
        if type == "proc" || type == "sysfs" { try refuseLink(plan.destination) }
        var flags = options.map { (key: $0.key, value: $0.value) }
        if plan.change.set.contains(.readOnly) { flags.append((key: "ro", value: nil)) }
        // fsconfig(2) takes at most 255 bytes for a value; overlay's lowerdir is often longer.
        guard flags.allSatisfy({ ($0.value?.utf8.count ?? 0) < 256 }) else {
            return try mountByPath(plan, type: type, source: source, options: options, target: target.raw)
        }
        let tree: Descriptor
        do {
            tree = try Mounts.make(
                type: type, source: source, options: flags, attributes: plan.copiesUp ? [] : plan.change.set)
        } catch {
            guard error.errno == ENOSYS else { throw error }
            return try mountByPath(plan, type: type, source: source, options: options, target: target.raw)
        }
        if plan.copiesUp {
            let from = try root.open(plan.destination, O_RDONLY | O_DIRECTORY)
            try TreeCopy.copy(from: from.raw, to: tree.raw)
            try Mounts.setAttributes(of: tree.raw, set: plan.change.set, clear: plan.change.clear)
        }
        if !plan.recursiveChange.isEmpty {
            try Mounts.setAttributes(
                of: tree.raw, set: plan.recursiveChange.set, clear: plan.recursiveChange.clear, recursive: true)
        }
        try Mounts.attach(tree.raw, on: target.raw)
        try spread(tree.raw, plan)
    }

    /// The way of mount(2), still onto the descriptor: its name in the host's `/proc` leads nowhere else.
    private func mountByPath(
        _ plan: MountPlan, type: String, source: String, options: [MountPlan.Option], target: Int32
    ) throws(SyscallError) {
        var flags: MountFlags = []
        var data: [String] = []
        for option in options {
            switch option.key {
            case "sync": flags.insert(.synchronous)
            case "dirsync": flags.insert(.directorySync)
            case "lazytime": flags.insert(.lazyTime)
            case "mand": flags.insert(.mandatoryLocks)
            case "silent": flags.insert(.silent)
            default: data.append(option.text)
            }
        }
        try Mounts.mount(
            source, on: "/proc/self/fd/\(target)", type: type,
            flags: flags.union(MountFlags(attributes: plan.change.set)), data: data.joined(separator: ","))
        let mounted = try root.open(plan.destination)
        if !plan.recursiveChange.isEmpty {
            try Mounts.setAttributes(
                of: mounted.raw, set: plan.recursiveChange.set, clear: plan.recursiveChange.clear, recursive: true)
        }
        try spread(mounted.raw, plan)
    }

    private func change(_ tree: Int32, _ plan: MountPlan) throws(SyscallError) {
        if !plan.change.isEmpty {
            try Mounts.setAttributes(of: tree, set: plan.change.set, clear: plan.change.clear)
        }
        if !plan.recursiveChange.isEmpty {
            try Mounts.setAttributes(
                of: tree, set: plan.recursiveChange.set, clear: plan.recursiveChange.clear, recursive: true)
        }
    }

    private func spread(_ tree: Int32, _ plan: MountPlan) throws(SyscallError) {
        for spread in plan.spreads {
            try Mounts.setAttributes(of: tree, propagation: spread.propagation, recursive: spread.recursive)
        }
    }

    /// `/proc` must be where it says it is: what masks parts of it looks there.
    private func refuseLink(_ destination: String) throws(SyscallError) {
        let place = try root.parent(of: destination)
        guard try !Files.status(place.name, at: place.folder.raw, following: false).isSymbolicLink else {
            throw SyscallError(
                "mount", errno: ENOTDIR, subject: "\(destination) must be mounted on ordinary directory, and is a link")
        }
    }

    /// What is bound over `/proc` as a whole must be a procfs: labels and limits are written through it.
    private func refuseHiddenProc(_ destination: String, _ tree: Int32) throws(SyscallError) {
        guard destination == "/proc" || destination == "/proc/self" else { return }
        guard try Files.magic(of: tree) == Files.Magic.proc else {
            throw SyscallError("mount", errno: EPERM, subject: "only a procfs may stand at /proc")
        }
    }
}

extension MountFlags {
    /// The same wishes for mount(2).
    init(attributes: MountAttributes) {
        self = []
        if attributes.contains(.readOnly) { insert(.readOnly) }
        if attributes.contains(.noSUID) { insert(.noSUID) }
        if attributes.contains(.noDevices) { insert(.noDevices) }
        if attributes.contains(.noExec) { insert(.noExec) }
        if attributes.contains(.noAccessTime) { insert(.noAccessTime) }
        if attributes.contains(.strictAccessTime) { insert(.strictAccessTime) }
        if attributes.contains(.noDirectoryAccessTime) { insert(.noDirectoryAccessTime) }
        if attributes.contains(.noSymlinks) { insert(.noSymlinks) }
    }
}

extension MountPlan {
    /// A detached copy of what is at `source`, or of the part of it that ``subpath`` names.
    ///
    /// What is opened below the source is what is mounted: whoever exchanges a folder for a link meanwhile changes nothing.
    func copy(of source: String, recursive: Bool) throws(SyscallError) -> Descriptor {
        guard let subpath else { return try Mounts.copyTree(source, recursive: recursive) }
        let whole = try Descriptor.open(source, Descriptor.pathOnly | O_DIRECTORY)
        let part = try Descriptor.open(inRoot: whole.raw, subpath, Descriptor.pathOnly)
        return try Mounts.copyTree("", at: part.raw, recursive: recursive)
    }
}
