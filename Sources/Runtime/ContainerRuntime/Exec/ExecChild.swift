internal import Cgroups
internal import Glibc
internal import LinuxKernel
internal import Seccomp

/// The half of an `exec` that runs in the container, from clone3 to execve.
struct ExecChild: ~Copyable {
    let plan: ExecPlan
    let state: ContainerState
    /// The container's first process, whose namespaces are entered all at once.
    let pidfd: Int32
    let talk: Talk
    let entrance: CgroupEntrance?
    let isBornInCgroup: Bool
    var starter: ProcessStarter

    consuming func run() -> Never {
        do {
            note("child process in init()")
            try perform()
        } catch {
            try? talk.say(.failed(Report.Failure(error)))
        }
        Processes.exitNow(1)
    }

    private func note(_ text: @autoclosure () -> String) {
        if plan.tellsSteps { try? talk.say(.note(text())) }
    }

    private mutating func perform() throws(RuntimeError) {
        // We are visible in the container's pid namespace already.
        try? Credentials.setDumpable(false)
        if let processors = plan.process.initialProcessors {
            try step("execCPUAffinity.initial") { () throws(SyscallError) in try Limits.setAffinity(processors) }
        }
        try step("enter cgroup") { () throws(SyscallError) in try entrance?.enter(isBornInside: isBornInCgroup) }
        if let processors = plan.process.finalProcessors {
            try step("execCPUAffinity.final") { () throws(SyscallError) in try Limits.setAffinity(processors) }
        }
        if let score = plan.process.oomScore {
            try step("oom_score_adj \(score)") { () throws(SyscallError) in
                try WholeFile.set("/proc/self/oom_score_adj", to: "\(score)")
            }
        }
        if plan.process.appArmorProfile != nil || plan.process.selinuxLabel != nil {
            starter.label = try step("open attr/exec") { () throws(SyscallError) in
                try Descriptor.open("/proc/self/attr/exec", O_WRONLY).release()
            }
        }
        try starter.setLimits()
        try step("join the container's namespaces") { () throws(SyscallError) in
            try Namespaces.enter(pidfd, state.namespaces.subtracting([.pid, .time]))
            if state.namespaces.contains(.user) { try becomeNamespaceRoot() }
            if !state.hasOwnMounts {
                let rootfs = try Descriptor.open(state.rootfs, Descriptor.pathOnly | O_DIRECTORY)
                try Programs.changeDirectory(rootfs.raw)
                try Mounts.changeRoot(".")
            }
        }
        try openTerminal()
        try starter.setStreams()
        try starter.takeIdentity()
        let path = try starter.findProgram()
        note("setns_init: about to exec \(path)")
        let arguments = CStringArray(starter.plan.arguments)
        let environment = CStringArray(starter.environment())
        Processes.resetSignals()
        let first = 3 + starter.plan.inheritedDescriptors
        try step("close_range") { () throws(SyscallError) in
            try Programs.closeDescriptors(from: first, onExecute: true)
        }
        try starter.lowerDescriptorLimit()
        if let listener = try starter.loadFilter() {
            try step("seccomp listener") { () throws(SyscallError) in try talk.say(.listener, with: [listener]) }
        }
        try starter.becomeProgram(path, arguments, environment)
    }

    private func becomeNamespaceRoot() throws(SyscallError) {
        do { try Credentials.setGroups([]) } catch {
            guard error.errno == EPERM else { throw error }
        }
        do {
            try Credentials.setGroup(0)
            try Credentials.setUser(0)
        } catch {
            guard error.errno == EINVAL else { throw error }
        }
    }

    private mutating func openTerminal() throws(RuntimeError) {
        guard plan.process.wantsTerminal else { return }
        try step("terminal") { () throws(SyscallError) in
            let folder = try Descriptor.open("/", Descriptor.pathOnly | O_DIRECTORY)
            let opened = try ContainerTerminal.open(
                in: ContainerRoot(raw: folder.raw), size: plan.process.terminalSize)
            starter.terminal = opened.slave
            try talk.say(.terminal, with: [opened.master])
            _ = close(opened.master)
        }
    }
}
