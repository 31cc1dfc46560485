internal import LinuxKernel
internal import RuntimeSpec

/// Lays out what happens to the container's filesystems, in order.
struct FilesystemPlanner {
    let spec: RuntimeSpec
    let linux: RuntimeSpec.Linux
    let options: PlanOptions
    let rootfs: String
    let root: RuntimeSpec.Root
    let namespaces: NamespacePlanner
    let process: ProcessPlan?

    func steps() throws(PlanError) -> [SandboxStep] {
        let ownsMounts = namespaces.all.contains(.mount)
        let propagation = try rootPropagation()
        var steps: [SandboxStep] = []
        if ownsMounts { steps.append(.hostPropagation(hostPropagation(propagation))) }
        guard ownsMounts || options.rootfsMounts.isEmpty else {
            throw .invalid(path: "linux.namespaces", why: "a mounted root filesystem needs a mount namespace")
        }
        steps += options.rootfsMounts.map { .rootfsMount($0) }
        steps.append(.openRootfs(rootfs))
        let mounts = try plannedMounts()
        steps += mounts.early.map { .mount($0) }
        if !mounts.bindsDev && ownsMounts { steps += try devices() + links() }
        if hasHooks(\.prestart) || hasHooks(\.createRuntime) { steps.append(.runtimeHooks) }
        if hasHooks(\.createContainer) { steps.append(.containerHooks(spec.hooks?.createContainer ?? [])) }
        if process?.wantsTerminal == true { steps.append(.terminal) }
        steps.append(.changeRoot(pivot: ownsMounts && !options.noPivot))
        if let propagation { steps.append(.rootPropagation(propagation)) }
        if let directory = process?.directory { steps.append(.workingDirectory(directory)) }
        steps += mounts.readOnlyLater.map { .readOnlyMount($0) }
        if root.readonly == true { steps.append(.readOnlyRoot) }
        steps += (linux.readonlyPaths ?? []).map { .readOnlyPath($0) }
        steps += (linux.maskedPaths ?? []).map { .maskedPath($0) }
        return steps
    }

    private func hasHooks(_ kind: KeyPath<RuntimeSpec.Hooks, [RuntimeSpec.Hook]?>) -> Bool {
        spec.hooks?[keyPath: kind]?.isEmpty == false
    }

    private func rootPropagation() throws(PlanError) -> MountPlan.Spread? {
        guard let text = linux.rootfsPropagation else { return nil }
        guard let spread = MountOptions.spread(text) else {
            throw .invalid(path: "linux.rootfsPropagation", why: "\(text) is no kind of propagation")
        }
        return spread
    }

    /// The host's mounts never hear of ours; ours hear of theirs unless private was asked for.
    private func hostPropagation(_ root: MountPlan.Spread?) -> MountPlan.Spread {
        MountPlan.Spread(root?.propagation == .private ? .private : .replica, recursive: true)
    }

    private func plannedMounts() throws(PlanError) -> (early: [MountPlan], readOnlyLater: [String], bindsDev: Bool) {
        var early: [MountPlan] = []
        var later: [String] = []
        var bindsDev = false
        for (index, mount) in (spec.mounts ?? []).enumerated() {
            var plan = try MountPlan(mount, at: "mounts[\(index)]", bundle: options.bundle)
            if plan.idMapping == .container, !namespaces.all.contains(.user) {
                throw .invalid(
                    path: "mounts[\(index)].options", why: "idmap needs mappings, or a user namespace to take them from"
                )
            }
            if plan.destination == "/dev" {
                if case .bind = plan.kind { bindsDev = true }
                if case .filesystem = plan.kind, plan.change.set.contains(.readOnly) {
                    plan.change.set.remove(.readOnly)
                    later.append("/dev")
                }
            }
            early.append(labelled(plan))
        }
        return (early, later, bindsDev)
    }

    /// What is in memory has no labels of its own: SELinux takes one for all of it.
    private func labelled(_ plan: MountPlan) -> MountPlan {
        guard let label = linux.mountLabel, case .filesystem(let type, let source, let options) = plan.kind,
            ["tmpfs", "devpts", "ramfs"].contains(type), !options.contains(where: { $0.key == "context" })
        else { return plan }
        var labelled = plan
        labelled.kind = .filesystem(
            type: type, source: source, options: options + [MountPlan.Option("context", "\"\(label)\"")])
        return labelled
    }

    private static let defaultDevices: [(name: String, major: UInt32, minor: UInt32)] = [
        ("null", 1, 3), ("zero", 1, 5), ("full", 1, 7), ("random", 1, 8), ("urandom", 1, 9), ("tty", 5, 0),
    ]

    private func devices() throws(PlanError) -> [SandboxStep] {
        let bound = namespaces.all.contains(.user)
        var asked: [DevicePlan] = []
        for (index, device) in (linux.devices ?? []).enumerated() {
            asked.append(try DevicePlan(device, at: "linux.devices[\(index)]", isBound: bound))
        }
        let defaults = Self.defaultDevices.map {
            DevicePlan(path: "/dev/\($0.name)", mode: 0o020666, major: $0.major, minor: $0.minor, isBound: bound)
        }.filter { plain in !asked.contains { $0.path == plain.path } }
        return (defaults + asked).map { .device($0) }
    }

    /// Source: runtime-spec 1.2, runtime-linux.md, "Dev symbolic links"; config-linux.md, "Default Devices".
    private func links() -> [SandboxStep] {
        [
            .link(path: "/dev/fd", target: "/proc/self/fd"),
            .link(path: "/dev/stdin", target: "/proc/self/fd/0"),
            .link(path: "/dev/stdout", target: "/proc/self/fd/1"),
            .link(path: "/dev/stderr", target: "/proc/self/fd/2"),
            .link(path: "/dev/core", target: "/proc/kcore"),
            .link(path: "/dev/ptmx", target: "pts/ptmx"),
        ]
    }
}

extension DevicePlan {
    init(_ device: RuntimeSpec.Device, at place: String, isBound: Bool) throws(PlanError) {
        guard device.path.hasPrefix("/") else {
            throw .invalid(path: "\(place).path", why: "\(device.path) is not absolute")
        }
        let type: UInt32 =
            switch device.type {
            case .character, .unbuffered: 0o020000
            case .block: 0o060000
            case .fifo: 0o010000
            }
        var numbers: (UInt32, UInt32) = (0, 0)
        if device.type != .fifo {
            guard let major = device.major.flatMap({ UInt32(exactly: $0) }),
                let minor = device.minor.flatMap({ UInt32(exactly: $0) })
            else { throw .invalid(path: place, why: "major and minor must both be there") }
            numbers = (major, minor)
        }
        self.init(
            path: device.path, mode: type | (device.fileMode ?? 0o666) & 0o7777, major: numbers.0, minor: numbers.1,
            user: device.uid ?? 0, group: device.gid ?? 0, isBound: isBound && device.type != .fifo)
    }
}

extension MountPlan {
    init(_ mount: RuntimeSpec.Mount, at place: String, bundle: String) throws(PlanError) {
        guard !mount.destination.isEmpty else { throw .invalid(path: "\(place).destination", why: "is empty") }
        guard !mount.destination.utf8.contains(0) else {
            throw .invalid(path: "\(place).destination", why: "holds a NUL")
        }
        let options = MountOptions(mount.options ?? [])
        let isBind = options.bind.isBind || mount.type == "bind" || mount.type == "rbind"
        let kind: Kind
        if isBind {
            guard let source = mount.source else { throw .invalid(path: "\(place).source", why: "is missing") }
            kind = .bind(
                source: source.hasPrefix("/") ? source : bundle + "/" + source,
                recursive: options.bind.recursive || mount.type == "rbind")
        } else if options.remounts {
            kind = .remount
        } else if mount.type == "cgroup" || mount.type == "cgroup2" {
            kind = .cgroup
        } else {
            guard let type = mount.type else {
                throw .invalid(path: "\(place).type", why: "is missing, and this is no bind mount")
            }
            kind = .filesystem(
                type: type, source: mount.source ?? type,
                options: options.filesystemFlags.map { Option($0) } + options.data)
        }
        self.init(destination: Self.clean(mount.destination), kind: kind)
        change = options.change
        recursiveChange = options.recursiveChange
        spreads = options.spreads
        copiesUp = options.copiesUp
        if isBind { subpath = options.data.last { $0.key == Self.subdirectory }?.value }
        written = mount.options ?? []
        try readIDMapping(mount, options, isBind: isBind, at: place)
        guard !copiesUp || mount.type == "tmpfs" else {
            throw .invalid(path: "\(place).options", why: "tmpcopyup is for a tmpfs")
        }
    }

    /// The option of mount(8) for a part of what is mounted, here with links that lead nowhere out of it.
    private static let subdirectory = "X-mount.subdir"

    private mutating func readIDMapping(
        _ mount: RuntimeSpec.Mount, _ options: MountOptions, isBind: Bool, at place: String
    ) throws(PlanError) {
        let users = NamespacePlanner.maps(mount.uidMappings)
        let groups = NamespacePlanner.maps(mount.gidMappings)
        guard users.isEmpty == groups.isEmpty else {
            throw .invalid(path: place, why: "uidMappings and gidMappings go together")
        }
        guard options.idMaps.maps || !users.isEmpty else { return }
        guard isBind else { throw .invalid(path: place, why: "only bind mounts are idmapped") }
        idMapping = users.isEmpty ? .container : .own(users: users, groups: groups)
        idMapsRecursively = options.idMaps.recursively
    }

    /// Absolute, without `.`, `..` and doubled slashes.
    static func clean(_ path: String) -> String {
        var parts: [Substring] = []
        for part in path.split(separator: "/") where part != "." {
            if part == ".." { _ = parts.popLast() } else { parts.append(part) }
        }
        return "/" + parts.joined(separator: "/")
    }
}
