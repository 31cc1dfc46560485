package import Cgroups
internal import Glibc
package import LinuxKernel
package import RuntimeSpec

extension Launcher {
    /// What the container is doing, by its process and its gate.
    ///
    /// - Throws: ``RuntimeError/notFound(id:)``.
    package func status(of id: String) throws(RuntimeError) -> (state: ContainerState, status: RuntimeSpec.Status) {
        let state = try store.load(id)
        return (state, status(of: state))
    }

    package func status(of state: ContainerState) -> RuntimeSpec.Status {
        status(of: state, in: cgroup(of: state))
    }

    /// The same for a caller that has found the group already, which takes reading all mounts.
    func status(of state: ContainerState, in cgroup: @autoclosure () -> Cgroup?) -> RuntimeSpec.Status {
        guard isAlive(state) else { return .stopped }
        if Files.exists(store.fifo(of: state.id)) { return .created }
        if let cgroup = cgroup(), (try? cgroup.freezerState()) == .frozen { return .paused }
        return .running
    }

    /// The very process that we started, and not one that has its number now.
    package func isAlive(_ state: ContainerState) -> Bool {
        guard let start = Processes.startTime(of: state.pid) else { return false }
        return start == state.startTime
    }

    /// The group of the container; `nil` when nobody keeps one.
    package func cgroup(of state: ContainerState) -> Cgroup? {
        guard let text = state.cgroupPath, let path = try? CgroupPath(parsing: text),
            let tree = try? CgroupTree.current()
        else { return nil }
        return Cgroup(at: path, in: tree)
    }

    /// A descriptor of the container's first process.
    ///
    /// - Throws: ``RuntimeError/notAllowed(operation:id:status:)`` when it has ended.
    package func openProcess(of state: ContainerState, for operation: String) throws(RuntimeError) -> Descriptor {
        guard let pidfd = try? Processes.open(pid: state.pid), isAlive(state) else {
            throw .notAllowed(operation: operation, id: state.id, status: .stopped)
        }
        return pidfd
    }

    /// Lets a created container run its program, and comes back once it does; then runs the `poststart` hooks.
    ///
    /// Of two callers one wins.
    ///
    /// - Throws: ``RuntimeError/notAllowed(operation:id:status:)``; ``RuntimeError/hook(kind:path:why:)`` after the
    ///   container has been killed for it.
    package func start(_ id: String) throws(RuntimeError) {
        let (state, status) = try status(of: id)
        guard status == .created else { throw .notAllowed(operation: "start", id: id, status: status) }
        guard state.hasProcess else {
            throw .plan(.invalid(path: "process", why: "is missing, so that there is nothing to run"))
        }
        let hooks = try store.hooks(of: id, named: "poststart")?.poststart
        let gate = store.fifo(of: id)
        do {
            try Files.rename(gate, to: gate + ".open")
        } catch {
            throw .notAllowed(operation: "start", id: id, status: self.status(of: state))
        }
        try step("open the gate") { () throws(SyscallError) in
            let fifo = try Descriptor.open(gate + ".open", O_WRONLY | O_NONBLOCK)
            try fifo.writeAll([1])
            try? Files.remove(gate + ".open")
            // The other end closes with execve(2), or with the death of the process.
            var one = pollfd(fd: fifo.raw, events: 0, revents: 0)
            try check("poll") { poll(&one, 1, -1) }
        }
        try runPoststart(hooks, state)
    }

    /// Runs the `poststart` hooks; since specification 1.2.1 one that fails ends the container, before it was a warning.
    func runPoststart(_ hooks: [RuntimeSpec.Hook]?, _ state: ContainerState) throws(RuntimeError) {
        let parts = state.ociVersion.split { $0 == "." || $0 == "-" }.prefix(3).map { Int($0) ?? 0 }
        let isStrict = !parts.lexicographicallyPrecedes([1, 2, 1])
        for hook in hooks ?? [] {
            do {
                try HookRunner.run([hook], kind: "poststart", state: state.oci(.running))
            } catch  where isStrict {
                try? kill(state.id, SIGKILL, all: true)
                throw error
            } catch {
                continue
            }
        }
    }

    /// Sends a signal to the container's first process, or to `all` of its processes.
    ///
    /// - Throws: ``RuntimeError/notAllowed(operation:id:status:)`` for a stopped container, unless `all`.
    package func kill(_ id: String, _ signal: Int32, all: Bool = false) throws(RuntimeError) {
        let state = try store.load(id)
        if all {
            if let cgroup = cgroup(of: state), cgroup.exists, !isShared(cgroup, by: state) {
                do { try cgroup.kill(signal) } catch { throw .cgroup(error) }
                return
            }
        }
        let pidfd = try openProcess(of: state, for: "kill")
        try step("kill") { () throws(SyscallError) in try Processes.signal(pidfd: pidfd.raw, signal) }
        // Without a pid namespace of its own the death of the first process leaves the others behind.
        if signal == SIGKILL, !state.ownsProcesses, let cgroup = cgroup(of: state), !isShared(cgroup, by: state) {
            try? cgroup.kill(SIGKILL)
        }
    }

    /// Others than this container's processes may be in its group: what is done to the whole would be done to them.
    private func isShared(_ cgroup: Cgroup, by state: ContainerState) -> Bool {
        if state.sharesCgroup { return true }
        // Who came later found us there, and knows it.
        return store.all().contains { id in
            guard id != state.id, let other = try? store.load(id) else { return false }
            return other.sharesCgroup && other.cgroupPath == state.cgroupPath && isAlive(other)
        }
    }

    /// Removes what a container left behind; a running one only when `force` allows to kill it.
    ///
    /// With `force` a container that is not there, or was never finished, is no error.
    package func delete(_ id: String, force: Bool = false) throws(RuntimeError) {
        let lock: Descriptor
        do { lock = try store.lock(id) } catch {
            if force, case .notFound = error { return }
            throw error
        }
        try delete(id, force: force, holding: lock)
    }

    private func delete(_ id: String, force: Bool, holding lock: borrowing Descriptor) throws(RuntimeError) {
        guard let state = try? store.load(id) else { return try deleteUnfinished(id) }
        let status = status(of: state)
        guard force || status == .stopped || status == .created else {
            throw .notAllowed(operation: "delete", id: id, status: status)
        }
        try end(state)
        let hooks = try? store.hooks(of: id, named: "poststop")?.poststop
        store.remove(id)
        // A hook that fails here stops nobody: the specification wants a warning.
        if let hooks {
            for hook in hooks { try? HookRunner.run([hook], kind: "poststop", state: state.oci(.stopped)) }
        }
    }

    /// What a killed `create` left: its group is known from the configuration.
    private func deleteUnfinished(_ id: String) throws(RuntimeError) {
        if let config = try? store.config(of: id), let tree = try? CgroupTree.current(),
            let path = try? CgroupPath(parsing: SandboxPlan.cgroupPath(config, id: id))
        {
            let cgroup = Cgroup(at: path, in: tree)
            do {
                try cgroup.kill(SIGKILL)
                try cgroup.remove()
            } catch { throw .cgroup(error) }
        }
        store.remove(id)
    }

    /// Kills what is left, waits for it, and removes the group.
    private func end(_ state: ContainerState) throws(RuntimeError) {
        if let pidfd = try? Processes.open(pid: state.pid), isAlive(state) {
            let cgroup = cgroup(of: state)
            try? cgroup?.thaw()
            try? Processes.signal(pidfd: pidfd.raw, SIGKILL)
            var hasEnded = try waitForEnd(pidfd, milliseconds: 100)
            if !hasEnded { hasEnded = try thawElsewhere(state, pidfd) }
            guard hasEnded else { throw .invalid("container \"\(state.id)\" was killed and did not end within 10 s") }
        }
        guard let cgroup = cgroup(of: state) else { return }
        // Of a group in which others go on nothing is touched.
        if (try? cgroup.processes())?.isEmpty == false, isShared(cgroup, by: state) { return }
        do {
            if !state.ownsProcesses { try cgroup.kill(SIGKILL) }
            try cgroup.remove()
        } catch {
            guard case .occupied = error else { throw .cgroup(error) }
            do {
                try cgroup.kill(SIGKILL)
                try cgroup.remove()
            } catch { throw .cgroup(error) }
        }
    }

    private func waitForEnd(_ pidfd: borrowing Descriptor, milliseconds: Int32) throws(RuntimeError) -> Bool {
        var one = pollfd(fd: pidfd.raw, events: Int16(POLLIN), revents: 0)
        return try step("wait for the container's end") { () throws(SyscallError) in
            try check("poll") { poll(&one, 1, milliseconds) } > 0
        }
    }

    /// Somebody may have moved the process into another group and frozen that.
    private func thawElsewhere(_ state: ContainerState, _ pidfd: borrowing Descriptor) throws(RuntimeError) -> Bool {
        let lines = (try? WholeFile.read("/proc/\(state.pid)/cgroup")) ?? []
        for line in String(decoding: lines, as: UTF8.self).split(separator: "\n") {
            let parts = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
            guard parts.count == 3, parts[1] == "freezer", let path = try? CgroupPath(parsing: String(parts[2])),
                let tree = try? CgroupTree.current()
            else { continue }
            try? Cgroup(at: path, in: tree).thaw()
        }
        return try waitForEnd(pidfd, milliseconds: 10_000)
    }

    package func pause(_ id: String) throws(RuntimeError) {
        let (state, status) = try status(of: id)
        guard status == .running || status == .created else {
            throw .notAllowed(operation: "pause", id: id, status: status)
        }
        do { try needCgroup(state).freeze() } catch { throw Self.wrapped(error) }
    }

    package func resume(_ id: String) throws(RuntimeError) {
        let (state, status) = try status(of: id)
        guard status == .paused else { throw .notAllowed(operation: "resume", id: id, status: status) }
        do { try needCgroup(state).thaw() } catch { throw Self.wrapped(error) }
    }

    /// The pids of all processes of the container, as the host numbers them.
    package func processes(of id: String) throws(RuntimeError) -> [Int32] {
        let (state, status) = try status(of: id)
        guard status != .stopped else { return [] }
        do { return try needCgroup(state).processes() } catch { throw Self.wrapped(error) }
    }

    /// Changes limits; what `resources` does not name stays.
    package func update(_ id: String, _ resources: RuntimeSpec.Resources) throws(RuntimeError) {
        let (state, status) = try status(of: id)
        guard status != .stopped else { throw .notAllowed(operation: "update", id: id, status: status) }
        let limits: ResourceLimits
        do { limits = try ResourceLimits(resources, forDevices: false) } catch { throw .plan(error) }
        do { try needCgroup(state).apply(limits) } catch { throw Self.wrapped(error) }
    }

    package func needCgroup(_ state: ContainerState) throws(RuntimeError) -> Cgroup {
        guard let cgroup = cgroup(of: state) else {
            throw .unsupported("container \"\(state.id)\" has no control group of its own")
        }
        return cgroup
    }

    private static func wrapped(_ error: any Error) -> RuntimeError {
        switch error {
        case let error as CgroupError: .cgroup(error)
        case let error as RuntimeError: error
        default: .invalid("\(error)")
        }
    }
}
