internal import Cgroups
internal import Glibc
internal import LinuxKernel
internal import RuntimeSpec
internal import ShimProtocol

extension ShimServer {
    /// Performs one request and queues its reply.
    func answer(_ request: ShimRequest, from connection: Connection) {
        let id = connection.id
        connection.requestID = request.requestID
        do throws(ShimFailure) {
            switch request.action {
            case .state: board.send(ShimReply.state(state).frame, to: id)
            case .attach(let streams, let afterLog): try attach(id, streams, afterLog: afterLog)
            case .exec(let exec, let process, let streams):
                try startExec(exec, process, streams, from: connection)
            case .kill(let signal, let target): try kill(signal, target, from: connection)
            case .resize(let rows, let columns, let exec):
                try resize(try running(exec), rows: rows, columns: columns)
                board.send(ShimReply.done.frame, to: id)
            case .closeStdin(let exec):
                closeStdin(of: try running(exec))
                board.send(ShimReply.done.frame, to: id)
            case .pause:
                try requireRunning("pause")
                finish(try driver.pause(), for: connection) { $0.changePaused(to: true) }
            case .resume:
                try requireRunning("resume")
                finish(try driver.resume(), for: connection) { $0.changePaused(to: false) }
            case .update(let resources):
                try requireRunning("update")
                finish(try driver.update(resources), for: connection) { _ in }
            case .processes: board.send(ShimReply.processes(try listProcesses()).frame, to: id)
            case .subscribe: subscribe(id)
            case .shutdown: try leave(id)
            }
        } catch {
            fail(error, connection)
        }
    }

    /// Refuses a request, and notes whose it was.
    func fail(_ error: ShimFailure, _ connection: Connection) {
        Console.say(error, requestID: connection.requestID)
        board.send(ShimReply.failure(error).frame, to: connection.id)
    }

    // MARK: What is

    private var state: ShimState {
        let status: ShimState.Status =
            switch container.life.phase {
            case .running: isPaused ? .paused : .running
            case .draining, .deleting: .stopping
            case .over: .stopped
            }
        flushLog()
        return ShimState(
            id: configuration.id, shimPID: Processes.ownPID, status: status, process: container.process,
            execs: execs.values.filter { $0.life.isRunning && !$0.isPending }.map {
                ShimState.Exec(id: $0.execID, process: $0.process)
            }.sorted { $0.id < $1.id },
            oomKilled: isOOMKilled, exit: container.life.exit, log: log?.counters ?? ShimState.Log(),
            attached: board.attachedCount(to: .container))
    }

    private func listProcesses() throws(ShimFailure) -> [Int32] {
        guard !container.life.isOver, let group = driver.group else { return [] }
        do throws(CgroupError) {
            return try group.processes()
        } catch {
            throw ShimFailure(stage: "processes", message: "\(error)")
        }
    }

    private func subscribe(_ id: ConnectionID) {
        board.subscribe(id)
        board.send(ShimReply.done.frame, to: id)
        var events: [ShimEvent] = [.started(container.process)]
        if isOOMKilled { events.append(.oom) }
        if isPaused { events.append(.paused) }
        switch container.life.phase {
        case .running, .draining: break
        case .deleting(let exit): events.append(.exited(exec: nil, exit))
        case .over(let exit): events += [.exited(exec: nil, exit), .deleted(failure: deleteFailure)]
        }
        for event in events { board.send(event.frame, to: id) }
    }

    private func attach(
        _ id: ConnectionID, _ streams: StreamSelection, afterLog: Bool
    ) throws(ShimFailure) {
        guard board.attachment(of: id) == nil else {
            throw ShimFailure(stage: "attach", errno: EISCONN, message: "this connection is attached already")
        }
        // What was read before goes to the log and not to this client: with the log up to here it misses nothing, and has nothing twice.
        flushLog()
        board.attach(id, to: .container, streams: streams)
        board.send((log.map { .attached($0.position) } ?? ShimReply.done).frame, to: id)
        if afterLog, let log {
            if streams.stdout { board.send(Frame(.stdout, log.begun(.stdout)), to: id) }
            if streams.stderr { board.send(Frame(.stderr, log.begun(.stderr)), to: id) }
        }
        switch container.life.phase {
        case .running, .draining: break
        case .deleting(let exit), .over(let exit): board.finish(id, with: .exited(exec: nil, exit))
        }
    }

    // MARK: What is to be done

    private func requireRunning(_ stage: String) throws(ShimFailure) {
        guard container.life.isRunning else {
            throw ShimFailure(stage: stage, errno: ESRCH, message: "container \(configuration.id) is not running")
        }
    }

    private func running(_ exec: String?) throws(ShimFailure) -> ShimmedProcess {
        guard let exec else {
            try requireRunning("request")
            return container
        }
        guard let process = execs[exec], process.life.isRunning, !process.isPending else {
            throw ShimFailure(stage: "request", errno: ESRCH, message: "exec \(exec) is not running")
        }
        return process
    }

    private func resize(_ process: ShimmedProcess, rows: UInt16, columns: UInt16) throws(ShimFailure) {
        guard let master = process.masterTerminal else {
            throw ShimFailure(stage: "resize", errno: ENOTTY, message: "it has no terminal")
        }
        do throws(SyscallError) {
            try Terminals.resize(master, rows: rows, columns: columns)
        } catch {
            throw ShimFailure(stage: "resize", errno: error.errno, message: "\(error)")
        }
    }

    private func kill(
        _ signal: Int32, _ target: ShimRequest.KillTarget, from connection: Connection
    ) throws(ShimFailure) {
        switch target {
        case .container, .all:
            try requireRunning("kill")
            finish(try driver.kill(signal, all: target == .all), for: connection) { _ in }
        case .exec(let id):
            let process = try running(id)
            do throws(SyscallError) {
                // Our child, and not reaped before this loop does it: the number is its own.
                try Processes.signal(pid: process.process.pid, signal)
            } catch {
                throw ShimFailure(stage: "kill", errno: error.errno, message: "\(error)")
            }
            board.send(ShimReply.done.frame, to: connection.id)
        }
    }

    private func changePaused(to paused: Bool) {
        guard isPaused != paused else { return }
        isPaused = paused
        announce(paused ? .paused : .resumed)
    }

    private func leave(_ id: ConnectionID) throws(ShimFailure) {
        guard container.life.isOver else {
            throw ShimFailure(
                stage: "shutdown", errno: EBUSY, message: "container \(configuration.id) has not been deleted yet")
        }
        // Before the answer: who hears it may start the container anew, whose shim has its socket at this very path.
        unlink("\(directory)/\(ShimProtocol.FileName.socket)")
        board.send(ShimReply.done.frame, to: id)
        isLeaving = true
    }

    /// Answers when the driver is done: now, or when its command has ended.
    func finish(_ step: DriverStep<Void>, for connection: Connection, then: @escaping (ShimServer) -> Void) {
        switch step {
        case .done:
            board.send(ShimReply.done.frame, to: connection.id)
            then(self)
        case .waiting(let pid, let finish):
            connection.isAwaitingRuntime = true
            commands[pid] = { [unowned self] exit in
                do throws(ShimFailure) {
                    try finish(exit)
                    board.send(ShimReply.done.frame, to: connection.id)
                    then(self)
                } catch {
                    fail(error, connection)
                }
                goOn(connection)
            }
        }
    }

    /// The runtime is done with a connection's request: on to the next.
    func goOn(_ connection: Connection) {
        connection.isAwaitingRuntime = false
        if connections[connection.id] != nil { handleFrames(of: connection) }
    }
}
