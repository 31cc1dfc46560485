package import ClusterModel
package import Units

/// One pod on this node: what comes next.
///
/// Events in, effects out; no clock, no I/O. It looks at the whole state after each event and does what is missing, so that an event
/// that is lost or comes twice changes nothing but the time. Containers are started in the order of the specification: init
/// containers one after the other, a sidecar counts as done when it has started, then all others at once.
///
/// Source: Kubernetes, "Pod Lifecycle", "Init Containers", "Sidecar Containers".
package struct PodMachine: Sendable {
    enum SandboxState: Sendable, Equatable {
        case none
        case making
        case ready(Sandbox)
        case failed(String, retryAt: Timestamp)
    }

    /// Why it is to end, if it is.
    enum Ending: Sendable, Equatable {
        /// The pool asks for it; the grace in seconds.
        case deleted(grace: Int)
        /// It stays, as failed.
        case failed(reason: String, message: String)
        /// All has been done.
        case finished
    }

    var pod: PodObject
    let hostAddress: String
    var lives: [ContainerLife]
    var sandbox = SandboxState.none
    var sandboxBackoff = Backoff()
    var ending: Ending?
    var isDisowned = false
    var isCleaning = false
    var isClean = false
    var isConfirmed = false
    let startTime: Timestamp
    var conditions: [PodStatus.Condition] = []
    /// When its files are brought up to date the next time.
    var refreshAt: Timestamp?
    /// They are being brought up to date: nothing is cleared away beside that.
    var isRefreshing = false
    let refreshPeriod: Duration
    private var reported: PodStatus?

    /// The pod's containers in the order of their start.
    package init(
        _ pod: PodObject, hostAddress: String, refreshPeriod: Duration = .seconds(60), at now: Timestamp
    ) {
        self.pod = pod
        self.refreshPeriod = refreshPeriod
        self.hostAddress = hostAddress
        startTime = pod.status["startTime"].time ?? now
        lives =
            pod.initContainers.map { ContainerLife($0, isInit: true) }
            + pod.containers.map { ContainerLife($0, isInit: false) }
        for life in lives.indices where pod.phase.isTerminal { lives[life].state = .waiting(reason: "", message: "") }
        if pod.phase.isTerminal { ending = .finished }
    }

    /// Nothing is left of it here, and the pool knows.
    package var isOver: Bool { isClean && (isConfirmed || isDisowned) }
    package var key: String { pod.key }
    package var uid: String { pod.uid }
    package var isEnding: Bool { ending != nil }
    /// Something of it takes room on the node: its sandbox, processes, or what is being cleared away.
    package var isHere: Bool { !isClean && (sandboxID != nil || isCleaning || lives.contains(where: \.isAlive)) }
    package var sandboxID: String? {
        if case .ready(let sandbox) = sandbox { sandbox.id } else { nil }
    }

    /// The running, or else the latest, container called `name`.
    package func containerID(_ name: String) -> String? { lives.first { $0.name == name }?.id }

    package mutating func handle(_ event: PodEvent, at now: Timestamp) -> [PodEffect] {
        var effects = note(event, at: now)
        effects += advance(at: now)
        let status = status(at: now)
        // A pod that ended before this agent began has said all there is.
        let saysNothing = ending == .finished && reported == nil && pod.phase.isTerminal
        if status != reported, !isDisowned, !saysNothing {
            reported = status
            effects.append(.report(status))
        }
        if isClean, !isConfirmed, !isDisowned, pod.isBeingDeleted {
            isConfirmed = true
            effects.append(.confirmDeletion)
        }
        return effects
    }

    /// The report did not arrive: it is sent again with the next event.
    package mutating func reportFailed() { reported = nil }
    /// The confirmation did not arrive.
    package mutating func confirmationFailed() { isConfirmed = false }

    // MARK: events

    private mutating func note(_ event: PodEvent, at now: Timestamp) -> [PodEffect] {
        switch event {
        case .desired(let pod):
            // It may be told its own labels and annotations.
            if pod.labels != self.pod.labels || pod.annotations != self.pod.annotations { refreshAt = now }
            self.pod = pod
            // Somebody else has said meanwhile how ready it is, while nobody heard of this node: what holds is said again.
            if let told = reported?.conditions.first(where: { $0.type == "Ready" })?.isTrue,
                let there = pod.condition("Ready")?["status"].text, (there == "True") != told
            {
                reported = nil
            }
            guard pod.isBeingDeleted else { return [] }
            let grace = pod.deletionGracePeriod ?? pod.terminationGracePeriod
            if ending == nil { ending = .deleted(grace: grace) }
        case .disowned:
            isDisowned = true
            if ending == nil { ending = .deleted(grace: 0) }
        case .found(let sandbox, let containers): adopt(sandbox, containers)
        case .sandboxReady(let sandbox):
            self.sandbox = .ready(sandbox)
            sandboxBackoff = Backoff()
        case .sandboxFailed(let why):
            sandbox = .failed(why, retryAt: now.advanced(by: max(.seconds(1), sandboxBackoff.next(after: .zero))))
            return [.record(severity: .warning, reason: "FailedCreatePodSandBox", message: why)]
        case .sandboxEnded: return sandboxEnded(at: now)
        case .started(let name, let id, let imageID):
            guard let index = index(of: name), let object = object(index) else { return [] }
            lives[index].start(id, imageID: imageID, object: object, at: now)
            return [.record(severity: .normal, reason: "Started", message: "Started container \(name)")]
        case .notStarted(let name, let reason, let message):
            guard let index = index(of: name) else { return [] }
            lives[index].fail(reason, message, at: now)
            return [.record(severity: .warning, reason: "Failed", message: message)]
        case .ended(let name, let exit):
            guard let index = index(of: name), lives[index].id == exit.id, lives[index].isAlive else {
                return []
            }
            lives[index].end(exit)
        case .probed(let name, let kind, let succeeded, let message):
            return probed(name, kind, succeeded, message, at: now)
        case .refreshed: isRefreshing = false
        case .cleaned: isClean = true
        case .evicted(let reason, let message):
            guard ending == nil else { return [] }
            ending = .failed(reason: reason, message: message)
            return [.record(severity: .warning, reason: reason, message: message)]
        case .tick: break
        }
        return []
    }

    private mutating func adopt(_ sandbox: Sandbox?, _ containers: [PodEvent.FoundContainer]) {
        if let sandbox { self.sandbox = .ready(sandbox) }
        for found in containers {
            guard let index = index(of: found.name), let object = object(index) else { continue }
            lives[index].restarts = found.attempt
            lives[index].start(found.id, imageID: found.imageID, object: object, at: found.startedAt)
            if let exit = found.exit { lives[index].end(exit) }
        }
    }

    /// Its namespaces are gone, and with them its address: all starts anew.
    private mutating func sandboxEnded(at now: Timestamp) -> [PodEffect] {
        sandbox = .none
        guard ending == nil else { return [] }
        return [.record(severity: .normal, reason: "SandboxChanged", message: "Pod sandbox ended: it is made again")]
    }

    func index(of name: String) -> Int? { lives.firstIndex { $0.name == name } }

    func object(_ index: Int) -> ContainerObject? {
        let objects = pod.initContainers + pod.containers
        return objects.indices.contains(index) ? objects[index] : nil
    }
}
