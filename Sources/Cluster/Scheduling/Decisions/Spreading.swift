// What to move so that use, or the pods of a spread constraint, lie more evenly.
extension Scheduler {
    /// What to move so that nodes are used more evenly; nothing is changed.
    ///
    /// First pods whose soft or hard spread constraints are broken where they are, as after a domain was lost and came
    /// back; then pods from the fullest nodes to the emptiest, as long as that leaves the two less far apart than
    /// `tolerance`, a part of a node, says. `limit` bounds the moves. Pods whose budget forbids it, and members of gangs,
    /// stay where they are.
    package mutating func spreading(limit: Int, tolerance: Double = 0.1) -> [Move] {
        var moves: [Move] = []
        var moved: [(pod: Int32, from: Int)] = []
        let ledger = budgets
        for node in pool.nodes.isPresent.members {
            for pod in pool.pods.members(of: pool.nodes.pods[node]) where moves.count < limit && isMovable(pod) {
                guard let to = evenerNode(for: pod, than: node) else { continue }
                move(pod, from: node, to: to, &moves, &moved)
            }
        }
        while moves.count < limit, let (pod, from, to) = levelling(tolerance) {
            move(pod, from: from, to: to, &moves, &moved)
        }
        for (pod, from) in moved.reversed() {
            pool.displace(pod)
            pool.place(pod, on: from)
        }
        budgets = ledger
        return moves
    }

    private mutating func move(
        _ pod: Int32, from: Int, to: Int, _ moves: inout [Move], _ moved: inout [(pod: Int32, from: Int)]
    ) {
        pool.displace(pod)
        pool.place(pod, on: to)
        for budget in budgets.covering(pool.labels(of: pod), in: pool.counters) { budgets.consume(budget) }
        moved.append((pod, from))
        moves.append(
            Move(
                pod: pool.pods.ids[Int(pod)], from: pool.nodes.specs[from].name, to: pool.nodes.specs[to].name))
    }

    /// Whether `pod` may be asked to leave its node for its own or others' good.
    mutating func isMovable(_ pod: Int32) -> Bool {
        pool.pods.state[Int(pod)] == .running && pool.pods.gang[Int(pod)] < 0
            && budgets.covering(pool.labels(of: pod), in: pool.counters).allSatisfy { budgets.allowed($0) > 0 }
    }

    /// A better node for a pod whose spread constraint is broken where it is.
    private mutating func evenerNode(for pod: Int32, than node: Int) -> Int? {
        let rules = pool.shapes[pool.shape(of: pod)].rules
        let isUneven = rules.contains { rule in
            let (skew, minDomains): (Int, Int)
            switch rule.kind {
            case .spread(let most, let least, _), .softSpread(let most, let least, _):
                (skew, minDomains) = (most, least)
            default: return false
            }
            let domain = pool.counters.keys[rule.key].domain(of: node)
            let counter = pool.counters.counters[rule.counter]
            return domain >= 0 && counter.count(in: domain) - counter.minimum(minDomains: minDomains) > skew
        }
        guard isUneven else { return nil }
        pool.displace(pod)
        defer { pool.place(pod, on: node) }
        let number = classNumber(of: pod)
        guard let found = best(of: number), found.node != node else { return nil }
        return found.score > classes[number].set.score(at: node, in: pool) ? found.node : nil
    }

    /// The pod whose move brings the fullest node that has one and the emptiest closest together.
    private mutating func levelling(_ tolerance: Double) -> (pod: Int32, from: Int, to: Int)? {
        let nodes = pool.nodes.isPresent.members.map { (node: $0, use: use(of: $0)) }
        guard let emptiest = nodes.map(\.use).min() else { return nil }
        for (node, use) in nodes.sorted(by: { $0.use > $1.use || $0.use == $1.use && $0.node < $1.node }) {
            guard use - emptiest > tolerance else { return nil }
            for pod in pool.pods.members(of: pool.nodes.pods[node]) where isMovable(pod) {
                pool.displace(pod)
                let number = classNumber(of: pod)
                let found = best(of: number)
                if let to = found?.node { pool.place(pod, on: to) }
                let after = found.map { self.use(of: $0.node) }
                if found != nil { pool.displace(pod) }
                pool.place(pod, on: node)
                // Only towards a node that stays emptier than this one was: else the two would change places for ever.
                if let to = found?.node, to != node, let after, after < use - tolerance / 2 { return (pod, node, to) }
            }
        }
        return nil
    }
}
