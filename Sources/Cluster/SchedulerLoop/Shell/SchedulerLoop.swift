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
        case nodes, pods, budgets, priorityClasses, namespaces

        var path: String {
            switch self {
            case .nodes: PoolPath.nodes
            case .pods: PoolPath.pods
            case .budgets: PoolPath.budgets
            case .priorityClasses: PoolPath.priorityClasses
            case .namespaces: PoolPath.namespaces
            }
        }
    }

    /// How many decisions are made, and bindings written, at a time.
    private static let mostTogether = 128

    private let access: any PoolAccess
    private let recorder: EventRecorder
    private let logger: Logger
    private var machine: SchedulerMachine
    private var mirrors: [Source: Mirror] = [:]
    private var unseen = Set(Source.allCases)
    /// Told when all but the pods has been seen: nodes come before the pods that run on them.
    private let readyForPods: AsyncStream<Void>
    private let podsOpener: AsyncStream<Void>.Continuation
    private let wakeups: AsyncStream<Void>
    private let waker: AsyncStream<Void>.Continuation
    private let effects: AsyncStream<[LoopEffect]>
    private let performer: AsyncStream<[LoopEffect]>.Continuation

    package init(_ access: any PoolAccess, configuration: Configuration = Configuration(), logger: Logger) {
        self.access = access
        self.logger = logger
        recorder = EventRecorder(access, component: "pouch-scheduler")
        machine = SchedulerMachine(configuration)
        (wakeups, waker) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
        (effects, performer) = AsyncStream.makeStream()
        (readyForPods, podsOpener) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    /// Serves until the calling task is cancelled.
    package func run() async {
        await withDiscardingTaskGroup { group in
            for source in Source.allCases {
                group.addTask { await self.reflect(source) }
            }
            group.addTask { await self.decide() }
            group.addTask { await self.tick() }
            group.addTask { await self.perform() }
            group.addTask { await self.publish() }
        }
    }

    /// Each queue as it stands.
    package func queues() -> [QueueReport] { machine.queues() }

    /// Why the pod `namespace/name` is where it is, or nowhere.
    package func explain(_ key: String) -> Explanation? { machine.explain(key) }

    // MARK: in

    private nonisolated func reflect(_ source: Source) async {
        if source == .pods { for await _ in readyForPods { break } }
        let reflection = Reflection(access, source.path) { [logger] error in
            logger.warning("a watch is tried again", metadata: ["path": "\(source.path)", "error": "\(error)"])
        }
        await reflection.runBatches { news in await self.take(news, from: source) }
    }

    private func take(_ batch: [Reflected], from source: Source) {
        var events: [LoopEvent] = []
        for news in batch {
            for change in mirrors[source, default: Mirror()].take(news) {
                if let event = Self.event(change, source) { events.append(event) }
            }
        }
        handle(events)
        let isWhole = batch.contains { if case .whole = $0 { true } else { false } }
        guard isWhole, unseen.remove(source) != nil else { return }
        if unseen == [.pods] { podsOpener.yield() }
        guard unseen.isEmpty else { return }
        logger.info("the scheduling loop has seen the pool", metadata: ["waiting": "\(machine.waitingCount)"])
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
        case (.namespaces, .gone): nil
        }
    }

    private func handle(_ events: [LoopEvent]) {
        var effects: [LoopEffect] = []
        let now = Timestamp.now
        for event in events { effects += machine.handle(event, at: now) }
        if !effects.isEmpty { performer.yield(effects) }
        waker.yield()
    }

    // MARK: decisions

    private func decide() async {
        for await _ in wakeups where unseen.isEmpty {
            while !Task.isCancelled {
                let effects = machine.decide(at: .now, limit: Self.mostTogether)
                if effects.isEmpty { break }
                performer.yield(effects)
                await Task.yield()
            }
        }
    }

    private func tick() async {
        while (try? await Task.sleep(for: .seconds(1))) != nil {
            guard unseen.isEmpty else { continue }
            let effects = machine.tick(at: .now)
            if !effects.isEmpty { performer.yield(effects) }
            waker.yield()
        }
    }

    private func publish() async {
        var publisher = QueuePublisher(access)
        while (try? await Task.sleep(for: .seconds(5))) != nil {
            guard unseen.isEmpty else { continue }
            let reports = machine.queues()
            do throws(PoolError) { try await publisher.publish(reports, at: .now) } catch {
                logger.warning("the queues' state was not written", metadata: ["error": "\(error)"])
            }
        }
    }

    // MARK: out

    private nonisolated func perform() async {
        await withDiscardingTaskGroup { group in
            for await effects in effects {
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
            let body: JSONValue = [
                "apiVersion": "v1", "kind": "Binding",
                "metadata": ["name": .string(name), "uid": .string(binding.uid)],
                "target": ["apiVersion": "v1", "kind": "Node", "name": .string(binding.node)],
            ]
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
