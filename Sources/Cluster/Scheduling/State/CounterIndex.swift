/// All topology keys and counters, and which of them a pod with given labels changes.
struct CounterIndex {
    /// What a counter counts.
    enum Subject: Hashable {
        case matching(PodSelector)
        /// Holders of required anti-affinity against those that match.
        case repelling(PodSelector)
        /// Holders of a preference for those that match.
        case preferring(PodSelector, weight: Int)
        /// A place that is free for the next counter.
        case nobody
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
        /// How many templates have it.
        var uses = 0
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
    /// By counter: how many rules and held terms of shapes refer to it.
    private var uses: [Int] = []
    private(set) var labelSets: [LabelSet] = []
    private var labelNumbers: [LabelIdentity: Int] = [:]
    private(set) var filters: [NodeFilter] = []
    private var filterNumbers: [NodeFilter: Int] = [:]
    private(set) var namespaces: [String: [String: String]] = [:]
    /// Changes when a node comes to, leaves or changes its domain.
    var layoutVersion = 0
    /// What nobody uses is kept a while, as pods like those that went often come: see ``sweep(keepingKeys:)``.
    private(set) var idleSets = 0
    private(set) var idleCounters = 0
    private var vacantSets: [Int] = []
    private var vacantCounters: [Int] = []
    private var vacantKeys: [Int] = []
    private var vacantFilters: [Int] = []

    func key(_ name: String) -> Int? { keyNumbers[name] }
    func counter(_ identity: Identity) -> Int? { numbers[identity] }

    mutating func addKey(_ name: String) -> Int {
        let key = vacantKeys.popLast() ?? keys.count
        keyNumbers[name] = key
        if key < keys.count { keys[key] = TopologyKey(name: name) } else { keys.append(TopologyKey(name: name)) }
        return key
    }

    /// The number of a filter, and whether the caller must find its nodes because it is new; -1 for one that lets all pass.
    mutating func filter(_ filter: NodeFilter) -> (number: Int, isNew: Bool) {
        if filter.matchesAll { return (-1, false) }
        if let known = filterNumbers[filter] { return (known, false) }
        let number = vacantFilters.popLast() ?? filters.count
        filterNumbers[filter] = number
        if number < filters.count { filters[number] = filter } else { filters.append(filter) }
        return (number, true)
    }

    /// The number of a label set, with one more use.
    mutating func labelSet(_ labels: [String: String], in namespace: String) -> Int {
        let identity = LabelIdentity(namespace: namespace, labels: labels)
        if let known = labelNumbers[identity] {
            if labelSets[known].uses == 0 { idleSets -= 1 }
            labelSets[known].uses += 1
            return known
        }
        let number = vacantSets.popLast() ?? labelSets.count
        let set = LabelSet(namespace: namespace, labels: labels, uses: 1)
        labelNumbers[identity] = number
        if number < labelSets.count { labelSets[number] = set } else { labelSets.append(set) }
        for counter in identities.indices { connect(counter, to: number) }
        return number
    }

    mutating func release(labelSet number: Int) {
        labelSets[number].uses -= 1
        if labelSets[number].uses == 0 { idleSets += 1 }
    }

    /// Adds an empty counter that nobody uses yet; the caller counts what is there already.
    mutating func addCounter(_ identity: Identity) -> Int {
        let counter = vacantCounters.popLast() ?? counters.count
        numbers[identity] = counter
        idleCounters += 1
        if counter < counters.count {
            identities[counter] = identity
            counters[counter] = DomainCounter(key: identity.key, filter: identity.filter)
        } else {
            identities.append(identity)
            counters.append(DomainCounter(key: identity.key, filter: identity.filter))
            uses.append(0)
        }
        for set in labelSets.indices { connect(counter, to: set) }
        return counter
    }

    mutating func use(counters used: [Int]) {
        for counter in used {
            if uses[counter] == 0 { idleCounters -= 1 }
            uses[counter] += 1
        }
    }

    mutating func release(counters used: [Int]) {
        for counter in used {
            uses[counter] -= 1
            if uses[counter] == 0 { idleCounters += 1 }
        }
    }

    func matches(_ selector: PodSelector, _ set: Int) -> Bool {
        let labelSet = labelSets[set]
        return selector.matches(
            labelSet.labels, in: labelSet.namespace, labelled: namespaces[labelSet.namespace] ?? [:])
    }

    private mutating func connect(_ counter: Int, to set: Int) {
        guard labelSets[set].version >= 0 else { return }  // a free place
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
        case .nobody: return
        }
    }

    /// Takes note of a namespace's labels and connects everything anew; the caller counts again.
    mutating func setNamespace(_ name: String, labels: [String: String]) {
        namespaces[name] = labels.isEmpty ? nil : labels
        for set in labelSets.indices where labelSets[set].namespace == name && labelSets[set].version >= 0 {
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

// MARK: - Forgetting

extension CounterIndex {
    /// Whether more is kept for pods that are gone than for those that are there.
    var isWorthSweeping: Bool {
        idleSets > max(256, labelSets.count / 2) || idleCounters > max(64, counters.count / 2)
    }

    /// How many label sets, counters, keys and filters are kept.
    var kept: (sets: Int, counters: Int, keys: Int, filters: Int) {
        (labelNumbers.count, numbers.count, keyNumbers.count, filterNumbers.count)
    }

    /// Forgets label sets and counters that nobody uses, then keys and filters that no counter uses; gives the places of the
    /// label sets, which are free from now on.
    mutating func sweep(keepingKeys held: Set<Int>) -> [Int] {
        let sets = labelSets.indices.filter { labelSets[$0].uses == 0 && labelSets[$0].version >= 0 }
        for set in sets {
            labelNumbers[LabelIdentity(namespace: labelSets[set].namespace, labels: labelSets[set].labels)] = nil
            labelSets[set] = LabelSet(namespace: "", labels: [:], version: -1)
        }
        vacantSets += sets
        idleSets = 0
        forgetIdleCounters()
        let used = identities.filter { $0.subject != .nobody }
        let (keysUsed, filtersUsed) = (Set(used.map(\.key)).union(held), Set(used.map(\.filter)))
        for key in keys.indices where !keysUsed.contains(key) && keyNumbers[keys[key].name] == key {
            keyNumbers[keys[key].name] = nil
            keys[key] = TopologyKey(name: "")
            vacantKeys.append(key)
        }
        for filter in filters.indices where !filtersUsed.contains(filter) && filterNumbers[filters[filter]] == filter {
            filterNumbers[filters[filter]] = nil
            filters[filter] = NodeFilter(nodeSelector: [:])
            vacantFilters.append(filter)
        }
        return sets
    }

    private mutating func forgetIdleCounters() {
        let idle = Set(counters.indices.filter { uses[$0] == 0 && identities[$0].subject != .nobody })
        guard !idle.isEmpty else { return }
        for set in labelSets.indices where labelSets[set].version >= 0 {
            labelSets[set].counters.removeAll { idle.contains($0) }
            let before = labelSets[set].others.count
            labelSets[set].others.removeAll { idle.contains($0.counter) }
            if labelSets[set].others.count < before { labelSets[set].version += 1 }
        }
        for counter in idle.sorted() {
            numbers[identities[counter]] = nil
            identities[counter] = Identity(subject: .nobody, key: 0, filter: -1)
            counters[counter] = DomainCounter(key: 0, filter: -1)
            vacantCounters.append(counter)
        }
        idleCounters = 0
    }
}
