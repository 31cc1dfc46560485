/// Why a pod is where it is, or nowhere.
package struct Explanation: Sendable {
    package enum State: String, Sendable {
        case held, queued, waiting, backingOff, nominated, assumed, running, leaving
    }

    package var state: State
    /// How many nodes were not possible, by reason; a node that lacks two things counts twice.
    package var reasons: [Reason: Int]
    /// How many nodes are possible.
    package var possible: Int
    /// The queue it belongs to; its place there is asked for by itself (``Scheduler/podsBefore(_:)``).
    package var queue: String
    /// What would let it run, the change that opens most nodes first.
    package var help: [String]
}

/// One part of a score.
package struct ScorePart: Sendable, Equatable {
    package var name: String
    package var value: Double
}

extension Scheduler {
    /// Explains the pod `id` as things are now; looks at every node.
    package mutating func explain(_ id: String) -> Explanation? {
        guard let pod = pool.pods.numbers[id] else { return nil }
        let isPlaced = pool.pods.node[Int(pod)] >= 0
        let number = classNumber(of: pod)
        var reasons: [Reason: Int] = [:]
        var possible = 0
        if !isPlaced, !isOurs(pod) {
            reasons = [.unknownProfile(pool.shapes[pool.shape(of: pod)].requirements.profile): nodeCount]
        } else if !isPlaced {
            keepWarm(number)
            classes[number].set.synchronize(with: pool)
            for node in pool.nodes.isPresent.members {
                let why = whyNot(number, at: node)
                if why.isEmpty { possible += 1 }
                for reason in why { reasons[reason, default: 0] += 1 }
            }
        }
        let lane = pool.pods.lane(of: pod)
        let quota = queues.ledger.tenants[queues.lanes[lane].tenant].quota
        if !isPlaced, queues.lanes[lane].isHeldByQuota, let quota { reasons[.quota(quota.name)] = nodeCount }
        return Explanation(
            state: state(of: pod), reasons: reasons, possible: possible,
            queue: queues.bands[queues.lanes[lane].band].name, help: help(reasons))
    }

    /// How many pods of its queue are before a pod that has no node: of higher priority, or equal and earlier to come,
    /// whether they are to be tried or wait; looks at every pod.
    package func podsBefore(_ id: String) -> Int? {
        guard let pod = pool.pods.numbers[id], pool.pods.isPending(pod) else { return nil }
        let band = queues.lanes[pool.pods.lane(of: pod)].band
        let (priority, arrival) = (pool.pods.priority[Int(pod)], pool.pods.arrival[Int(pod)])
        return pool.pods.state.indices.count { index in
            guard pool.pods.isPending(Int32(index)), queues.lanes[Int(pool.pods.lane[index])].band == band else {
                return false
            }
            return pool.pods.priority[index] > priority
                || pool.pods.priority[index] == priority && pool.pods.arrival[index] < arrival
        }
    }

    /// The possible nodes of a pod that is not placed, with their scores, best first.
    package mutating func possibleNodes(of id: String) -> [(node: String, score: Double)] {
        guard let pod = pool.pods.numbers[id], pool.pods.node[Int(pod)] < 0 else { return [] }
        let number = classNumber(of: pod)
        keepWarm(number)
        var found: [(node: String, score: Double)] = []
        for node in pool.nodes.isPresent.members {
            let score = classes[number].set.score(at: node, in: pool)
            if score > BestNodeTree.impossible { found.append((pool.nodes.specs[node].name, score)) }
        }
        return found.sorted { $0.score > $1.score || $0.score == $1.score && $0.node < $1.node }
    }

    /// The parts of a placed pod's score at its node, as if it were placed again now.
    package mutating func scores(of id: String) -> [ScorePart] {
        guard let pod = pool.pods.numbers[id], pool.pods.node[Int(pod)] >= 0 else { return [] }
        let node = Int(pool.pods.node[Int(pod)])
        pool.displace(pod)
        defer { pool.place(pod, on: node) }
        let identity = classes[classNumber(of: pod)].identity
        let shape = pool.shapes[identity.shape]
        var parts = shape.useScores.map { score in
            ScorePart(name: type(of: score).name, value: score.score(of: shape.demand, at: node, in: pool.nodes))
        }
        for score in pool.profiles[shape.profile].scores
        where score.plugin.concerns(shape.requirements, in: pool.layers) {
            let value = score.plugin.score(of: shape.requirements, at: pool.nodes.specs[node], in: pool.layers)
            parts.append(ScorePart(name: type(of: score.plugin).name, value: score.weight * value))
        }
        let rules = RuleSet(shape: shape, labels: identity.labels, in: pool)
        if !rules.rules.isEmpty { parts.append(ScorePart(name: "OtherPods", value: rules.score(at: node, in: pool))) }
        return parts
    }

    /// The name of the node a pod is on, or is to be on.
    package func node(of id: String) -> String? {
        guard let pod = pool.pods.numbers[id], pool.pods.node[Int(pod)] >= 0 else { return nil }
        return pool.nodes.specs[Int(pool.pods.node[Int(pod)])].name
    }

    private func state(of pod: Int32) -> Explanation.State {
        switch pool.pods.state[Int(pod)] {
        case .vacant, .held: .held
        case .queued: .queued
        case .parked: .waiting
        case .backingOff: .backingOff
        case .nominated: .nominated
        case .assumed: .assumed
        case .running: .running
        case .leaving: .leaving
        }
    }

    /// All that keeps pods of a class off one node; empty when nothing does.
    private func whyNot(_ number: Int, at node: Int) -> [Reason] {
        let shape = pool.shapes[classes[number].identity.shape]
        for filter in shape.filters {
            switch filter.verdict(on: shape.requirements, at: pool.nodes.specs[node]) {
            case .fits: continue
            case .full(let reason), .never(let reason): return [reason]
            }
        }
        var reasons = shape.useFilters.flatMap { $0.reasons(for: shape.demand, at: node, in: pool.nodes) }
        let rules = classes[number].set.rules
        let isFirst = rules.isFirst(in: pool)
        for rule in rules.rules {
            let domain = pool.counters.keys[rule.key].domain(of: node)
            guard rules.score(rule, in: domain, isFirst: isFirst, of: pool) == BestNodeTree.impossible else { continue }
            reasons.append(rule.reason(in: domain, key: pool.counters.keys[rule.key].name))
        }
        return reasons
    }

    private func help(_ reasons: [Reason: Int]) -> [String] {
        reasons.sorted { $0.value > $1.value || $0.value == $1.value && $0.key.description < $1.key.description }.map {
            "\($0.key.remedy) (\($0.value) \($0.value == 1 ? "node" : "nodes"))"
        }
    }
}

extension DomainRule {
    func reason(in domain: Int, key: String) -> Reason {
        if domain < 0 { return .missingTopologyKey(key) }
        return switch kind {
        case .affinity: .podAffinity
        case .antiAffinity: isOthers ? .existingAntiAffinity : .podAntiAffinity
        case .spread, .softSpread, .preference: .topologySpread(key)
        }
    }
}

extension Reason: CustomStringConvertible {
    package var description: String {
        switch self {
        case .otherNode: "another node is named"
        case .unschedulable: "cordoned"
        case .nodeAffinity: "node selector or affinity does not match"
        case .volumeNodes: "a volume cannot be reached"
        case .taint(let key): "taint \(key) is not tolerated"
        case .addressPool(let pool): "address pool \(pool) cannot be reached"
        case .insufficient(let name): "insufficient \(name)"
        case .hostPort(let port): "host port \(port) is taken"
        case .noVolume(let name): "no volume of class \(name) is free"
        case .podAffinity: "no pod it must be near is there"
        case .podAntiAffinity: "a pod it must be away from is there"
        case .existingAntiAffinity: "a pod there wants to be away from it"
        case .missingTopologyKey(let key): "label \(key) is missing"
        case .topologySpread(let key): "spread over \(key) would be uneven"
        case .quota(let name): "quota \(name) is used up"
        case .unknownProfile(let name): "there is no scheduler profile \(name)"
        case .other(let text): text
        }
    }

    /// What would take it away.
    var remedy: String {
        switch self {
        case .otherNode: "drop or correct the node's name"
        case .unschedulable: "uncordon"
        case .nodeAffinity: "label nodes, or widen the selector"
        case .volumeNodes: "move or replicate the volume"
        case .taint(let key): "tolerate or remove taint \(key)"
        case .addressPool(let pool): "make address pool \(pool) reachable"
        case .insufficient(let name): "free or add \(name), or ask for less"
        case .hostPort(let port): "free host port \(port)"
        case .noVolume(let name): "add volumes of class \(name)"
        case .podAffinity: "start the pods it must be near"
        case .podAntiAffinity, .existingAntiAffinity: "add nodes or move the pods it must be away from"
        case .missingTopologyKey(let key): "label nodes with \(key)"
        case .topologySpread(let key): "make room in the emptiest \(key)"
        case .quota(let name): "raise quota \(name), or end pods that it counts"
        case .unknownProfile: "name a scheduler profile that there is, or run the scheduler that has it"
        case .other(let text): "change what makes \(text)"
        }
    }
}
