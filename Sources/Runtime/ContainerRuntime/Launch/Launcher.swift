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
    /// Told what is done, and what is odd; nobody when absent.
    let log: RuntimeLog?

    package init(store: StateStore = StateStore()) {
        self.init(store: store, log: nil)
    }

    init(store: StateStore, log: RuntimeLog?) {
        self.store = store
        self.log = log
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
        var isShared = false
        do {
            try Preflight.check(plan)
            let seccomp = try SeccompWork(
                plan.spec.linux?.seccomp, cache: SeccompCache(folder: store.seccompFolder))
            let socket = try plan.options.notification.map { one throws(RuntimeError) in
                try NotifySocket.listen(in: one.folder)
            }
            (cgroup, isShared) = try makeCgroup(plan, madeGroup)
            var launch = Launch(
                plan: plan, store: store, cgroup: cgroup, sharesCgroup: isShared, seccomp: seccomp, io: io,
                lock: lock.raw, log: log)
            var made = try launch.run()
            made.notifications = socket
            return made
        } catch {
            if let cgroup, !isShared {
                try? cgroup.kill(SIGKILL)
                try? cgroup.remove()
            }
            store.remove(plan.id)
            throw error
        }
    }

    private func makeCgroup(
        _ plan: SandboxPlan, _ made: Cgroup?
    ) throws(RuntimeError) -> (group: Cgroup?, isShared: Bool) {
        guard plan.options.cgroupKeeper == .files else { return (nil, false) }
        let limits: ResourceLimits
        do {
            limits = try ResourceLimits(plan.spec.linux?.resources, forDevices: true)
        } catch { throw .plan(error) }
        do {
            let tree = try step("find control groups") { () throws(SyscallError) in try CgroupTree.current() }
            let path = try CgroupPath(parsing: plan.cgroupPath)
            log?.debug("control group \(path) in a \(tree.layout.rawValue) tree")
            let (cgroup, isShared) = try makeCgroup(at: path, in: tree, for: limits, plan, isOurs: made?.path == path)
            do { try cgroup.apply(limits) } catch {
                if !isShared { try? cgroup.remove() }
                throw error
            }
            return (cgroup, isShared)
        } catch let error as CgroupError {
            throw .cgroup(error)
        } catch let error as RuntimeError {
            throw error
        } catch {
            throw .invalid("cgroup")
        }
    }

    /// A group in which others live is joined if the plan allows that, and then neither killed nor removed as a whole.
    private func makeCgroup(
        at path: CgroupPath, in tree: CgroupTree, for limits: ResourceLimits, _ plan: SandboxPlan, isOurs: Bool
    ) throws(CgroupError) -> (group: Cgroup, isShared: Bool) {
        do {
            return (try Cgroup.create(at: path, in: tree, for: limits, isOurs: isOurs), false)
        } catch {
            guard plan.options.joinsInhabitedCgroup, case .occupied(_, let processes) = error else { throw error }
            let group = try Cgroup.create(at: path, in: tree, for: limits, isOurs: true)
            guard try group.freezerState() == .thawed else {
                throw .invalid(
                    controller: "freezer", knob: path.description, why: "container's cgroup unexpectedly frozen")
            }
            log?.warning("container's cgroup is not empty: \(processes) processes of others are in \(path)")
            return (group, true)
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
