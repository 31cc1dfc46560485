internal import ClusterModel
internal import JSON
package import Scheduling
package import Units

/// The scheduling loop as a value: events of the pool in, bindings and explanations out.
///
/// It keeps the API's objects and the scheduler's view of them in step: a pod is assumed where it was placed until its binding is
/// confirmed, fails, or is seen in a watch. No clock, no I/O, no randomness.
package struct SchedulerMachine: ~Copyable {
    /// What is known of a pod that is not over.
    struct Known {
        var key: String
        var uid: String
        var priority: Int
        var queue: String
        var since: Timestamp
        /// Where the API says that it is.
        var node: String?
        /// Where it was placed, while the binding is on its way.
        var assumed: String?
        var isGated: Bool
        var labels: JSONValue?
        /// Where its address comes from.
        var addressPool: String?
        /// There was a place for it and no address.
        var lacksAddress = false
        /// What its condition says.
        var message = ""
    }

    /// How many nodes may be looked at in one turn to explain why pods wait.
    private static let explanationBudget = 20_000

    private var scheduler: Scheduler
    private let configuration: Configuration
    private var reader = PodReader(priorities: [
        "system-cluster-critical": 2_000_000_000, "system-node-critical": 2_000_001_000,
    ])
    /// By the scheduler's name for it.
    private var known: [String: Known] = [:]
    private var identities: [String: String] = [:]
    private var nodes: Set<String> = []
    /// Pods that came or were tried and are not explained yet, the first to come first.
    private var unexplained: [String] = []
    private var pools: AddressPools
    /// By group: pods whose PodGroup is not there yet, by their uid.
    private var ungrouped: [String: [String: PodObject]] = [:]
    /// By uid: the group for which such a pod is held.
    private var heldFor: [String: String] = [:]

    package init(_ configuration: Configuration = Configuration(), pools: AddressPools = AddressPools()) {
        self.configuration = configuration
        self.pools = pools
        scheduler = Scheduler(configuration)
        reader.pools = pools
    }

    /// How many pods it knows that have no node yet.
    package var waitingCount: Int { known.values.count { $0.node == nil } }

    // MARK: events

    package mutating func handle(_ event: LoopEvent, at now: Timestamp) -> [LoopEffect] {
        switch event {
        case .pod(let pod): return take(pod, at: now)
        case .podGone(let key, let uid):
            letGo(uid)
            guard let id = identities[key], uid.isEmpty || known[id]?.uid == uid else { return [] }
            return forget(id, at: now)
        case .node(let node): return take(node, at: now)
        case .nodeGone(let name):
            nodes.remove(name)
            return tell(.nodeRemoved(name: name), at: now)
        case .budget(let budget):
            guard let selector = try? SelectorReader.labels(budget.selector) else { return [] }
            return tell(
                .budgetChanged(
                    DisruptionBudget(
                        name: budget.name, namespace: budget.namespace, selector: selector, allowed: budget.allowed)),
                at: now)
        case .budgetGone(let namespace, let name):
            return tell(.budgetRemoved(namespace: namespace, name: name), at: now)
        case .priorityClass(let priority):
            reader.priorities[priority.name] = priority.value
            reader.queues[priority.name] = priority.annotations["pouch.io/queue"]
        case .priorityClassGone(let name):
            reader.priorities[name] = nil
            reader.queues[name] = nil
        case .podGroup(let group):
            // Pods that are queued keep the number that the group had when they came.
            reader.groups[group.key] = group
            let pods = ungrouped.removeValue(forKey: group.key) ?? [:]
            return pods.sorted { $0.key < $1.key }.flatMap { take($0.value, at: now) }
        case .podGroupGone(let key): reader.groups[key] = nil
        case .namespace(let name, let labels):
            reader.namespaces[name] = labels
            return tell(.namespaceChanged(name: name, labels: labels), at: now)
        case .bound(let uid, let node, let outcome): return end(uid, on: node, outcome, at: now)
        }
        return []
    }

    /// What can be decided now, at most `limit` decisions; empty when there is nothing to decide.
    package mutating func decide(at now: Timestamp, limit: Int = 512) -> [LoopEffect] {
        var effects: [LoopEffect] = []
        var count = 0
        while count < limit, let decision = scheduler.decide(at: now) {
            effects += perform(decision, at: now)
            count += 1
        }
        if count < limit { effects += explainSome(at: now) }
        return effects
    }

    /// Ends what time ends.
    package mutating func tick(at now: Timestamp) -> [LoopEffect] {
        var effects: [LoopEffect] = []
        for decision in scheduler.tick(at: now) { effects += perform(decision, at: now) }
        return effects
    }

    // MARK: questions

    package func queues() -> [QueueReport] {
        var reports = configuration.bands.map {
            QueueReport(
                name: $0.name, isStrict: $0.isStrict, weight: $0.weight, minimumPriority: $0.minimumPriority, depth: 0,
                running: 0, oldest: nil)
        }
        for pod in known.values where !pod.isGated {
            guard let index = reports.firstIndex(where: { $0.name == pod.queue }) else { continue }
            guard pod.node == nil, pod.assumed == nil else {
                reports[index].running += 1
                continue
            }
            reports[index].depth += 1
            reports[index].oldest = min(reports[index].oldest ?? pod.since, pod.since)
        }
        return reports
    }

    /// Why the pod `namespace/name` is where it is, or nowhere.
    package mutating func explain(_ key: String) -> Explanation? {
        guard let id = identities[key] else { return nil }
        return scheduler.explain(id)
    }

    // MARK: pods

    private mutating func take(_ pod: PodObject, at now: Timestamp) -> [LoopEffect] {
        let id = pod.uid.isEmpty ? pod.key : pod.uid
        var effects: [LoopEffect] = []
        // What is held is what was seen last; it may be over meanwhile, bound by somebody else, or of another group.
        let held = letGo(pod.uid)
        if let before = identities[pod.key], before != id { effects += forget(before, at: now) }
        guard !pod.phase.isTerminal, pod.nodeName != nil || !pod.isBeingDeleted else {
            return effects + forget(id, at: now)
        }
        guard let before = known[id] else {
            if pod.nodeName == nil, let group = PodReader.group(of: pod.field), reader.groups[group] == nil {
                return effects + hold(pod, for: group, isNew: held != group)
            }
            return effects + add(pod, id, at: now)
        }
        if before.labels != pod.metadata["labels"].value
            || before.node != pod.nodeName && before.assumed != pod.nodeName
        {
            effects += forget(id, at: now)
            return effects + add(pod, id, at: now)
        }
        if let node = pod.nodeName, before.node == nil {
            known[id]?.node = node
            known[id]?.assumed = nil
            effects += tell(.bindingConfirmed(id: id), at: now)
        }
        let isGated = !pod.spec["schedulingGates"].elements.isEmpty
        if before.isGated, !isGated {
            known[id]?.isGated = false
            known[id]?.since = now
            effects += tell(.podReleased(id: id), at: now)
            unexplained.append(id)
        }
        return effects
    }

    /// A pod whose group nobody has described is not placed: how many must come together is not known.
    private mutating func hold(_ pod: PodObject, for group: String, isNew: Bool) -> [LoopEffect] {
        ungrouped[group, default: [:]][pod.uid] = pod
        heldFor[pod.uid] = group
        guard isNew else { return [] }
        return [
            .waiting(
                key: pod.key, uid: pod.uid, reason: "Unschedulable", message: "there is no PodGroup \(group) yet",
                nominatedNode: nil)
        ]
    }

    /// The group for which the pod was held until now.
    @discardableResult
    private mutating func letGo(_ uid: String) -> String? {
        guard let group = heldFor.removeValue(forKey: uid) else { return nil }
        ungrouped[group]?[uid] = nil
        if ungrouped[group]?.isEmpty == true { ungrouped[group] = nil }
        return group
    }

    private mutating func add(_ object: PodObject, _ id: String, at now: Timestamp) -> [LoopEffect] {
        var pod: Pod
        do throws(ManifestError) {
            pod = try reader.pod(object.field)
        } catch {
            return [
                .waiting(
                    key: object.key, uid: object.uid, reason: "SchedulerError", message: error.description,
                    nominatedNode: nil)
            ]
        }
        pod.id = id
        let named = pod.template.queue.flatMap { name in configuration.bands.first { $0.name == name } }
        let band = named ?? configuration.bands.first { pod.template.priority >= $0.minimumPriority }
        let queue = band?.name ?? ""
        let pool = pod.template.requirements.addressPool
        if let pool, object.nodeName != nil, let address = object.annotations[AddressPools.addressAnnotation] {
            pools.hold(id, pool, address)
        }
        known[id] = Known(
            key: object.key, uid: object.uid, priority: Int(pod.template.priority), queue: queue,
            since: object.creationTime ?? now, node: object.nodeName, isGated: pod.isGated,
            labels: object.metadata["labels"].value,
            addressPool: pool)
        identities[object.key] = id
        if object.nodeName == nil, !pod.isGated { unexplained.append(id) }
        return tell(.podAdded(pod), at: now)
    }

    private mutating func forget(_ id: String, at now: Timestamp) -> [LoopEffect] {
        guard let pod = known.removeValue(forKey: id) else { return [] }
        if identities[pod.key] == id { identities[pod.key] = nil }
        pools.release(id)
        return tell(.podRemoved(id: id), at: now)
    }

    private mutating func end(
        _ uid: String, on named: String?, _ outcome: BindingOutcome, at now: Timestamp
    ) -> [LoopEffect] {
        // One that was given up meanwhile says nothing about where the pod is to go now: the watch tells where it is.
        guard let pod = known[uid], let node = pod.assumed, named == nil || named == node else { return [] }
        switch outcome {
        case .confirmed:
            known[uid]?.node = node
            known[uid]?.assumed = nil
            let record = EventRecord(
                pod: pod.key, uid: pod.uid, reason: "Scheduled",
                message: "Successfully assigned \(pod.key) to \(node)")
            return tell(.bindingConfirmed(id: uid), at: now) + [.record(record)]
        case .conflicted:
            known[uid]?.assumed = nil
            return tell(.bindingConflicted(id: uid), at: now)
        case .failed(let why):
            known[uid]?.assumed = nil
            let record = EventRecord(
                pod: pod.key, uid: pod.uid, severity: .warning, reason: "FailedScheduling",
                message: "binding rejected: \(why)")
            return tell(.bindingFailed(id: uid), at: now) + [.record(record)]
        case .gone: return forget(uid, at: now)
        }
    }

    // MARK: nodes

    private mutating func take(_ object: NodeObject, at now: Timestamp) -> [LoopEffect] {
        do throws(ManifestError) {
            var node = try NodeReader.node(
                object.field, named: object.name, pool: object.labels["pouch.io/node-pool"] ?? "")
            if !pools.specs.isEmpty { node.addressPools.formUnion(pools.reached(from: node.labels)) }
            let isNew = nodes.insert(node.name).inserted
            return tell(isNew ? .nodeAdded(node) : .nodeUpdated(node), at: now)
        } catch {
            // One that has not said what it has, or says it wrongly, takes no pods.
            guard nodes.remove(object.name) != nil else { return [] }
            return tell(.nodeRemoved(name: object.name), at: now)
        }
    }

    // MARK: decisions

    private mutating func tell(_ event: Event, at now: Timestamp) -> [LoopEffect] {
        var effects: [LoopEffect] = []
        for decision in scheduler.handle(event, at: now) { effects += perform(decision, at: now) }
        return effects
    }

    private mutating func perform(_ decision: Decision, at now: Timestamp) -> [LoopEffect] {
        switch decision {
        case .place(let placement): return assume([placement], at: now)
        case .placeGang(_, let placements): return assume(placements, at: now)
        case .preempt(let pod, let node, let victims):
            guard let preemptor = known[pod] else { return [] }
            unexplained.removeAll { $0 == pod }
            let message = "\(victims.count) pods of lower priority leave \(node) for it"
            known[pod]?.message = message
            return evict(victims, for: preemptor.key, on: node) + [
                .waiting(
                    key: preemptor.key, uid: preemptor.uid, reason: "Unschedulable", message: message,
                    nominatedNode: node)
            ]
        case .preemptGang(let name, let nominations, let victims):
            return evict(victims, for: "gang \(name)", on: "\(nominations.count) nodes")
        case .wait(let pod): return explain(pod, at: now)
        case .expired(let pod):
            known[pod]?.assumed = nil
            return []
        case .gangTimedOut(let name, let running):
            return running.compactMap { id in
                known[id].map { .evict(key: $0.key, uid: $0.uid, reason: "gang \(name) did not come together") }
            }
        }
    }

    /// Places that were decided become bindings, all of them or none.
    private mutating func assume(_ placements: [Placement], at now: Timestamp) -> [LoopEffect] {
        var bindings: [Binding] = []
        for placement in placements {
            guard let pod = known[placement.pod] else { continue }
            var annotations: [String: String] = [:]
            if let pool = pod.addressPool, pools.specs[pool] != nil {
                guard let address = pools.take(pool, for: placement.pod) else {
                    return placements.flatMap { giveUp($0.pod, for: pool, at: now) }
                }
                annotations = [AddressPools.poolAnnotation: pool, AddressPools.addressAnnotation: address]
            }
            bindings.append(Binding(key: pod.key, uid: pod.uid, node: placement.node, annotations: annotations))
        }
        for placement in placements {
            known[placement.pod]?.assumed = placement.node
            known[placement.pod]?.lacksAddress = false
        }
        return bindings.isEmpty ? [] : [.bind(bindings)]
    }

    /// It has a place and no address: it is tried again after a while.
    private mutating func giveUp(_ id: String, for pool: String, at now: Timestamp) -> [LoopEffect] {
        pools.release(id)
        let effects = tell(.bindingFailed(id: id), at: now)
        let message = "IPPool \(pool) has no free address"
        known[id]?.lacksAddress = true
        guard let pod = known[id], pod.message != message else { return effects }
        known[id]?.message = message
        return effects + [
            .waiting(key: pod.key, uid: pod.uid, reason: "Unschedulable", message: message, nominatedNode: nil)
        ]
    }

    private func evict(_ victims: [String], for preemptor: String, on node: String) -> [LoopEffect] {
        victims.flatMap { id -> [LoopEffect] in
            guard let victim = known[id] else { return [] }
            let reason = "Preempted by \(preemptor) on \(node)"
            return [
                .evict(key: victim.key, uid: victim.uid, reason: reason),
                .record(EventRecord(pod: victim.key, uid: victim.uid, reason: "Preempted", message: reason)),
            ]
        }
    }

    // MARK: explanations

    private mutating func explainSome(at now: Timestamp) -> [LoopEffect] {
        guard !unexplained.isEmpty else { return [] }
        var left = max(1, Self.explanationBudget / max(1, nodes.count))
        var effects: [LoopEffect] = []
        var taken = 0
        while left > 0, taken < unexplained.count {
            let id = unexplained[taken]
            taken += 1
            guard let pod = known[id], pod.node == nil, pod.assumed == nil else { continue }
            effects += explain(id, at: now)
            left -= 1
        }
        unexplained.removeFirst(taken)
        return effects
    }

    private mutating func explain(_ id: String, at now: Timestamp) -> [LoopEffect] {
        guard let pod = known[id], !pod.lacksAddress, let why = scheduler.explain(id) else { return [] }
        let isPaused = configuration.bands.contains { $0.name == pod.queue && $0.isPaused }
        let message = isPaused ? "queue \(pod.queue) is paused" : WaitingText.message(why, nodes: nodes.count)
        guard message != pod.message else { return [] }
        known[id]?.message = message
        return [
            .waiting(key: pod.key, uid: pod.uid, reason: "Unschedulable", message: message, nominatedNode: nil),
            .record(
                EventRecord(
                    pod: pod.key, uid: pod.uid, severity: .warning, reason: "FailedScheduling", message: message)),
        ]
    }
}

/// Why a pod waits, as its condition says it.
enum WaitingText {
    static func message(_ why: Explanation, nodes: Int) -> String {
        let reasons = why.reasons.sorted { left, right in
            left.value > right.value || left.value == right.value && left.key.description < right.key.description
        }
        var text = "\(why.possible)/\(nodes) nodes are available"
        if !reasons.isEmpty { text += ": " + reasons.map { "\($0.value) \($0.key)" }.joined(separator: ", ") }
        text += "."
        if why.state == .held { text += " It waits for others of its group, or for its gates." }
        if let help = why.help.first { text += " What would help most: \(help)." }
        return text
    }
}
