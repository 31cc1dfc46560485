package import ClusterModel
internal import JSON
package import Logging
package import Scheduling
internal import Units

/// Places the pool's pods: feeds the machine from watches, and performs what it decides.
///
/// Bindings go out while the next decisions are made. It decides nothing before it has seen everything once.
package actor SchedulerLoop {
    private enum Source: Hashable, CaseIterable {
        case queues, addressPools, nodes, pods, budgets, priorityClasses, namespaces, podGroups

        /// Sources are read in this order: what says how to schedule, then what there is, then the pods that run on it.
        var stage: Int {
            switch self {
            case .queues, .addressPools: 0
            case .pods: 2
            default: 1
            }
        }

        var path: String {
            switch self {
            case .nodes: PoolPath.nodes
            case .pods: PoolPath.pods
            case .budgets: PoolPath.budgets
            case .priorityClasses: PoolPath.priorityClasses
            case .namespaces: PoolPath.namespaces
            case .queues: PoolPath.queues
            case .addressPools: PoolPath.addressPools
            case .podGroups: PoolPath.podGroups
            }
        }
    }

    /// How many decisions are made, and bindings written, at a time.
    private static let mostTogether = 128

    private let access: any PoolAccess
    private let recorder: EventRecorder
    private let logger: Logger
    private let base: Configuration
    private var machine: SchedulerMachine
    private var mirrors: [Source: Mirror] = [:]
    private var unseen = Set(Source.allCases)
    private var queueObjects: [String: QueueObject] = [:]
    /// By name: what an IPPool says, and what that means where it makes sense.
    private var poolObjects: [String: (told: JSONValue?, spec: AddressPoolSpec?)] = [:]
    /// What the machine was made from.
    private var description: Description?
    private var channels = Channels()

    private struct Description: Equatable {
        var bands: [Band]
        var pools: [AddressPoolSpec]
    }

    /// What the parts of one life tell each other.
    private struct Channels {
        let wakeups: AsyncStream<Void>
        let waker: AsyncStream<Void>.Continuation
        let effects: AsyncStream<[LoopEffect]>
        let performer: AsyncStream<[LoopEffect]>.Continuation
        /// By source: told when its stage has come.
        var gates: [Source: (stream: AsyncStream<Void>, opener: AsyncStream<Void>.Continuation)] = [:]
        let ends: AsyncStream<Void>
        let ender: AsyncStream<Void>.Continuation

        init() {
            (wakeups, waker) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
            (effects, performer) = AsyncStream.makeStream()
            (ends, ender) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
            for source in Source.allCases {
                let (stream, opener) = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1))
                gates[source] = (stream, opener)
            }
        }
    }

    package init(_ access: any PoolAccess, configuration: Configuration = Configuration(), logger: Logger) {
        self.access = access
        self.logger = logger
        recorder = EventRecorder(access, component: "pouch-scheduler")
        base = configuration
        machine = SchedulerMachine(configuration)
    }

    /// Serves until the calling task is cancelled; begins anew when queues or pools of addresses are described differently.
    package func run() async {
        while !Task.isCancelled {
            begin()
            let channels = channels
            await withTaskGroup(of: Void.self) { group in
                for source in Source.allCases { group.addTask { await self.reflect(source) } }
                group.addTask { await self.decide(channels) }
                group.addTask { await self.tick() }
                group.addTask { await self.perform(channels) }
                group.addTask { await self.publish() }
                for await _ in channels.ends { break }
                group.cancelAll()
            }
        }
    }

    private func begin() {
        mirrors = [:]
        unseen = Set(Source.allCases)
        queueObjects = [:]
        poolObjects = [:]
        description = nil
        channels = Channels()
        for source in Source.allCases where source.stage == 0 { channels.gates[source]?.opener.yield() }
    }

    /// Each queue as it stands.
    package func queues() -> [QueueReport] { machine.queues() }

    /// Why the pod `namespace/name` is where it is, or nowhere.
    package func explain(_ key: String) -> Explanation? { machine.explain(key) }

    // MARK: in

    private func gate(_ source: Source) -> AsyncStream<Void>? { channels.gates[source]?.stream }

    private nonisolated func reflect(_ source: Source) async {
        if let gate = await gate(source) { for await _ in gate { break } }
        if Task.isCancelled { return }
        let reflection = Reflection(access, source.path) { [logger] error in
            logger.warning("a watch is tried again", metadata: ["path": "\(source.path)", "error": "\(error)"])
        }
        await reflection.runBatches { news in await self.take(news, from: source) }
    }

    private func take(_ batch: [Reflected], from source: Source) {
        if Task.isCancelled { return }
        var events: [LoopEvent] = []
        var isDescribedAnew = false
        for news in batch {
            for change in mirrors[source, default: Mirror()].take(news) {
                if describe(change, source) { isDescribedAnew = true }
                if let event = Self.event(change, source) { events.append(event) }
            }
        }
        if !events.isEmpty { handle(events) }
        let isWhole = batch.contains { if case .whole = $0 { true } else { false } }
        if isWhole, unseen.remove(source) != nil { seen(source) }
        guard isDescribedAnew, let description, description != currentDescription() else { return }
        logger.info("queues or pools of addresses have changed: the scheduling loop begins anew")
        channels.ender.yield()
    }

    /// A source has been seen whole for the first time.
    private func seen(_ source: Source) {
        let stage = source.stage
        guard !unseen.contains(where: { $0.stage <= stage }) else { return }
        if stage == 0 {
            let now = currentDescription()
            description = now
            var configuration = base
            configuration.bands = now.bands
            machine = SchedulerMachine(configuration, pools: AddressPools(now.pools))
        }
        for next in Source.allCases where next.stage == stage + 1 { channels.gates[next]?.opener.yield() }
        guard unseen.isEmpty else { return }
        logger.info("the scheduling loop has seen the pool", metadata: ["waiting": "\(machine.waitingCount)"])
        channels.waker.yield()
    }

    /// Keeps what says how to schedule; whether it says something else than before: how it stands is written into the same objects.
    private func describe(_ change: Mirror.Change, _ source: Source) -> Bool {
        switch (source, change) {
        case (.queues, .changed(let object)):
            let queue = QueueObject(object)
            let before = queueObjects.updateValue(queue, forKey: queue.name)
            return before.map { $0.field["spec"].value != queue.field["spec"].value } ?? true
        case (.queues, .gone(let key, _)): return queueObjects.removeValue(forKey: key) != nil
        case (.addressPools, .changed(let object)): return describe(addressPool: Field(object))
        case (.addressPools, .gone(let key, _)): return poolObjects.removeValue(forKey: key) != nil
        default: return false
        }
    }

    private func describe(addressPool object: Field) -> Bool {
        let (name, told) = (object["metadata"]["name"].text ?? "", object["spec"].value)
        if let before = poolObjects[name], before.told == told { return false }
        var spec: AddressPoolSpec?
        do throws(ManifestError) { spec = try AddressPoolSpec(object) } catch {
            logger.warning("an IPPool gives no addresses", metadata: ["pool": "\(name)", "error": "\(error)"])
        }
        poolObjects[name] = (told, spec)
        return true
    }

    private func currentDescription() -> Description {
        let pools = poolObjects.sorted { $0.key < $1.key }.compactMap(\.value.spec)
        return Description(bands: QueueReader.bands(Array(queueObjects.values), over: base.bands), pools: pools)
    }

    private static func event(_ change: Mirror.Change, _ source: Source) -> LoopEvent? {
        switch (source, change) {
        case (.nodes, .changed(let object)): .node(NodeObject(object))
        case (.nodes, .gone(let key, _)): .nodeGone(name: key)
        case (.pods, .changed(let object)): .pod(PodObject(object))
        case (.pods, .gone(let key, let uid)): .podGone(key: key, uid: uid)
        case (.budgets, .changed(let object)): .budget(PodDisruptionBudgetObject(object))
        case (.budgets, .gone(let key, _)):
            .budgetGone(
                namespace: key.split(separator: "/").first.map(String.init) ?? "",
                name: key.split(separator: "/").last.map(String.init) ?? "")
        case (.priorityClasses, .changed(let object)): .priorityClass(PriorityClassObject(object))
        case (.priorityClasses, .gone(let key, _)): .priorityClassGone(name: key)
        case (.namespaces, .changed(let object)):
            .namespace(
                name: Field(object)["metadata"]["name"].text ?? "", labels: Field(object)["metadata"]["labels"].texts)
        case (.podGroups, .changed(let object)): .podGroup(PodGroupObject(object))
        case (.podGroups, .gone(let key, _)): .podGroupGone(key: key)
        case (.namespaces, .gone), (.queues, _), (.addressPools, _): nil
        }
    }

    private func handle(_ events: [LoopEvent]) {
        var effects: [LoopEffect] = []
        let now = Timestamp.now
        for event in events { effects += machine.handle(event, at: now) }
        if !effects.isEmpty { channels.performer.yield(effects) }
        channels.waker.yield()
    }

    // MARK: decisions

    private func decide(_ channels: Channels) async {
        for await _ in channels.wakeups where unseen.isEmpty {
            while !Task.isCancelled {
                let effects = machine.decide(at: .now, limit: Self.mostTogether)
                if effects.isEmpty { break }
                channels.performer.yield(effects)
                await Task.yield()
            }
        }
    }

    private func tick() async {
        while (try? await Task.sleep(for: .seconds(1))) != nil {
            guard unseen.isEmpty else { continue }
            let effects = machine.tick(at: .now)
            if !effects.isEmpty { channels.performer.yield(effects) }
            channels.waker.yield()
        }
    }

    private func publish() async {
        var publisher = QueuePublisher(access)
        while (try? await Task.sleep(for: .seconds(2))) != nil {
            guard unseen.isEmpty else { continue }
            let reports = machine.queues()
            do throws(PoolError) { try await publisher.publish(reports, at: .now) } catch {
                logger.warning("the queues' state was not written", metadata: ["error": "\(error)"])
            }
        }
    }

    // MARK: out

    private nonisolated func perform(_ channels: Channels) async {
        await withDiscardingTaskGroup { group in
            for await effects in channels.effects {
                var bindings: [Binding] = []
                for effect in effects {
                    if case .bind(let more) = effect {
                        bindings += more
                    } else {
                        group.addTask { await self.perform(effect) }
                    }
                }
                if !bindings.isEmpty { group.addTask { [bindings] in await self.bind(bindings) } }
            }
        }
    }

    private nonisolated func perform(_ effect: LoopEffect) async {
        switch effect {
        case .bind(let bindings): await bind(bindings)
        case .evict(let key, let uid, let reason): await evict(key, uid, reason)
        case .waiting(let key, let uid, let reason, let message, let node):
            await explain(key, uid, reason, message, node)
        case .record(let record): await recorder.record(record, at: .now)
        }
    }

    private nonisolated func bind(_ bindings: [Binding]) async {
        let requests = bindings.map { binding -> PoolRequest in
            let name = binding.key.split(separator: "/").last.map(String.init) ?? binding.key
            var body: JSONValue = [
                "apiVersion": "v1", "kind": "Binding",
                "metadata": ["name": .string(name), "uid": .string(binding.uid)],
                "target": ["apiVersion": "v1", "kind": "Node", "name": .string(binding.node)],
            ]
            if !binding.annotations.isEmpty {
                let annotations = binding.annotations.sorted { $0.key < $1.key }.map {
                    ($0.key, JSONValue.string($0.value))
                }
                body["metadata"]?["annotations"] = .object(JSONObject(annotations))
            }
            return PoolRequest(.post, PoolPath.pod(key: binding.key) + "/binding", body: body)
        }
        var events: [LoopEvent] = []
        for (binding, result) in zip(bindings, await access.sendAll(requests)) {
            var outcome = BindingOutcome.confirmed
            if case .failure(let error) = result {
                outcome = error.isNotFound ? .gone : error.isConflict ? .conflicted : .failed(error.description)
                logger.warning(
                    "a binding failed",
                    metadata: ["pod": "\(binding.key)", "node": "\(binding.node)", "error": "\(error)"])
            }
            events.append(.bound(uid: binding.uid, node: binding.node, outcome))
        }
        await handle(events)
    }

    private nonisolated func evict(_ key: String, _ uid: String, _ reason: String) async {
        let condition = PodConditions.condition(
            "DisruptionTarget", true, reason: "PreemptionByScheduler", message: reason, at: .now)
        do throws(PoolError) {
            try await access.patch(
                "\(PoolPath.pod(key: key))/status",
                ["metadata": ["uid": .string(uid)], "status": ["conditions": [condition]]], kind: .strategic)
            let options: JSONValue = [
                "apiVersion": "v1", "kind": "DeleteOptions", "preconditions": ["uid": .string(uid)],
            ]
            _ = try await access.send(PoolRequest(.delete, PoolPath.pod(key: key), body: options))
        } catch {
            guard !error.isNotFound, !error.isConflict else { return }
            logger.warning("a pod was not evicted", metadata: ["pod": "\(key)", "error": "\(error)"])
        }
    }

    private nonisolated func explain(
        _ key: String, _ uid: String, _ reason: String, _ message: String, _ node: String?
    ) async {
        let condition = PodConditions.condition("PodScheduled", false, reason: reason, message: message, at: .now)
        var status: JSONValue = ["conditions": [condition]]
        if let node { status["nominatedNodeName"] = .string(node) }
        do throws(PoolError) {
            try await access.patch(
                "\(PoolPath.pod(key: key))/status", ["metadata": ["uid": .string(uid)], "status": status],
                kind: .strategic)
        } catch {
            guard !error.isNotFound, !error.isConflict else { return }
            logger.warning("a pod's condition was not written", metadata: ["pod": "\(key)", "error": "\(error)"])
        }
    }
}
