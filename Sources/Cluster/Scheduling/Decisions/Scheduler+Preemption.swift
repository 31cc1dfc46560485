internal import Units

// Evicting pods of lower priority, or of tenants that borrowed, for a pod that fits nowhere.
extension Scheduler {
    /// Victims and the node that they would leave.
    struct Eviction {
        var node: Int
        var victims: [Int32]
        var cost: VictimSearch.Cost
    }

    mutating func preempt(for pod: Int32, of number: Int, at time: Int64) -> Decision? {
        guard mayEvict(pod) else { return nil }
        let reclaims = reclaims(pod)
        let key = EvictionSet.Key(
            priority: pool.pods.priority[Int(pod)],
            tenant: reclaims ? queues.lanes[pool.pods.lane(of: pod)].tenant : -1)
        classes[number].set.synchronize(with: pool)
        var evictions = classes[number].evictions.removeValue(forKey: key) ?? EvictionSet()
        defer {
            // Those of a few priorities are worth their room, those of hundreds are not.
            if classes[number].evictions.count >= 8 { classes[number].evictions = [:] }
            classes[number].evictions[key] = evictions
        }
        // A count, or what a tenant uses, elsewhere can change what helps here.
        if !classes[number].set.rules.rules.isEmpty || reclaims { evictions = EvictionSet() }
        guard let eviction = cheapestEviction(for: pod, of: number, &evictions) else { return nil }
        return nominate(pod, eviction, at: time)
    }

    /// The cheapest over all nodes; `evictions` remembers what nodes cost.
    mutating func cheapestEviction(for pod: Int32, of number: Int, _ evictions: inout EvictionSet) -> Eviction? {
        for node in evictions.stale(in: pool, budgets: budgets.version + pool.nodes.volumes.version) {
            evictions.set(node, eviction(for: pod, of: number, at: node)?.cost)
        }
        while let node = evictions.cheapest {
            guard let found = eviction(for: pod, of: number, at: node) else {
                evictions.set(node, nil)  // another eviction used up a budget
                continue
            }
            if EvictionSet.rank(found.cost) < evictions.rank(of: node) {
                evictions.set(node, found.cost)
                continue
            }
            return found
        }
        return nil
    }

    /// Whether `pod` may evict others: not when its class says never, nor while pods like it were themselves evicted a
    /// moment ago, so that one eviction never sets off a row of them.
    func mayEvict(_ pod: Int32) -> Bool {
        let template = pool.templates[Int(pool.pods.template[Int(pod)])]
        return template.source.mayPreempt && template.evictsAfter <= clock
    }

    /// Gives `pod` the node and lets the victims leave; nominated pods among them go back into their queues.
    private mutating func nominate(_ pod: Int32, _ eviction: Eviction, at time: Int64) -> Decision {
        let victims = evict(eviction.victims)
        pool.pods.state[Int(pod)] = .nominated
        place(pod, on: eviction.node)
        let leaving = leaving(at: eviction.node)
        guard !leaving.isEmpty else { return bindNominated(pod) }
        awaitVictims(pod, leaving)
        let names = victims.map { pool.pods.ids[Int($0)] }
        return .preempt(pod: pool.pods.ids[Int(pod)], node: pool.nodes.specs[eviction.node].name, victims: names)
    }

    func leaving(at node: Int) -> [Int32] {
        pool.pods.members(of: pool.nodes.pods[node]).filter { pool.pods.state[Int($0)] == .leaving }
    }

    mutating func awaitVictims(_ pod: Int32, _ leaving: [Int32]) {
        let stamp = pool.pods.stampAnew(pod)
        nominations.add(pod, stamp: stamp, leaving: leaving)
        nominationEnds.add(pod, stamp: stamp, until: clock + configuration.nominationTimeout.inNanoseconds)
    }

    /// Marks `victims`, budgets included; gives those that are to be told to leave.
    mutating func evict(_ victims: [Int32]) -> [Int32] {
        var leaving: [Int32] = []
        for victim in victims {
            switch pool.pods.state[Int(victim)] {
            case .nominated: withdrawNomination(victim, requeue: true)
            case .running, .assumed:
                markLeaving(victim)
                pool.templates[Int(pool.pods.template[Int(victim)])].evictsAfter =
                    clock + configuration.evictionPause.inNanoseconds
                leaving.append(victim)
            default: continue
            }
        }
        return leaving
    }

    mutating func markLeaving(_ victim: Int32) {
        for budget in budgets.covering(pool.labels(of: victim), in: pool.counters) { budgets.consume(budget) }
        pool.pods.state[Int(victim)] = .leaving
        if pool.pods.gang[Int(victim)] >= 0 { gangs[Int(pool.pods.gang[Int(victim)])].leaving += 1 }
    }

    /// `pod` has no node in mind any more; with it, all of its gang.
    mutating func withdrawNomination(_ pod: Int32, requeue: Bool) {
        if let gang = nominatedGang(of: pod) {
            dissolveNomination(of: gang)
            return
        }
        nominations.withdraw(pod)
        _ = pool.pods.stampAnew(pod)
        displace(pod)
        if requeue { enqueue(pod) }
    }

    /// A victim is gone; pods it made room for may be bound.
    mutating func victimGone(_ victim: Int32) -> [Decision] {
        guard !nominations.isEmpty else { return [] }
        return nominations.gone(victim).filter { pool.pods.state[Int($0)] == .nominated }.map { bindNominated($0) }
    }

    private mutating func bindNominated(_ pod: Int32) -> Decision {
        if let gang = nominatedGang(of: pod) { return bindNominatedGang(gang) }
        return .place(bind(pod))
    }

    /// The placement of a nominated pod whose node is free for it.
    mutating func bind(_ pod: Int32) -> Placement {
        pool.pods.state[Int(pod)] = .assumed
        reservations.add(
            pod, stamp: pool.pods.stampAnew(pod), until: clock + configuration.reservationTimeout.inNanoseconds)
        return placement(of: pod, score: 0)
    }

    /// Victims that do not leave hold nobody up for ever: after a while the pod looks for another node.
    mutating func endNominations(at time: Int64) {
        while let (pod, stamp) = nominationEnds.next(endedBy: time) {
            guard pool.pods.state[Int(pod)] == .nominated, pool.pods.stamp[Int(pod)] == stamp else { continue }
            if let gang = nominatedGang(of: pod) {
                dissolveNomination(of: gang)
            } else {
                nominations.withdraw(pod)
                backOff(pod, at: time)
            }
        }
    }

    /// The cheapest victims on one node, or `nil` when evicting does not help there.
    private mutating func eviction(for pod: Int32, of number: Int, at node: Int) -> Eviction? {
        let identity = classes[number].identity
        guard pool.nodes.isPresent[node], classes[number].set.allows(node),
            classes[number].set.isConfined(to: node, in: pool)
        else { return nil }
        for filter in pool.shapes[identity.shape].useFilters {
            if case .never = filter.verdict(on: pool.shapes[identity.shape].demand, at: node, in: pool.nodes) {
                return nil
            }
        }
        let (short, shortage) = shortage(of: identity.shape, at: node)
        for wholeGangs in [false, true] {
            var hasSurplus = false
            let candidates = candidates(for: pod, at: node, short: short, wholeGangs: wholeGangs, &hasSurplus)
            guard let candidates, !candidates.isEmpty else { return nil }
            let found: (victims: [Int32], cost: VictimSearch.Cost)?
            if pool.shapes[identity.shape].isOpaque || !classes[number].set.rules.rules.isEmpty {
                found = victimsByTrial(candidates, number, at: node)
            } else {
                guard !short.isEmpty || candidates.contains(where: \.isNecessary) else { return nil }
                let (ledger, gangs) = (budgets, gangs)
                var search = VictimSearch(candidates, shortage: shortage) { budget in
                    budget >= 0 ? ledger.allowed(budget) : gangs[-1 - budget].surplus
                }
                found = search.run()
            }
            if let found { return Eviction(node: node, victims: found.victims, cost: found.cost) }
            if !hasSurplus { return nil }
        }
        return nil
    }

    /// The dimensions of which there is too little even when those who leave are gone, and how much is missing.
    private func shortage(of shape: Int, at node: Int) -> (dimensions: [Int], missing: [Double]) {
        let leaving = nominations.isEmpty && trialLeaving == 0 ? [] : leaving(at: node)
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
        return (dimensions, missing)
    }
}
