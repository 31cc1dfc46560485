internal import CLinux
internal import Glibc
internal import LinuxKernel
internal import ShimProtocol

extension Container {
    /// Takes part in the container's streams: now if it runs, else from its start on, losing nothing.
    func attach(_ options: AttachOptions) async throws(EngineError) -> any AttachSession {
        if case .paused = machine.phase {
            throw .conflict("container \(id) is paused, unpause the container before attach")
        }
        if case .restarting = machine.phase {
            throw .conflict("container \(id) is restarting, wait until the container is running")
        }
        // A launch has counted its sockets already: join what it makes instead.
        if machine.phase == .starting { try await inTurn {} }
        let keys = try DetachKeys(options.detachKeys.flatMap { $0.isEmpty ? nil : $0 } ?? DetachKeys.standard)
        // A log that cannot be read is refused before anything is connected.
        let whole = try replay(options, upTo: nil)
        guard options.stream else {
            return ReplaySession(whole ?? OutputStream { nil }, multiplexed: !record.hasTerminal)
        }
        let streams = StreamSelection(
            stdin: options.stdin && record.config.openStdin, stdout: options.stdout,
            stderr: options.stderr && !record.hasTerminal)
        let stream: ShimStream
        // What the log holds up to here is told from there, what comes later by the stream: nothing twice.
        var past: OutputStream?
        if let run, machine.process != nil, run.exited.made == nil {
            let (connected, reply) = try await ShimStream.connect(
                run.directory, .attach(streams, afterLog: options.logs))
            stream = connected
            var position = LogPosition.end(of: services.paths.log(record))
            if case .attached(let said) = reply { position = said }
            past = try replay(options, upTo: position)
        } else {
            if let position = LogPosition.end(of: services.paths.log(record)) {
                past = try replay(options, upTo: position)
            }
            stream = try await attachBeforeStart(streams)
        }
        announce("attach")
        return ShimSession(
            stream: stream, multiplexed: !record.hasTerminal, takesInput: streams.stdin,
            detachKeys: record.hasTerminal ? keys : nil, before: past,
            onExit: { [weak self] _ in await self?.exitIsNoted() },
            onDetach: { [weak self] in await self?.announce("detach") })
    }

    /// The log, when it was asked for.
    private func replay(_ options: AttachOptions, upTo end: LogPosition?) throws(EngineError) -> OutputStream? {
        guard options.logs else { return nil }
        var log = LogOptions()
        log.stdout = options.stdout
        log.stderr = options.stderr
        return try logs(log, upTo: end)
    }

    /// Returns when the end of the run that a stream told of is known here too, so that its client may go on with `rm`.
    private func exitIsNoted() async {
        _ = await run?.exited.value(within: .seconds(1))
    }

    /// A pair of sockets: one end is ours, the other waits for the shim, which is born with it.
    private func attachBeforeStart(_ streams: StreamSelection) async throws(EngineError) -> ShimStream {
        var ends: [Int32] = [0, 0]
        guard socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0, &ends) == 0 else {
            throw .system(doing: "attach", SyscallError("socketpair", errno: errno))
        }
        let theirs: Int32
        do throws(SyscallError) {
            theirs = try ProcessLauncher.high(Descriptor(owning: ends[1])).release()
        } catch {
            close(ends[0])
            throw .system(doing: "attach", error)
        }
        waitingAttachments.append(PendingAttachment(fd: theirs, streams: streams))
        return try await ShimStream.adopt(ends[0])
    }

    /// A wait that has begun.
    func wait(_ condition: WaitCondition) throws(EngineError) -> WaitTicket {
        switch condition {
        case .notRunning:
            switch machine.phase {
            case .created, .exited, .dead:
                let code = machine.exitCode
                return WaitTicket { WaitResult(code: Int64(code)) }
            case .starting, .running, .paused, .restarting, .removing: break
            }
            return ticket(nextExit)
        case .nextExit: return ticket(nextExit)
        case .removed: return ticket(removal)
        }
    }

    private func ticket(_ announcement: Announcement<Int>) -> WaitTicket {
        WaitTicket { WaitResult(code: Int64(await announcement.value() ?? -1)) }
    }
}
