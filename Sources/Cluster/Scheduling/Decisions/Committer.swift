/// Checks the plans of several schedulers that work at the same time on copies of one pool.
///
/// ```
///   pods by hash ──> Scheduler 0 ──┐ placements            accepted: confirmed to its scheduler,
///                    Scheduler 1 ──┼──────────> Committer ──> told to the others as a running pod
///                    Scheduler 2 ──┘                       refused: told to its scheduler as a conflict
/// ```
///
/// Each scheduler is told all nodes and all running pods, and prefers its own part of the nodes
/// (``Configuration/shard``), so that two rarely want the same room. The committer has the last word: what it accepted
/// fits, in whatever order the plans came.
package struct Committer: ~Copyable {
    private var pool: Pool
    package private(set) var accepted = 0
    package private(set) var refused = 0

    package init(_ configuration: Configuration = Configuration()) {
        pool = Pool(configuration)
        pool.shard = nil
    }

    /// Takes note of nodes, and of pods that run already or are gone; other events do not matter here.
    package mutating func note(_ event: Event) {
        switch event {
        case .nodeAdded(let node), .nodeUpdated(let node):
            if let known = pool.nodes.numbers[node.name] {
                pool.updateNode(known, to: node)
            } else {
                _ = pool.addNode(node)
            }
        case .nodeRemoved(let name):
            guard let node = pool.nodes.numbers[name] else { return }
            for pod in pool.pods.members(of: pool.nodes.pods[node]) { remove(pod) }
            pool.removeNode(node)
        case .podAdded(let pod):
            guard let name = pod.node, let node = pool.nodes.numbers[name] else { return }
            place(pod, on: node)
        case .podRemoved(let id): if let pod = pool.pods.numbers[id] { remove(pod) }
        case .namespaceChanged(let name, let labels): pool.setNamespace(name, labels: labels)
        case .volumeChanged(let volume): pool.nodes.volumes.set(volume)
        case .volumeRemoved(let name): pool.nodes.volumes.remove(name)
        case .claimRemoved(let id): pool.nodes.volumes.forget(claim: id)
        case .podReleased, .bindingConfirmed, .bindingFailed, .bindingConflicted, .budgetChanged, .budgetRemoved,
            .quotaChanged:
            break
        }
    }

    /// Accepts a placement if it still fits what was accepted before, or refuses it.
    package mutating func commit(_ pod: Pod, on name: String) -> Bool {
        if pool.counters.isWorthSweeping { _ = pool.counters.sweep(keepingKeys: []) }
        guard let node = pool.nodes.numbers[name], pool.pods.numbers[pod.id] == nil else {
            refused += 1
            return false
        }
        let number = place(pod, on: nil)
        let shape = pool.shape(of: number)
        let rules = RuleSet(shape: pool.shapes[shape], labels: pool.labels(of: number), in: pool)
        let fits =
            pool.shape(shape, fitsAt: node)
            && (rules.rules.isEmpty || rules.score(at: node, in: pool) > BestNodeTree.impossible)
        guard fits else {
            remove(number)
            refused += 1
            return false
        }
        pool.place(number, on: node)
        accepted += 1
        return true
    }

    @discardableResult
    private mutating func place(_ pod: Pod, on node: Int?) -> Int32 {
        let template = pool.intern(pod.template)
        let number = pool.pods.add(pod.id)
        pool.pods.template[Int(number)] = Int32(template)
        pool.pods.state[Int(number)] = .running
        if let node { pool.place(number, on: node) }
        return number
    }

    private mutating func remove(_ pod: Int32) {
        if pool.pods.node[Int(pod)] >= 0 { pool.displace(pod) }
        let template = Int(pool.pods.template[Int(pod)])
        pool.pods.remove(pod)
        _ = pool.release(template: template)
    }
}

/// One of several schedulers: which part of the nodes it prefers.
package struct Shard: Hashable, Sendable {
    package var index: Int
    package var count: Int

    package init(_ index: Int, of count: Int) {
        self.index = index
        self.count = count
    }

    /// What a node of its own part is worth more.
    static let bonus = 5.0

    func prefers(_ node: Int) -> Bool { node % count == index }

    /// The same for eight nodes at a time: block after block the values come again in this order.
    var bonuses: [SIMD8<Double>] {
        (0..<count).map { block in
            var bonuses = SIMD8<Double>(repeating: 0)
            for lane in 0..<8 where prefers(block * 8 + lane) { bonuses[lane] = Self.bonus }
            return bonuses
        }
    }
}
