import ClusterModel
import ClusterStore
import JSON
import NodeAgent
import Units

/// A node: its agent with the machines of its pods, which are the agent's own, and below it an engine, whose containers run on
/// although the agent restarts and end when the node does.
struct SimulatedNode {
    /// Something that the engine does in its time.
    enum Step: Hashable {
        case sandbox(uid: String)
        case start(uid: String, container: String, attempt: Int)
        case stop(uid: String, container: String, id: String)
        case clean(uid: String)
    }

    enum Effect {
        case send(PoolRequest, uid: String)
        case ask(Request)
        case work(Step)
    }

    struct EngineContainer {
        var id: String
        var attempt: Int
        var since: Timestamp
        var exit: Exit?
    }

    struct EnginePod {
        var pod: SimulatedPod
        var hasSandbox = false
        var containers: [String: EngineContainer] = [:]
        var isRunning: Bool { containers.values.contains { $0.exit == nil } }
    }

    private struct Report {
        var status: PodStatus?
        var wantsConfirmation = false
        var isUnderWay = false
        var since: Timestamp
    }

    let name: String
    let sabotage: Sabotage?
    private(set) var engine: [String: EnginePod] = [:]
    private var machines: [String: PodMachine] = [:]
    private var reports: [String: Report] = [:]
    private var revision: Revision?
    private var isFirst = true
    private var containers = 0
    /// Counts the lives of the agent: what was begun in an earlier one is told to nobody.
    private(set) var life = 0

    init(name: String, sabotage: Sabotage?) {
        self.name = name
        self.sabotage = sabotage
    }

    /// By uid: what runs on the machine, whoever knows of it.
    var running: [String: SimulatedPod] { engine.filter(\.value.isRunning).mapValues(\.pod) }

    var question: Request { revision.map { .changes(node: name, after: $0) } ?? .list(node: name) }

    /// Forgets what it knows, not what runs.
    mutating func restartAgent() {
        machines = [:]
        reports = [:]
        revision = nil
        isFirst = true
        life += 1
    }

    mutating func reboot(at now: Timestamp) {
        for (uid, pod) in engine {
            engine[uid]?.hasSandbox = false
            for (name, container) in pod.containers where container.exit == nil {
                engine[uid]?.containers[name]?.exit = Exit(
                    id: container.id, code: 137, startedAt: container.since, finishedAt: now)
            }
        }
        restartAgent()
    }

    // MARK: what the pool says

    mutating func take(_ answer: Answer, at now: Timestamp) -> [Effect] {
        var effects: [Effect] = []
        switch answer {
        case .pods(let pods, let revision):
            self.revision = revision
            let there = Set(pods.map { PodObject($0).uid })
            for uid in machines.keys.sorted() where !there.contains(uid) { effects += tell(uid, .disowned, at: now) }
            for pod in pods { effects += take(PodObject(pod), at: now) }
            if isFirst {
                isFirst = false
                for uid in engine.keys.sorted() where machines[uid] == nil { effects.append(.work(.clean(uid: uid))) }
            }
        case .changes(let changes, let through):
            for change in changes {
                switch change {
                case .now(let pod): effects += take(PodObject(pod), at: now)
                case .gone(let pod): effects += tell(PodObject(pod).uid, .disowned, at: now)
                }
            }
            revision = max(revision ?? through, through)
        case .compacted: revision = nil
        case .done, .refused: return []
        }
        return effects + [.ask(question)]
    }

    private mutating func take(_ pod: PodObject, at now: Timestamp) -> [Effect] {
        guard pod.nodeName == name else { return [] }
        let uid = pod.uid
        if machines[uid] != nil { return tell(uid, .desired(pod), at: now) }
        let found = engine[uid]
        if pod.phase.isTerminal, !pod.isBeingDeleted, found == nil { return [] }
        machines[uid] = PodMachine(pod, hostAddress: "192.0.2.1", at: now)
        var effects: [Effect] = []
        if let found {
            let containers = found.containers.sorted { $0.key < $1.key }.map { name, container in
                PodEvent.FoundContainer(
                    name: name, id: container.id, imageID: "", attempt: container.attempt, startedAt: container.since,
                    exit: container.exit)
            }
            let sandbox = found.hasSandbox ? Sandbox(id: uid, addresses: ["10.0.0.1"]) : nil
            effects += tell(uid, .found(sandbox: sandbox, containers: containers), at: now)
        } else {
            engine[uid] = EnginePod(pod: SimulatedPod(pod.object))
        }
        return effects + tell(uid, .desired(pod), at: now)
    }

    // MARK: the machines

    mutating func tick(at now: Timestamp) -> [Effect] {
        machines.keys.sorted().flatMap { tell($0, .tick, at: now) }
    }

    private mutating func tell(_ uid: String, _ event: PodEvent, at now: Timestamp) -> [Effect] {
        guard let effects = machines[uid]?.handle(event, at: now) else { return [] }
        var next: [Effect] = []
        for effect in effects {
            switch effect {
            case .makeSandbox: next.append(.work(.sandbox(uid: uid)))
            case .start(let name, let attempt):
                next.append(.work(.start(uid: uid, container: name, attempt: attempt)))
            case .stop(let name, let id, _):
                if sabotage != .ignoresEnds { next.append(.work(.stop(uid: uid, container: name, id: id))) }
            case .cleanUp: next.append(.work(.clean(uid: uid)))
            case .report(let status): reports[uid, default: Report(since: now)].status = status
            case .confirmDeletion: reports[uid, default: Report(since: now)].wantsConfirmation = true
            case .refresh: next += tell(uid, .refreshed, at: now)
            case .probe, .record: break
            }
        }
        if machines[uid]?.isOver == true, reports[uid]?.wantsConfirmation != true { machines[uid] = nil }
        return next + report(uid, at: now)
    }

    // MARK: what the pool is told

    private mutating func report(_ uid: String, at now: Timestamp) -> [Effect] {
        guard var report = reports[uid], !report.isUnderWay, let machine = machines[uid] else { return [] }
        var request: PoolRequest?
        if let status = report.status {
            request = PoolRequest(
                .patch, PoolPath.pod(key: machine.key) + "/status",
                body: ["metadata": ["uid": .string(uid)], "status": status.json], patch: .strategic)
        } else if report.wantsConfirmation {
            request = PoolRequest(
                .delete, PoolPath.pod(key: machine.key),
                body: ["gracePeriodSeconds": 0, "preconditions": ["uid": .string(uid)]])
        }
        guard let request else { return [] }
        report.isUnderWay = true
        report.since = now
        reports[uid] = report
        return [.send(request, uid: uid)]
    }

    /// Sends again what has had no answer.
    mutating func remind(at now: Timestamp) -> [Effect] {
        var effects: [Effect] = []
        for uid in reports.keys.sorted() {
            if let since = reports[uid]?.since, now.duration(since: since) > .seconds(3) {
                reports[uid]?.isUnderWay = false
            }
            effects += report(uid, at: now)
        }
        return effects
    }

    mutating func take(_ answer: Answer, to request: PoolRequest, of uid: String, at now: Timestamp) -> [Effect] {
        guard reports[uid] != nil else { return [] }
        reports[uid]?.isUnderWay = false
        var isDone = true
        if case .refused(let error) = answer { isDone = error.code == 404 || error.code == 409 }
        guard isDone else { return [] }
        if request.method == .delete {
            reports[uid] = nil
            if machines[uid]?.isOver == true { machines[uid] = nil }
            return []
        }
        if let status = reports[uid]?.status, request.body?["status"] == status.json { reports[uid]?.status = nil }
        return report(uid, at: now)
    }

    // MARK: the engine

    /// Does a step; tells the agent of it when it is still the one that asked.
    mutating func perform(_ step: Step, fails: Bool, isTold: Bool, at now: Timestamp) -> [Effect] {
        var event: PodEvent?
        var whose = ""
        switch step {
        case .sandbox(let uid):
            whose = uid
            guard engine[uid] != nil else { return [] }
            if !fails { engine[uid]?.hasSandbox = true }
            event =
                fails ? .sandboxFailed("no room") : .sandboxReady(Sandbox(id: uid, addresses: ["10.0.0.1"]))
        case .start(let uid, let name, let attempt):
            whose = uid
            guard engine[uid]?.hasSandbox == true else { return [] }
            if fails {
                event = .notStarted(container: name, reason: "ErrImagePull", message: "no")
            } else {
                containers += 1
                let id = "\(self.name)-\(containers)"
                engine[uid]?.containers[name] = EngineContainer(id: id, attempt: attempt, since: now)
                event = .started(container: name, id: id, imageID: "")
            }
        case .stop(let uid, let name, let id):
            whose = uid
            guard let container = engine[uid]?.containers[name], container.id == id, container.exit == nil else {
                return []
            }
            let exit = Exit(id: id, code: 137, startedAt: container.since, finishedAt: now)
            engine[uid]?.containers[name]?.exit = exit
            event = .ended(container: name, exit)
        case .clean(let uid):
            whose = uid
            engine[uid] = nil
            event = .cleaned
        }
        guard isTold, let event else { return [] }
        return tell(whose, event, at: now)
    }

    /// A container ends by itself.
    mutating func end(_ number: Int, at now: Timestamp) -> [Effect] {
        let alive = engine.sorted { $0.key < $1.key }.flatMap { uid, pod in
            pod.containers.filter { $0.value.exit == nil }.map { (uid, $0.key, $0.value) }
        }
        guard !alive.isEmpty else { return [] }
        let (uid, name, container) = alive[number % alive.count]
        let exit = Exit(id: container.id, code: 1, startedAt: container.since, finishedAt: now)
        engine[uid]?.containers[name]?.exit = exit
        return tell(uid, .ended(container: name, exit), at: now)
    }
}
