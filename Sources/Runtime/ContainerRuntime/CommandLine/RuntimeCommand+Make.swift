internal import Glibc
internal import JSON
internal import LinuxKernel
internal import RuntimeSpec

extension RuntimeCommand {
    /// Does `create`.
    func create() throws(RuntimeError) {
        let plan = try plan(gate: .start)
        try checkTerminal(plan.process, foreground: false)
        let console = try consoleSocket(for: plan.process)
        let made = try launcher.create(plan, io: plan.process?.wantsTerminal == true ? .terminal : .inherited)
        do {
            try finishMaking(made.process, console)
        } catch {
            try? launcher.delete(id, force: true)
            throw error
        }
        launcher.store.shareState(of: id)
    }

    /// Does `run`, whose exit code is that of the program unless it is detached.
    func run() throws(RuntimeError) -> Int32 {
        let detached = options.isOn("detach")
        var plan = try plan(gate: .none)
        try checkTerminal(plan.process, foreground: !detached)
        let console = try consoleSocket(for: plan.process)
        let session =
            try detached ? nil : ForegroundSession(terminal: plan.process?.wantsTerminal == true && console == nil)
        if plan.process?.terminalSize == nil { plan.process?.terminalSize = session?.consoleSize }
        let code: Int32
        do {
            code = try runToEnd(plan, session, console)
        } catch {
            session?.restore()
            throw error
        }
        guard !detached else { return 0 }
        if !options.isOn("keep") { try launcher.delete(id, force: true) }
        return code
    }

    /// Makes the container and stays with it; 0 at once without a session.
    private func runToEnd(
        _ plan: SandboxPlan, _ session: ForegroundSession?, _ console: Int32?
    ) throws(RuntimeError) -> Int32 {
        let made = try launcher.create(plan, io: plan.process?.wantsTerminal == true ? .terminal : .inherited)
        do {
            try finishMaking(made.process, console)
        } catch {
            try? launcher.delete(id, force: true)
            throw error
        }
        launcher.store.shareState(of: id)
        let socket = made.notifications
        guard let session else {
            socket?.awaitReadiness(of: made.state)
            return 0
        }
        return session.accompany(made.release(), socket).shellCode
    }

    /// Does `start`; a service manager that waits for the program's readiness hears of it before this ends.
    func start() throws(RuntimeError) {
        let folder = NotifySocket.folder(of: id, in: launcher.store)
        guard NotifySocket.target != nil, Files.exists(folder) else { return try launcher.start(id) }
        let socket = try NotifySocket.listen(in: folder)
        try launcher.start(id)
        socket.awaitReadiness(of: try launcher.store.load(id))
    }

    private func plan(gate: PlanOptions.Gate) throws(RuntimeError) -> SandboxPlan {
        guard SandboxPlan.isValid(id: id) else { throw .invalid("container id \"\(id)\" is not a valid one") }
        let bundle = Self.absolute(options["bundle"] ?? ".")
        var planOptions = PlanOptions(bundle: bundle)
        planOptions.gate = gate
        planOptions.joinsInhabitedCgroup = true
        planOptions.tellsSteps = log.tellsMore
        planOptions.noPivot = options.isOn("no-pivot")
        planOptions.noNewKeyring = options.isOn("no-new-keyring")
        planOptions.preservedDescriptors = try preserved()
        planOptions.listenDescriptors = getenv("LISTEN_FDS").flatMap { Int32(String(cString: $0)) } ?? 0
        planOptions.cgroupKeeper = globals["cgroup-manager"] == "disabled" ? .nobody : .files
        planOptions.notification = NotifySocket.target.map { target in
            // A name without a file has no place in the container.
            PlanOptions.Notification(
                path: target.hasPrefix("/") ? target : "/run/notify",
                folder: NotifySocket.folder(of: id, in: launcher.store))
        }
        let path = options["config"].map(Self.absolute) ?? bundle + "/config.json"
        do {
            let text = try WholeFile.read(path)
            var spec = try RuntimeSpec(parsing: text)
            if spec.linux?.mountLabel != nil, !Preflight.hasSELinux {
                // Without SELinux no file has a label, and this one confines nobody.
                log.warning("linux.mountLabel: SELinux is not enabled in this kernel, nothing is labelled")
                spec.linux?.mountLabel = nil
            }
            var plan = try SandboxPlan(spec: spec, id: id, options: planOptions)
            plan.specText = text
            return plan
        } catch let error as PlanError {
            throw .plan(error)
        } catch let error as SyscallError {
            throw .step("read \(path)", error)
        } catch {
            throw .invalid("\(path): \(error)")
        }
    }

    func preserved() throws(RuntimeError) -> Int32 {
        guard let text = options["preserve-fds"] else { return 0 }
        guard let count = Int32(text), count >= 0, count < 65536 else {
            throw .invalid("--preserve-fds: \"\(text)\" is not a number of descriptors")
        }
        return count
    }

    /// Who would hold the terminal must be known before there is one.
    func checkTerminal(_ process: ProcessPlan?, foreground: Bool) throws(RuntimeError) {
        let socket = options["console-socket"]
        if process?.wantsTerminal == true, !foreground, socket == nil {
            throw .invalid("cannot allocate tty if runc will detach without setting console socket")
        }
        if process?.wantsTerminal != true, socket != nil {
            throw .invalid("cannot use console socket if runc will not detach or allocate tty")
        }
    }

    /// Connected before anything is made: an engine that is gone is found out early.
    func consoleSocket(for process: ProcessPlan?) throws(RuntimeError) -> Int32? {
        guard let path = options["console-socket"], process?.wantsTerminal == true else { return nil }
        return try step("console socket") { () throws(SyscallError) in try Messages.connect(to: path).release() }
    }

    /// Sends the terminal on its way and leaves the pid where it was asked for.
    func finishMaking(_ process: borrowing LaunchedProcess, _ console: Int32?) throws(RuntimeError) {
        if let console {
            defer { close(console) }
            let terminal: Int32?
            switch process.terminal {
            case .some(let descriptor): terminal = descriptor.raw
            case .none: terminal = nil
            }
            if let terminal {
                try step("console socket") { () throws(SyscallError) in
                    try Messages.send(Array("/dev/ptmx".utf8), descriptors: [terminal], over: console)
                }
            }
        }
        if let file = options["pid-file"] {
            let pid = process.pid
            try step("pid file") { () throws(SyscallError) in
                try WholeFile.replace(Self.absolute(file), with: Array("\(pid)".utf8), mode: 0o644)
            }
        }
    }
}
