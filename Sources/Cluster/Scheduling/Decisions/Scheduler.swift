package import Units

/// Places pods onto nodes: events and time in, decisions out.
///
/// It has no clock, does no I/O and takes no lock; the same events at the same times give the same decisions. Time is a
/// `Timestamp` that must not go backwards.
package struct Scheduler: ~Copyable {
    let configuration: Configuration
    var pool: Pool
    var queues: QueueSet
    var classes: [EquivalenceClass] = []
    var classNumbers: [EquivalenceClass.Identity: Int] = [:]
    var classesOfShape: [Int: [Int]] = [:]
    var vacantClasses: [Int] = []
    var warm: [Int] = []
    var waiting = WaitingIndex()
    var backoffs = Backoffs()
    var reservations = Reservations()
    var gangs: [Gang] = []
    var gangNumbers: [String: Int32] = [:]
    var budgets = BudgetLedger()
    var vacantGangs: [Int32] = []
    var nominations = Nominations()
    var nominationEnds = Reservations()
    /// How many pods leave in a plan that is only tried.
    var trialLeaving = 0
    /// Kinds of pods that were evicted and are all gone: until when their successors evict nobody.
    var evictedKinds: [EvictedKind: Int64] = [:]
    /// The time of the last event or question.
    var clock: Int64 = 0
    var lastLeftoverCheck: Int64 = 0
    /// With more classes than this, those that nobody waits in are forgotten.
    var classLimit: Int

    package init(_ configuration: Configuration = Configuration()) {
        self.configuration = configuration
        classLimit = 4 * configuration.warmClasses
        pool = Pool(configuration)
        queues = QueueSet(bands: configuration.bands, agingInterval: configuration.agingInterval)
        for quota in configuration.quotas { queues.ledger.add(quota, &pool.dimensions) }
        pool.nodes.widen(to: pool.dimensions.names.count)
    }

    /// How many pods are known, in any state.
    package var podCount: Int { pool.pods.count }
    package var nodeCount: Int { pool.nodes.isPresent.count }
    /// How many pods would be tried now.
    package var queuedCount: Int { queues.count }

    /// The next decision, or `nil` when nothing is left to try.
    package mutating func decide(at now: Timestamp) -> Decision? {
        let time = now.nanoseconds
        clock = max(clock, time)
        wakeDue(at: time)
        while let pod = queues.pop(&pool.pods) {
            let lane = pool.pods.lane(of: pod)
            guard queues.ledger.admits(queues.lanes[lane].tenant, asked(by: pod)) else {
                holdByQuota(pod, in: lane)
                continue
            }
            let turn = takeTurn(pod)
            defer { passOn(turn) }
            if pool.pods.gang[Int(pod)] >= 0, let gang = openGang(of: pod) {
                if let decision = decideGang(gang, lead: pod, at: time) { return decision }
                continue
            }
            if let decision = decide(pod, at: time) { return decision }
        }
        return nil
    }

    /// One pod that is in no list any more; `nil` when its class is known to fit nowhere.
    private mutating func decide(_ pod: Int32, at time: Int64) -> Decision? {
        let number = classNumber(of: pod)
        let isKnown =
            classes[number].isBlocked && classes[number].blockedPriority >= evictingPriority(of: pod) && !reclaims(pod)
        if isKnown {
            park(pod, in: number)
            return nil
        }
        if !classes[number].isBlocked, let (node, score) = best(of: number) {
            reserve(pod, on: node, at: time)
            return .place(placement(of: pod, score: score))
        }
        if let decision = preempt(for: pod, of: number, at: time) { return decision }
        block(number, for: pod, at: time)
        park(pod, in: number)
        return .wait(pod: pool.pods.ids[Int(pod)])
    }

    /// What `pod` asks for, with the gang that it stands for.
    private func asked(by pod: Int32) -> [Amount] {
        guard pool.pods.gang[Int(pod)] >= 0, let gang = openGang(of: pod) else {
            return pool.shapes[pool.shape(of: pod)].requests
        }
        var sum: [Int: Double] = [:]
        for member in gangs[gang].members {
            for amount in pool.shapes[pool.shape(of: member)].requests {
                sum[amount.dimension, default: 0] += amount.value
            }
        }
        return sum.sorted { $0.key < $1.key }.map { Amount(dimension: $0.key, value: $0.value) }
    }

    mutating func reserve(_ pod: Int32, on node: Int, at time: Int64) {
        pool.pods.state[Int(pod)] = .assumed
        place(pod, on: node)
        reservations.add(
            pod, stamp: pool.pods.stampAnew(pod),
            until: time + configuration.reservationTimeout.inNanoseconds)
    }

    /// Where a pod that was just placed is to be bound.
    func placement(of pod: Int32, score: Double) -> Placement {
        let claims = pool.shapes[pool.shape(of: pod)].requirements.claims
        return Placement(
            pod: pool.pods.ids[Int(pod)], node: pool.nodes.specs[Int(pool.pods.node[Int(pod)])].name, score: score,
            volumes: claims.isEmpty ? [:] : pool.nodes.volumes.chosen(claims))
    }

    private mutating func holdByQuota(_ pod: Int32, in lane: Int) {
        queues.push(pod, to: lane, &pool.pods)
        queues.holdByQuota(lane, for: pod, pool.pods)
    }

    // MARK: Placing keeps the books

    mutating func place(_ pod: Int32, on node: Int) {
        let shape = pool.shape(of: pod)
        pool.place(pod, on: node)
        countMember(pod, isPlaced: true)
        queues.charge(pool.pods.lane(of: pod), pool.shapes[shape].requests, sign: 1)
        if !waiting.isEmpty { wakeByCounters(of: pod) }
    }

    mutating func displace(_ pod: Int32) {
        let node = Int(pool.pods.node[Int(pod)])
        let shape = pool.shape(of: pod)
        let releases = pool.nodes.volumes.releases
        pool.displace(pod)
        countMember(pod, isPlaced: false)
        queues.charge(pool.pods.lane(of: pod), pool.shapes[shape].requests, sign: -1)
        guard !waiting.isEmpty else { return }
        wakeByNode(node, freed: pool.shapes[shape].requests, ports: pool.shapes[shape].requirements.hostPorts)
        wakeByCounters(of: pod)
        if pool.nodes.volumes.releases > releases { wakeByVolumes() }
    }

    /// Back into its lane, behind its equals.
    mutating func enqueue(_ pod: Int32) {
        queues.push(pod, to: pool.pods.lane(of: pod), &pool.pods)
    }
}
