import ClusterModel
import ClusterStore
import SchedulerLoop
import Units

/// The control plane of a simulated pool: the store's core, the scheduling loop's machine, budgets and readiness of nodes.
struct SimulatedServer: ~Copyable {
    /// Something that goes on when a write is durable, or is not.
    enum Continuation {
        case answer(Message, Answer)
        case binding(uid: String, node: String)
        case nothing
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
    private var waiting: [Waiting] = []
    private var polls: [Poll] = []
    private var beats: [String: Int64] = [:]
    private var ticks = 0
    private(set) var isWriting = false
    let sabotage: Sabotage?
    /// How many pods of the app with a budget must stay.
    let desired: Int
    /// Messages to send, in order.
    var outbox: [Message] = []
    /// What readers have been shown, for the invariants.
    var shown: [WatchEvent] = []

    /// A server that starts: it reads what is there before it decides anything.
    init(_ core: consuming StoreCore, desired: Int, sabotage: Sabotage?, at now: Int64) throws {
        self.core = core
        self.sabotage = sabotage
        self.desired = desired
        for node in try self.core.list(ListRequest(.folder(KeyFolder("nodes")))).objects.compactMap(NodeRecord.init) {
            _ = machine.handle(.node(node.object), at: Self.time(now))
            beats[node.name] = now
        }
        for pod in try self.core.list(ListRequest(.folder(KeyFolder("pods")))).objects.compactMap(PodRecord.init) {
            if sabotage == .forgetsRunning, !pod.node.isEmpty { continue }
            _ = machine.handle(.pod(pod.object), at: Self.time(now))
        }
    }

    static func time(_ now: Int64) -> Timestamp {
        Timestamp(nanoseconds: 1_800_000_000_000_000_000 + now * 1000)
    }

    /// As readers see them.
    func pods() throws -> [PodRecord] {
        try core.list(ListRequest(.folder(KeyFolder("pods")))).objects.compactMap(PodRecord.init)
    }

    // MARK: requests

    mutating func handle(_ message: Message, _ request: Request, at now: Int64) throws {
        switch request {
        case .create(let pod):
            let result = try apply(.create(try pod.put), at: now)
            let isMine = result.succeeded || PodRecord(result.object)?.uid == pod.uid
            wait(result, .answer(message, isMine ? .done : .refused))
        case .delete(let pod): try leave(pod, message, conditions: [], others: [], at: now)
        case .evict(let pod): try evict(pod, message, at: now)
        case .running(let pod):
            try change(pod, message, at: now) { record in
                record.phase = .running
                return true
            }
        case .ended(let pod):
            guard let (record, object) = try current(pod), record.isLeaving else { return answer(message, .done) }
            let result = try apply(.delete(object.key, at: object.modified), at: now)
            wait(result, .answer(message, result.succeeded ? .done : .refused))
        case .list(let node):
            let term = try IndexTerm("spec.nodeName", node)
            let page = try core.list(ListRequest(.folder(KeyFolder("pods")), term: term))
            answer(message, .pods(page.objects.compactMap(PodRecord.init), page.revision))
        case .changes(let node, let after): try poll(Poll(message: message, node: node, after: after), mayWait: true)
        case .beat(let node):
            beats[node] = now
            let put = Put(try StoreKey("beats/\(node)"), StoredValue(Array("\(now)".utf8)))
            wait(try apply(Transaction([.put(put)]), at: now), .answer(message, .done))
            try show(node, isReady: true, at: now)
        }
    }

    private func current(_ pod: PodRecord) throws -> (PodRecord, StoredObject)? {
        guard let object = try core.get(pod.key), let record = PodRecord(object), record.uid == pod.uid else {
            return nil
        }
        return (record, object)
    }

    private mutating func change(
        _ pod: PodRecord, _ message: Message, at now: Int64, _ body: (inout PodRecord) -> Bool
    ) throws {
        guard let (known, object) = try current(pod) else { return answer(message, .done) }
        var record = known
        guard body(&record) else { return answer(message, .done) }
        let result = try apply(.replace(try record.put, at: object.modified), at: now)
        wait(result, .answer(message, result.succeeded ? .done : .refused))
    }

    /// Has a pod leave: at once when it has no node, else its node ends it first.
    private mutating func leave(
        _ pod: PodRecord, _ message: Message, conditions: [Condition], others: [Operation], at now: Int64
    ) throws {
        guard let (known, object) = try current(pod), !known.isLeaving else { return answer(message, .done) }
        var record = known
        record.isLeaving = true
        let own: Operation = record.node.isEmpty ? .delete(object.key) : .put(try record.put)
        let transaction = Transaction(
            when: [.modified(object.key, at: object.modified)] + conditions, [own] + others)
        let result = try apply(transaction, at: now)
        wait(result, .answer(message, result.succeeded ? .done : .refused))
    }

    private mutating func evict(_ pod: PodRecord, _ message: Message, at now: Int64) throws {
        let key = try StoreKey("budgets/web")
        guard let budget = try core.get(key), let allowed = Int(String(decoding: budget.value, as: UTF8.self)),
            allowed > 0
        else { return answer(message, .refused) }
        let put = Put(key, StoredValue(Array("\(allowed - 1)".utf8)))
        let condition: [Condition] = sabotage == .spendsTwice ? [] : [.modified(key, at: budget.modified)]
        try leave(pod, message, conditions: condition, others: [.put(put)], at: now)
    }

    // MARK: writes

    private mutating func apply(_ transaction: Transaction, at now: Int64) throws -> TransactionResult {
        try core.apply(transaction, at: Self.time(now))
    }

    private mutating func wait(_ result: TransactionResult, _ then: Continuation) {
        if sabotage == .answersEarly, case .answer(let message, let answer) = then {
            self.answer(message, answer)
            return
        }
        waiting.append(Waiting(through: result.revision, succeeded: result.succeeded, then: then))
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
            switch item.then {
            case .answer(let message, _): answer(message, .refused)
            case .binding(let uid, let node):
                try take(machine.handle(.bound(uid: uid, node: node, .failed("full")), at: Self.time(now)), now)
            case .nothing: break
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
        if events.contains(where: { $0.key.path.hasPrefix("pods/") }) { try countBudget(at: now) }
        try decide(at: now)
    }

    /// Goes on with what waited for what is published now.
    private mutating func settle(at now: Int64) throws {
        let published = core.published
        let ready = waiting.filter { $0.through <= published }
        waiting.removeAll { $0.through <= published }
        for item in ready {
            switch item.then {
            case .answer(let message, let answer): self.answer(message, answer)
            case .binding(let uid, let node):
                let outcome = item.succeeded ? BindingOutcome.confirmed : .conflicted
                try take(machine.handle(.bound(uid: uid, node: node, outcome), at: Self.time(now)), now)
            case .nothing: break
            }
        }
    }

    private mutating func poll(_ poll: Poll, mayWait: Bool) throws {
        let request = WatchRequest(.folder(try KeyFolder("pods")), term: try IndexTerm("spec.nodeName", poll.node))
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
        let changes = batch.events.compactMap { event -> Answer.Change? in
            if let record = PodRecord(event.object) { return .now(record) }
            return PodRecord(event.previous).map { .gone($0) }
        }
        answer(poll.message, .changes(changes, through: batch.through))
    }

    // MARK: controllers

    private mutating func tell(_ event: WatchEvent, at now: Int64) throws {
        let time = Self.time(now)
        if let pod = PodRecord(event.object) {
            if sabotage == .forgetsRunning, !pod.node.isEmpty { return }
            try take(machine.handle(.pod(pod.object), at: time), now)
        } else if let pod = PodRecord(event.previous), event.object == nil {
            try take(machine.handle(.podGone(key: "default/\(pod.name)", uid: pod.uid), at: time), now)
        } else if let node = NodeRecord(event.object) {
            try take(machine.handle(.node(node.object), at: time), now)
        }
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
        let key = try StoreKey("pods/\(binding.key)")
        guard let object = try core.get(key), var record = PodRecord(object), record.uid == binding.uid else {
            return try take(
                machine.handle(.bound(uid: binding.uid, node: binding.node, .gone), at: Self.time(now)), now)
        }
        guard record.node.isEmpty, !record.isLeaving else {
            return try take(
                machine.handle(.bound(uid: binding.uid, node: binding.node, .conflicted), at: Self.time(now)), now)
        }
        record.node = binding.node
        let put = try record.put
        let transaction: Transaction =
            sabotage == .bindsBlindly ? Transaction([.put(put)]) : .replace(put, at: object.modified)
        wait(try apply(transaction, at: now), .binding(uid: binding.uid, node: binding.node))
    }

    /// Writes how many pods of the app may leave.
    private mutating func countBudget(at now: Int64) throws {
        let healthy = try pods().count { $0.app == "web" && $0.phase == .running && !$0.isLeaving }
        let allowed = Array("\(max(0, healthy - desired))".utf8)
        let key = try StoreKey("budgets/web")
        let known = try core.get(key)
        guard known?.value != allowed else { return }
        let put = Put(key, StoredValue(allowed))
        let transaction: Transaction = known.map { .replace(put, at: $0.modified) } ?? .create(put)
        wait(try apply(transaction, at: now), .nothing)
    }

    /// What time brings: nodes that are silent, placements that were never confirmed.
    mutating func tick(at now: Int64) throws {
        try take(machine.tick(at: Self.time(now)), now)
        try decide(at: now)
        for (node, beat) in beats.sorted(by: { $0.key < $1.key }) where now - beat > 15_000_000 {
            try show(node, isReady: false, at: now)
        }
        try countBudget(at: now)
        let old = polls
        polls = []
        ticks += 1
        for poll in old { try self.poll(poll, mayWait: ticks % 5 != 0) }
    }

    private mutating func show(_ node: String, isReady: Bool, at now: Int64) throws {
        let key = try StoreKey("nodes/\(node)")
        guard let object = try core.get(key), var record = NodeRecord(object), record.isReady != isReady else { return }
        record.isReady = isReady
        wait(try apply(.replace(try record.put, at: object.modified), at: now), .nothing)
    }
}
