internal import Glibc
internal import JSON
internal import LinuxKernel
internal import RuntimeSpec
internal import ShimProtocol

extension ShimServer {
    // MARK: Ends

    /// Reaps every child that has ended: ours, and orphans of the container, whose subreaper we are.
    func reap() {
        while let (pid, end) = try? Processes.waitForAny(blocking: false) {
            let exit = ShimExit(end, time: Clocks.wall)
            if let process = ([container] + execs.values).first(where: { $0.process.pid == pid && $0.life.isRunning }) {
                ended(process, exit)
            } else if let command = commands.removeValue(forKey: pid) {
                command(exit)
                if commands.isEmpty { unclaimed = [:] }
            } else if !commands.isEmpty {
                unclaimed[pid] = exit
            }
        }
    }

    private func ended(_ process: ShimmedProcess, _ exit: ShimExit) {
        var exit = exit
        if process.key == .container, driver.group?.hasKilledForMemory == true {
            exit.oomKilled = true
            if !isOOMKilled { noticeOOM() }
        }
        process.closeInput(poller: poller)
        board.stopThrottling(process.key)
        perform(process.life.handle(.reaped(exit), now: Clocks.steady), for: process)
    }

    func perform(_ effects: [ProcessLife.Effect], for process: ShimmedProcess) {
        for effect in effects {
            switch effect {
            case .killRest: driver.killRest()
            case .drain: drain(process)
            case .record(let exit): record(exit, of: process)
            case .tell(let exit): tell(exit, of: process)
            case .delete: delete()
            case .tellDeleted(let failure):
                deleteFailure = failure
                announce(.deleted(failure: failure))
            }
        }
    }

    /// Reads what is left: at first whoever has to wait, as an ended process left no more than its pipes hold.
    ///
    /// After that only what the clients take: somebody who outlives it may write for ever.
    private func drain(_ process: ShimmedProcess) {
        guard process.life.isDraining else { return }
        for stream in OutputStream.allCases {
            var rounds = 0
            while rounds < 17, board.acceptsOutput(stream, of: process.key), readOutput(stream, of: process) == .more {
                rounds += 1
            }
        }
        board.resumeThrottling(process.key)
        guard process.life.isDraining else { return }
        let isAlone =
            process.life.openOutputs.isEmpty
            || (process.key == .container && (try? driver.group?.processes())?.isEmpty == true)
        perform(process.life.handle(.drained(isAlone: isAlone), now: Clocks.steady), for: process)
    }

    private func record(_ exit: ShimExit, of process: ShimmedProcess) {
        if process.key == .container {
            for stream in OutputStream.allCases { log?.finish(stream, now: Clocks.wall) }
            flushLog()
        }
        let path = exitPath(of: process.key)
        do throws(SyscallError) {
            try WholeFile.replace(path, with: exit.encoded())
        } catch {
            // The event and `state` still tell it for as long as this shim lives, which is until somebody took it.
            Console.say("exit of \(configuration.id): \(error)")
        }
    }

    private func exitPath(of key: ProcessKey) -> String {
        switch key {
        case .container: configuration.exitPath ?? "\(directory)/\(ShimProtocol.FileName.exit)"
        case .exec(let id): "\(directory)/\(ShimProtocol.FileName.exit(ofExec: id))"
        }
    }

    private func tell(_ exit: ShimExit, of process: ShimmedProcess) {
        let event = ShimEvent.exited(exec: process.key == .container ? nil : process.execID, exit)
        process.finish(poller: poller)
        for watch in process.outputs + [process.input] { if let watch { targets[watch.token] = nil } }
        board.finish(process.key, with: event)
        announce(event)
        flushConnections()
        if case .exec(let id) = process.key { execs[id] = nil }
    }

    private func delete() {
        do throws(ShimFailure) {
            switch try driver.delete() {
            case .done: deleted(nil)
            case .waiting(let pid, let finish):
                commands[pid] = { [unowned self] exit in
                    do throws(ShimFailure) {
                        try finish(exit)
                        deleted(nil)
                    } catch {
                        deleted(error)
                    }
                }
            }
        } catch {
            deleted(error)
        }
    }

    private func deleted(_ failure: ShimFailure?) {
        perform(container.life.handle(.deleted(failure), now: Clocks.steady), for: container)
    }

    // MARK: Execs

    /// Starts one more process; its connection becomes its stream when `streams` names any.
    func startExec(
        _ id: String, _ spec: RuntimeSpec.Process, _ streams: StreamSelection, from connection: Connection
    ) throws(ShimFailure) {
        guard container.life.isRunning else {
            throw ShimFailure(stage: "exec", errno: ESRCH, message: "container \(configuration.id) is not running")
        }
        guard !isPaused else {
            throw ShimFailure(stage: "exec", errno: EAGAIN, message: "container \(configuration.id) is paused")
        }
        guard execs[id] == nil else {
            throw ShimFailure(stage: "exec", errno: EEXIST, message: "exec \(id) is running already")
        }
        guard streams == .none || board.attachment(of: connection.id) == nil else {
            throw ShimFailure(stage: "exec", errno: EISCONN, message: "this connection is attached already")
        }
        let isTerminal = spec.terminal ?? false
        var pipes = try makePipes(streams, isTerminal: isTerminal)
        let step = try driver.exec(id: id, spec, io: isTerminal ? .terminal : pipes.io)
        let outputs: Set<OutputStream> =
            isTerminal ? [.stdout] : Set([streams.stdout ? [.stdout] : [], streams.stderr ? [.stderr] : []].joined())
        let process = ShimmedProcess(.exec(id), isTerminal: isTerminal, outputs: outputs)
        for stream in outputs where !isTerminal {
            if let fd = pipes.take(stream.rawValue + 1) { process.setOutput(stream, fd, poller: &poller) }
        }
        if let fd = pipes.take(0) { process.setInput(fd, poller: &poller) }
        execs[id] = process
        switch step {
        case .done(let started): began(process, started, streams, from: connection)
        case .waiting(let pid, let finish):
            process.isPending = true
            connection.isAwaitingRuntime = true
            commands[pid] = { [unowned self] exit in
                do throws(ShimFailure) {
                    began(process, try finish(exit), streams, from: connection)
                } catch {
                    execs[id] = nil
                    fail(error, connection)
                }
                goOn(connection)
            }
        }
    }

    private func makePipes(_ streams: StreamSelection, isTerminal: Bool) throws(ShimFailure) -> StreamPipes {
        do throws(SyscallError) {
            guard !isTerminal else { return try StreamPipes(stdin: false, stdout: false, stderr: false) }
            return try StreamPipes(stdin: streams.stdin, stdout: streams.stdout, stderr: streams.stderr)
        } catch {
            throw ShimFailure(stage: "exec", errno: error.errno, message: "\(error)")
        }
    }

    private func began(
        _ process: ShimmedProcess, _ started: StartedProcess, _ streams: StreamSelection, from connection: Connection
    ) {
        process.isPending = false
        process.process = started.process
        if let terminal = started.terminal { process.setOutput(.stdout, terminal, poller: &poller) }
        for stream in OutputStream.allCases { registerWatch(process.outputs[stream.rawValue], of: process.key) }
        registerWatch(process.input, of: process.key)
        board.openInput(of: process.key, isOpen: process.input != nil || process.isTerminal)
        board.send(ShimReply.started(started.process).frame, to: connection.id)
        if streams != .none { board.attach(connection.id, to: process.key, streams: streams) }
        announce(.execStarted(id: process.execID, started.process))
        // Through an external runtime it may be over before we knew its number.
        if let exit = unclaimed.removeValue(forKey: started.process.pid) { ended(process, exit) }
    }
}

extension ShimmedProcess {
    /// Empty for the container.
    var execID: String {
        if case .exec(let id) = key { id } else { "" }
    }
}

extension ShimExit {
    init(_ end: ProcessEnd, time: Int64) {
        switch end {
        case .exited(let code): self.init(code: code, time: time)
        case .killed(let signal, _): self.init(code: end.shellCode, signal: signal, time: time)
        }
    }
}
