// A gang whose members differ can fit although taking the best node for one after the other does not find how.
extension Scheduler {
    /// The members that ask for the greatest part of the pool first: the small ones fill what they leave.
    func demandingFirst(_ members: [Int32]) -> [Int32] {
        guard let first = members.first, !members.allSatisfy({ pool.shape(of: $0) == pool.shape(of: first) }) else {
            return members
        }
        let total = queues.ledger.total
        func part(_ pod: Int32) -> Double {
            pool.shapes[pool.shape(of: pod)].requests.reduce(0) { greatest, amount in
                let all = amount.dimension < total.count ? total[amount.dimension] : 0
                return all > 0 ? max(greatest, amount.value / all) : greatest
            }
        }
        let parts = members.map { (pod: $0, part: part($0), arrival: pool.pods.arrival[Int($0)]) }
        return parts.sorted { $0.part > $1.part || $0.part == $1.part && $0.arrival < $1.arrival }.map(\.pod)
    }

    /// Whether another order of nodes could do what the best ones did not: not for equal members without rules.
    func needsSearch(_ members: [Int32]) -> Bool {
        guard let first = members.first else { return false }
        return members.contains { pod in
            pool.shape(of: pod) != pool.shape(of: first) || pool.shapes[pool.shape(of: pod)].hasRules
        }
    }

    /// How many placements are tried: all that there are in small pools, and a bounded time in large ones.
    var searchSteps: Int { min(5000, 400_000 / max(1, nodeCount)) }

    /// A node for each member, depth first, the node that has least left over first; the books are as before.
    mutating func search(
        _ members: ArraySlice<Int32>, in domain: Int?, key: Int, _ steps: inout Int
    ) -> [Int]? {
        guard let pod = members.first else { return [] }
        let number = memberClass(of: pod, among: members.endIndex, in: domain, key: key)
        for node in tightestFirst(number) {
            guard steps > 0 else { return nil }
            steps -= 1
            pool.place(pod, on: node)
            let rest = search(members.dropFirst(), in: domain, key: key, &steps)
            pool.displace(pod)
            if let rest { return [node] + rest }
        }
        return nil
    }

    private mutating func tightestFirst(_ number: Int) -> [Int] {
        keepWarm(number)
        var found: [(left: Double, node: Int)] = []
        let needed = pool.shapes[classes[number].identity.shape].needed
        for node in pool.nodes.isPresent.members
        where classes[number].set.score(at: node, in: pool) > BestNodeTree.impossible {
            let left = needed.reduce(0.0) { sum, amount in
                let capacity = pool.nodes.capacity(of: node, amount.dimension)
                return sum + (pool.nodes[free: node, amount.dimension] - amount.value) / max(1, capacity)
            }
            found.append((left, node))
        }
        return found.sorted { $0 < $1 }.map(\.node)
    }
}
