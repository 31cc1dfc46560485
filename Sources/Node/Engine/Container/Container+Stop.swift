internal import Logging
internal import ShimProtocol

extension Container {
    private static let killSignal: Int32 = 9
    /// How long a killed container may take to be gone before its cgroup is swept.
    private static let patience = Duration.seconds(10)

    /// Ends it: the stop signal, `timeout` seconds of grace (nil its own, negative for ever), SIGKILL.
    ///
    /// - Throws: ``EngineError/notModified(_:)`` when it is not running.
    func stop(signal: String?, timeout: Int?) async throws(EngineError) {
        let number = try stopSignal(signal)
        let wasRestarting = if case .restarting = machine.phase { true } else { false }
        try await inTurn { () throws(EngineError) in try await feed(.stop) }
        guard let run, machine.process != nil else {
            if wasRestarting { return announce("stop") }
            throw .notModified("Container already stopped")
        }
        let seconds = timeout ?? record.config.stopTimeout ?? services.configuration.stopTimeout
        try await end(run, signal: number, grace: seconds < 0 ? nil : .seconds(seconds))
        announce("stop")
    }

    private func stopSignal(_ wanted: String?) throws(EngineError) -> Int32 {
        let name =
            wanted.flatMap { $0.isEmpty ? nil : $0 } ?? record.config.stopSignal.flatMap { $0.isEmpty ? nil : $0 }
        guard let name else { return 15 }
        guard let number = SignalName.number(name) else { throw .invalid("invalid signal: \(name)") }
        return number
    }

    /// Signals, waits, kills, and returns when the run is over.
    func end(_ run: Run, signal: Int32, grace: Duration?) async throws(EngineError) {
        await send(signal, to: run)
        if signal != Self.killSignal {
            guard let grace else {
                guard await run.exited.value() == nil else { return }
                return  // the client that wanted to wait for ever has gone
            }
            if grace > .zero, await run.exited.value(within: grace) != nil { return }
            if run.exited.made != nil { return }
            await send(Self.killSignal, to: run)
        }
        if await run.exited.value(within: Self.patience) == nil {
            services.logger.warning("SIGKILL did not end it; sweeping its cgroup", metadata: ["container": "\(id)"])
            try await services.launcher.destroy(leftovers)
            guard await run.exited.value(within: Self.patience) != nil else {
                throw .failed("container \(id) did not exit: its processes cannot be killed")
            }
        }
    }

    private func send(_ signal: Int32, to run: Run) async {
        announce("kill", ["signal": "\(signal)"])
        do throws(EngineError) {
            _ = try await run.link.request(.kill(signal: signal, target: .container))
            if case .paused = machine.phase { try await unpauseForSignal(run) }
        } catch {
            // It has ended in between, which is what was wanted; its exit says so.
            services.logger.debug("not signalled", metadata: ["container": "\(id)", "error": "\(error.message)"])
        }
    }

    private func unpauseForSignal(_ run: Run) async throws(EngineError) {
        _ = try await run.link.request(.resume)
        if case .paused = machine.phase { try await feed(.resumed) }
    }

    /// All processes at once: for forced removal.
    func killAll() async {
        guard let run else { return }
        try? await end(run, signal: Self.killSignal, grace: nil)
    }

    func kill(signal: String?) async throws(EngineError) {
        let name = signal.flatMap { $0.isEmpty ? nil : $0 } ?? "KILL"
        guard let number = SignalName.number(name) else { throw .invalid("invalid signal: \(name)") }
        guard let run, machine.process != nil, run.exited.made == nil else {
            throw .conflict("cannot kill container: \(record.name): container \(id) is not running")
        }
        // A signal that ends it by a person's hand keeps the restart policy quiet.
        let ownStop = try stopSignal(nil)
        if number == Self.killSignal || number == ownStop { try await feed(.stop) }
        announce("kill", ["signal": "\(number)"])
        do throws(EngineError) {
            _ = try await run.link.request(.kill(signal: number, target: .container))
        } catch {
            guard run.exited.made == nil else { return }
            throw error
        }
        if case .paused = machine.phase, number == Self.killSignal || number == 15 { try await unpauseForSignal(run) }
        if number == Self.killSignal { _ = await run.exited.value(within: Self.patience) }
    }

    func restart(signal: String?, timeout: Int?) async throws(EngineError) {
        machine.isRestartedByHand = true
        defer { machine.isRestartedByHand = false }
        do throws(EngineError) {
            try await stop(signal: signal, timeout: timeout)
        } catch {
            guard case .notModified = error else { throw error }
        }
        try await start()
        announce("restart")
    }

    func pause() async throws(EngineError) {
        try await inTurn { () throws(EngineError) in
            try check(.paused)
            guard let run else { throw .notRunning(id) }
            _ = try await run.link.request(.pause)
            if case .running = machine.phase { try await feed(.paused) }
        }
    }

    func unpause() async throws(EngineError) {
        try await inTurn { () throws(EngineError) in
            try check(.resumed)
            guard let run else { throw .notRunning(id) }
            _ = try await run.link.request(.resume)
            if case .paused = machine.phase { try await feed(.resumed) }
        }
    }

    /// Whether the machine would take `event` now.
    private func check(_ event: ContainerMachine.Event) throws(EngineError) {
        var copy = machine
        do throws(EngineError) {
            _ = try copy.handle(event, now: .now)
        } catch {
            guard case .conflict(let why) = error else { throw error }
            throw .conflict("Container \(id) \(why)")
        }
    }
}
