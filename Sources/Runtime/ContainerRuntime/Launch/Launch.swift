internal import Cgroups
internal import Glibc
internal import JSON
internal import LinuxKernel
internal import RuntimeSpec

/// The parent's half of one launch: clones, maps ids, runs the runtime's hooks, listens until the child is ready.
struct Launch {
    let plan: SandboxPlan
    let store: StateStore
    let cgroup: Cgroup?
    let sharesCgroup: Bool
    let seccomp: SeccompWork?
    let io: StandardIO
    /// Held while the container is made; the child must not hold it with us.
    let lock: Int32
    let log: RuntimeLog?

    mutating func run() throws(RuntimeError) -> CreatedContainer {
        var inheritance = SandboxChild.Inheritance(state: state(pid: 0).oci(.creating, pid: 0))
        var opened = OpenDescriptors()
        try open(&inheritance, &opened)
        let entrance = try enterable()
        inheritance.awaitsMaps = plan.userNamespace != nil
        let birthplace = Self.birthplace(entrance)
        inheritance.isBornInCgroup = birthplace != nil
        inheritance.state = state(pid: 1).oci(.created, pid: plan.allNamespaces.contains(.pid) ? 1 : nil)

        let (ours, theirs) = try step("socketpair") { () throws(SyscallError) in try Talk.pair() }
        let talk = Talk(Descriptor(owning: ours))
        let childTalk = Talk(Descriptor(owning: theirs))
        // Here and in the child the words are those of runc where people look for them.
        log?.debug("nsexec container setup: new namespaces \(plan.newNamespaces), rootfs \(plan.rootfs)")
        var detour = NamespaceDetour()
        try detour.go(
            to: plan.joinedByParent, newTime: plan.newNamespaces.contains(.time), timeOffsets: plan.timeOffsets)
        guard let child = try clone(birthplace: birthplace, opened) else {
            // Other than ours, closed so that our death is the end of the talk.
            _ = close(ours)
            _ = close(lock)
            SandboxChild(
                plan: plan, inheritance: inheritance, talk: childTalk, entrance: entrance, cgroup: cgroup, io: io,
                seccomp: seccomp
            ).run()
        }
        try detour.comeBack()
        closeNow(childTalk)
        do {
            return try accompany(child, talk)
        } catch {
            try? Processes.signal(pidfd: child.pidfd.raw, SIGKILL)
            _ = try? Processes.wait(pidfd: child.pidfd.raw)
            throw error
        }
    }

    private static func birthplace(_ entrance: borrowing CgroupEntrance?) -> Int32? {
        switch entrance {
        case .some(let entrance): entrance.birthplace
        case .none: nil
        }
    }

    private func closeNow(_ talk: consuming Talk) {}

    /// Cgroup namespaces are made later, by the child inside its group; time namespaces by the detour.
    private func clone(birthplace: Int32?, _ opened: borrowing OpenDescriptors) throws(RuntimeError) -> Child? {
        let fresh = plan.newNamespaces.subtracting([.cgroup, .time])
        guard plan.joinedUserNamespace != nil else {
            return try step("clone3") { () throws(SyscallError) in
                try Processes.clone(into: fresh, cgroup: birthplace)
            }
        }
        return try UserNamespaceDetour.clone(
            into: fresh, through: opened.userNamespace ?? -1, cgroup: birthplace)
    }

    private func enterable() throws(RuntimeError) -> CgroupEntrance? {
        do { return try cgroup?.entrance() } catch { throw .cgroup(error) }
    }

    /// Opens what the child cannot: paths that are only sound here.
    private func open(
        _ inheritance: inout SandboxChild.Inheritance, _ opened: inout OpenDescriptors
    ) throws(RuntimeError) {
        if let joined = plan.joinedUserNamespace {
            let descriptor = try step("join namespace \(joined.path)") { () throws(SyscallError) in
                try Descriptor.open(joined.path)
            }
            opened.userNamespace = opened.keep(descriptor)
        }
        var stock = DeviceStock(folder: store.folder(of: plan.id) + "/devices")
        for (index, one) in plan.steps.enumerated() {
            switch one {
            case .enter(_, let path):
                let descriptor = try step(one.description) { () throws(SyscallError) in try Descriptor.open(path) }
                inheritance.namespaces[path] = opened.keep(descriptor)
            case .mount(let mount) where opensInParent(mount):
                guard case .bind(let source, let recursive) = mount.kind else { continue }
                let tree = try step(one.description) { () throws(SyscallError) in
                    let tree = try mount.copy(of: source, recursive: recursive)
                    if !mount.spreads.contains(where: { $0.propagation == .shared }) {
                        try Mounts.setAttributes(of: tree.raw, propagation: .replica, recursive: true)
                    }
                    // Before the child can attach it: only a detached mount takes ids.
                    if let mapping = mount.idMapping {
                        let namespace = try namespace(for: mapping, opened)
                        try Mounts.setAttributes(
                            of: tree.raw, recursive: mount.idMapsRecursively, userNamespace: namespace.raw)
                    }
                    return tree
                }
                inheritance.sources[index] = opened.keep(tree)
            case .rootfsMount(let mount) where DetachedRootfs.isNeeded(mount):
                let tree = try step(one.description) { () throws(SyscallError) in
                    let namespace = try namespace(for: .container, opened)
                    return try DetachedRootfs.make(mount, namespace: namespace.raw)
                }
                inheritance.sources[index] = opened.keep(tree)
            case .device(let device) where device.isBound && plan.userNamespace != nil:
                let tree = try step(one.description) { () throws(SyscallError) in
                    try stock.tree(
                        for: device, users: plan.userNamespace?.users ?? [], groups: plan.userNamespace?.groups ?? [])
                }
                inheritance.sources[index] = opened.keep(tree)
            default: continue
            }
        }
        try openGate(&inheritance, &opened)
    }

    private func openGate(
        _ inheritance: inout SandboxChild.Inheritance, _ opened: inout OpenDescriptors
    ) throws(RuntimeError) {
        guard plan.options.gate == .start else { return }
        let path = store.fifo(of: plan.id)
        let fifo = try step("exec.fifo") { () throws(SyscallError) in
            try Files.makeFIFO(path, mode: 0o600)
            return try Descriptor.open(path, O_RDWR)
        }
        inheritance.fifo = opened.keep(fifo)
    }

    /// A user namespace with the ids of `mapping`: one without processes, or the one that the container joins.
    private func namespace(
        for mapping: MountPlan.IDMapping, _ opened: borrowing OpenDescriptors
    ) throws(SyscallError) -> Descriptor {
        if case .own(let users, let groups) = mapping { return try UserNamespaces.make(users: users, groups: groups) }
        if let user = plan.userNamespace { return try UserNamespaces.make(users: user.users, groups: user.groups) }
        let joined = opened.userNamespace ?? -1
        return Descriptor(owning: try check("fcntl") { fcntl(joined, F_DUPFD_CLOEXEC, 3) })
    }

    /// A child in a user namespace may not reach the source; a shared mount must stay in the host's peer group; an
    /// idmapped one needs the host's privileges.
    private func opensInParent(_ mount: MountPlan) -> Bool {
        plan.opensSourcesInParent || mount.idMapping != nil
            || mount.spreads.contains { $0.propagation == .shared }
    }

    /// From the birth of the child to its being ready, or running.
    private func accompany(
        _ child: borrowing Child, _ talk: borrowing Talk
    ) throws(RuntimeError) -> CreatedContainer {
        if let user = plan.userNamespace {
            try step("map ids") { () throws(SyscallError) in
                try UserNamespaces.map(child.pid, users: user.users, groups: user.groups)
            }
            try step("proceed") { () throws(SyscallError) in try talk.say(.proceed) }
        }
        let state = state(pid: child.pid)
        var terminal: Descriptor?
        while true {
            let heard = try step("listen to the child") { () throws(SyscallError) in try talk.hear() }
            guard let heard else {
                // The socket closed: with execve when nothing waits for a start, else with the child's death.
                if plan.options.gate == .none { break }
                throw .died(try end(of: child))
            }
            switch heard.report {
            case .failed(let failure): throw failure.error
            case .hooks:
                try runRuntimeHooks(state)
                try step("proceed") { () throws(SyscallError) in try talk.say(.proceed) }
            case .terminal: terminal = heard.descriptors.first.map { Descriptor(owning: $0) }
            case .listener: try handOver(heard.descriptors, state)
            case .note(let text): log?.debug(text)
            case .proceed: continue
            case .ready:
                try store.save(state)
                return try created(child, terminal, state)
            }
        }
        try store.save(state)
        try Launcher(store: store).runPoststart(plan.hooks.poststart, state)
        return try created(child, terminal, state)
    }

    private func created(
        _ child: borrowing Child, _ terminal: consuming Descriptor?, _ state: ContainerState
    ) throws(RuntimeError) -> CreatedContainer {
        let number = child.pidfd.raw
        let pidfd = try step("pidfd") { () throws(SyscallError) in
            Descriptor(owning: try check("fcntl") { fcntl(number, F_DUPFD_CLOEXEC, 3) })
        }
        return CreatedContainer(
            process: LaunchedProcess(pid: child.pid, pidfd: pidfd, terminal: terminal), state: state)
    }

    private func end(of child: borrowing Child) throws(RuntimeError) -> ProcessEnd {
        try step("wait for the child") { () throws(SyscallError) in
            try Processes.wait(pidfd: child.pidfd.raw) ?? .exited(code: 1)
        }
    }

    private func runRuntimeHooks(_ state: ContainerState) throws(RuntimeError) {
        try store.save(state)
        try HookRunner.run(plan.hooks.prestart, kind: "prestart", state: state.oci(.creating))
        try HookRunner.run(plan.hooks.createRuntime, kind: "createRuntime", state: state.oci(.creating))
    }

    /// Gives the descriptor of the seccomp notifications to who listens for them.
    ///
    /// Source: runtime-spec 1.2, config-linux.md, "The Container Process State".
    private func handOver(_ descriptors: [Int32], _ state: ContainerState) throws(RuntimeError) {
        try SeccompListener.handOver(
            descriptors, pid: state.pid, state: state.oci(.creating), seccomp: plan.spec.linux?.seccomp)
    }

    private func state(pid: Int32) -> ContainerState {
        var now = timespec()
        clock_gettime(CLOCK_REALTIME, &now)
        var state = ContainerState(
            id: plan.id, ociVersion: plan.spec.ociVersion, bundle: plan.bundle, rootfs: plan.rootfs, pid: pid,
            startTime: pid > 0 ? Processes.status(of: pid)?.startTime ?? 0 : 0,
            created: Int64(now.tv_sec) * 1_000_000_000 + Int64(now.tv_nsec), owner: getuid(),
            annotations: plan.annotations, cgroupPath: cgroup?.path.description, namespaces: plan.allNamespaces)
        state.hasProcess = plan.process != nil
        state.sharesCgroup = sharesCgroup
        if case .inherited = io {
            state.externalDescriptors = (0...2).map { (try? Files.readLink("/proc/self/fd/\($0)")) ?? "/dev/null" }
        }
        state.ownsProcesses = plan.newNamespaces.contains(.pid)
        return state
    }
}

/// Descriptors that are open in the parent for the child's sake, closed with the value.
struct OpenDescriptors: ~Copyable {
    private var kept: [Int32] = []
    var userNamespace: Int32?

    mutating func keep(_ descriptor: consuming Descriptor) -> Int32 {
        let number = descriptor.release()
        kept.append(number)
        return number
    }

    deinit {
        for number in kept { close(number) }
    }
}
