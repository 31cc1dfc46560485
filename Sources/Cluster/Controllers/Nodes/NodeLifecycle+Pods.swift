internal import ClusterModel
internal import Units

extension NodeLifecycle {
    /// Taints that this lifecycle gives and takes; all others are people's.
    private static let owned: Set<String> = [
        notReady, unreachable, "node.kubernetes.io/unschedulable", "node.kubernetes.io/memory-pressure",
        "node.kubernetes.io/disk-pressure", "node.kubernetes.io/pid-pressure",
        "node.kubernetes.io/network-unavailable",
    ]
    static let pressures = [
        ("MemoryPressure", "node.kubernetes.io/memory-pressure"), ("DiskPressure", "node.kubernetes.io/disk-pressure"),
        ("PIDPressure", "node.kubernetes.io/pid-pressure"),
        ("NetworkUnavailable", "node.kubernetes.io/network-unavailable"),
    ]

    mutating func taint(_ name: String, at now: Timestamp) -> [NodeEffect] {
        guard let node = nodes[name] else { return [] }
        let there = node.facts.taints
        let wanted = there.filter { !Self.owned.contains($0.key) } + ownTaints(node, at: now)
        if Set(there) == Set(wanted) {
            nodes[name]?.asked = nil
            return []
        }
        guard node.asked.map({ Set($0) }) != Set(wanted) else { return [] }
        nodes[name]?.asked = wanted
        return [.setTaints(node: name, wanted)]
    }

    private func ownTaints(_ node: Node, at now: Timestamp) -> [NodeObject.Taint] {
        var taints: [NodeObject.Taint] = []
        switch health(node, at: now) {
        case .ready: break
        case .notReady:
            taints.append(NodeObject.Taint(key: Self.notReady, effect: "NoSchedule"))
            if node.isExecuting { taints.append(NodeObject.Taint(key: Self.notReady, effect: "NoExecute")) }
        case .unreachable:
            taints.append(NodeObject.Taint(key: Self.unreachable, effect: "NoSchedule"))
            if node.isExecuting { taints.append(NodeObject.Taint(key: Self.unreachable, effect: "NoExecute")) }
        }
        if node.facts.isUnschedulable {
            taints.append(NodeObject.Taint(key: "node.kubernetes.io/unschedulable", effect: "NoSchedule"))
        }
        for (condition, key) in Self.pressures where node.facts.pressures.contains(condition) {
            taints.append(NodeObject.Taint(key: key, effect: "NoSchedule"))
        }
        return taints
    }

    /// Pods that do not tolerate, or not that long, what their node is tainted with.
    mutating func evict(_ name: String, isAllSick: Bool, at now: Timestamp) -> [NodeEffect] {
        guard let node = nodes[name] else { return [] }
        let taints = node.facts.taints.filter { $0.effect == "NoExecute" }
        if taints.isEmpty, node.taintedSince.isEmpty { return [] }
        nodes[name]?.taintedSince = node.taintedSince.filter { taints.contains($0.key) }
        guard !taints.isEmpty else { return [] }
        for taint in taints where node.taintedSince[taint] == nil { nodes[name]?.taintedSince[taint] = now }
        // While evictions are stopped, those that were on their way stop too.
        guard !isAllSick else { return [] }
        var effects: [NodeEffect] = []
        for uid in (residents[name] ?? []).sorted() where !leaving.contains(uid) {
            guard let pod = pods[uid], !pod.isBeingDeleted, !pod.isStatic,
                let due = taints.compactMap({ deadline(pod, $0, nodes[name]?.taintedSince[$0] ?? now) }).min(),
                due <= now
            else { continue }
            leaving.insert(uid)
            let reason = "Taint manager: deleting because of taint \(taints[0].key)"
            effects.append(.evict(pod.name, reason: reason))
            effects.append(
                .record(
                    EventRecord(
                        pod: pod.name.key, uid: uid, reason: "TaintManagerEviction",
                        message: "Marking for deletion Pod \(pod.name.key)")))
        }
        return effects
    }

    func isAllSick(at now: Timestamp) -> Bool {
        nodes.count > 1 && nodes.values.allSatisfy { health($0, at: now) != .ready }
    }

    /// When a pod has to leave because of a taint; `nil` when it may stay for ever.
    private func deadline(_ pod: ResidentPod, _ taint: NodeObject.Taint, _ since: Timestamp) -> Timestamp? {
        let matching = pod.tolerations.filter { Self.tolerates($0, taint) }
        guard !matching.isEmpty else {
            let isHealth = taint.key == Self.notReady || taint.key == Self.unreachable
            return isHealth ? since.advanced(by: settings.defaultToleration) : since
        }
        guard let seconds = matching.compactMap({ $0["tolerationSeconds"].number }).min() else { return nil }
        return since.advanced(by: .seconds(max(0, seconds)))
    }

    private static func tolerates(_ toleration: Field, _ taint: NodeObject.Taint) -> Bool {
        if let effect = toleration["effect"].text, !effect.isEmpty, effect != taint.effect { return false }
        let isAny = toleration["operator"].text == "Exists"
        guard let key = toleration["key"].text, !key.isEmpty else { return isAny }
        return key == taint.key && (isAny || (toleration["value"].text ?? "") == taint.value)
    }

    /// Pods whose node is gone for a whole grace period.
    mutating func collect(at now: Timestamp) -> [NodeEffect] {
        var effects: [NodeEffect] = []
        for (uid, since) in orphans.sorted(by: { $0.key < $1.key }) {
            guard let pod = pods[uid], now.duration(since: since) >= settings.grace, !leaving.contains(uid) else {
                continue
            }
            leaving.insert(uid)
            effects.append(.remove(pod.name))
        }
        return effects
    }

    /// An effect did not arrive: it is asked for again.
    package mutating func failed(_ effect: NodeEffect) {
        switch effect {
        case .evict(let pod, _), .remove(let pod): leaving.remove(pod.uid)
        case .setTaints(let node, _): nodes[node]?.asked = nil
        case .markUnreachable(let node, _): nodes[node]?.isMarked = false
        case .markReturned(let node): nodes[node]?.isReturning = false
        case .assignRange(let node, let range):
            nodes[node]?.range = nil
            ranges.free(range)
        case .record: break
        }
    }
}
