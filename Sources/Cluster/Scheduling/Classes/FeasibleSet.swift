/// The possible nodes of one class of equal pods, best first, kept up to date by reading the change log.
///
/// What depends on a node alone (description, resources, ports, rules whose domain is the node) lies in trees; what
/// depends on a wider domain is looked up per cell when a node is asked for. The score of a node is the sum of both.
struct FeasibleSet {
    let shape: Int
    let labels: Int
    private(set) var rules: RuleSet
    /// Passed by all filters that look at descriptions only.
    private var eligible = Bitset()
    private var scores: [(plugin: any StaticScore, weight: Double)] = []
    private var staticScores: [Double] = []
    private var partition: Partition?
    /// One tree over all nodes, or one per cell.
    private var trees: [BestNodeTree] = []
    private var wide: [DomainRule] = []
    private var perNode: [DomainRule] = []
    private var globalTerms: [Int] = []
    private var isFirst = false
    private var cursor = -1
    private var layoutVersion = -1
    private var scoreVersion = -1
    private var labelVersion = -1
    private var builtFor = 0
    /// How often it was asked; the first time a scan is cheaper than a tree.
    private(set) var asked = 0

    /// The key of which a gang is to lie in one domain, and that domain.
    private let confinementKey: Int?
    var confinement: Int?

    /// `labels` is -1 where they make no difference.
    init(shape: Int, labels: Int, confinedBy key: Int? = nil, in pool: borrowing Pool) {
        self.shape = shape
        self.labels = labels
        confinementKey = key
        rules = RuleSet(shape: pool.shapes[shape], labels: labels, in: pool)
    }

    var isWarm: Bool { cursor >= 0 }

    /// Whether the node's description allows such pods.
    func allows(_ node: Int) -> Bool { eligible[node] }

    /// Whether `node` is in the domain that a gang is confined to, if it is.
    func isConfined(to node: Int, in pool: borrowing Pool) -> Bool {
        guard let confinementKey, let confinement else { return true }
        return pool.counters.keys[confinementKey].domain(of: node) == confinement
    }

    /// Gives the memory back; the next question builds it again.
    mutating func cool() {
        trees = []
        staticScores = []
        partition = nil
        layoutVersion = -1  // so that the partition is made again
        eligible = Bitset()
        cursor = -1
    }

    /// The best node with its score, or `nil` when the pod fits nowhere.
    mutating func best(in pool: borrowing Pool) -> (node: Int, score: Double)? {
        asked += 1
        synchronize(with: pool)
        guard let partition else {
            guard let node = trees[0].bestPosition else { return nil }
            return (node, trees[0].best)
        }
        var found: (cell: Int, score: Double)?
        for cell in trees.indices {
            let top = trees[cell].best
            guard top > BestNodeTree.impossible else { continue }
            let score = top + wideScore(cell, partition, in: pool)
            if score > found?.score ?? BestNodeTree.impossible { found = (cell, score) }
        }
        guard let found, let position = trees[found.cell].bestPosition else { return nil }
        return (Int(partition.members[found.cell][position]), found.score)
    }

    /// The score of one node as it is now, minus infinity where the pod does not fit.
    mutating func score(at node: Int, in pool: borrowing Pool) -> Double {
        synchronize(with: pool)
        guard let partition else { return trees[0][node] }
        let cell = Int(partition.cells[node])
        guard cell >= 0 else { return BestNodeTree.impossible }
        return trees[cell][Int(partition.positions[node])] + wideScore(cell, partition, in: pool)
    }

    @inline(__always)
    private func wideScore(_ cell: Int, _ partition: Partition, in pool: borrowing Pool) -> Double {
        var sum = 0.0
        if let confinementKey, let confinement,
            partition.domains[cell][partition.keys.firstIndex(of: confinementKey) ?? 0] != confinement
        {
            return BestNodeTree.impossible
        }
        for rule in wide {
            let domain = partition.domains[cell][partition.keys.firstIndex(of: rule.key) ?? 0]
            sum += rules.score(rule, in: domain, isFirst: isFirst, of: pool)
            if sum == BestNodeTree.impossible { return sum }
        }
        return sum
    }
}

// MARK: - Keeping up

extension FeasibleSet {
    mutating func synchronize(with pool: borrowing Pool) {
        let version = labels >= 0 ? pool.counters.labelSets[labels].version : 0
        if !rules.rules.isEmpty || confinementKey != nil || labelVersion != version {
            synchronizeRules(version, with: pool)
        }
        let scored =
            pool.layers.taintVersion
            + (pool.shapes[shape].requirements.layers.isEmpty ? 0 : pool.layers.layerVersion)
            + (pool.shapes[shape].requirements.claims.isEmpty ? 0 : pool.nodes.volumes.version)
        if cursor < pool.log.start || builtFor != pool.nodes.free[0].count || scored != scoreVersion {
            scoreVersion = scored
            build(from: pool)
            return
        }
        while cursor < pool.log.end {
            let (node, isDescribed) = pool.log.entry(cursor)
            if isDescribed { describe(node, in: pool) }
            set(node, to: leaf(node, in: pool))
            cursor += 1
        }
    }

    /// Notices what makes all leaves stale: new rules, nodes that changed domains, a minimum that moved.
    private mutating func synchronizeRules(_ version: Int, with pool: borrowing Pool) {
        if labelVersion != version {
            labelVersion = version
            rules = RuleSet(shape: pool.shapes[shape], labels: labels, in: pool)
            layoutVersion = -1
        }
        if layoutVersion != pool.counters.layoutVersion {
            layoutVersion = pool.counters.layoutVersion
            wide = []
            perNode = []
            for rule in rules.rules {
                if pool.counters.keys[rule.key].isPerNode { perNode.append(rule) } else { wide.append(rule) }
            }
            let keys = Set(wide.map(\.key) + (confinementKey.map { [$0] } ?? [])).sorted()
            partition = keys.isEmpty ? nil : Partition(keys: keys, in: pool)
            cursor = -1
        }
        let first = rules.isFirst(in: pool)
        var terms: [Int] = []
        for rule in perNode { terms.append(rule.globalTerm(in: pool)) }
        if first != isFirst && !perNode.isEmpty || terms != globalTerms { cursor = -1 }
        isFirst = first
        globalTerms = terms
    }

    private mutating func build(from pool: borrowing Pool) {
        cursor = pool.log.end
        builtFor = pool.nodes.free[0].count
        eligible = pool.nodes.isPresent
        for filter in pool.shapes[shape].filters {
            filter.narrow(&eligible, for: pool.shapes[shape].requirements, in: pool.indexes)
        }
        let requirements = pool.shapes[shape].requirements
        let profile = pool.profiles[pool.shapes[shape].profile]
        scores = profile.scores.filter { $0.plugin.concerns(requirements, in: pool.layers) }
        staticScores = []
        if !scores.isEmpty {
            staticScores = Array(repeating: 0, count: builtFor * 8)
            for node in eligible.members { staticScores[node] = staticScore(node, in: pool) }
        }
        plant(leaves(of: pool), in: pool)
    }

    private mutating func plant(_ leaves: [SIMD8<Double>], in pool: borrowing Pool) {
        guard let partition else {
            trees = [BestNodeTree(blocks: leaves)]
            return
        }
        trees = partition.members.map { members in
            var blocks = Array(
                repeating: SIMD8(repeating: BestNodeTree.impossible), count: (members.count + 7) / 8)
            for (position, node) in members.enumerated() {
                blocks[position >> 3][position & 7] = leaves[Int(node) >> 3][Int(node) & 7]
            }
            return BestNodeTree(blocks: blocks)
        }
    }

    /// All leaves at once: plugin after plugin over as many blocks of eight nodes as stay in the processor's cache.
    private func leaves(of pool: borrowing Pool) -> [SIMD8<Double>] {
        let shape = pool.shapes[shape]
        let count = pool.nodes.free[0].count
        let bonuses = pool.shard?.bonuses ?? []
        var leaves = Array(repeating: SIMD8(repeating: BestNodeTree.impossible), count: count)
        for start in stride(from: 0, to: count, by: 64) {
            let blocks = start..<min(start + 64, count)
            for block in blocks {
                let bits = eligible.byte(block)
                if bits == 0xFF {
                    leaves[block] = SIMD8(repeating: 0)
                } else if bits != 0 {
                    for lane in 0..<8 where bits & (1 << UInt8(lane)) != 0 { leaves[block][lane] = 0 }
                }
            }
            for filter in shape.useFilters {
                filter.reject(from: &leaves, blocks, for: shape.demand, in: pool.nodes)
            }
            for score in shape.useScores { score.add(to: &leaves, blocks, for: shape.demand, in: pool.nodes) }
            if !bonuses.isEmpty { for block in blocks { leaves[block] += bonuses[block % bonuses.count] } }
            guard !staticScores.isEmpty || !perNode.isEmpty else { continue }
            for block in blocks {
                for lane in 0..<8 where leaves[block][lane] > BestNodeTree.impossible {
                    leaves[block][lane] = adjusted(leaves[block][lane], block * 8 + lane, in: pool)
                }
            }
        }
        return leaves
    }

    /// The resource score with what else concerns the node alone.
    @inline(__always)
    private func adjusted(_ score: Double, _ node: Int, in pool: borrowing Pool) -> Double {
        var score = score
        if !staticScores.isEmpty { score += staticScores[node] }
        for rule in perNode {
            let domain = pool.counters.keys[rule.key].domain(of: node)
            score += rules.score(rule, in: domain, isFirst: isFirst, of: pool)
        }
        return score
    }

    private func leaf(_ node: Int, in pool: borrowing Pool) -> Double {
        guard eligible[node] else { return BestNodeTree.impossible }
        for filter in pool.shapes[shape].useFilters
        where !filter.fits(pool.shapes[shape].demand, at: node, in: pool.nodes) { return BestNodeTree.impossible }
        var score = pool.shard.map { $0.prefers(node) ? Shard.bonus : 0 } ?? 0
        for plugin in pool.shapes[shape].useScores {
            score += plugin.score(of: pool.shapes[shape].demand, at: node, in: pool.nodes)
        }
        return adjusted(score, node, in: pool)
    }

    private mutating func set(_ node: Int, to value: Double) {
        guard let partition else {
            trees[0][node] = value
            return
        }
        let cell = Int(partition.cells[node])
        if cell >= 0 { trees[cell][Int(partition.positions[node])] = value }
    }

    /// Asks the filters and scores that look at descriptions again.
    private mutating func describe(_ node: Int, in pool: borrowing Pool) {
        guard pool.nodes.isPresent[node] else {
            eligible[node] = false
            return
        }
        let requirements = pool.shapes[shape].requirements
        eligible[node] = pool.shapes[shape].filters.allSatisfy { filter in
            filter.verdict(on: requirements, at: pool.nodes.specs[node]) == .fits
        }
        if !staticScores.isEmpty { staticScores[node] = staticScore(node, in: pool) }
    }

    private func staticScore(_ node: Int, in pool: borrowing Pool) -> Double {
        let requirements = pool.shapes[shape].requirements
        return scores.reduce(0) { sum, score in
            sum + score.weight
                * score.plugin.score(
                    of: requirements, at: pool.nodes.specs[node], in: pool.layers)
        }
    }
}
