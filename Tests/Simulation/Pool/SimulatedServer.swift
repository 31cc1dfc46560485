import ClusterModel
import ClusterStore
import Controllers
import JSON
import SchedulerLoop
import Units

@testable import APIServer

/// The control plane of a simulated pool: the store's core, admission, the scheduling loop, the nodes' lifecycle and the budgets'
/// book are the server's own; their shells are here.
struct SimulatedServer: ~Copyable {
    /// Something that goes on when a write is durable, or is not.
    enum Continuation {
        case answer(Message, Answer)
        case binding(uid: String, node: String)
        case lifecycle(NodeEffect)
        case budget(BudgetBook.Update)
    }

    private struct Waiting {
        var through: Revision
        var succeeded: Bool
        var then: Continuation
    }

    private struct Poll {
        var message: Message
        var node: String
        var after: Revision
    }

    var core: StoreCore
    private var machine = SchedulerMachine()
    private var lifecycle: NodeLifecycle
    private var book = BudgetBook()
    private var waiting: [Waiting] = []
    private var polls: [Poll] = []
    private var ticks = 0
    private(set) var isWriting = false
    let sabotage: Sabotage?
    /// Messages to send, in order.
    var outbox: [Message] = []
    /// What readers have been shown, for the invariants.
    var shown: [WatchEvent] = []
    /// Pods that the lifecycle had leave since somebody asked.
    var evicted: [String] = []

    /// A server that starts: it reads what is there before it decides anything.
    init(_ core: consuming StoreCore, sabotage: Sabotage?, at now: Int64) throws {
        self.core = core
        self.sabotage = sabotage
        var settings = LifecycleSettings()
        settings.grace = .seconds(8)
        settings.evictionRate = 1
        lifecycle = NodeLifecycle(settings)
        for kind in [Catalog.node, Catalog.pod, Catalog.disruptionBudget] {
            for object in try objects(kind) { try take(tell(object.value, of: kind, at: now), now) }
        }
    }

    static func time(_ now: Int64) -> Timestamp {
        Timestamp(nanoseconds: 1_800_000_000_000_000_000 + now * 1000)
    }

    /// As readers see them.
    func pods() throws -> [SimulatedPod] { try objects(Catalog.pod).map { SimulatedPod($0.value) } }

    // MARK: requests

    mutating func handle(_ message: Message, _ request: Request, at now: Int64) throws {
        switch request {
        case .api(let request): try run(request, then: { .answer(message, $0) }, at: now)
        case .list(let node):
            let page = try core.list(ListRequest(try Self.podFolder(), term: try IndexTerm("spec.nodeName", node)))
            answer(message, .pods(try page.objects.map { try ObjectCodec.decode($0).value }, page.revision))
        case .changes(let node, let after): try poll(Poll(message: message, node: node, after: after), mayWait: true)
        }
    }

    private static func podFolder() throws(StoreError) -> KeyRange { .folder(try KeyFolder("pods")) }

    /// Does one request; `then` says what follows when what it wrote is durable.
    private mutating func run(_ request: PoolRequest, then: (Answer) -> Continuation, at now: Int64) throws {
        let planned = Result { () throws(APIError) in try plan(request, at: now) }
        switch planned {
        case .success(.done(let object)): try goOn(then(.done(object)), succeeded: true, at: now)
        case .failure(let error): try goOn(then(.refused(error)), succeeded: false, at: now)
        case .success(.write(let transaction, let object)):
            let result = try core.apply(transaction, at: Self.time(now))
            let isCreation = transaction.conditions.contains { if case .missing = $0 { true } else { false } }
            let refusal: APIError =
                isCreation
                ? .alreadyExists(Catalog.pod, name: request.path) : .unavailable("somebody was faster")
            wait(result, then(result.succeeded ? .done(object) : .refused(refusal)))
        }
    }

    // MARK: writes

    private mutating func wait(_ result: TransactionResult, _ then: Continuation) {
        if sabotage == .answersEarly, case .answer(let message, let answer) = then {
            self.answer(message, answer)
            return
        }
        waiting.append(Waiting(through: result.revision, succeeded: result.succeeded, then: then))
    }

    private mutating func goOn(_ then: Continuation, succeeded: Bool, at now: Int64) throws {
        switch then {
        case .answer(let message, let answer): self.answer(message, answer)
        case .binding(let uid, let node):
            let outcome = succeeded ? BindingOutcome.confirmed : .conflicted
            try take(machine.handle(.bound(uid: uid, node: node, outcome), at: Self.time(now)), now)
        case .lifecycle(let effect): if !succeeded { lifecycle.failed(effect) }
        case .budget(let update): if !succeeded { book.failed(update) }
        }
    }

    private mutating func answer(_ message: Message, _ answer: Answer) {
        outbox.append(Message(from: .server, to: message.from, number: message.number, content: .answer(answer)))
    }

    /// What the disk is to write next; `nil` while it writes, or when there is nothing.
    mutating func nextBatch(at now: Int64) throws -> JournalBatch? {
        guard !isWriting else { return nil }
        while let batch = core.takeBatch() {
            guard batch.isEmpty || sabotage == .publishesEarly else {
                isWriting = true
                return batch
            }
            try publish(batch, at: now)
            if sabotage == .publishesEarly, !batch.isEmpty {
                isWriting = true
                return batch
            }
        }
        try settle(at: now)
        return nil
    }

    mutating func written(_ batch: JournalBatch, at now: Int64) throws {
        isWriting = false
        if sabotage != .publishesEarly { try publish(batch, at: now) }
    }

    /// The disk was full.
    mutating func refused(_ batch: JournalBatch, at now: Int64) throws {
        isWriting = false
        guard sabotage != .publishesEarly else { return }
        core.rollback(batch, at: Self.time(now))
        let all = waiting
        waiting = []
        for item in all {
            if case .answer(let message, _) = item.then {
                answer(message, .refused(.unavailable("the disk is full")))
            } else if case .binding(let uid, let node) = item.then {
                try take(machine.handle(.bound(uid: uid, node: node, .failed("full")), at: Self.time(now)), now)
            } else {
                try goOn(item.then, succeeded: false, at: now)
            }
        }
    }

    private mutating func publish(_ batch: JournalBatch, at now: Int64) throws {
        let events = core.publish(batch, at: Self.time(now))
        shown += events
        for event in events { try tell(event, at: now) }
        try settle(at: now)
        let open = polls
        polls = []
        for poll in open { try self.poll(poll, mayWait: true) }
        try countBudgets(at: now)
        try decide(at: now)
    }

    /// Goes on with what waited for what is published now.
    private mutating func settle(at now: Int64) throws {
        let published = core.published
        let ready = waiting.filter { $0.through <= published }
        waiting.removeAll { $0.through <= published }
        for item in ready { try goOn(item.then, succeeded: item.succeeded, at: now) }
    }

    private mutating func poll(_ poll: Poll, mayWait: Bool) throws {
        let request = WatchRequest(try Self.podFolder(), term: try IndexTerm("spec.nodeName", poll.node))
        let batch: WatchBatch
        do throws(StoreError) {
            batch = try core.events(after: poll.after, for: request)
        } catch {
            return answer(poll.message, .compacted)
        }
        if batch.events.isEmpty, mayWait {
            polls.append(Poll(message: poll.message, node: poll.node, after: batch.through))
            return
        }
        let changes = try batch.events.compactMap { event -> Answer.Change? in
            if let stored = event.object { return .now(try ObjectCodec.decode(stored).value) }
            return try event.previous.map { .gone(try ObjectCodec.decode($0).value) }
        }
        answer(poll.message, .changes(changes, through: batch.through))
    }

    // MARK: controllers

    private mutating func tell(_ event: WatchEvent, at now: Int64) throws {
        let words = event.key.path.split(separator: "/")
        guard let stored = event.object ?? event.previous else { return }
        let object = try ObjectCodec.decode(stored)
        guard let kind = Catalog.kind(apiVersion: object.apiVersion, kind: object.kind) else { return }
        if event.object != nil { return try take(tell(object.value, of: kind, at: now), now) }
        let time = Self.time(now)
        if kind == Catalog.pod {
            let key = words.dropFirst().joined(separator: "/")
            let uid = object.uid ?? ""
            lifecycle.handle(.podGone(key: key, uid: uid), at: time)
            book.removePod(key)
            try take(machine.handle(.podGone(key: key, uid: uid), at: time), now)
        }
    }

    /// Tells the controllers what there is.
    private mutating func tell(_ object: JSONValue, of kind: ResourceKind, at now: Int64) -> [LoopEffect] {
        let time = Self.time(now)
        switch kind {
        case Catalog.pod:
            let pod = PodObject(object)
            lifecycle.handle(.pod(pod), at: time)
            book.put(pod)
            if sabotage == .forgetsRunning, pod.nodeName != nil { return [] }
            return machine.handle(.pod(pod), at: time)
        case Catalog.node:
            lifecycle.handle(.node(NodeObject(object)), at: time)
            return machine.handle(.node(NodeObject(object)), at: time)
        case Catalog.lease:
            lifecycle.handle(.lease(LeaseObject(object)), at: time)
        case Catalog.disruptionBudget:
            let budget = PodDisruptionBudgetObject(object)
            book.put(budget)
            return machine.handle(.budget(budget), at: time)
        default: break
        }
        return []
    }

    private mutating func decide(at now: Int64) throws {
        while true {
            let effects = machine.decide(at: Self.time(now), limit: 16)
            guard !effects.isEmpty else { return }
            try take(effects, now)
        }
    }

    private mutating func take(_ effects: [LoopEffect], _ now: Int64) throws {
        for case .bind(let bindings) in effects {
            for binding in bindings { try bind(binding, at: now) }
        }
    }

    private mutating func bind(_ binding: Binding, at now: Int64) throws {
        let body: JSONValue = [
            "kind": "Binding", "metadata": ["uid": .string(binding.uid)], "target": ["name": .string(binding.node)],
        ]
        let request = PoolRequest(.post, PoolPath.pod(key: binding.key) + "/binding", body: body)
        try run(request, then: { _ in .binding(uid: binding.uid, node: binding.node) }, at: now)
    }

    /// Writes how many pods of an app may leave.
    private mutating func countBudgets(at now: Int64) throws {
        for update in book.updates(at: Self.time(now)) {
            let request = PoolRequest(
                .patch, PoolPath.budget(update.namespace, update.name) + "/status", body: ["status": update.status],
                patch: .merge)
            try run(request, then: { _ in .budget(update) }, at: now)
        }
    }

    /// What time brings: nodes that are silent, placements that were never confirmed.
    mutating func tick(at now: Int64) throws {
        let time = Self.time(now)
        try take(machine.tick(at: time), now)
        try decide(at: now)
        for effect in lifecycle.tick(at: time) {
            if case .evict(let pod, _) = effect { evicted.append(pod.uid) }
            for request in effect.requests(at: time) {
                try run(request, then: { _ in .lifecycle(effect) }, at: now)
            }
        }
        try countBudgets(at: now)
        let old = polls
        polls = []
        ticks += 1
        for poll in old { try self.poll(poll, mayWait: ticks % 5 != 0) }
    }
}
