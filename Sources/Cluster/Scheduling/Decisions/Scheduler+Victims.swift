// Who may be evicted for whom.
extension Scheduler {
    /// Whom `pod` may evict, or `nil` when somebody it may not evict holds a port it needs.
    ///
    /// A gang loses as many members as it has beyond its minimum, or all of them: with `wholeGangs` always all.
    mutating func candidates(
        for pod: Int32, at node: Int, short: [Int], wholeGangs: Bool, _ hasSurplus: inout Bool
    ) -> [VictimSearch.Candidate]? {
        let isReclaiming = reclaims(pod)
        let ports = pool.shapes[pool.shape(of: pod)].neededPorts
        var candidates: [VictimSearch.Candidate] = []
        var unitOfGang: [Int32: Int] = [:]
        for other in pool.pods.members(of: pool.nodes.pods[node]) {
            guard pool.pods.state[Int(other)] != .leaving else { continue }
            let shape = pool.shape(of: other)
            let holdsPort =
                !ports.isEmpty
                && pool.shapes[shape].requirements.hostPorts.contains { port in
                    ports.contains { $0.conflicts(with: port) }
                }
            guard var candidate = candidate(other, for: pod, short: short, isReclaiming: isReclaiming) else {
                if holdsPort { return nil }
                continue
            }
            candidate.isNecessary = holdsPort
            let gang = pool.pods.gang[Int(other)]
            guard gang >= 0, pool.pods.state[Int(other)] != .nominated else {
                candidates.append(candidate)
                continue
            }
            if gangs[Int(gang)].surplus > 0, !wholeGangs {
                hasSurplus = true
                candidate.budgets.append(-1 - Int(gang))
                candidates.append(candidate)
                continue
            }
            if let unit = unitOfGang[gang] {
                for index in short.indices { candidates[unit].frees[index] += candidate.frees[index] }
                candidates[unit].isNecessary = candidates[unit].isNecessary || holdsPort
                continue
            }
            guard let unit = wholeGang(Int(gang), with: candidate, for: pod, isReclaiming: isReclaiming) else {
                if holdsPort { return nil }
                continue
            }
            unitOfGang[gang] = candidates.count
            candidates.append(unit)
        }
        return candidates
    }

    /// One pod as a victim, unless `pod` may not evict it.
    private mutating func candidate(
        _ other: Int32, for pod: Int32, short: [Int], isReclaiming: Bool
    ) -> VictimSearch.Candidate? {
        let priority = pool.pods.priority[Int(other)]
        let isBorrower = isReclaiming && borrows(other, from: pool.pods.lane(of: pod))
        guard priority < pool.pods.priority[Int(pod)] || isBorrower else { return nil }
        var frees = Array(repeating: 0.0, count: short.count)
        for amount in pool.shapes[pool.shape(of: other)].requests {
            if let index = short.firstIndex(of: amount.dimension) { frees[index] = amount.value }
        }
        let covering =
            budgets.isEmpty || pool.pods.state[Int(other)] == .nominated
            ? [] : budgets.covering(pool.labels(of: other), in: pool.counters)
        return VictimSearch.Candidate(
            pods: [other], priority: priority, sum: Int64(priority), arrival: pool.pods.arrival[Int(other)],
            frees: frees, budgets: covering, isNecessary: false)
    }

    /// All placed members of a gang as one victim, of which `member` is on the node.
    private mutating func wholeGang(
        _ gang: Int, with member: VictimSearch.Candidate, for pod: Int32, isReclaiming: Bool
    ) -> VictimSearch.Candidate? {
        var unit = member
        for other in gangs[gang].placed where other != member.pods[0] && pool.pods.state[Int(other)] != .leaving {
            guard let candidate = candidate(other, for: pod, short: [], isReclaiming: isReclaiming) else { return nil }
            unit.pods.append(other)
            unit.priority = max(unit.priority, candidate.priority)
            unit.sum += candidate.sum
            unit.arrival = max(unit.arrival, candidate.arrival)
            unit.budgets += candidate.budgets
        }
        return unit
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
}

// MARK: - By trial

/// What a search by trial has found and may still spend.
private struct Trial {
    var chosen: [VictimSearch.Candidate] = []
    var best: [VictimSearch.Candidate]?
    var tries = 256

    static func cost(_ set: [VictimSearch.Candidate]) -> (count: Int, sum: Int64) {
        (set.reduce(0) { $0 + $1.pods.count }, set.reduce(0) { $0 + $1.sum })
    }

    mutating func consider() {
        if let best, Self.cost(chosen) >= Self.cost(best) { return }
        best = chosen
    }
}

extension Scheduler {
    /// With rules about other pods, sets are tried for real, the smallest and lowest first, and put back.
    ///
    /// After 256 sets: all that may leave, less those that can be spared.
    mutating func victimsByTrial(
        _ candidates: [VictimSearch.Candidate], _ number: Int, at node: Int
    ) -> (victims: [Int32], cost: VictimSearch.Cost)? {
        let ordered = candidates.sorted { ($0.priority, $1.arrival) < ($1.priority, $0.arrival) }
        let leaving = nominations.isEmpty && trialLeaving == 0 ? [] : leaving(at: node)
        for pod in leaving { pool.displace(pod) }
        defer { for pod in leaving { pool.place(pod, on: node) } }
        var trial = Trial()
        for highest in Set(ordered.map(\.priority)).sorted() {
            let level = ordered.filter { $0.priority <= highest }
            for size in 1...level.count {
                if let best = trial.best, size > Trial.cost(best).count { break }
                choose(level, from: 0, size: size, &trial, number, node)
                if trial.tries <= 0 { break }
            }
            if trial.best == nil, trial.tries <= 0 { spare(level, &trial, number, node) }
            if let best = trial.best {
                let (count, sum) = Trial.cost(best)
                return (best.flatMap(\.pods), VictimSearch.Cost(highest: highest, count: count, sum: sum))
            }
        }
        return nil
    }

    private mutating func choose(
        _ level: [VictimSearch.Candidate], from start: Int, size: Int, _ trial: inout Trial, _ number: Int, _ node: Int
    ) {
        if size == 0 {
            trial.tries -= 1
            if fits(number, at: node, without: trial.chosen) { trial.consider() }
            return
        }
        for index in level.indices.dropFirst(start) where level.count - index >= size && trial.tries > 0 {
            guard isAllowed(level[index], with: trial.chosen) else { continue }
            trial.chosen.append(level[index])
            choose(level, from: index + 1, size: size - 1, &trial, number, node)
            trial.chosen.removeLast()
        }
    }

    private mutating func spare(
        _ level: [VictimSearch.Candidate], _ trial: inout Trial, _ number: Int, _ node: Int
    ) {
        trial.chosen = []
        for candidate in level where isAllowed(candidate, with: trial.chosen) { trial.chosen.append(candidate) }
        guard fits(number, at: node, without: trial.chosen) else { return }
        for index in trial.chosen.indices.reversed() {
            let spared = trial.chosen.remove(at: index)
            if !fits(number, at: node, without: trial.chosen) { trial.chosen.insert(spared, at: index) }
        }
        trial.consider()
        trial.chosen = []
    }

    private func isAllowed(_ candidate: VictimSearch.Candidate, with chosen: [VictimSearch.Candidate]) -> Bool {
        candidate.budgets.allSatisfy { budget in
            let taken = (chosen + [candidate]).reduce(0) { $0 + $1.budgets.count { $0 == budget } }
            return taken <= (budget >= 0 ? budgets.allowed(budget) : gangs[-1 - budget].surplus)
        }
    }

    /// Whether the class fits onto `node` once all of `chosen` are gone, wherever they are.
    private mutating func fits(_ number: Int, at node: Int, without chosen: [VictimSearch.Candidate]) -> Bool {
        let victims = chosen.flatMap(\.pods).map { (pod: $0, node: Int(pool.pods.node[Int($0)])) }
        for victim in victims { pool.displace(victim.pod) }
        defer { for victim in victims.reversed() { pool.place(victim.pod, on: victim.node) } }
        let identity = classes[number].identity
        guard pool.shape(identity.shape, fitsAt: node) else { return false }
        let rules = RuleSet(shape: pool.shapes[identity.shape], labels: identity.labels, in: pool)
        return rules.score(at: node, in: pool) > BestNodeTree.impossible
    }
}
