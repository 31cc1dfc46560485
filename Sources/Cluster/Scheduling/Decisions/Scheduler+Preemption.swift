internal import Units

// Evicting pods of lower priority, or of tenants that borrowed, for a pod that fits nowhere.
extension Scheduler {
    mutating func preempt(for pod: Int32, of number: Int) -> Decision? {
        guard pool.templates[Int(pool.pods.template[Int(pod)])].source.mayPreempt else { return nil }
        let reclaims = reclaims(pod)
        let key = EvictionSet.Key(
            priority: pool.pods.priority[Int(pod)],
            tenant: reclaims ? queues.lanes[pool.pods.lane(of: pod)].tenant : -1)
        classes[number].set.synchronize(with: pool)
        var evictions = classes[number].evictions.removeValue(forKey: key) ?? EvictionSet()
        defer { classes[number].evictions[key] = evictions }
        // A count, or what a tenant uses, elsewhere can change what helps here.
        if !classes[number].set.rules.rules.isEmpty || reclaims { evictions = EvictionSet() }
        for node in evictions.stale(in: pool, budgets: budgets.version) {
            evictions.set(node, victims(for: pod, of: number, at: node)?.cost)
        }
        while let node = evictions.cheapest {
            guard let (victims, cost) = victims(for: pod, of: number, at: node) else {
                evictions.set(node, nil)  // another eviction used up a budget
                continue
            }
            if EvictionSet.rank(cost) < evictions.rank(of: node) {
                evictions.set(node, cost)
                continue
            }
            return nominate(pod, on: node, victims: victims.map(\.pod))
        }
        return nil
    }

    /// Gives `pod` the node and lets the victims leave; nominated pods among them go back into their queues.
    private mutating func nominate(_ pod: Int32, on node: Int, victims: [Int32]) -> Decision {
        var leaving: [String] = []
        for victim in victims {
            if pool.pods.state[Int(victim)] == .nominated {
                victimsLeft[victim] = nil
                displace(victim)
                enqueue(victim)
                continue
            }
            for budget in budgets.covering(pool.labels(of: victim), in: pool.counters) { budgets.consume(budget) }
            pool.pods.state[Int(victim)] = .leaving
            beneficiaries[victim] = pod
            leaving.append(pool.pods.ids[Int(victim)])
        }
        pool.pods.state[Int(pod)] = .nominated
        victimsLeft[pod] = leaving.count
        place(pod, on: node)
        return .preempt(pod: pool.pods.ids[Int(pod)], node: pool.nodes.specs[node].name, victims: leaving)
    }

    /// A victim is gone; the pod it made room for may be bound.
    mutating func victimGone(_ victim: Int32, at time: Int64) -> Decision? {
        guard let pod = beneficiaries.removeValue(forKey: victim), let left = victimsLeft[pod],
            pool.pods.state[Int(pod)] == .nominated
        else { return nil }
        victimsLeft[pod] = left - 1
        return left == 1 ? bindNominated(pod, at: time) : nil
    }

    private mutating func bindNominated(_ pod: Int32, at time: Int64) -> Decision {
        victimsLeft[pod] = nil
        pool.pods.state[Int(pod)] = .assumed
        reservations.add(
            pod, stamp: pool.pods.stampAnew(pod),
            until: time + configuration.reservationTimeout.inNanoseconds)
        let node = Int(pool.pods.node[Int(pod)])
        return .place(Placement(pod: pool.pods.ids[Int(pod)], node: pool.nodes.specs[node].name, score: 0))
    }

    /// The cheapest victims on one node, or `nil` when evicting does not help there.
    private mutating func victims(
        for pod: Int32, of number: Int, at node: Int
    ) -> (victims: [VictimSearch.Candidate], cost: VictimSearch.Cost)? {
        guard pool.nodes.isPresent[node], classes[number].set.allows(node) else { return nil }
        let shape = classes[number].identity.shape
        let isClosed = pool.shapes[shape].useFilters.contains { filter in
            if case .never = filter.verdict(on: pool.shapes[shape].demand, at: node, in: pool.nodes) { true } else { false }
        }
        if isClosed { return nil }
        let (short, shortage, leaving) = shortage(of: shape, at: node)
        let candidates = candidates(for: pod, at: node, short: short)
        guard let candidates, !candidates.isEmpty else { return nil }
        if pool.shapes[shape].isOpaque || !classes[number].set.rules.rules.isEmpty {
            return victimsByTrial(candidates, number, at: node, leaving: leaving)
        }
        guard !short.isEmpty || candidates.contains(where: \.isNecessary) else { return nil }
        let ledger = budgets
        var search = VictimSearch(candidates, shortage: shortage) { ledger.allowed($0) }
        return search.run()
    }

    /// The dimensions of which there is too little even when those who leave are gone, and how much is missing.
    private func shortage(of shape: Int, at node: Int) -> (dimensions: [Int], missing: [Double], leaving: [Int32]) {
        var leaving: [Int32] = []
        if !beneficiaries.isEmpty {
            for pod in pool.pods.members(of: pool.nodes.pods[node]) where pool.pods.state[Int(pod)] == .leaving {
                leaving.append(pod)
            }
        }
        var (dimensions, missing): ([Int], [Double]) = ([], [])
        for request in pool.shapes[shape].needed {
            var free = pool.nodes[free: node, request.dimension]
            for pod in leaving {
                for amount in pool.shapes[pool.shape(of: pod)].requests where amount.dimension == request.dimension {
                    free += amount.value
                }
            }
            guard free < request.value else { continue }
            dimensions.append(request.dimension)
            missing.append(request.value - free)
        }
        return (dimensions, missing, leaving)
    }

    /// Whom `pod` may evict, or `nil` when somebody it may not evict holds a port it needs.
    private mutating func candidates(for pod: Int32, at node: Int, short: [Int]) -> [VictimSearch.Candidate]? {
        let priority = pool.pods.priority[Int(pod)]
        let lane = pool.pods.lane(of: pod)
        let isReclaiming = reclaims(pod)
        let ports = pool.shapes[pool.shape(of: pod)].neededPorts
        var candidates: [VictimSearch.Candidate] = []
        for other in pool.pods.members(of: pool.nodes.pods[node]) {
            let shape = pool.shape(of: other)
            let holdsPort =
                !ports.isEmpty
                && pool.shapes[shape].requirements.hostPorts.contains { port in
                    ports.contains { $0.conflicts(with: port) }
                }
            let isBorrower = isReclaiming && borrows(other, from: lane)
            guard pool.pods.state[Int(other)] != .leaving else { continue }
            guard pool.pods.priority[Int(other)] < priority || isBorrower else {
                if holdsPort { return nil }
                continue
            }
            var frees = Array(repeating: 0.0, count: short.count)
            for amount in pool.shapes[shape].requests {
                if let index = short.firstIndex(of: amount.dimension) { frees[index] = amount.value }
            }
            let covering =
                budgets.isEmpty || pool.pods.state[Int(other)] == .nominated
                ? [] : budgets.covering(pool.labels(of: other), in: pool.counters)
            candidates.append(
                VictimSearch.Candidate(
                    pod: other, priority: pool.pods.priority[Int(other)], arrival: pool.pods.arrival[Int(other)],
                    frees: frees, budgets: covering, isNecessary: holdsPort))
        }
        return candidates
    }

    /// Whether `pod` would stay within its tenant's own quota, so that it may take back what was lent.
    func reclaims(_ pod: Int32) -> Bool {
        let tenant = queues.lanes[pool.pods.lane(of: pod)].tenant
        guard queues.ledger.tenants[tenant].quota?.cohort != nil else { return false }
        return queues.ledger.isWithinNominal(tenant, adding: pool.shapes[pool.shape(of: pod)].requests)
    }

    /// Whether a pod's tenant uses more than its own quota, of the cohort that `lane` belongs to.
    private func borrows(_ pod: Int32, from lane: Int) -> Bool {
        let other = queues.lanes[pool.pods.lane(of: pod)].tenant
        guard other != queues.lanes[lane].tenant, let cohort = queues.ledger.tenants[other].quota?.cohort,
            cohort == queues.ledger.tenants[queues.lanes[lane].tenant].quota?.cohort
        else { return false }
        return !queues.ledger.isWithinNominal(other, adding: [Amount(dimension: Dimensions.cpu, value: 0)])
            || !queues.ledger.isWithinNominal(other, adding: [Amount(dimension: Dimensions.memory, value: 0)])
    }

    /// With rules about other pods, sets are tried for real, the smallest and lowest first, and put back.
    private mutating func victimsByTrial(
        _ candidates: [VictimSearch.Candidate], _ number: Int, at node: Int, leaving: [Int32]
    ) -> (victims: [VictimSearch.Candidate], cost: VictimSearch.Cost)? {
        let ordered = candidates.sorted { ($0.priority, $1.arrival) < ($1.priority, $0.arrival) }
        for pod in leaving { pool.displace(pod) }
        defer { for pod in leaving { pool.place(pod, on: node) } }
        var tries = 256
        for highest in Set(ordered.map(\.priority)).sorted() {
            let level = ordered.filter { $0.priority <= highest }
            for size in 1...level.count {
                var best: [VictimSearch.Candidate]?
                var chosen: [VictimSearch.Candidate] = []
                trial(level, from: 0, size: size, &chosen, &best, number, node, &tries)
                if let best {
                    let sum = best.reduce(0) { $0 + Int64($1.priority) }
                    return (best, VictimSearch.Cost(highest: highest, count: size, sum: sum))
                }
                if tries <= 0 { return nil }
            }
        }
        return nil
    }

    // swift-format-ignore
    private mutating func trial(
        _ level: [VictimSearch.Candidate], from start: Int, size: Int, _ chosen: inout [VictimSearch.Candidate],
        _ best: inout [VictimSearch.Candidate]?, _ number: Int, _ node: Int, _ tries: inout Int
    ) {
        if size == 0 {
            tries -= 1
            for victim in chosen { pool.displace(victim.pod) }
            let identity = classes[number].identity
            let fits = pool.shape(identity.shape, fitsAt: node)
                && RuleSet(shape: pool.shapes[identity.shape], labels: identity.labels, in: pool).score(at: node, in: pool) > BestNodeTree.impossible
            for victim in chosen { pool.place(victim.pod, on: node) }
            let isLower = best.map { old in chosen.reduce(0) { $0 + Int64($1.priority) } < old.reduce(0) { $0 + Int64($1.priority) } } ?? true
            if fits, isLower { best = chosen }
            return
        }
        for index in level.indices.dropFirst(start) where level.count - index >= size && tries > 0 {
            let isAllowed = level[index].budgets.allSatisfy { budget in
                chosen.reduce(0) { $0 + ($1.budgets.contains(budget) ? 1 : 0) } < budgets.allowed(budget)
            }
            guard isAllowed else { continue }
            chosen.append(level[index])
            trial(level, from: index + 1, size: size - 1, &chosen, &best, number, node, &tries)
            chosen.removeLast()
        }
    }
}
