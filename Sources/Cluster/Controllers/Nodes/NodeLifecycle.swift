package import ClusterModel
package import Units

/// What happened to nodes and their pods, told to their lifecycle.
package enum NodeEvent: Sendable {
    case node(NodeObject)
    case nodeGone(name: String)
    /// A sign of life; told again and again with the same renewal it is one sign.
    case lease(LeaseObject)
    case pod(PodObject)
    case podGone(key: String, uid: String)
}

/// What the lifecycle wants done.
package enum NodeEffect: Sendable, Equatable {
    /// Its conditions become unknown, and its pods are not ready any more.
    case markUnreachable(node: String, pods: [PodName])
    /// It was only cut off: what its agent said last holds again.
    case markReturned(node: String)
    case setTaints(node: String, [NodeObject.Taint])
    case assignRange(node: String, range: String)
    case evict(PodName, reason: String)
    /// Its node is not there any more: nobody will ever confirm its end.
    case remove(PodName)
    case record(EventRecord)
}

package struct PodName: Sendable, Hashable {
    package var key: String
    package var uid: String

    package init(key: String, uid: String) {
        self.key = key
        self.uid = uid
    }
}

/// How patient the lifecycle is.
package struct LifecycleSettings: Sendable {
    /// Without a sign of life for so long a node is not ready.
    package var grace = Duration.seconds(40)
    /// Nodes that lose their pods, a second, in a zone that is mostly well.
    package var evictionRate = 0.1
    /// The same where most of a zone is not.
    package var slowRate = 0.01
    /// Zones of at most so many nodes are not evicted at all while most of them are not well.
    package var smallZone = 50
    /// From this part on, and from three nodes on, a zone counts as mostly not well.
    package var threshold = 0.55
    /// How long a pod that says nothing about it stays on a node that is not well.
    package var defaultToleration = Duration.seconds(300)
    /// Where pods' addresses come from, 256 to a node; none are given when it is `nil`.
    package var ranges: RangeSettings? = RangeSettings()

    package init() {}
}

/// Which nodes are alive, and what follows for their pods.
///
/// Times are those at which this value was told, not those that nodes write: clocks differ. A value that begins gives every node a whole
/// grace period. Evictions begin slowly, slower where a zone fails, and stop when nothing seems alive: then it is more likely that
/// we are cut off than that all nodes are dead.
///
/// Source: Kubernetes 1.20, `pkg/controller/nodelifecycle`; "Taints and Tolerations", "Taint based Evictions".
package struct NodeLifecycle: Sendable {
    struct Node: Sendable {
        var facts: NodeFacts
        var renewal: Timestamp?
        var seen: Timestamp
        /// There was a sign of life in this life of ours, or nobody has said that it is silent.
        var isHeard = true
        /// We said that nobody hears from it.
        var isMarked = false
        /// It was asked to be said that it is back, which does not show yet.
        var isReturning = false
        /// Its turn to lose its pods has come.
        var isExecuting = false
        /// Since when pods are to leave, by taint.
        var taintedSince: [NodeObject.Taint: Timestamp] = [:]
        /// What was asked for last, until it shows.
        var asked: [NodeObject.Taint]?
        /// What was given to it, until it shows.
        var range: String?
    }

    enum Health: Sendable { case ready, notReady, unreachable }

    static let notReady = "node.kubernetes.io/not-ready"
    static let unreachable = "node.kubernetes.io/unreachable"

    let settings: LifecycleSettings
    var nodes: [String: Node] = [:]
    var pods: [String: ResidentPod] = [:]
    /// The pods of nodes, by the node's name, whether it is there or not.
    var residents: [String: Set<String>] = [:]
    /// Pods whose node is not there, and since when.
    var orphans: [String: Timestamp] = [:]
    var leaving: Set<String> = []
    /// When the next node of a zone may lose its pods.
    private var turns: [String: Timestamp] = [:]
    var ranges: AddressRanges

    package init(_ settings: LifecycleSettings = LifecycleSettings()) {
        self.settings = settings
        ranges = AddressRanges(settings.ranges)
    }

    // MARK: events

    package mutating func handle(_ event: NodeEvent, at now: Timestamp) {
        switch event {
        case .node(let object):
            let name = object.name
            let facts = NodeFacts(object)
            if nodes[name] == nil {
                nodes[name] = Node(facts: facts, seen: now)
                for uid in residents[name] ?? [] { orphans[uid] = nil }
                // One that was marked by an earlier life of ours.
                let isSilent = facts.readiness == "Unknown" && object.condition("Ready") != nil
                nodes[name]?.isMarked = isSilent
                nodes[name]?.isHeard = !isSilent
            }
            if let before = nodes[name]?.facts, before.conditions != facts.conditions, facts.readiness != "Unknown" {
                nodes[name]?.seen = now
                nodes[name]?.isHeard = true
            }
            if facts.readiness != "Unknown" { nodes[name]?.isReturning = false }
            nodes[name]?.facts = facts
            if let range = facts.podRange { ranges.take(range) }
        case .nodeGone(let name):
            guard let node = nodes.removeValue(forKey: name) else { return }
            for uid in residents[name] ?? [] { orphans[uid] = now }
            if let range = node.facts.podRange ?? node.range { ranges.free(range) }
        case .lease(let lease):
            guard let renewal = lease.renewal, nodes[lease.name]?.renewal != renewal else { return }
            nodes[lease.name]?.renewal = renewal
            nodes[lease.name]?.seen = now
            nodes[lease.name]?.isHeard = true
        case .pod(let pod): take(pod, at: now)
        case .podGone(_, let uid): forget(uid)
        }
    }

    private mutating func take(_ pod: PodObject, at now: Timestamp) {
        guard let node = pod.nodeName, !pod.phase.isTerminal || pod.isBeingDeleted else {
            forget(pod.uid)
            return
        }
        let uid = pod.uid
        if pods.updateValue(ResidentPod(pod, node: node), forKey: uid) == nil {
            residents[node, default: []].insert(uid)
            if nodes[node] == nil { orphans[uid] = now }
        }
    }

    private mutating func forget(_ uid: String) {
        guard let pod = pods.removeValue(forKey: uid) else { return }
        orphans[uid] = nil
        leaving.remove(uid)
        residents[pod.node]?.remove(uid)
        if residents[pod.node]?.isEmpty == true { residents[pod.node] = nil }
    }

    // MARK: time

    /// What is to be done now; called every few seconds.
    package mutating func tick(at now: Timestamp) -> [NodeEffect] {
        var effects: [NodeEffect] = []
        let names = nodes.keys.sorted()
        for name in names { effects += watch(name, at: now) }
        startExecutions(at: now)
        let isAllSick = isAllSick(at: now)
        for name in names {
            effects += taint(name, at: now)
            effects += evict(name, isAllSick: isAllSick, at: now)
        }
        return effects + collect(at: now)
    }

    func health(_ node: Node, at now: Timestamp) -> Health {
        if !node.isHeard || now.duration(since: node.seen) > settings.grace { return .unreachable }
        switch node.facts.readiness {
        case "True": return .ready
        // Marked by us, and heard of since.
        case "Unknown" where node.isMarked || node.isReturning: return .ready
        default: return .notReady
        }
    }

    private mutating func watch(_ name: String, at now: Timestamp) -> [NodeEffect] {
        guard let node = nodes[name] else { return [] }
        var effects: [NodeEffect] = []
        if node.facts.podRange == nil, node.range == nil, let range = ranges.next() {
            nodes[name]?.range = range
            effects.append(.assignRange(node: name, range: range))
        }
        let isLost = health(node, at: now) == .unreachable
        if isLost, !node.isMarked {
            nodes[name]?.isMarked = true
            let affected = (residents[name] ?? []).sorted().compactMap { pods[$0] }.filter(\.isReady)
            effects.append(
                .markUnreachable(node: name, pods: affected.map(\.name)))
            effects.append(
                .record(
                    EventRecord(
                        kind: "Node", namespace: "", name: name, uid: node.facts.uid, reason: "NodeNotReady",
                        message: "Node \(name) status is now: NodeNotReady")))
        } else if !isLost {
            nodes[name]?.isMarked = false
            // Also when what we said of its silence arrives after it has come back.
            if node.facts.readiness == "Unknown", node.facts.conditions != nil, !node.isReturning {
                nodes[name]?.isReturning = true
                effects.append(.markReturned(node: name))
            }
        }
        return effects
    }

    // MARK: evictions by zone

    /// Lets nodes that are not well lose their pods, as fast as their zone's state allows.
    private mutating func startExecutions(at now: Timestamp) {
        var zones: [String: [String]] = [:]
        let sick = nodes.filter { health($0.value, at: now) != .ready }
        for (name, node) in nodes where node.isExecuting && sick[name] == nil { nodes[name]?.isExecuting = false }
        if sick.isEmpty { return }
        for (name, node) in nodes { zones[node.facts.zone, default: []].append(name) }
        // Nothing is alive: it is we who are cut off.
        guard sick.count < nodes.count || nodes.count == 1 else {
            for name in nodes.keys { nodes[name]?.isExecuting = false }
            return
        }
        for (zone, names) in zones {
            let rate = rate(of: names.count, sick: names.count { sick[$0] != nil })
            guard rate > 0 else { continue }
            let waiting = names.filter { sick[$0] != nil && nodes[$0]?.isExecuting == false }
                .sorted { (nodes[$0]?.seen ?? now, $0) < (nodes[$1]?.seen ?? now, $1) }
            guard let first = waiting.first, turns[zone].map({ $0 <= now }) ?? true else { continue }
            nodes[first]?.isExecuting = true
            turns[zone] = now.advanced(by: .milliseconds(Int64(1000 / rate)))
        }
    }

    private func rate(of count: Int, sick: Int) -> Double {
        guard sick < count else { return settings.evictionRate }
        guard sick >= 3, Double(sick) / Double(count) >= settings.threshold else { return settings.evictionRate }
        return count > settings.smallZone ? settings.slowRate : 0
    }
}
