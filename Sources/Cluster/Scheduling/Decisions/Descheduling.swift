/// A pod that would be better elsewhere.
package struct Move: Sendable, Equatable {
    package var pod: String
    package var from: String
    package var to: String
}

extension Scheduler {
    /// What to move so that the emptiest nodes become empty; nothing is changed.
    ///
    /// A node is suggested only when every pod on it fits onto nodes that are fuller than it and stay in use; `limit`
    /// bounds the moves. Pods with rules about other pods, members of gangs, and those whose budget forbids it, stay where
    /// they are.
    package mutating func defragmentation(limit: Int) -> [Move] {
        let byFill = pool.nodes.isPresent.members.filter { pool.nodes.pods[$0].count > 0 }.sorted { left, right in
            let (one, other) = (use(of: left), use(of: right))
            return one < other || one == other && left < right
        }
        var moves: [Move] = []
        var moved: [(pod: Int32, from: Int)] = []
        let ledger = budgets
        for (index, node) in byFill.enumerated() where moves.count < limit {
            let found = empty(node, onto: byFill[(index + 1)...].reversed(), limit: limit - moves.count)
            for (pod, to) in found {
                let name = pool.nodes.specs[node].name
                moves.append(Move(pod: pool.pods.ids[Int(pod)], from: name, to: pool.nodes.specs[to].name))
                moved.append((pod, node))
            }
            if found.isEmpty { break }
        }
        for (pod, from) in moved.reversed() {
            pool.displace(pod)
            pool.place(pod, on: from)
        }
        budgets = ledger
        return moves
    }

    /// Moves all pods of `node` in the books, or none.
    private mutating func empty(_ node: Int, onto targets: [Int], limit: Int) -> [(pod: Int32, to: Int)] {
        let pods = pool.pods.members(of: pool.nodes.pods[node])
        guard pods.count <= limit else { return [] }
        var done: [(pod: Int32, to: Int)] = []
        let ledger = budgets
        for pod in pods {
            let shape = pool.shape(of: pod)
            let isBound = pool.shapes[shape].hasRules || !pool.counters.labelSets[pool.labels(of: pod)].others.isEmpty
            guard isMovable(pod), !isBound, let to = targets.first(where: { pool.shape(shape, fitsAt: $0) }) else {
                for (pod, _) in done.reversed() {
                    pool.displace(pod)
                    pool.place(pod, on: node)
                }
                budgets = ledger
                return []
            }
            for budget in budgets.covering(pool.labels(of: pod), in: pool.counters) { budgets.consume(budget) }
            pool.displace(pod)
            pool.place(pod, on: to)
            done.append((pod, to))
        }
        return done
    }

    /// The greater part of processors and memory that is given away.
    func use(of node: Int) -> Double {
        [Dimensions.cpu, Dimensions.memory].reduce(0) { greatest, dimension in
            let capacity = pool.nodes.capacity(of: node, dimension)
            return capacity > 0 ? max(greatest, 1 - pool.nodes[free: node, dimension] / capacity) : greatest
        }
    }
}
