internal import Cgroups
internal import Glibc
internal import LinuxKernel
internal import RuntimeSpec
internal import Seccomp

extension Launcher {
    /// Runs a further process in the container `id`; comes back once it has become its program, or has failed.
    ///
    /// - Throws: ``RuntimeError/notAllowed(operation:id:status:)`` when the container is stopped or paused.
    package func exec(_ plan: ExecPlan, in id: String, io: StandardIO) throws(RuntimeError) -> LaunchedProcess {
        let state = try store.load(id)
        let cgroup = cgroup(of: state)
        let status = status(of: state, in: cgroup)
        guard status == .running || status == .created || (status == .paused && plan.ignoresPause) else {
            throw .notAllowed(operation: "exec in", id: id, status: status)
        }
        try Preflight.checkLabels(of: plan.process)
        let pidfd = try openProcess(of: state, for: "exec in")
        let seccomp = try SeccompWork(plan.seccomp, cache: SeccompCache(folder: store.seccompFolder))
        let entrance = try entrance(plan, cgroup)
        let birthplace = Self.birthplace(entrance)

        let (ours, theirs) = try step("socketpair") { () throws(SyscallError) in try Talk.pair() }
        let talk = Talk(Descriptor(owning: ours))
        let childTalk = Talk(Descriptor(owning: theirs))
        log?.debug("nsexec container setup: exec in container \(id), namespaces \(state.namespaces)")
        var detour = NamespaceDetour()
        try detour.go(through: pidfd.raw, to: state.namespaces.intersection([.pid, .time]))
        let child = try step("clone3") { () throws(SyscallError) in try Processes.clone(cgroup: birthplace) }
        guard let child else {
            _ = close(ours)
            ExecChild(
                plan: plan, state: state, pidfd: pidfd.raw, talk: childTalk, entrance: entrance,
                isBornInCgroup: birthplace != nil,
                starter: ProcessStarter(plan: plan.process, io: io, seccomp: seccomp)
            ).run()
        }
        try detour.comeBack()
        Self.closeNow(childTalk)
        do {
            let terminal = try listen(talk, pid: child.pid, state: state, plan: plan)
            return LaunchedProcess(pid: child.pid, pidfd: child.takeDescriptor(), terminal: terminal)
        } catch {
            try? Processes.signal(pidfd: child.pidfd.raw, SIGKILL)
            _ = try? Processes.wait(pidfd: child.pidfd.raw)
            throw error
        }
    }

    private static func closeNow(_ talk: consuming Talk) {}

    private static func birthplace(_ entrance: borrowing CgroupEntrance?) -> Int32? {
        switch entrance {
        case .some(let entrance): entrance.birthplace
        case .none: nil
        }
    }

    private func entrance(_ plan: ExecPlan, _ cgroup: Cgroup?) throws(RuntimeError) -> CgroupEntrance? {
        guard let cgroup else { return nil }
        let places = try plan.subgroups.places(in: cgroup)
        do {
            return try cgroup.entrance { places[$0] ?? cgroup }
        } catch { throw .cgroup(error) }
    }

    /// Until the child's end of the talk closes with execve(2).
    private func listen(
        _ talk: borrowing Talk, pid: Int32, state: ContainerState, plan: ExecPlan
    ) throws(RuntimeError) -> Descriptor? {
        var terminal: Descriptor?
        while let heard = try step("listen to the child", { () throws(SyscallError) in try talk.hear() }) {
            switch heard.report {
            case .failed(let failure): throw failure.error
            case .terminal: terminal = heard.descriptors.first.map { Descriptor(owning: $0) }
            case .listener:
                try SeccompListener.handOver(
                    heard.descriptors, pid: pid, state: state.oci(.running), seccomp: plan.seccomp)
            case .note(let text): log?.debug(text)
            case .proceed, .hooks, .ready: continue
            }
        }
        return terminal
    }
}
