/// What the scheduler knows: nodes, placed pods, and the indexes over both, all kept up to date change by change.
///
/// It cannot be copied by accident: passing it on costs nothing.
package struct Pool: ~Copyable {
    /// One template of pods, as numbers.
    struct Template {
        /// Kept so that its identity stays its own.
        var source: PodTemplate
        var shape: Int
        var labels: Int
        var lane: Int
        var priority: Int32
        var uses: Int
        /// Pods of it were evicted: until then none of them evicts others.
        var evictsAfter = Int64.min
    }

    struct ShapeIdentity: Hashable {
        var requirements: Requirements
        /// Only where terms about pods make it matter.
        var namespace: String
        var packing: Profile.Packing
    }

    var dimensions = Dimensions()
    var nodes = NodeTable()
    var indexes = NodeIndexes()
    var layers = LayerIndex()
    var pods = PodTable()
    var counters = CounterIndex()
    /// By filter of ``CounterIndex``: the nodes that count.
    var filterNodes: [Bitset] = []
    var templates: [Template] = []
    var templateNumbers: [ObjectIdentifier: Int] = [:]
    var vacantTemplates: [Int] = []
    var shapes: [Shape] = []
    var shapeNumbers: [ShapeIdentity: Int] = [:]
    var vacantShapes: [Int] = []
    var log = ChangeLog()
    /// Which nodes a scheduler among several prefers.
    var shard: Shard?
    let bands: [Band]
    let profiles: [Profile]
    let profileNumbers: [String: Int]
    /// By node pool: how much more may be promised than there is.
    let overcommit: [String: Overcommit]

    init(_ configuration: Configuration) {
        bands = configuration.bands
        let profiles = configuration.profiles
        let names = [Profile.standardName] + profiles.keys.filter { $0 != Profile.standardName }.sorted()
        self.profiles = names.map { profiles[$0] ?? Profile() }
        profileNumbers = Dictionary(uniqueKeysWithValues: names.enumerated().map { ($1, $0) })
        overcommit = configuration.overcommit
        shard = configuration.shard
        nodes.widen(to: 4)
    }

    func shape(of pod: Int32) -> Int { templates[Int(pods.template[Int(pod)])].shape }
    func labels(of pod: Int32) -> Int { templates[Int(pods.template[Int(pod)])].labels }
}

/// How many times what a node has may be promised to pods.
package struct Overcommit: Hashable, Sendable {
    package var cpu: Double
    package var memory: Double

    package init(cpu: Double = 1, memory: Double = 1) {
        self.cpu = cpu
        self.memory = memory
    }
}

// MARK: - Nodes

extension Pool {
    mutating func addNode(_ node: Node) -> Int {
        let number = nodes.add(node)
        attach(number)
        return number
    }

    /// Takes note of a new description; the pods on the node stay.
    mutating func updateNode(_ number: Int, to node: Node) {
        detach(number)
        nodes.replace(number, with: node)
        attach(number)
    }

    /// The caller has removed the node's pods.
    mutating func removeNode(_ number: Int) {
        detach(number)
        nodes.remove(number)
    }

    private mutating func attach(_ number: Int) {
        let node = nodes.specs[number]
        indexes.add(node, at: number)
        layers.add(node)
        nodes.setCapacity(number, capacity(of: node))
        for key in counters.keys.indices where !counters.keys[key].name.isEmpty {
            counters.keys[key].add(node.labels[counters.keys[key].name], for: number)
        }
        for filter in filterNodes.indices { filterNodes[filter][number] = counters.filters[filter].matches(node) }
        countNode(number, sign: 1)
        log.append(number, described: true, nodes: nodes.count)
        if !counters.keys.isEmpty { counters.layoutVersion += 1 }
    }

    private mutating func detach(_ number: Int) {
        let node = nodes.specs[number]
        countNode(number, sign: -1)
        for key in counters.keys.indices { counters.keys[key].remove(number) }
        for filter in filterNodes.indices { filterNodes[filter][number] = false }
        indexes.remove(node, at: number)
        layers.remove(node)
        log.append(number, described: true, nodes: nodes.count)
        if !counters.keys.isEmpty { counters.layoutVersion += 1 }
    }

    /// Adds a node and its pods to all counters, or takes them away.
    private mutating func countNode(_ number: Int, sign: Int32) {
        for counter in counters.counters.indices where counters.identities[counter].subject != .nobody {
            guard let domain = domain(of: number, for: counter) else { continue }
            counters.counters[counter].addEligibleNodes(sign, in: domain)
        }
        guard nodes.pods[number].count > 0, !counters.counters.isEmpty else { return }
        for pod in pods.members(of: nodes.pods[number]) { count(pod, at: number, sign: sign) }
    }

    private mutating func capacity(of node: Node) -> [Amount] {
        let ratio = overcommit[node.pool] ?? Overcommit()
        return dimensions.amounts(node.allocatable).map { amount in
            switch amount.dimension {
            case Dimensions.cpu: Amount(dimension: Dimensions.cpu, value: (amount.value * ratio.cpu).rounded(.down))
            case Dimensions.memory:
                Amount(dimension: Dimensions.memory, value: (amount.value * ratio.memory).rounded(.down))
            default: amount
            }
        }
    }

    /// The domain in which `counter` counts what is on `node`, unless it does not.
    @inline(__always)
    func domain(of node: Int, for counter: Int) -> Int? {
        let (key, filter) = (counters.counters[counter].key, counters.counters[counter].filter)
        let domain = counters.keys[key].domain(of: node)
        return domain >= 0 && (filter < 0 || filterNodes[filter][node]) ? domain : nil
    }
}

// MARK: - Pods on nodes

extension Pool {
    /// Lets `pod` use `node`.
    mutating func place(_ pod: Int32, on node: Int) {
        pods.node[Int(pod)] = Int32(node)
        pods.append(pod, to: &nodes.pods[node])
        use(pod, at: node, sign: 1)
    }

    mutating func displace(_ pod: Int32) {
        let node = Int(pods.node[Int(pod)])
        pods.remove(pod, from: &nodes.pods[node])
        use(pod, at: node, sign: -1)
        pods.node[Int(pod)] = -1
    }

    private mutating func use(_ pod: Int32, at node: Int, sign: Int32) {
        let shape = shape(of: pod)
        nodes.take(shapes[shape].requests, from: node, sign: Double(sign))
        if !shapes[shape].requirements.hostPorts.isEmpty {
            // For a moment two pods may hold one port: ours that is being taken back, and another scheduler's.
            let others = sign > 0 ? [] : pods.members(of: nodes.pods[node]).map { self.shape(of: $0) }
            let changed = shapes[shape].requirements.hostPorts.filter { port in
                !others.contains { shapes[$0].requirements.hostPorts.contains(port) }
            }
            nodes.ports.set(changed, at: node, taken: sign > 0)
        }
        if !shapes[shape].requirements.claims.isEmpty {
            if sign > 0 {
                nodes.volumes.take(shapes[shape].requirements.claims, at: nodes.specs[node])
            } else {
                nodes.volumes.giveBack(shapes[shape].requirements.claims)
            }
        }
        count(pod, at: node, sign: sign)
        log.append(node, described: false, nodes: nodes.count)
    }

    /// Takes note of a namespace's labels, which selectors of namespaces ask for.
    mutating func setNamespace(_ name: String, labels namespaceLabels: [String: String]) {
        guard counters.namespaces[name] ?? [:] != namespaceLabels else { return }
        let placed = pods.state.indices.map { Int32($0) }.filter { pod in
            pods.node[Int(pod)] >= 0 && counters.labelSets[labels(of: pod)].namespace == name
        }
        for pod in placed { count(pod, at: Int(pods.node[Int(pod)]), sign: -1) }
        counters.setNamespace(name, labels: namespaceLabels)
        for pod in placed { count(pod, at: Int(pods.node[Int(pod)]), sign: 1) }
        counters.layoutVersion += 1  // what is kept by node counts them too
    }

    private mutating func count(_ pod: Int32, at node: Int, sign: Int32) {
        let (labels, shape) = (labels(of: pod), shape(of: pod))
        for index in counters.labelSets[labels].counters.indices {
            let counter = counters.labelSets[labels].counters[index]
            if let domain = domain(of: node, for: counter) {
                counters.counters[counter].addPods(sign, in: domain)
            }
        }
        for index in shapes[shape].holds.indices {
            let counter = shapes[shape].holds[index]
            if let domain = domain(of: node, for: counter) {
                counters.counters[counter].addPods(sign, in: domain)
            }
        }
    }
}
