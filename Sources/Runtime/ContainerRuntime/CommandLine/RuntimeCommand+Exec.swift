internal import Glibc
internal import JSON
internal import LinuxKernel
internal import RuntimeSpec

extension RuntimeCommand {
    /// Does `exec`, whose exit code is that of the program unless it is detached.
    func exec() throws(RuntimeError) -> Int32 {
        let config = try launcher.store.config(of: id)
        var planOptions = PlanOptions(bundle: "/")
        planOptions.noNewKeyring = true
        planOptions.preservedDescriptors = try preserved()
        var plan: ExecPlan
        do {
            plan = try ExecPlan(try process(config), in: config, id: id, options: planOptions)
        } catch let error as PlanError {
            throw .plan(error)
        } catch let error as RuntimeError {
            throw error
        } catch {
            throw .invalid("\(error)")
        }
        plan.subgroups = try Subgroups(parsing: options.all("cgroup"))
        plan.tellsSteps = log.tellsMore
        plan.ignoresPause = options.isOn("ignore-paused")
        let detached = options.isOn("detach")
        try checkTerminal(plan.process, foreground: !detached)
        let console = try consoleSocket(for: plan.process)
        let session = try detached ? nil : ForegroundSession(terminal: plan.process.wantsTerminal && console == nil)
        if plan.process.terminalSize == nil { plan.process.terminalSize = session?.consoleSize }
        do {
            let launched = try launcher.exec(
                plan, in: id, io: plan.process.wantsTerminal ? .terminal : .inherited)
            try finishMaking(launched, console)
            guard let session else { return 0 }
            return session.accompany(launched).shellCode
        } catch {
            session?.restore()
            throw error
        }
    }

    private func process(_ config: RuntimeSpec) throws(RuntimeError) -> RuntimeSpec.Process {
        if let file = options["process"] {
            do {
                return try RuntimeSpec.Process(parsing: try WholeFile.read(file))
            } catch let error as SyscallError {
                throw .step("read \(file)", error)
            } catch {
                throw .invalid("\(file): \(error)")
            }
        }
        let arguments = Array(options.arguments.dropFirst())
        guard !arguments.isEmpty else { throw .invalid("exec needs a command, or a process in --process") }
        var process = ExecPlan.process(of: config, arguments: arguments)
        process.terminal = options.isOn("tty")
        process.env = (process.env ?? []) + options.all("env")
        if let directory = options["cwd"] { process.cwd = directory }
        if options.isOn("no-new-privs") { process.noNewPrivileges = true }
        if let profile = options["apparmor"] { process.apparmorProfile = profile }
        if let label = options["process-label"] { process.selinuxLabel = label }
        try addUser(&process)
        try addCapabilities(&process)
        return process
    }

    private func addUser(_ process: inout RuntimeSpec.Process) throws(RuntimeError) {
        if let text = options["user"] {
            let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
            guard let user = UInt32(parts[0]) else { throw .invalid("--user: \"\(text)\" is not UID or UID:GID") }
            process.user.uid = user
            if parts.count > 1 {
                guard let group = UInt32(parts[1]) else { throw .invalid("--user: \"\(text)\" is not UID or UID:GID") }
                process.user.gid = group
            }
        }
        for text in options.all("additional-gids") {
            for part in text.split(separator: ",") {
                guard let group = UInt32(part) else { throw .invalid("--additional-gids: \"\(part)\" is not a number") }
                process.user.additionalGids = (process.user.additionalGids ?? []) + [group]
            }
        }
    }

    /// Added to the sets that a program can use; never to the inheritable one (CVE-2022-29162), nor so to the ambient.
    private func addCapabilities(_ process: inout RuntimeSpec.Process) throws(RuntimeError) {
        let added = options.all("cap").flatMap { $0.split(separator: ",").map(String.init) }
        guard !added.isEmpty else { return }
        for name in added where CapabilitySet(named: name) == nil { log.warning("--cap: Linux has no \(name)") }
        var sets = process.capabilities ?? RuntimeSpec.Capabilities()
        sets.bounding = (sets.bounding ?? []) + added
        sets.effective = (sets.effective ?? []) + added
        sets.permitted = (sets.permitted ?? []) + added
        process.capabilities = sets
    }
}
