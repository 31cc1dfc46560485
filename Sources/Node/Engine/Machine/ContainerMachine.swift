/// What a container is and may do next: an event and the time in, effects out; no clock, no I/O, no lock.
///
/// ```
///             start          launched            exited, policy says no
///  created ---------> starting ------> running ------------------------> exited
///                        |              |   ^ \ pause/resume: paused        | start
///                        | failed       |   |                              v
///                        v              |   +---- timer ---- restarting  starting
///                 created/exited        +-- exited, policy says yes ->
///  any but running: remove -> removing -> gone, or dead when something could not be removed
/// ```
struct ContainerMachine: Equatable, Sendable {
    /// A process of the host, named for as long as the machine is up.
    struct Process: Codable, Equatable, Sendable {
        var pid: Int32
        /// Clock ticks since boot.
        var startTime: UInt64
    }

    enum Phase: Equatable, Sendable {
        case created
        case starting
        case running(Process)
        case paused(Process)
        /// Waits for the back-off; the id tells a timer of now from one of an earlier wait.
        case restarting(timer: Int)
        case exited
        case removing
        case dead
    }

    struct Exit: Equatable, Sendable {
        var code: Int
        var oomKilled = false
        var at: Timestamp
        /// Why, when the exit code alone does not say.
        var reason = ""
    }

    enum Event: Equatable, Sendable {
        case start
        case launched(Process)
        case launchFailed(EngineError.StartFailure)
        case exited(Exit)
        case paused
        case resumed
        case oom
        /// A person wants it to end; what follows is not the restart policy's business.
        case stop
        case restartTimer(Int)
        case remove(force: Bool)
        case removed
        case removalFailed(String)
    }

    enum Effect: Equatable, Sendable {
        case launch
        case announce(String, [String: String] = [:])
        /// Write what is known to the database, without waiting for the disk.
        case persist
        case scheduleRestart(timer: Int, after: Duration)
        case wakeExitWaiters(code: Int)
        case wakeRemovalWaiters(code: Int)
        case startHealthchecks
        case stopHealthchecks
        /// It ended and is to be removed.
        case autoRemove
        case kill
        case tearDown
        case forget
    }

    private(set) var phase = Phase.created
    var policy: RestartPolicy
    var autoRemove: Bool
    /// Its next end is only half of a restart: it is not removed then.
    var isRestartedByHand = false
    private(set) var exitCode = 0
    private(set) var error = ""
    private(set) var oomKilled = false
    private(set) var startedAt = Timestamp.never
    private(set) var finishedAt = Timestamp.never
    private(set) var stoppedByHand = false
    /// Restarts by policy since a person last started it.
    private(set) var restarts = 0
    private var backoff = RestartBackoff()
    private var timers = 0

    init(policy: RestartPolicy, autoRemove: Bool) {
        self.policy = policy
        self.autoRemove = autoRemove
    }

    /// Takes up where an earlier pouchd left off.
    init(policy: RestartPolicy, autoRemove: Bool, recovered state: StoredState, process: Process?, paused: Bool) {
        self.init(policy: policy, autoRemove: autoRemove)
        exitCode = state.exitCode
        error = state.error
        oomKilled = state.oomKilled
        startedAt = state.startedAt
        finishedAt = state.finishedAt
        stoppedByHand = state.stoppedByHand
        restarts = state.restarts
        if let process {
            phase = paused ? .paused(process) : .running(process)
        } else if state.dead {
            phase = .dead
        } else {
            phase = state.startedAt.isNever && state.finishedAt.isNever ? .created : .exited
        }
    }

    /// What the database keeps of it.
    var stored: StoredState {
        var state = StoredState()
        state.exitCode = exitCode
        state.error = error
        state.oomKilled = oomKilled
        state.startedAt = startedAt
        state.finishedAt = finishedAt
        state.stoppedByHand = stoppedByHand
        state.restarts = restarts
        state.dead = phase == .dead
        switch phase {
        case .running, .paused, .restarting, .starting: state.wasRunning = true
        case .created, .exited, .removing, .dead: state.wasRunning = false
        }
        return state
    }

    var process: Process? {
        switch phase {
        case .running(let process), .paused(let process): process
        default: nil
        }
    }

    /// Docker's word for the phase.
    var status: String {
        switch phase {
        case .created: "created"
        case .starting: finishedAt.isNever ? "created" : "exited"
        case .running: "running"
        case .paused: "paused"
        case .restarting: "restarting"
        case .exited: "exited"
        case .removing: "removing"
        case .dead: "dead"
        }
    }

    /// What to do about `event`.
    ///
    /// - Throws: when a person asked for something that the phase does not allow.
    mutating func handle(_ event: Event, now: Timestamp) throws(EngineError) -> [Effect] {
        switch event {
        case .start: return try start()
        case .launched(let process): return launched(process, now: now)
        case .launchFailed(let failure): return launchFailed(failure, now: now)
        case .exited(let exit): return exited(exit)
        case .paused: return try pause()
        case .resumed: return try resume()
        case .oom:
            guard process != nil else { return [] }
            oomKilled = true
            return [.announce("oom")]
        case .stop: return stop()
        case .restartTimer(let timer):
            guard phase == .restarting(timer: timer) else { return [] }
            phase = .starting
            return [.launch]
        case .remove(let force): return try remove(force: force)
        case .removed:
            guard phase == .removing else { return [] }
            return [
                .announce("destroy"), .wakeExitWaiters(code: exitCode), .wakeRemovalWaiters(code: exitCode), .forget,
            ]
        case .removalFailed(let reason):
            guard phase == .removing else { return [] }
            phase = .dead
            error = reason
            return [.persist]
        }
    }

    private mutating func start() throws(EngineError) -> [Effect] {
        switch phase {
        case .created, .exited, .restarting: break
        case .starting, .running: throw .notModified("Container already started")
        case .paused: throw .conflict("cannot start a paused container, try unpause instead")
        case .removing: throw .conflict("container is marked for removal and cannot be started")
        case .dead: throw .conflict("container is marked for removal and cannot be started")
        }
        phase = .starting
        stoppedByHand = false
        restarts = 0
        backoff.reset()
        return [.launch]
    }

    private mutating func launched(_ process: Process, now: Timestamp) -> [Effect] {
        guard phase == .starting else { return [.kill] }
        phase = .running(process)
        startedAt = now
        exitCode = 0
        error = ""
        oomKilled = false
        return [.persist, .announce("start"), .startHealthchecks]
    }

    private mutating func launchFailed(_ failure: EngineError.StartFailure, now: Timestamp) -> [Effect] {
        guard phase == .starting else { return [] }
        exitCode = Int(failure.exitCode)
        error = failure.message
        if autoRemove {
            phase = .removing
            return [.announce("die", ["exitCode": "\(exitCode)"]), .wakeExitWaiters(code: exitCode), .tearDown]
        }
        // As docker has it: a container that never ran is still "created", and says why.
        phase = startedAt.isNever ? .created : .exited
        if restarts > 0 {
            let wait = backoff.afterExit(
                code: exitCode, ranFor: .zero, restarts: restarts, policy: policy, stoppedByHand: stoppedByHand)
            if let wait { return restart(after: wait, exitCode: exitCode) }
        }
        return [.persist, .wakeExitWaiters(code: exitCode)]
    }

    private mutating func exited(_ exit: Exit) -> [Effect] {
        guard process != nil else { return [] }
        exitCode = exit.code
        oomKilled = oomKilled || exit.oomKilled
        finishedAt = exit.at
        error = exit.reason
        let ranFor = startedAt.isNever ? Duration.zero : startedAt.duration(to: exit.at)
        let seconds = max(0, ranFor.components.seconds)
        let announcement = Effect.announce("die", ["exitCode": "\(exit.code)", "execDuration": "\(seconds)"])
        if !autoRemove || isRestartedByHand {
            let wait = backoff.afterExit(
                code: exit.code, ranFor: ranFor, restarts: restarts, policy: policy, stoppedByHand: stoppedByHand)
            if let wait { return [announcement, .stopHealthchecks] + restart(after: wait, exitCode: exit.code) }
            phase = .exited
            return [announcement, .stopHealthchecks, .persist, .wakeExitWaiters(code: exit.code)]
        }
        phase = .exited
        return [announcement, .stopHealthchecks, .wakeExitWaiters(code: exit.code), .autoRemove]
    }

    private mutating func restart(after wait: Duration, exitCode: Int) -> [Effect] {
        timers += 1
        restarts += 1
        phase = .restarting(timer: timers)
        return [.persist, .wakeExitWaiters(code: exitCode), .scheduleRestart(timer: timers, after: wait)]
    }

    private mutating func pause() throws(EngineError) -> [Effect] {
        switch phase {
        case .running(let process):
            phase = .paused(process)
            return [.announce("pause"), .persist]
        case .paused: throw .conflict("is already paused")
        case .restarting: throw .conflict("is restarting, wait until the container is running")
        case .created, .starting, .exited, .removing, .dead: throw .conflict("is not running")
        }
    }

    private mutating func resume() throws(EngineError) -> [Effect] {
        guard case .paused(let process) = phase else { throw .conflict("is not paused") }
        phase = .running(process)
        return [.announce("unpause"), .persist]
    }

    private mutating func stop() -> [Effect] {
        stoppedByHand = true
        guard case .restarting = phase else { return [.persist] }
        phase = .exited
        return [.persist, .wakeExitWaiters(code: exitCode)]
    }

    private mutating func remove(force: Bool) throws(EngineError) -> [Effect] {
        switch phase {
        case .running, .starting, .paused, .restarting:
            guard force else { throw .conflict(removalRefusal) }
            stoppedByHand = true
            if process != nil { return [.kill] }
            guard phase != .starting else { return [] }
            phase = .removing
            return [.tearDown]
        case .created, .exited, .dead:
            phase = .removing
            return [.tearDown]
        case .removing: throw .conflict("is already in progress")
        }
    }

    private var removalRefusal: String {
        switch phase {
        case .paused: "container is paused and must be unpaused first"
        case .restarting: "container is restarting: stop the container before removing or force remove"
        default: "container is running: stop the container before removing or force remove"
        }
    }
}

/// What the database keeps about a container's life; exec root files say the rest.
struct StoredState: Codable, Equatable, Sendable {
    var exitCode = 0
    var error = ""
    var oomKilled = false
    var startedAt = Timestamp.never
    var finishedAt = Timestamp.never
    var stoppedByHand = false
    var restarts = 0
    var wasRunning = false
    var dead = false
}
