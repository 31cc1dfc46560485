internal import Cgroups
internal import Glibc
internal import LinuxKernel
internal import RuntimeSpec
internal import Seccomp

/// The half of a launch that runs in the new namespaces, from clone3 to execve.
///
/// The process is a copy with one thread: it may allocate, and must end in ``run()``, which never returns.
struct SandboxChild: ~Copyable {
    /// What the parent laid out for the child; descriptors are the child's copies.
    struct Inheritance {
        /// Paths of namespaces that the child joins, opened by the parent.
        var namespaces: [String: Int32] = [:]
        /// Bind sources, by the index of their step.
        var sources: [Int: Int32] = [:]
        /// Read for one byte when the gate is `start`.
        var fifo: Int32?
        /// Await the parent's word that the ids are mapped.
        var awaitsMaps = false
        var isBornInCgroup = false
        /// The state that hooks in the container read.
        var state: RuntimeSpec.State
    }

    private let plan: SandboxPlan
    private let inheritance: Inheritance
    private let talk: Talk
    private let entrance: CgroupEntrance?
    private let cgroup: Cgroup?
    private var starter: ProcessStarter?
    private var root = ContainerRoot(raw: -1)
    private var cover = PathCover()
    /// The host's, checked; gone before the program's directory is entered.
    private var proc: Int32?

    init(
        plan: SandboxPlan, inheritance: Inheritance, talk: consuming Talk, entrance: consuming CgroupEntrance?,
        cgroup: Cgroup?, io: StandardIO, seccomp: SeccompWork?
    ) {
        self.plan = plan
        self.inheritance = inheritance
        self.talk = talk
        self.entrance = entrance
        self.cgroup = cgroup
        starter = plan.process.map { ProcessStarter(plan: $0, io: io, seccomp: seccomp) }
    }

    /// Performs the plan and becomes the program.
    consuming func run() -> Never {
        do {
            try perform()
        } catch {
            try? talk.say(.failed(Report.Failure(error)))
        }
        Processes.exitNow(1)
    }

    /// Says what is being done, when somebody wants to know; what cannot be said stops nobody.
    private func note(_ text: @autoclosure () -> String) {
        if plan.options.tellsSteps { try? talk.say(.note(text())) }
    }

    private mutating func perform() throws(RuntimeError) {
        note("child process in init()")
        try prepare()
        for (index, step) in plan.steps.enumerated() {
            note("init: \(step)")
            do {
                try perform(step, index)
            } catch let error as SyscallError {
                throw .step(step.description, error)
            } catch let error as RuntimeError {
                throw error
            } catch {
                throw .invalid(step.description)
            }
        }
        guard starter != nil else {
            try ready()
            try awaitStart()
            throw .plan(.invalid(path: "process", why: "is missing, so that there is nothing to run"))
        }
        try finish()
    }

    private mutating func prepare() throws(RuntimeError) {
        // Files are made with the modes that the plan says.
        Files.setCreationMask(0)
        if plan.allNamespaces.contains(.pid), !plan.newNamespaces.contains(.pid) {
            // Others are in the pid namespace, and see us.
            try? Credentials.setDumpable(false)
        }
        if inheritance.awaitsMaps { try awaitParent() }
        try step("enter cgroup") { () throws(SyscallError) in
            try entrance?.enter(isBornInside: inheritance.isBornInCgroup)
        }
        if plan.steps.contains(where: \.needsHostProc) {
            proc = try step("open /proc of the host") { () throws(SyscallError) in
                let proc = try Descriptor.open("/proc", Descriptor.pathOnly | O_DIRECTORY)
                guard try Files.magic(of: proc.raw) == Files.Magic.proc else {
                    throw SyscallError("fstatfs", errno: ENOTSUP, subject: "/proc is no procfs")
                }
                return proc.release()
            }
        }
        if plan.process?.appArmorProfile != nil || plan.process?.selinuxLabel != nil {
            starter?.label = try step("open attr/exec") { () throws(SyscallError) in
                try Descriptor.open("/proc/self/attr/exec", O_WRONLY).release()
            }
        }
        try starter?.setLimits()
        if plan.steps.contains(where: { if case .maskedPath = $0 { true } else { false } }) {
            try step("open /dev/null of the host") { () throws(SyscallError) in try cover.prepare() }
        }
    }

    /// The user of a new user namespace becomes its root only once the host's paths are open.
    private func becomeNamespaceRoot() throws(SyscallError) {
        guard plan.allNamespaces.contains(.user) else { return }
        do { try Credentials.setGroups([]) } catch {
            guard error.errno == EPERM else { throw error }
        }
        // Ids without a root among them stay who they are, with all capabilities.
        do {
            try Credentials.setGroup(0)
            try Credentials.setUser(0)
        } catch {
            guard error.errno == EINVAL else { throw error }
        }
        // The change of user took what PR_SET_PDEATHSIG and dumpability had; capabilities stay, as root keeps them.
    }

    private mutating func perform(_ step: SandboxStep, _ index: Int) throws {
        switch step {
        case .newCgroupNamespace: try Namespaces.unshare(.cgroup)
        case .enter(let kind, let path): try Namespaces.enter(inheritance.namespaces[path] ?? -1, kind)
        case .loopback: try Namespaces.loopbackUp()
        case .hostname(let name): try Namespaces.setHostname(name)
        case .domainname(let name): try Namespaces.setDomainname(name)
        case .sysctl(let path, let value): try writeProc("sys/" + path, value)
        case .oomScore(let score): try setOOMScore(score)
        case .hostPropagation(let spread):
            try Mounts.setPropagation(spread.propagation, of: "/", recursive: spread.recursive)
        case .rootfsMount(let mount): try mountRootfs(mount, made: inheritance.sources[index])
        case .openRootfs(let path): try openRootfs(path)
        case .mount(let mount):
            try MountWork(
                root: root, sources: inheritance.sources, cgroup: cgroup,
                hasCgroupNamespace: plan.allNamespaces.contains(.cgroup)
            ).perform(mount, step: index)
        case .device(let device): try DeviceWork(root: root, stocked: inheritance.sources[index]).make(device)
        case .link(let path, let target): try DeviceWork(root: root).link(path, to: target)
        case .runtimeHooks:
            try talk.say(.hooks)
            try awaitParent()
        case .containerHooks(let hooks):
            // Like other runtimes' such hooks, they find the container's files at relative paths.
            try Programs.changeDirectory(root.raw)
            try HookRunner.run(hooks, kind: "createContainer", state: inheritance.state)
        case .terminal: try openTerminal()
        case .changeRoot(let pivot): try changeRoot(pivot: pivot)
        case .rootPropagation(let spread):
            try Mounts.setPropagation(spread.propagation, of: "/", recursive: spread.recursive)
        case .readOnlyMount(let path):
            let place = try root.open(path)
            try Mounts.setAttributes(of: place.raw, set: .readOnly)
        case .readOnlyRoot: try Mounts.setAttributes(of: -100, path: "/", set: .readOnly)
        case .readOnlyPath(let path): try cover.makeReadOnly(path, in: root)
        case .maskedPath(let path): try cover.mask(path, in: root)
        case .workingDirectory(let path): _ = try root.ensure(path, .directory)
        }
    }

    /// Writes a file of the host's procfs, which nothing in the container can stand in for.
    private func writeProc(_ path: String, _ value: String) throws(SyscallError) {
        guard let directory = proc else { throw SyscallError("open", errno: EBADF, subject: "/proc") }
        let file = try Descriptor.open(path, O_WRONLY | O_NOFOLLOW, at: directory)
        guard try Files.magic(of: file.raw) == Files.Magic.proc else {
            throw SyscallError("open", errno: EXDEV, subject: "/proc/\(path) is covered by another filesystem")
        }
        try file.writeAll(Array(value.utf8))
    }

    private func setOOMScore(_ score: Int) throws(SyscallError) {
        do {
            try writeProc("self/oom_score_adj", "\(score)")
        } catch {
            guard error.errno == EACCES || error.errno == EPERM else { throw error }
            throw SyscallError(
                "write", errno: error.errno, subject: "oom_score_adj: lowering it to \(score) needs CAP_SYS_RESOURCE")
        }
    }

    private func mountRootfs(_ mount: RootfsMount, made: Int32?) throws(SyscallError) {
        if let made { return try Mounts.attach(made, onPath: plan.rootfs) }
        let options = MountOptions(mount.options)
        if options.bind.isBind || mount.type == "bind" || mount.type == "rbind" {
            let tree = try Mounts.copyTree(
                mount.source, recursive: options.bind.recursive || mount.type == "rbind")
            if !options.change.isEmpty {
                try Mounts.setAttributes(of: tree.raw, set: options.change.set, clear: options.change.clear)
            }
            return try Mounts.attach(tree.raw, onPath: plan.rootfs)
        }
        let flags = options.filesystemFlags.map { MountPlan.Option($0) } + options.data
        // By mount(2): overlay's lowerdir is longer than fsconfig(2) takes.
        try Mounts.mount(
            mount.source, on: plan.rootfs, type: mount.type, flags: MountFlags(attributes: options.change.set),
            data: flags.map(\.text).joined(separator: ","))
    }

    private mutating func openRootfs(_ path: String) throws(SyscallError) {
        guard plan.allNamespaces.contains(.mount) else {
            let opened = try Descriptor.open(path, Descriptor.pathOnly | O_DIRECTORY)
            root = ContainerRoot(raw: opened.release())
            return
        }
        // A mount of its own, as pivot_root(2) wants; its source may be one already.
        let tree = try Mounts.copyTree(path, recursive: true)
        guard try Files.status(of: tree.raw).isDirectory else {
            throw SyscallError("open_tree", errno: ENOTDIR, subject: path)
        }
        try Mounts.attach(tree.raw, onPath: path)
        root = ContainerRoot(raw: tree.release())
        try becomeNamespaceRoot()
    }

    /// Opens a terminal of the container's own devpts, puts it at `/dev/console`, and gives the parent the master.
    private mutating func openTerminal() throws(SyscallError) {
        let opened = try ContainerTerminal.open(in: root, size: plan.process?.terminalSize)
        if plan.allNamespaces.contains(.mount) {
            let console = try root.ensure("/dev/console", .file)
            let tree = try Mounts.copyTree("", at: opened.slave)
            try Mounts.attach(tree.raw, on: console.raw)
        }
        starter?.terminal = opened.slave
        try talk.say(.terminal, with: [opened.master])
        _ = close(opened.master)
    }

    private mutating func changeRoot(pivot: Bool) throws(SyscallError) {
        try Programs.changeDirectory(root.raw)
        if pivot {
            let old = try Descriptor.open("/", Descriptor.pathOnly | O_DIRECTORY)
            try Mounts.pivotRootHere()
            // The old root lies over the new one now, and nothing that happens to it may reach the host. It is entered
            // first: "." would be the new root still, whose mounts keep the propagation that they were given.
            try Programs.changeDirectory(old.raw)
            try Mounts.setPropagation(.replica, of: ".", recursive: true)
            try Mounts.unmount(".", detached: true)
        } else {
            if plan.allNamespaces.contains(.mount) {
                try HostProc.hide(outside: plan.rootfs)
                try Mounts.mount(".", on: "/", flags: .move)
            }
            try Mounts.changeRoot(".")
        }
        try Programs.changeDirectory("/")
        if let proc { _ = close(proc) }
        proc = nil
        _ = close(root.raw)
        root = ContainerRoot(raw: try Descriptor.open("/", Descriptor.pathOnly | O_DIRECTORY).release())
    }

    private mutating func finish() throws(RuntimeError) {
        guard var starter else { return }
        try starter.setStreams()
        _ = close(root.raw)
        let awaitsStart = inheritance.fifo != nil
        try starter.takeIdentity()
        let path = try starter.findProgram()
        note("init: closing the pipe to signal completion; the program is \(path)")
        let arguments = CStringArray(starter.plan.arguments)
        let environment = CStringArray(starter.environment())
        Processes.resetSignals()
        let first = 3 + starter.plan.inheritedDescriptors
        try step("close_range") { () throws(SyscallError) in
            try Programs.closeDescriptors(from: first, onExecute: true)
        }
        if starter.seccomp?.program.notifies == true {
            try announce(listener: try starter.loadFilter())
        }
        if awaitsStart {
            try ready()
            try awaitStart()
        }
        if let hooks = plan.hooks.startContainer, !hooks.isEmpty {
            // They are programs of the container's and have its filter.
            let confined = starter
            try HookRunner.run(hooks, kind: "startContainer", state: inheritance.state) { () throws(RuntimeError) in
                try confined.confine()
            }
        }
        try starter.lowerDescriptorLimit()
        if starter.seccomp?.program.notifies == false { _ = try starter.loadFilter() }
        try starter.becomeProgram(path, arguments, environment)
    }

    private func announce(listener: Int32?) throws(RuntimeError) {
        guard let listener else { return }
        try step("seccomp listener") { () throws(SyscallError) in
            try talk.say(.listener, with: [listener])
            _ = close(listener)
        }
    }

    private func ready() throws(RuntimeError) {
        try step("report") { () throws(SyscallError) in try talk.say(.ready) }
    }

    /// Blocks until `start` writes the byte; the fifo is open for writing here too, so that it never ends.
    private func awaitStart() throws(RuntimeError) {
        guard let fifo = inheritance.fifo else { return }
        try step("wait for start") { () throws(SyscallError) in
            var byte: UInt8 = 0
            try check("read", "exec.fifo") { read(fifo, &byte, 1) }
        }
    }

    private func awaitParent() throws(RuntimeError) {
        let heard = try step("wait for the runtime") { () throws(SyscallError) in try talk.hear()?.report == .proceed }
        // The parent has reported what went wrong, or is dead.
        if !heard { Processes.exitNow(1) }
    }
}

extension SandboxStep {
    fileprivate var needsHostProc: Bool {
        switch self {
        case .sysctl, .oomScore: true
        default: false
        }
    }
}
