internal import ClusterModel
internal import Units

extension PodMachine {
    /// Does what is missing.
    mutating func advance(at now: Timestamp) -> [PodEffect] {
        if ending == nil { checkDeadline(at: now) }
        if let ending { return end(ending, at: now) }
        switch sandbox {
        case .none:
            sandbox = .making
            return [.makeSandbox]
        case .failed(_, let retryAt):
            guard retryAt <= now else { return [] }
            sandbox = .making
            return [.makeSandbox]
        case .making: return []
        case .ready: break
        }
        let (effects, isInitialized) = runInitContainers(at: now)
        guard isInitialized, ending == nil else {
            return ending.map { effects + end($0, at: now) } ?? effects
        }
        return effects + runContainers(at: now) + dueProbes(at: now) + refresh(at: now)
    }

    private mutating func refresh(at now: Timestamp) -> [PodEffect] {
        guard pod.volumes.contains(where: { VolumeFiles.kinds.contains($0.kind) }), ending == nil else { return [] }
        guard let due = refreshAt else {
            refreshAt = now.advanced(by: refreshPeriod)
            return []
        }
        guard due <= now, !isRefreshing else { return [] }
        refreshAt = now.advanced(by: refreshPeriod)
        isRefreshing = true
        return [.refresh]
    }

    private mutating func checkDeadline(at now: Timestamp) {
        guard let deadline = pod.activeDeadline, now >= startTime.advanced(by: .seconds(deadline)) else { return }
        ending = .failed(
            reason: "DeadlineExceeded", message: "Pod was active on the node longer than the specified deadline")
    }

    // MARK: starting

    /// Whether all are done that must be before the others start.
    private mutating func runInitContainers(at now: Timestamp) -> ([PodEffect], Bool) {
        var effects: [PodEffect] = []
        // Once a main container has run, init containers are not run again; sidecars are kept up.
        let isPast = lives.contains { !$0.isInit && ($0.isAlive || $0.exit != nil || $0.last != nil) }
        for index in lives.indices where lives[index].isInit {
            if lives[index].isSidecar {
                effects += keepUp(index, restarts: true, at: now)
                if !isPast, !(lives[index].isRunning && lives[index].isStarted) { return (effects, false) }
                continue
            }
            if isPast || lives[index].exit?.code == 0 { continue }
            if lives[index].exit != nil, pod.restartPolicy == .never {
                ending = .failed(reason: "", message: "init container \(lives[index].name) failed")
                return (effects, false)
            }
            return (effects + keepUp(index, restarts: true, at: now), false)
        }
        return (effects, true)
    }

    private mutating func runContainers(at now: Timestamp) -> [PodEffect] {
        var effects: [PodEffect] = []
        var isDone = true
        for index in lives.indices where !lives[index].isInit {
            let restarts = restarts(lives[index])
            effects += keepUp(index, restarts: restarts, at: now)
            if lives[index].exit == nil || restarts { isDone = false }
        }
        guard isDone else { return effects }
        ending = .finished
        return effects + end(.finished, at: now)
    }

    private func restarts(_ life: ContainerLife) -> Bool {
        switch pod.restartPolicy {
        case .always: true
        case .onFailure: life.exit?.code != 0
        case .never: false
        }
    }

    /// Starts the container when it is due; one that has ended waits for its turn first.
    private mutating func keepUp(_ index: Int, restarts: Bool, at now: Timestamp) -> [PodEffect] {
        if let exit = lives[index].exit {
            guard restarts else { return [] }
            lives[index].restart(exit, at: now)
            if !lives[index].isDue(at: now) {
                return [
                    .record(
                        severity: .warning, reason: "BackOff",
                        message: "Back-off restarting failed container \(lives[index].name) in pod \(pod.name)")
                ]
            }
        }
        guard case .waiting = lives[index].state, lives[index].isDue(at: now) else { return [] }
        lives[index].state = .starting
        return [.start(container: lives[index].name, attempt: lives[index].restarts)]
    }

    // MARK: ending

    private mutating func end(_ ending: Ending, at now: Timestamp) -> [PodEffect] {
        var effects: [PodEffect] = []
        let grace =
            switch ending {
            case .deleted(let grace): grace
            case .failed(let reason, _):
                reason.isEmpty ? pod.terminationGracePeriod : min(pod.terminationGracePeriod, 30)
            case .finished: pod.terminationGracePeriod
            }
        // Sidecars go after the containers that they serve, the last to come first.
        let others = lives.indices.filter { !lives[$0].isSidecar }
        for index in others { effects += stop(index, grace: grace) }
        if others.allSatisfy({ !lives[$0].isAlive }) {
            for index in lives.indices.reversed() where lives[index].isSidecar {
                guard lives[index].isAlive else { continue }
                effects += stop(index, grace: grace)
                break
            }
        }
        let isBusy = sandbox == .making || isRefreshing
        guard lives.allSatisfy({ !$0.isAlive }), !isBusy, !isCleaning else { return effects }
        // What has ended by itself keeps its containers, so that their logs can be read until it is deleted; what had to go for want
        // of room does not.
        guard pod.isBeingDeleted || isDisowned || ending.isEviction else { return effects }
        isCleaning = true
        return effects + [.cleanUp]
    }

    private mutating func stop(_ index: Int, grace: Int) -> [PodEffect] {
        guard case .running(let id, let since) = lives[index].state else { return [] }
        lives[index].state = .stopping(id: id, since: since)
        lives[index].isReady = false
        lives[index].probes = [:]
        return [
            .record(severity: .normal, reason: "Killing", message: "Stopping container \(lives[index].name)"),
            .stop(container: lives[index].name, id: id, grace: grace),
        ]
    }

    // MARK: probes

    private mutating func dueProbes(at now: Timestamp) -> [PodEffect] {
        var effects: [PodEffect] = []
        for index in lives.indices {
            guard case .running(let id, _) = lives[index].state else { continue }
            for kind in ProbeKind.allCases {
                // The others begin when it has started.
                guard kind == .startup ? !lives[index].isStarted : lives[index].isStarted,
                    let probe = lives[index].probes[kind], !probe.isUnderWay, probe.due <= now
                else { continue }
                lives[index].probes[kind]?.isUnderWay = true
                effects.append(.probe(container: lives[index].name, id: id, kind))
            }
        }
        return effects
    }

    mutating func probed(
        _ name: String, _ kind: ProbeKind, _ succeeded: Bool, _ message: String, at now: Timestamp
    ) -> [PodEffect] {
        guard let index = index(of: name), lives[index].isRunning, var probe = lives[index].probes[kind],
            let object = object(index), let wanted = object.probe(kind)
        else { return [] }
        probe.isUnderWay = false
        probe.due = now.advanced(by: .seconds(wanted.period))
        probe.successes = succeeded ? probe.successes + 1 : 0
        probe.failures = succeeded ? 0 : probe.failures + 1
        lives[index].probes[kind] = probe
        if succeeded {
            guard probe.successes >= wanted.successThreshold else { return [] }
            switch kind {
            case .startup:
                lives[index].isStarted = true
                if object.readinessProbe == nil { lives[index].isReady = true }
            case .readiness: lives[index].isReady = true
            case .liveness: break
            }
            return []
        }
        let word = kind.rawValue.prefix(1).uppercased() + kind.rawValue.dropFirst()
        var effects: [PodEffect] = [
            .record(severity: .warning, reason: "Unhealthy", message: "\(word) probe failed: \(message)")
        ]
        guard probe.failures >= wanted.failureThreshold else { return effects }
        guard kind != .readiness else {
            lives[index].isReady = false
            return effects
        }
        effects.append(
            .record(
                severity: .normal, reason: "Killing",
                message: "Container \(name) failed \(kind.rawValue) probe, will be restarted"))
        return effects + stop(index, grace: wanted.terminationGracePeriod ?? pod.terminationGracePeriod)
    }
}

extension ContainerObject {
    func probe(_ kind: ProbeKind) -> ProbeObject? {
        switch kind {
        case .startup: startupProbe
        case .liveness: livenessProbe
        case .readiness: readinessProbe
        }
    }
}

// MARK: - What is reported

extension PodMachine {
    private var phase: PodObject.Phase {
        let main = lives.filter { !$0.isInit }
        if case .failed = ending { return .failed }
        if ending == .finished || ending != nil && main.allSatisfy({ $0.exit != nil }) {
            if pod.phase.isTerminal, main.allSatisfy({ $0.exit == nil }) { return pod.phase }
            return main.allSatisfy { $0.exit?.code == 0 } ? .succeeded : .failed
        }
        return main.contains { $0.isRunning || $0.exit != nil || $0.last != nil || $0.isStopping } ? .running : .pending
    }

    mutating func status(at now: Timestamp) -> PodStatus {
        let phase = phase
        let initialized = lives.allSatisfy { life in
            !life.isInit || (life.isSidecar ? life.isStarted : life.exit?.code == 0)
                || lives.contains { !$0.isInit && ($0.isAlive || $0.exit != nil || $0.last != nil) }
        }
        let containersReady = phase == .running && lives.allSatisfy { $0.isReady || $0.isInit && !$0.isSidecar }
        let gates = pod.readinessGates.allSatisfy { pod.condition($0)?["status"].text == "True" }
        let why: String? = phase == .succeeded ? "PodCompleted" : nil
        set("PodReadyToStartContainers", sandboxID != nil, nil, at: now)
        set("Initialized", initialized, why ?? (initialized ? nil : "ContainersNotInitialized"), at: now)
        set("ContainersReady", containersReady, why ?? (containersReady ? nil : "ContainersNotReady"), at: now)
        set("Ready", containersReady && gates, why ?? (containersReady ? nil : "ContainersNotReady"), at: now)
        var (reason, message): (String?, String?) = (nil, nil)
        if case .failed(let word, let text) = ending { (reason, message) = (word.isEmpty ? nil : word, text) }
        if case .failed(let text, _) = sandbox { message = message ?? text }
        var addresses: [String] = []
        if case .ready(let sandbox) = sandbox { addresses = sandbox.addresses }
        let objects = pod.initContainers + pod.containers
        let statuses = zip(lives, objects).map { ($0.isInit, $0.status($1)) }
        return PodStatus(
            phase: phase, reason: reason, message: message, addresses: addresses, hostAddress: hostAddress,
            startTime: startTime, qualityOfService: pod.qualityOfService, conditions: conditions,
            containers: statuses.filter { !$0.0 }.map(\.1), initContainers: statuses.filter(\.0).map(\.1))
    }

    private mutating func set(_ type: String, _ isTrue: Bool, _ reason: String?, at now: Timestamp) {
        guard let index = conditions.firstIndex(where: { $0.type == type }) else {
            conditions.append(PodStatus.Condition(type: type, isTrue: isTrue, since: now, reason: reason))
            return
        }
        if conditions[index].isTrue != isTrue { conditions[index].since = now }
        conditions[index].isTrue = isTrue
        conditions[index].reason = reason
    }
}

extension PodMachine.Ending {
    /// What the API calls a pod that had to go.
    static let evicted = "Evicted"

    var isEviction: Bool {
        if case .failed(Self.evicted, _) = self { true } else { false }
    }
}

extension ContainerLife {
    var isStopping: Bool {
        if case .stopping = state { true } else { false }
    }
}
