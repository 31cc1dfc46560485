internal import ClusterModel
internal import Units

/// One container of a pod: what it does now, what it did before, and when it may be tried again.
struct ContainerLife: Sendable, Equatable {
    enum State: Sendable, Equatable {
        case waiting(reason: String, message: String)
        case starting
        case running(id: String, since: Timestamp)
        case stopping(id: String, since: Timestamp)
        case ended(Exit)
    }

    let name: String
    let isInit: Bool
    let isSidecar: Bool
    var state = State.waiting(reason: "ContainerCreating", message: "")
    /// Of the runs before this one.
    var last: Exit?
    var restarts = 0
    var imageID = ""
    /// Its startup probe has succeeded, or it has none.
    var isStarted = false
    var isReady = false
    /// Not before.
    var retryAt: Timestamp?
    var backoff = Backoff()
    var probes: [ProbeKind: ProbeLife] = [:]

    init(_ container: ContainerObject, isInit: Bool) {
        name = container.name
        self.isInit = isInit
        isSidecar = isInit && container.isSidecar
    }

    var id: String? {
        switch state {
        case .running(let id, _), .stopping(let id, _): id
        case .ended(let exit): exit.id
        case .waiting, .starting: last?.id
        }
    }

    var isRunning: Bool {
        if case .running = state { true } else { false }
    }

    /// It has a process, or will have one any moment.
    var isAlive: Bool {
        switch state {
        case .starting, .running, .stopping: true
        case .waiting, .ended: false
        }
    }

    var exit: Exit? {
        if case .ended(let exit) = state { exit } else { nil }
    }

    func isDue(at now: Timestamp) -> Bool { retryAt.map { $0 <= now } ?? true }

    mutating func start(_ id: String, imageID: String, object: ContainerObject, at now: Timestamp) {
        state = .running(id: id, since: now)
        self.imageID = imageID
        retryAt = nil
        probes = [:]
        func add(_ kind: ProbeKind, _ probe: ProbeObject?) {
            guard let probe else { return }
            probes[kind] = ProbeLife(probe, from: now)
        }
        add(.startup, object.startupProbe)
        add(.liveness, object.livenessProbe)
        add(.readiness, object.readinessProbe)
        isStarted = object.startupProbe == nil
        isReady = isStarted && object.readinessProbe == nil
    }

    mutating func end(_ exit: Exit) {
        state = .ended(exit)
        isStarted = false
        isReady = false
        probes = [:]
    }

    /// The next run comes after a while.
    mutating func restart(_ exit: Exit, at now: Timestamp) {
        last = exit
        restarts += 1
        let ran = exit.finishedAt.duration(since: exit.startedAt)
        retryAt = now.advanced(by: backoff.next(after: ran))
        let seconds = backoff.current
        state = .waiting(
            reason: "CrashLoopBackOff", message: "back-off \(seconds)s restarting failed container \(name)")
    }

    /// It could not be started: again after a while.
    mutating func fail(_ reason: String, _ message: String, at now: Timestamp) {
        retryAt = now.advanced(by: backoff.next(after: .zero))
        state = .waiting(reason: reason, message: message)
    }
}

/// How long to wait before the next attempt: ten seconds, twice as long each time, five minutes at most; at once the first time,
/// and anew after it ran for ten minutes.
///
/// Source: Kubernetes, "Pod Lifecycle", "Container restarts".
struct Backoff: Sendable, Equatable {
    private static let longest = 300
    private static let forgotten = Duration.seconds(600)

    /// Seconds, as last given.
    private(set) var current = 0

    mutating func next(after run: Duration) -> Duration {
        if run >= Self.forgotten {
            current = 0
            return .zero
        }
        let due = current
        current = current == 0 ? 10 : min(Self.longest, current * 2)
        return .seconds(due)
    }
}

/// One probe of a running container.
struct ProbeLife: Sendable, Equatable {
    var due: Timestamp
    var isUnderWay = false
    /// In a row.
    var successes = 0
    var failures = 0

    init(_ probe: ProbeObject, from start: Timestamp) {
        due = start.advanced(by: .seconds(probe.initialDelay))
    }
}
