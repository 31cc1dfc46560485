package import Units

extension Scheduler {
    /// Takes note of what happened; the decisions it allows at once are returned, the rest come from ``decide(at:)``.
    package mutating func handle(_ event: Event, at now: Timestamp) -> [Decision] {
        let time = now.nanoseconds
        clock = max(clock, time)
        sweep()
        switch event {
        case .nodeAdded(let node), .nodeUpdated(let node): describe(node)
        case .nodeRemoved(let name): return removeNode(name, at: time)
        case .podAdded(let pod): add(pod, at: time)
        case .podRemoved(let id): return remove(id, at: time)
        case .podReleased(let id): release(id, at: time)
        case .bindingConfirmed(let id):
            if let pod = pool.pods.numbers[id], pool.pods.state[Int(pod)] == .assumed {
                pool.pods.state[Int(pod)] = .running
                pool.nodes.volumes.confirm(pool.shapes[pool.shape(of: pod)].requirements.claims)
            }
        case .bindingFailed(let id):
            if let pod = pool.pods.numbers[id], pool.pods.state[Int(pod)] == .assumed { backOff(pod, at: time) }
        case .bindingConflicted(let id):
            if let pod = pool.pods.numbers[id], pool.pods.state[Int(pod)] == .assumed {
                displace(pod)
                _ = pool.pods.stampAnew(pod)
                enqueue(pod)
            }
        case .budgetChanged(let budget):
            if budgets.set(budget) { wakePreemptors() }
        case .budgetRemoved(let namespace, let name):
            if budgets.remove(namespace: namespace, name: name) { wakePreemptors() }
        case .quotaChanged(let quota):
            queues.ledger.add(quota, &pool.dimensions)
            pool.nodes.widen(to: pool.dimensions.names.count)
            queues.releaseHeld(by: quota)
        case .namespaceChanged(let name, let labels):
            pool.setNamespace(name, labels: labels)
            wakeByDomains()
        case .volumeChanged(let volume):
            pool.nodes.volumes.set(volume)
            wakeByVolumes()
        case .volumeRemoved(let name): pool.nodes.volumes.remove(name)
        case .claimRemoved(let id):
            pool.nodes.volumes.forget(claim: id)
            wakeByVolumes()
        }
        return []
    }

    /// Ends what time ends: reservations without a confirmation, gangs that never came together.
    package mutating func tick(at now: Timestamp) -> [Decision] {
        let time = now.nanoseconds
        clock = max(clock, time)
        var decisions: [Decision] = []
        while let (pod, stamp) = reservations.next(endedBy: time) {
            guard pool.pods.state[Int(pod)] == .assumed, pool.pods.stamp[Int(pod)] == stamp else { continue }
            decisions.append(.expired(pod: pool.pods.ids[Int(pod)]))
            backOff(pod, at: time)
        }
        endNominations(at: time)
        decisions += endGangs(at: time)
        if !evictedKinds.isEmpty { evictedKinds = evictedKinds.filter { $0.value > time } }
        wakeDue(at: time)
        return decisions
    }

    // MARK: Nodes

    private mutating func describe(_ node: Node) {
        let number: Int
        if let known = pool.nodes.numbers[node.name] {
            guard pool.nodes.specs[known] != node else { return }  // a heartbeat
            queues.addCapacity(pool.dimensions.amounts(pool.nodes.specs[known].allocatable), sign: -1)
            pool.updateNode(known, to: node)
            number = known
        } else {
            number = pool.addNode(node)
        }
        queues.addCapacity(pool.dimensions.amounts(node.allocatable), sign: 1)
        wakeByDescription(number)
    }

    private mutating func removeNode(_ name: String, at time: Int64) -> [Decision] {
        guard let number = pool.nodes.numbers[name] else { return [] }
        let counted = pool.dimensions.amounts(pool.nodes.specs[number].allocatable)
        var decisions: [Decision] = []
        for pod in pool.pods.members(of: pool.nodes.pods[number]) where pool.pods.node[Int(pod)] == Int32(number) {
            switch pool.pods.state[Int(pod)] {
            case .assumed: backOff(pod, at: time)
            case .nominated: withdrawNomination(pod, requeue: true)
            default: decisions += remove(pool.pods.ids[Int(pod)], at: time)
            }
        }
        pool.removeNode(number)
        queues.addCapacity(counted, sign: -1)
        wakeByDomains()
        return decisions
    }

    // MARK: Pods

    private mutating func add(_ new: Pod, at time: Int64) {
        guard pool.pods.numbers[new.id] == nil else { return }
        let template = pool.intern(new.template)
        if pool.templates[template].lane < 0 {
            pool.templates[template].lane = queues.lane(of: new.template, &pool.dimensions)
            queues.use(lane: pool.templates[template].lane)
        }
        let pod = pool.pods.add(new.id)
        pool.pods.template[Int(pod)] = Int32(template)
        pool.pods.lane[Int(pod)] = Int32(pool.templates[template].lane)
        pool.pods.priority[Int(pod)] = new.template.priority
        if pool.templates[template].uses == 1, !evictedKinds.isEmpty {
            pool.templates[template].evictsAfter = evictedKinds[EvictedKind(new.template)] ?? .min
        }
        if let name = new.node, let node = pool.nodes.numbers[name] {
            if let gang = new.gang { join(pod, gang, at: time) }
            pool.pods.state[Int(pod)] = .running
            place(pod, on: node)
            pool.nodes.volumes.confirm(new.template.requirements.claims)
        } else if new.isGated || !isOurs(pod) {
            pool.pods.state[Int(pod)] = .held
            if let gang = new.gang { join(pod, gang, at: time) }
        } else if let gang = new.gang {
            join(pod, gang, at: time)
            enter(pod)
        } else {
            enqueue(pod)
        }
    }

    /// Whether the pod's profile is one of ours; another scheduler's pods only take room.
    func isOurs(_ pod: Int32) -> Bool {
        pool.profileNumbers[pool.shapes[pool.shape(of: pod)].requirements.profile] != nil
    }

    private mutating func release(_ id: String, at time: Int64) {
        guard let pod = pool.pods.numbers[id], pool.pods.state[Int(pod)] == .held, isOurs(pod) else { return }
        if pool.pods.gang[Int(pod)] >= 0, gangs[Int(pool.pods.gang[Int(pod)])].members.contains(pod) { return }
        if pool.pods.gang[Int(pod)] >= 0 { enter(pod) } else { enqueue(pod) }
    }

    private mutating func remove(_ id: String, at time: Int64) -> [Decision] {
        guard let pod = pool.pods.numbers[id] else { return [] }
        var decisions: [Decision] = []
        if let gang = nominatedGang(of: pod) { dissolveNomination(of: gang) }
        switch pool.pods.state[Int(pod)] {
        case .queued:
            queues.remove(pod, from: pool.pods.lane(of: pod), &pool.pods)
            passOn(takeTurn(pod))
        case .parked:
            _ = unpark(pod)
        case .running, .assumed, .leaving:
            displace(pod)
            decisions = victimGone(pod)
        case .nominated:
            nominations.withdraw(pod)
            displace(pod)
        case .held, .backingOff, .vacant: break
        }
        leaveGang(pod)
        let template = Int(pool.pods.template[Int(pod)])
        if pool.templates[template].uses == 1, pool.templates[template].evictsAfter > time {
            evictedKinds[EvictedKind(pool.templates[template].source)] = pool.templates[template].evictsAfter
        }
        pool.pods.remove(pod)
        if let shape = pool.release(template: template) { forgetShape(shape) }
        if pool.templates[template].uses == 0 { queues.release(lane: pool.templates[template].lane) }
        return decisions
    }

    /// Takes `pod` off its node; it is tried again after a while that doubles with each failure.
    mutating func backOff(_ pod: Int32, at time: Int64) {
        displace(pod)
        let doublings = min(Int(pool.pods.attempts[Int(pod)]), 30)
        pool.pods.attempts[Int(pod)] = UInt8(min(doublings + 1, 255))
        pool.pods.state[Int(pod)] = .backingOff
        backoffs.add(pod, stamp: pool.pods.stampAnew(pod), due: time + backoff(after: doublings))
    }

    func backoff(after doublings: Int) -> Int64 {
        let first = configuration.firstBackoff.inNanoseconds
        return min(first << Int64(min(doublings, 20)), configuration.longestBackoff.inNanoseconds)
    }
}

/// What an evicted pod's successor has in common with it.
struct EvictedKind: Hashable {
    var namespace: String
    var labels: [String: String]
    var requirements: Requirements
    var priority: Int32

    init(_ template: PodTemplate) {
        namespace = template.namespace
        labels = template.labels
        requirements = template.requirements
        priority = template.priority
    }
}
