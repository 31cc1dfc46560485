internal import CLinux
internal import Glibc
internal import LinuxKernel
internal import Seccomp

/// Turns the child, which is in all its namespaces already, into the program of a ``ProcessPlan``.
///
/// The order matters: limits while we are root, the user after the groups, capabilities after the user, the filter
/// last of all, so that it need not allow anything but what is left.
struct ProcessStarter {
    let plan: ProcessPlan
    let io: StandardIO
    /// The slave of the container's terminal.
    var terminal: Int32?
    /// Opened in the host's `/proc`, for the security label.
    var label: Int32?
    let seccomp: SeccompWork?
    /// What remains to be raised or dropped behind the filter.
    private var isPrivilegedForFilter = false

    init(plan: ProcessPlan, io: StandardIO, seccomp: SeccompWork?) {
        self.plan = plan
        self.io = io
        self.seccomp = seccomp
    }

    /// Limits and priorities; in the host's sight, as root.
    func setLimits() throws(RuntimeError) {
        for limit in plan.rlimits where !isLoweredLast(limit) {
            try step("rlimit \(limit.resource.constant)") { () throws(SyscallError) in
                try Limits.set(limit.resource, soft: limit.soft, hard: limit.hard)
            }
        }
        if let scheduling = plan.scheduling {
            try step("scheduler") { () throws(SyscallError) in try Limits.schedule(scheduling) }
        }
        if let priority = plan.ioPriority {
            try step("ioPriority") { () throws(SyscallError) in
                try Limits.setIOPriority(class: priority.class, level: priority.level)
            }
        }
        if let personality = plan.personality {
            try step("personality") { () throws(SyscallError) in try Credentials.setPersonality(personality) }
        }
    }

    /// A limit of descriptors that is no higher than ours: until the program runs we need more of them than it may have.
    private func isLoweredLast(_ limit: ProcessPlan.Rlimit) -> Bool {
        guard limit.resource == .nofile, let present = try? Limits.current(.nofile) else { return false }
        return limit.hard <= present.hard
    }

    /// The limit of descriptors, when nothing is to be opened any more; lowering it takes no privilege.
    func lowerDescriptorLimit() throws(RuntimeError) {
        for limit in plan.rlimits where isLoweredLast(limit) {
            try step("rlimit \(limit.resource.constant)") { () throws(SyscallError) in
                try Limits.set(limit.resource, soft: limit.soft, hard: limit.hard)
            }
        }
    }

    /// A session of its own, with the terminal if there is one, and the streams.
    func setStreams() throws(RuntimeError) {
        if let name = plan.keyring { try joinKeyring(name) }
        try step("standard streams") { () throws(SyscallError) in
            if let terminal {
                try Terminals.control(terminal)
                for number in Int32(0)...2 { try Programs.place(terminal, at: number) }
            } else {
                _ = setsid()
                if case .descriptors(let input, let output, let error) = io {
                    try place(input, output, error)
                }
            }
            if plan.user != 0 { try giveStreams() }
        }
    }

    private func joinKeyring(_ name: String) throws(RuntimeError) {
        do {
            let key = try Credentials.joinSessionKeyring(name)
            // Others of the container may search it; the host's root keeps what it has.
            try? Credentials.setKeyPermissions(key, 0x3f3f_0000 | 0x0008_0000)
        } catch {
            // No keys in this kernel, or none left for this user: no container should fail for that.
            guard error.errno == ENOSYS || error.errno == EDQUOT || error.errno == EPERM else {
                throw .step("session keyring", error)
            }
        }
    }

    /// Moves three descriptors to 0, 1 and 2, whichever of these numbers they have now.
    private func place(_ input: Int32, _ output: Int32, _ error: Int32) throws(SyscallError) {
        var sources = [input, output, error]
        for index in sources.indices where sources[index] < 3 && sources[index] != Int32(index) {
            let number = sources[index]
            sources[index] = try check("fcntl") { fcntl(number, F_DUPFD_CLOEXEC, 3) }
        }
        for (number, source) in sources.enumerated() { try Programs.place(source, at: Int32(number)) }
    }

    /// The streams belong to the program's user, except devices that are everyone's.
    private func giveStreams() throws(SyscallError) {
        for number in Int32(0)...2 {
            guard let status = try? Files.status(of: number), status.owner != plan.user else { continue }
            if status.isCharacterDevice, status.major == 1 { continue }
            do {
                try Files.changeOwner(of: number, user: plan.user, group: status.group)
            } catch {
                // Sockets of other namespaces, read-only mounts, ids that are not mapped: it stays as it is.
                guard [EPERM, EINVAL, EROFS, ENOSYS].contains(error.errno) else { throw error }
            }
        }
    }

    /// Becomes the program's user with the program's capabilities, in its directory.
    mutating func takeIdentity() throws(RuntimeError) {
        try setLabel()
        let needsPrivilege = seccomp != nil && !plan.noNewPrivileges
        let changed: Bool
        do {
            try Programs.changeDirectory(plan.directory)
            changed = true
        } catch { changed = false }
        try step("capabilities") { () throws(SyscallError) in
            if !plan.capabilities.inheritable.isEmpty {
                // The bounding set bounds what may become inheritable: this comes first.
                let current = try Capabilities.current()
                try Capabilities.set(
                    effective: current.effective, permitted: current.permitted,
                    inheritable: plan.capabilities.inheritable.intersection(current.permitted))
            }
            try Capabilities.bound(to: plan.capabilities.bounding)
            try Credentials.keepCapabilities(true)
        }
        try step("user \(plan.user):\(plan.group)") { () throws(SyscallError) in
            try setGroups()
            try Credentials.setGroup(plan.group)
            try Credentials.setUser(plan.user)
            try Credentials.keepCapabilities(false)
        }
        let extra: CapabilitySet = needsPrivilege ? .sysAdmin : []
        isPrivilegedForFilter = !extra.subtracting(plan.capabilities.effective).isEmpty
        let sets = try permittedSets()
        try step("capabilities") { () throws(SyscallError) in
            try Capabilities.set(
                effective: sets.effective.union(extra), permitted: sets.permitted.union(extra),
                inheritable: sets.inheritable)
            if !plan.capabilities.ambient.isEmpty {
                try Capabilities.setAmbient(plan.capabilities.ambient.intersection(sets.inheritable))
            }
        }
        Files.setCreationMask(plan.creationMask)
        if plan.noNewPrivileges {
            try step("no_new_privs") { () throws(SyscallError) -> Void in try Credentials.setNoNewPrivileges() }
        }
        try enterDirectory(again: !changed)
    }

    private func setGroups() throws(SyscallError) {
        guard !plan.keepsGroups else { return }
        do {
            try Credentials.setGroups(plan.groups)
        } catch {
            // A user namespace that denies setgroups(2) starts without any.
            guard error.errno == EPERM, plan.groups.isEmpty else { throw error }
        }
    }

    /// What we may really have: asking for more would refuse everything.
    private func permittedSets() throws(RuntimeError) -> ProcessPlan.CapabilityPlan {
        let asked = plan.capabilities
        let current = try step("capabilities") { () throws(SyscallError) in try Capabilities.current() }
        var sets = asked
        sets.permitted = asked.permitted.intersection(current.permitted)
        sets.effective = asked.effective.intersection(sets.permitted)
        sets.inheritable = asked.inheritable.intersection(current.inheritable)
        return sets
    }

    /// Source: CVE-2024-21626: a directory outside the root shows as `(unreachable)`.
    private func enterDirectory(again: Bool) throws(RuntimeError) {
        return try step("working directory \(plan.directory)") { () throws(SyscallError) in
            if again { try Programs.changeDirectory(plan.directory) }
            guard try Programs.workingDirectory().hasPrefix("/") else {
                throw SyscallError("chdir", errno: EPERM, subject: "\(plan.directory) leads out of the container")
            }
        }
    }

    private func setLabel() throws(RuntimeError) {
        guard let label, let text = plan.appArmorProfile.map({ "exec \($0)" }) ?? plan.selinuxLabel else {
            return
        }
        try step("security label \(text)") { () throws(SyscallError) -> Void in
            try check("write", "attr/exec") { write(label, text, text.utf8.count) }
        }
    }

    /// Finds the program as its user would.
    ///
    /// - Throws: ``RuntimeError/program(_:_:)``.
    func findProgram() throws(RuntimeError) -> String {
        let name = plan.arguments[0]
        if name.contains("/") {
            try checkExecutable(name)
            return name
        }
        let path = plan.environment.last { $0.hasPrefix("PATH=") }?.dropFirst(5) ?? "/bin:/usr/bin"
        var denied: RuntimeError?
        for folder in path.split(separator: ":", omittingEmptySubsequences: false) {
            let candidate = folder.isEmpty ? "./\(name)" : "\(folder)/\(name)"
            do {
                try checkExecutable(candidate)
                return candidate
            } catch {
                if case .program(_, let cause) = error, cause.errno == EACCES { denied = error }
            }
        }
        throw denied ?? .program(name, SyscallError("execve", errno: ENOENT, subject: name))
    }

    private func checkExecutable(_ path: String) throws(RuntimeError) {
        do {
            let status = try Files.status(path)
            guard !status.isDirectory else { throw SyscallError("execve", errno: EACCES, subject: path) }
            try check("access", path) { access(path, X_OK) }
        } catch let error as SyscallError {
            throw .program(plan.arguments[0], error)
        } catch {
            throw .program(plan.arguments[0], SyscallError("access", errno: EACCES, subject: path))
        }
    }

    /// The environment, with the user's home as the container's own files have it when none was given.
    func environment() -> [String] {
        if plan.environment.contains(where: { $0.hasPrefix("HOME=") }) { return plan.environment }
        return plan.environment + ["HOME=\(UserDirectory.home(of: plan.user))"]
    }

    /// The last steps: the filter, the remaining privileges, the program.
    ///
    /// - Throws: ``RuntimeError/program(_:_:)`` when it cannot be executed after all.
    mutating func becomeProgram(
        _ path: String, _ arguments: borrowing CStringArray, _ environment: borrowing CStringArray
    ) throws(RuntimeError) {
        try dropPrivileges()
        do {
            try Programs.execute(path, arguments, environment)
        } catch {
            throw .program(plan.arguments[0], error)
        }
    }

    /// Loads the filter; gives the listener's descriptor when it asks for one.
    func loadFilter() throws(RuntimeError) -> Int32? {
        guard let seccomp else { return nil }
        return try seccomp.load()
    }

    /// Gives a process of the container's that is not its program, a hook, what the program will have: the filter,
    /// unless a listener's is loaded already, and no privileges beyond the program's.
    func confine() throws(RuntimeError) {
        if seccomp?.program.notifies == false { _ = try loadFilter() }
        var own = self
        try own.dropPrivileges()
    }

    private mutating func dropPrivileges() throws(RuntimeError) {
        guard isPrivilegedForFilter else { return }
        let sets = try permittedSets()
        try step("capabilities") { () throws(SyscallError) in
            try Capabilities.set(
                effective: sets.effective, permitted: sets.permitted, inheritable: sets.inheritable)
        }
        isPrivilegedForFilter = false
    }
}
