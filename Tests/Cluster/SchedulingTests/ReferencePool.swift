internal import Scheduling
internal import Units

/// The rules written down a second time, as plainly as possible: every question walks over everything.
struct ReferencePool {
    struct Placed {
        var template: PodTemplate
        var node: String
    }

    var nodes: [String: Node] = [:]
    var namespaces: [String: [String: String]] = [:]
    var placed: [String: Placed] = [:]
    var pending: [String: PodTemplate] = [:]

    /// The possible nodes with their scores.
    func scores(of template: PodTemplate) -> [String: Double] {
        var found: [String: Double] = [:]
        for (name, node) in nodes {
            if let score = score(of: template, at: node) { found[name] = score }
        }
        return found
    }

    func score(of template: PodTemplate, at node: Node) -> Double? {
        let requirements = template.requirements
        guard isAllowed(requirements, at: node), let resources = resourceScore(requirements, at: node),
            let rules = ruleScore(template, at: node)
        else { return nil }
        let isTaken = placed.values.contains { other in
            other.node == node.name
                && other.template.requirements.hostPorts.contains { theirs in
                    requirements.hostPorts.contains { ours in
                        ours.port == theirs.port && ours.transport == theirs.transport
                            && (ours.address == theirs.address || ours.address.isEmpty || theirs.address.isEmpty)
                    }
                }
        }
        return isTaken ? nil : resources + rules + descriptionScore(requirements, at: node)
    }

    func isAllowed(_ requirements: Requirements, at node: Node, taints: Bool = true) -> Bool {
        guard requirements.nodeName == nil || requirements.nodeName == node.name else { return false }
        let cordon = Taint(key: "node.kubernetes.io/unschedulable", effect: .noSchedule)
        if node.isUnschedulable, !tolerates(requirements.tolerations, cordon) { return false }
        for taint in node.taints where taint.effect != .preferNoSchedule {
            if !tolerates(requirements.tolerations, taint) { return false }
        }
        if let pool = requirements.addressPool, !node.addressPools.contains(pool) { return false }
        guard requirements.volumes.allSatisfy({ $0.matches(node.labels) }) else { return false }
        return isSelected(requirements, at: node)
    }

    func isSelected(_ requirements: Requirements, at node: Node) -> Bool {
        for (key, value) in requirements.nodeSelector where node.labels[key] != value { return false }
        if let affinity = requirements.nodeAffinity {
            guard affinity.terms.contains(where: { $0.matches(node.labels) }) else { return false }
        }
        return true
    }

    func tolerates(_ tolerations: [Toleration], _ taint: Taint) -> Bool {
        tolerations.contains { toleration in
            (toleration.key == nil || toleration.key == taint.key)
                && (toleration.value == nil || toleration.value == taint.value)
                && (toleration.effect == nil || toleration.effect == taint.effect)
        }
    }

    private func resourceScore(_ requirements: Requirements, at node: Node) -> Double? {
        var (cpu, memory, pods) = (
            requirements.resources.cpu.milli, Int64(requirements.resources.memory.bytes), Int64(1)
        )
        var gpus = requirements.resources.extended["gpu"] ?? 0
        for other in placed.values where other.node == node.name {
            let used = other.template.requirements.resources
            cpu += used.cpu.milli
            memory += Int64(used.memory.bytes)
            pods += 1
            if (requirements.resources.extended["gpu"] ?? 0) > 0 { gpus += used.extended["gpu"] ?? 0 }
        }
        let there = node.allocatable
        if requirements.resources.cpu.milli > 0, cpu > there.cpu.milli { return nil }
        if requirements.resources.memory.bytes > 0, memory > Int64(there.memory.bytes) { return nil }
        guard pods <= there.pods, gpus <= there.extended["gpu"] ?? 0 else { return nil }
        let cpuUsed = Double(cpu) / Double(there.cpu.milli)
        let memoryUsed = Double(memory) / Double(there.memory.bytes)
        return 200 - 50 * (cpuUsed + memoryUsed) - 100 * abs(cpuUsed - memoryUsed)
    }

    private func descriptionScore(_ requirements: Requirements, at node: Node) -> Double {
        var score = 0.0
        let all = requirements.preferredNodes.reduce(0) { $0 + $1.weight }
        let met = requirements.preferredNodes.filter { $0.term.matches(node.labels) }.reduce(0) { $0 + $1.weight }
        if all > 0 { score += 200 * Double(met) / Double(all) }
        let isAnyTainted = nodes.values.contains { $0.taints.contains { $0.effect == .preferNoSchedule } }
        if isAnyTainted {
            let disliked = node.taints.filter { $0.effect == .preferNoSchedule }
                .filter { !tolerates(requirements.tolerations, $0) }
            score += 300 / Double(1 + disliked.count)
        }
        if requirements.prefersOneNUMANode {
            let share = node.allocatable.cpu.nano / Int64(node.numaNodes)
            if requirements.resources.cpu.nano <= share { score += 100 }
        }
        return score + localityScore(requirements, at: node)
    }

    private func localityScore(_ requirements: Requirements, at node: Node) -> Double {
        let rack = "topology.kubernetes.io/rack"
        let near = requirements.layers.reduce(0.0) { sum, layer in
            if node.layers.contains(layer.key) { return sum + Double(layer.value) }
            let isBeside = nodes.values.contains { other in
                node.labels[rack] != nil && other.labels[rack] == node.labels[rack] && other.layers.contains(layer.key)
            }
            return isBeside ? sum + Double(layer.value) / 2 : sum
        }
        let all = requirements.layers.values.reduce(0.0) { $0 + Double($1) }
        return all > 0 ? 100 * near / all : 0
    }
}

// MARK: - Rules about other pods

extension ReferencePool {
    private func ruleScore(_ template: PodTemplate, at node: Node) -> Double? {
        let requirements = template.requirements
        guard isNear(template, at: node) else { return nil }
        var score = 0.0
        for term in requirements.podAntiAffinity
        where count(in: node, term.topologyKey, { matches(term, of: template, $0) }) > 0 { return nil }
        for other in placed.values {
            for term in other.template.requirements.podAntiAffinity
            where matches(term, of: other.template, template) && sharesDomain(node, other.node, term.topologyKey) {
                return nil
            }
        }
        for constraint in requirements.spread {
            guard let part = spreadScore(constraint, template, at: node) else { return nil }
            score += part
        }
        for preference in requirements.preferredPods {
            let count = Double(
                count(in: node, preference.term.topologyKey) { matches(preference.term, of: template, $0) })
            score += 2 * Double(preference.weight) * count / (count + 1)
        }
        return score + othersPreference(template, at: node)
    }

    /// What placed pods prefer: equal terms of several pods saturate together.
    private func othersPreference(_ template: PodTemplate, at node: Node) -> Double {
        var holders: [Preference<PodAffinityTerm>: Int] = [:]
        for other in placed.values {
            for preference in other.template.requirements.preferredPods
            where matches(preference.term, of: other.template, template)
                && sharesDomain(node, other.node, preference.term.topologyKey)
            {
                holders[preference, default: 0] += 1
            }
        }
        return holders.reduce(0) { $0 + 2 * Double($1.key.weight) * Double($1.value) / Double($1.value + 1) }
    }

    private func isNear(_ template: PodTemplate, at node: Node) -> Bool {
        let terms = template.requirements.podAffinity
        guard !terms.isEmpty else { return true }
        guard terms.allSatisfy({ node.labels[$0.topologyKey] != nil }) else { return false }
        func isWanted(_ other: PodTemplate) -> Bool { terms.allSatisfy { matches($0, of: template, other) } }
        let isAnywhere = placed.values.contains { other in
            isWanted(other.template) && terms.contains { nodes[other.node]?.labels[$0.topologyKey] != nil }
        }
        if !isAnywhere, isWanted(template) { return true }
        return terms.allSatisfy { count(in: node, $0.topologyKey, isWanted) > 0 }
    }

    private func spreadScore(_ constraint: SpreadConstraint, _ template: PodTemplate, at node: Node) -> Double? {
        guard let own = node.labels[constraint.topologyKey] else { return constraint.isHard ? nil : 0 }
        var counts: [String: Int] = [:]
        for other in nodes.values {
            guard let domain = other.labels[constraint.topologyKey] else { continue }
            if constraint.honorsNodeAffinity, !isSelected(template.requirements, at: other) { continue }
            let isTainted = other.taints.contains { taint in
                taint.effect != .preferNoSchedule && !tolerates(template.requirements.tolerations, taint)
            }
            if constraint.honorsTaints, isTainted { continue }
            counts[domain, default: 0] += 0
            for pod in placed.values where pod.node == other.name {
                if pod.template.namespace == template.namespace, constraint.selector.matches(pod.template.labels) {
                    counts[domain, default: 0] += 1
                }
            }
        }
        let minimum = counts.count < constraint.minDomains ? 0 : counts.values.min() ?? 0
        let count = counts[own] ?? 0
        if constraint.isHard {
            let itself = constraint.selector.matches(template.labels) ? 1 : 0
            return count + itself - minimum <= constraint.maxSkew ? 0 : nil
        }
        let above = max(0, count - minimum)
        return 200 * Double(constraint.maxSkew) / Double(constraint.maxSkew + above)
    }

    private func matches(_ term: PodAffinityTerm, of owner: PodTemplate, _ other: PodTemplate) -> Bool {
        let isInside =
            switch term.namespaces {
            case .own: other.namespace == owner.namespace
            case .named(let names): names.contains(other.namespace)
            case .matching(let selector): selector.matches(namespaces[other.namespace] ?? [:])
            case .either(let names, let selector):
                names.contains(other.namespace) || selector.matches(namespaces[other.namespace] ?? [:])
            }
        return isInside && term.selector.matches(other.labels)
    }

    private func sharesDomain(_ node: Node, _ other: String, _ key: String) -> Bool {
        guard let domain = node.labels[key] else { return false }
        return nodes[other]?.labels[key] == domain
    }

    private func count(in node: Node, _ key: String, _ isCounted: (PodTemplate) -> Bool) -> Int {
        placed.values.filter { sharesDomain(node, $0.node, key) && isCounted($0.template) }.count
    }
}
