internal import Glibc
internal import LinuxKernel
internal import RuntimeSpec
internal import ShimProtocol

extension Container {
    private static let keptExecs = 100

    func createExec(_ config: ExecConfig) throws(EngineError) -> String {
        try requireRunning()
        guard !(config.cmd?.words ?? []).isEmpty else { throw .invalid("no exec command specified") }
        if !config.detachKeys.isEmpty { _ = try DetachKeys(config.detachKeys) }
        forgetOldExecs()
        let exec = Exec(id: RandomID.make(), config: config)
        execs[exec.id] = exec
        services.execs.add(exec.id, self)
        publish()
        announce("exec_create: " + exec.spelled, ["execID": exec.id])
        return exec.id
    }

    private func requireRunning() throws(EngineError) {
        switch machine.phase {
        case .running: return
        case .paused: throw .conflict("container \(id) is paused, unpause the container before exec")
        case .restarting:
            throw .conflict("Container \(id) is restarting, wait until the container is running")
        case .created, .starting, .exited, .removing, .dead: throw .notRunning(id)
        }
    }

    /// Those that ended are remembered for whoever asks for the exit code, but not for ever.
    private func forgetOldExecs() {
        guard execs.count >= Self.keptExecs else { return }
        for exec in execs.values where exec.isOver {
            services.execs.remove(exec.id)
            execs[exec.id] = nil
        }
    }

    func startExec(_ id: String, _ start: ExecStartConfig) async throws(EngineError) -> (any AttachSession)? {
        let links = await linkVariables()
        guard let exec = execs[id] else { throw .noSuchExec(id) }
        switch exec.phase {
        case .created: break
        case .running: throw .conflict("exec command \(id) is already running")
        case .over: throw .conflict("exec command \(id) has already run")
        }
        try requireRunning()
        guard let run else { throw .notRunning(self.id) }
        let process = try execProcess(
            exec.config, consoleSize: start.consoleSize ?? exec.config.consoleSize, links: links)
        execs[id]?.phase = .running(pid: 0)
        announce("exec_start: " + exec.spelled, ["execID": id])
        do throws(EngineError) {
            guard !start.detach else {
                let reply = try await run.link.request(.exec(id: id, process: process, streams: .none))
                execStarted(id, reply)
                return nil
            }
            let streams = StreamSelection(
                stdin: exec.config.attachStdin, stdout: exec.config.attachStdout,
                stderr: exec.config.attachStderr && !exec.config.tty)
            let (stream, reply) = try await ShimStream.connect(
                run.directory, .exec(id: id, process: process, streams: streams))
            execStarted(id, reply)
            let keys = exec.config.detachKeys.isEmpty ? DetachKeys.standard : exec.config.detachKeys
            return ShimSession(
                // It is the start that says how its client reads, whatever the exec was created with.
                stream: stream, multiplexed: !start.tty,
                detachKeys: exec.config.tty && exec.config.attachStdin ? try DetachKeys(keys) : nil,
                onExit: { [weak self] exit in await self?.execEnded(id, code: Int(exit.code)) }, onDetach: {})
        } catch {
            if case .startFailed(let failure) = error {
                execEnded(id, code: Int(failure.exitCode))
            } else {
                execEnded(id, code: 125)
            }
            throw error
        }
    }

    private func execStarted(_ id: String, _ reply: ShimReply) {
        // A short one may have ended before its start was answered.
        if case .started(let process) = reply, let exec = execs[id], !exec.isOver {
            execs[id]?.phase = .running(pid: process.pid)
        }
        publish()
    }

    func execEnded(_ id: String, code: Int) {
        guard let exec = execs[id], !exec.isOver else { return }
        execs[id]?.phase = .over(code: code)
        exec.ended.make(code)
        if let run { Folders.remove(run.directory + "/" + ShimProtocol.FileName.exit(ofExec: id)) }
        guard !exec.isProbe else { return }
        publish()
        announce("exec_die", ["execID": id, "exitCode": "\(code)"])
    }

    /// The process that an exec asks for, in this container.
    func execProcess(
        _ config: ExecConfig, consoleSize: [Int]?, links: [String] = []
    ) throws(EngineError) -> RuntimeSpec.Process {
        let host = record.hostConfig
        let user = config.user.isEmpty ? record.config.user : config.user
        let (resolved, home) = try runningUsers().resolve(user, groupAdd: host.groupAdd ?? [])
        let folder = config.workingDir.isEmpty ? record.config.workingDir : config.workingDir
        var process = RuntimeSpec.Process(user: resolved, cwd: folder.isEmpty ? "/" : PathText.cleaned(folder))
        process.args = config.cmd?.words
        process.terminal = config.tty ? true : nil
        if config.tty, let size = consoleSize, size.count == 2, size.allSatisfy({ $0 > 0 }) {
            process.consoleSize = RuntimeSpec.ConsoleSize(height: UInt(size[0]), width: UInt(size[1]))
        }
        var base = record.config
        base.tty = config.tty
        base.env = Environment.merge(record.config.env ?? [], with: config.env ?? [])
        process.env = Environment.of(base, hostname: seenHostname, home: home, links: links)
        let privileged = config.privileged || host.privileged
        let capabilities = try CapabilityNames.resolved(
            add: host.capAdd?.words ?? [], drop: host.capDrop?.words ?? [], privileged: privileged)
        process.capabilities = SpecCompiler.capabilities(capabilities, uid: resolved.uid)
        process.noNewPrivileges = try SecurityOptions(
            host.securityOpt ?? [], noNewPrivilegesByDefault: services.configuration.noNewPrivileges
        ).noNewPrivileges
        process.oomScoreAdj = host.oomScoreAdj
        var input = SpecInput(record: record)
        input.ulimits = services.configuration.ulimits
        process.rlimits = SpecCompiler(input).rlimits()
        return process
    }

    /// Whom files belong to that are copied in on the container's behalf.
    func ownUser() throws(EngineError) -> RuntimeSpec.User { try runningUsers().resolve(record.config.user).user }

    private var seenHostname: String {
        record.config.hostname.isEmpty ? String(id.prefix(12)) : record.config.hostname
    }

    /// The container's own users, read from inside its root.
    private func runningUsers() -> UserLookup {
        guard let process = machine.process,
            let root = try? Descriptor.open("/proc/\(process.pid)/root", OpenFlag.path | O_DIRECTORY)
        else { return UserLookup() }
        func read(_ path: String) -> [UInt8] {
            guard let file = try? Descriptor.open(inRoot: root.raw, path, O_RDONLY | O_NONBLOCK),
                let status = try? Files.status(of: file.raw), status.isRegular, status.size < 4 << 20
            else { return [] }
            return (try? file.readToEnd()) ?? []
        }
        return UserLookup(passwd: read("/etc/passwd"), group: read("/etc/group"))
    }

    func inspectExec(_ id: String) throws(EngineError) -> ExecInspection {
        guard let exec = execs[id] else { throw .noSuchExec(id) }
        var inspection = ExecInspection()
        inspection.iD = id
        inspection.containerID = self.id
        switch exec.phase {
        case .created: break
        case .running(let pid):
            inspection.running = true
            inspection.pid = Int(pid)
        case .over(let code): inspection.exitCode = code
        }
        let words = exec.config.cmd?.words ?? []
        inspection.processConfig.tty = exec.config.tty
        inspection.processConfig.entrypoint = words.first ?? ""
        inspection.processConfig.arguments = Array(words.dropFirst())
        inspection.processConfig.privileged = exec.config.privileged
        inspection.processConfig.user = exec.config.user
        inspection.openStdin = exec.config.attachStdin
        inspection.openStdout = exec.config.attachStdout
        inspection.openStderr = exec.config.attachStderr
        inspection.detachKeys = exec.config.detachKeys
        inspection.canRemove = exec.isOver
        return inspection
    }

    func resize(rows: Int, columns: Int, exec: String?) async throws(EngineError) {
        guard let rows = UInt16(exactly: rows), let columns = UInt16(exactly: columns) else {
            throw .invalid("invalid terminal size")
        }
        guard let run, machine.process != nil else { throw .notRunning(id) }
        if let exec {
            // Clients resize as soon as they have asked for the start: wait for it to have happened.
            for _ in 0..<50 {
                guard let found = execs[exec] else { throw .noSuchExec(exec) }
                if case .running(let pid) = found.phase, pid > 0 { break }
                if found.isOver { return }
                try? await Task.sleep(for: .milliseconds(20))
            }
        }
        _ = try await run.link.request(.resize(rows: rows, columns: columns, exec: exec))
        if exec == nil { announce("resize", ["height": "\(rows)", "width": "\(columns)"]) }
    }
}
