/// All topology keys and counters, and which of them a pod with given labels changes.
struct CounterIndex {
    /// What a counter counts.
    enum Subject: Hashable {
        case matching(PodSelector)
        /// Holders of required anti-affinity against those that match.
        case repelling(PodSelector)
        /// Holders of a preference for those that match.
        case preferring(PodSelector, weight: Int)
    }

    struct Identity: Hashable {
        var subject: Subject
        var key: Int
        var filter: Int
    }

    /// A namespace and labels that pods have.
    struct LabelSet {
        var namespace: String
        var labels: [String: String]
        /// The counters of selectors that match it.
        var counters: [Int] = []
        /// Terms of others that such pods must or should respect.
        var others: [DomainRule] = []
        /// Changes with ``others``.
        var version = 0
    }

    private struct LabelIdentity: Hashable {
        var namespace: String
        var labels: [String: String]
    }

    /// Nodes that count for a spread constraint.
    struct NodeFilter: Hashable {
        var nodeSelector: [String: String]
        var nodeAffinity: NodeSelector?
        /// `nil` when taints do not matter.
        var tolerations: [Toleration]?

        var matchesAll: Bool { nodeSelector.isEmpty && nodeAffinity == nil && tolerations == nil }

        func matches(_ node: Node) -> Bool {
            var requirements = Requirements()
            requirements.nodeSelector = nodeSelector
            requirements.nodeAffinity = nodeAffinity
            requirements.tolerations = tolerations ?? []
            let isTolerated = tolerations == nil || TaintFilter().verdict(on: requirements, at: node) == .fits
            return isTolerated && NodeAffinityFilter().verdict(on: requirements, at: node) == .fits
        }
    }

    var keys: [TopologyKey] = []
    private var keyNumbers: [String: Int] = [:]
    var counters: [DomainCounter] = []
    var identities: [Identity] = []
    private var numbers: [Identity: Int] = [:]
    private(set) var labelSets: [LabelSet] = []
    private var labelNumbers: [LabelIdentity: Int] = [:]
    private(set) var filters: [NodeFilter] = []
    private var filterNumbers: [NodeFilter: Int] = [:]
    private(set) var namespaces: [String: [String: String]] = [:]
    /// Changes when a node comes to, leaves or changes its domain.
    var layoutVersion = 0

    func key(_ name: String) -> Int? { keyNumbers[name] }
    func counter(_ identity: Identity) -> Int? { numbers[identity] }

    mutating func addKey(_ name: String) -> Int {
        keyNumbers[name] = keys.count
        keys.append(TopologyKey(name: name))
        return keys.count - 1
    }

    mutating func filter(_ filter: NodeFilter) -> Int {
        if filter.matchesAll { return -1 }
        if let known = filterNumbers[filter] { return known }
        filterNumbers[filter] = filters.count
        filters.append(filter)
        return filters.count - 1
    }

    mutating func labelSet(_ labels: [String: String], in namespace: String) -> Int {
        let identity = LabelIdentity(namespace: namespace, labels: labels)
        if let known = labelNumbers[identity] { return known }
        labelNumbers[identity] = labelSets.count
        labelSets.append(LabelSet(namespace: namespace, labels: labels))
        for counter in identities.indices { connect(counter, to: labelSets.count - 1) }
        return labelSets.count - 1
    }

    /// Adds an empty counter; the caller counts what is there already.
    mutating func addCounter(_ identity: Identity) -> Int {
        numbers[identity] = counters.count
        identities.append(identity)
        counters.append(DomainCounter(key: identity.key, filter: identity.filter))
        for set in labelSets.indices { connect(counters.count - 1, to: set) }
        return counters.count - 1
    }

    func matches(_ selector: PodSelector, _ set: Int) -> Bool {
        let labelSet = labelSets[set]
        return selector.matches(
            labelSet.labels, in: labelSet.namespace, labelled: namespaces[labelSet.namespace] ?? [:])
    }

    private mutating func connect(_ counter: Int, to set: Int) {
        let identity = identities[counter]
        switch identity.subject {
        case .matching(let selector):
            if matches(selector, set) { labelSets[set].counters.append(counter) }
        case .repelling(let selector):
            guard matches(selector, set) else { return }
            labelSets[set].others.append(
                DomainRule(kind: .antiAffinity, key: identity.key, counter: counter, isOthers: true))
            labelSets[set].version += 1
        case .preferring(let selector, let weight):
            guard matches(selector, set) else { return }
            labelSets[set].others.append(
                DomainRule(
                    kind: .preference(weight: Double(weight)), key: identity.key, counter: counter, isOthers: true))
            labelSets[set].version += 1
        }
    }

    /// Takes note of a namespace's labels and connects everything anew; the caller counts again.
    mutating func setNamespace(_ name: String, labels: [String: String]) {
        namespaces[name] = labels
        for set in labelSets.indices where labelSets[set].namespace == name {
            labelSets[set].counters = []
            labelSets[set].others = []
            labelSets[set].version += 1
            for counter in identities.indices { connect(counter, to: set) }
        }
    }

    func counts(_ counter: Int, at node: Int, matched: Bitset?) -> Int? {
        let domain = keys[counters[counter].key].domain(of: node)
        guard domain >= 0, matched?[node] ?? true else { return nil }
        return domain
    }
}
