/// Which nodes have which labels: selectors become intersections of bit sets instead of walks over nodes.
struct LabelIndex {
    private struct Key {
        var present = Bitset()
        var values: [String: Bitset] = [:]
    }

    private var keys: [String: Key] = [:]

    mutating func add(_ labels: [String: String], to node: Int) {
        for (key, value) in labels {
            keys[key, default: Key()].present[node] = true
            keys[key, default: Key()].values[value, default: Bitset()][node] = true
        }
    }

    mutating func remove(_ labels: [String: String], from node: Int) {
        for (key, value) in labels {
            keys[key]?.present[node] = false
            keys[key]?.values[value]?[node] = false
            if keys[key]?.values[value]?.isEmpty == true { keys[key]?.values[value] = nil }
            if keys[key]?.values.isEmpty == true { keys[key] = nil }
        }
    }

    /// Leaves in `nodes` those where `condition` holds.
    func narrow(_ nodes: inout Bitset, to condition: LabelCondition) {
        let key = keys[condition.key]
        switch condition.test {
        case .exists: nodes.formIntersection(key?.present ?? Bitset())
        case .isAbsent: nodes.subtract(key?.present ?? Bitset())
        case .isNoneOf(let values): for value in values { nodes.subtract(key?.values[value] ?? Bitset()) }
        case .isOneOf(let values):
            if values.count == 1, let value = values.first {
                nodes.formIntersection(key?.values[value] ?? Bitset())
                return
            }
            var union = Bitset()
            for value in values { if let set = key?.values[value] { union.formUnion(set) } }
            nodes.formIntersection(union)
        case .isGreater, .isLess:
            var union = Bitset()
            for (value, set) in key?.values ?? [:] where condition.holds(for: value) { union.formUnion(set) }
            nodes.formIntersection(union)
        }
    }

    func narrow(_ nodes: inout Bitset, to selector: LabelSelector) {
        for condition in selector.conditions { narrow(&nodes, to: condition) }
    }

    func narrow(_ nodes: inout Bitset, to selector: NodeSelector) {
        var union = Bitset()
        for term in selector.terms {
            var matching = nodes
            narrow(&matching, to: term)
            union.formUnion(matching)
        }
        nodes.formIntersection(union)
    }
}
