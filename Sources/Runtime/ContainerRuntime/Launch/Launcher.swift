package import Cgroups
internal import Glibc
internal import JSON
internal import LinuxKernel
internal import RuntimeSpec
internal import Seccomp

/// Makes containers out of plans, and acts on those that exist.
///
/// Used by the command line and, in-process, by the shim. The calling process must have one thread: it forks and goes
/// on in Swift.
package struct Launcher: Equatable, Sendable {
    package let store: StateStore

    package init(store: StateStore = StateStore()) {
        self.store = store
    }

    /// Creates the container and, without a gate, starts it; comes back when that is done or has failed.
    ///
    /// On failure nothing is left: no process, group, mount or folder. Hooks `prestart`, `createRuntime` and
    /// `createContainer` run in here; ``PlanOptions/Gate/none`` adds `startContainer` and `poststart`.
    ///
    /// `madeGroup` is the container's control group, when the caller has just made it: nobody can live in it yet.
    ///
    /// - Throws: ``RuntimeError``.
    package func create(
        _ plan: SandboxPlan, io: StandardIO, madeGroup: Cgroup? = nil
    ) throws(RuntimeError) -> CreatedContainer {
        let lock = try store.reserve(plan.id, config: plan.specText.isEmpty ? plan.spec.encoded() : plan.specText)
        var cgroup: Cgroup?
        do {
            try Preflight.check(plan)
            let seccomp = try SeccompWork(
                plan.spec.linux?.seccomp, cache: SeccompCache(folder: store.seccompFolder))
            let socket = try plan.options.notification.map { one throws(RuntimeError) in
                try NotifySocket.listen(in: one.folder)
            }
            cgroup = try makeCgroup(plan, madeGroup)
            var launch = Launch(plan: plan, store: store, cgroup: cgroup, seccomp: seccomp, io: io, lock: lock.raw)
            var made = try launch.run()
            made.notifications = socket
            return made
        } catch {
            if let cgroup {
                try? cgroup.kill(SIGKILL)
                try? cgroup.remove()
            }
            store.remove(plan.id)
            throw error
        }
    }

    private func makeCgroup(_ plan: SandboxPlan, _ made: Cgroup?) throws(RuntimeError) -> Cgroup? {
        guard plan.options.cgroupKeeper == .files else { return nil }
        let limits: ResourceLimits
        do {
            limits = try ResourceLimits(plan.spec.linux?.resources, forDevices: true)
        } catch { throw .plan(error) }
        do {
            let tree = try step("find control groups") { () throws(SyscallError) in try CgroupTree.current() }
            let path = try CgroupPath(parsing: plan.cgroupPath)
            let cgroup = try Cgroup.create(at: path, in: tree, for: limits, isOurs: made?.path == path)
            do { try cgroup.apply(limits) } catch {
                try? cgroup.remove()
                throw error
            }
            return cgroup
        } catch let error as CgroupError {
            throw .cgroup(error)
        } catch let error as RuntimeError {
            throw error
        } catch {
            throw .invalid("cgroup")
        }
    }
}

extension SandboxPlan {
    /// Where the container's group is: as the bundle says, else under ours.
    var cgroupPath: String { Self.cgroupPath(spec, id: id) }

    static func cgroupPath(_ spec: RuntimeSpec, id: String) -> String {
        guard let path = spec.linux?.cgroupsPath, !path.isEmpty else { return "/pouch-runtime/\(id)" }
        return path.hasPrefix("/") ? path : "/pouch-runtime/\(path)"
    }
}
