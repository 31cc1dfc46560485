internal import Units

// A class that fits nowhere waits as one; a change wakes one pod of it, and each placement wakes the next.
extension Scheduler {
    /// Nothing helps `pod` now, not even evicting others: its class is not tried until something could.
    mutating func block(_ number: Int, for pod: Int32, at time: Int64) {
        let priority = evictingPriority(of: pod)
        if classes[number].isBlocked {
            guard priority > classes[number].blockedPriority else { return }
            waiting.remove(number)
        } else {
            classes[number].isBlocked = true
            classes[number].blockedSince = time
        }
        classes[number].blockedPriority = priority
        waiting.add(number, causes(of: number))
    }

    /// Below which priority `pod` may evict others.
    func evictingPriority(of pod: Int32) -> Int32 {
        mayEvict(pod) ? pool.pods.priority[Int(pod)] : .min
    }

    mutating func park(_ pod: Int32, in number: Int) {
        pool.pods.state[Int(pod)] = .parked
        let priority = pool.pods.priority[Int(pod)]
        var index = classes[number].parked.firstIndex { $0.priority <= priority } ?? classes[number].parked.count
        if index == classes[number].parked.count || classes[number].parked[index].priority != priority {
            classes[number].parked.insert((priority, PodList()), at: index)
        } else {
            index = classes[number].parked.firstIndex { $0.priority == priority } ?? index
        }
        pool.pods.append(pod, to: &classes[number].parked[index].pods)
        classes[number].parkedCount += 1
        pool.pods.node[Int(pod)] = -2 - Int32(number)
        let template = pool.templates[Int(pool.pods.template[Int(pod)])]
        if template.evictsAfter > clock, template.source.mayPreempt {
            backoffs.add(pod, stamp: pool.pods.stampAnew(pod), due: template.evictsAfter)
        }
    }

    /// Takes a waiting pod out of its class.
    mutating func unpark(_ pod: Int32) -> Int {
        let number = Int(-2 - pool.pods.node[Int(pod)])
        pool.pods.node[Int(pod)] = -1
        let priority = pool.pods.priority[Int(pod)]
        for index in classes[number].parked.indices where classes[number].parked[index].priority == priority {
            pool.pods.remove(pod, from: &classes[number].parked[index].pods)
            classes[number].parkedCount -= 1
        }
        classes[number].parked.removeAll { $0.pods.count == 0 }
        return number
    }

    /// Something could help: the class is tried again with its first pod.
    mutating func wake(_ number: Int) {
        if classes[number].isBlocked {
            classes[number].isBlocked = false
            classes[number].blockedPriority = .min
            waiting.remove(number)
        }
        wakeOne(of: number)
    }

    /// Queues the next waiting pod of a class; it carries the class's turn until it is decided or gone.
    mutating func wakeOne(of number: Int) {
        guard let pod = classes[number].parked.first?.pods.first, pod >= 0 else { return }
        _ = unpark(pod)
        enqueue(pod)
        pool.pods.node[Int(pod)] = -2 - Int32(number)
        classes[number].turns += 1
    }

    /// Takes the turn that a queued pod carries.
    mutating func takeTurn(_ pod: Int32) -> Int? {
        guard pool.pods.node[Int(pod)] <= -2 else { return nil }
        let number = Int(-2 - pool.pods.node[Int(pod)])
        pool.pods.node[Int(pod)] = -1
        classes[number].turns -= 1
        return number
    }

    /// The class's turn goes to its next pod, unless it fits nowhere again.
    mutating func passOn(_ turn: Int?) {
        guard let turn, !classes[turn].isBlocked, classes[turn].parkedCount > 0 else { return }
        wakeOne(of: turn)
    }

    private func causes(of number: Int) -> WaitingIndex.Causes {
        var causes = WaitingIndex.Causes()
        let identity = classes[number].identity
        let shape = pool.shapes[identity.shape]
        causes.counters = classes[number].set.rules.rules.map(\.counter)
        let hasRules = !causes.counters.isEmpty  // a rule can hide what else a node lacks
        let others = shape.useFilters.filter { !($0 is ResourceFilter) }
        // A gang can lack what each of its members alone would find.
        var lacking = Array(repeating: hasRules || identity.gang > 0, count: shape.needed.count)
        if hasRules { for filter in others { causes.changes.formUnion(type(of: filter).retryAfter) } }
        pool.nodes.isPresent.forEach { node in
            guard classes[number].set.allows(node) else {
                causes.isSelective = true
                return
            }
            for (index, request) in shape.needed.enumerated()
            where pool.nodes[free: node, request.dimension] < request.value { lacking[index] = true }
            for filter in others where !causes.changes.isSuperset(of: type(of: filter).retryAfter) {
                guard !filter.fits(shape.demand, at: node, in: pool.nodes) else { continue }
                causes.changes.formUnion(type(of: filter).retryAfter)
            }
        }
        causes.lacking = shape.needed.enumerated().filter { lacking[$0.offset] }.map(\.element)
        if causes.isSelective {
            causes.isSelective = shape.filters.contains { type(of: $0).retryAfter.contains(.nodeDescribed) }
        }
        if pool.nodes.isPresent.isEmpty || hasRules || causes.changes.contains(.nodeDescribed) {
            causes.isSelective = true
        }
        if causes.isSelective { causes.label = Self.label(of: shape) }
        causes.preempts = classes[number].blockedPriority > .min ? classes[number].blockedPriority : nil
        return causes
    }

    /// `node` has more of what `freed` names.
    mutating func wakeByNode(_ node: Int, freed: [Amount], ports: [HostPort]) {
        var found = waiting.waiting(forChange: .resourcesFreed)
        for amount in freed {
            found.formUnion(waiting.lacking(amount.dimension, upTo: pool.nodes[free: node, amount.dimension]))
        }
        if !ports.isEmpty { found.formUnion(waiting.waiting(forChange: .portsFreed)) }
        wake(found, fittingAt: node)
        wakePreemptors(at: node)
    }

    private mutating func wake(_ numbers: Set<Int>, fittingAt node: Int) {
        for number in byArrival(numbers) where classes[number].isBlocked && fits(number, at: node) { wake(number) }
    }

    /// Those whose first pod came first, first: whoever is woken together queues in that order.
    private func byArrival(_ numbers: some Sequence<Int>) -> [Int] {
        let dated = numbers.map { number -> (arrival: UInt64, number: Int) in
            let first = classes[number].parked.first?.pods.first ?? -1
            return (first >= 0 ? pool.pods.arrival[Int(first)] : .max, number)
        }
        return dated.sorted { $0 < $1 }.map(\.number)
    }

    /// `node` is new or has a new description.
    mutating func wakeByDescription(_ node: Int) {
        guard !waiting.isEmpty else { return }
        var found = waiting.waiting(for: pool.nodes.specs[node].labels)
        for dimension in pool.nodes.free.indices {
            found.formUnion(waiting.lacking(dimension, upTo: pool.nodes[free: node, dimension]))
        }
        wake(found, fittingAt: node)
        wakeByDomains()
        wakePreemptors(at: node)
    }

    /// `node` changed: those who would evict may find enough there now, with what is free and what is lower.
    private mutating func wakePreemptors(at node: Int) {
        guard let highest = waiting.preemptors.keys.max(), pool.nodes.isPresent[node] else { return }
        let below = pool.pods.members(of: pool.nodes.pods[node]).filter { pool.pods.priority[Int($0)] < highest }
        guard !below.isEmpty else { return }
        for priority in waiting.preemptors.keys.sorted(by: >) {
            var evictable = Array(repeating: 0.0, count: pool.nodes.free.count)
            for pod in below where pool.pods.priority[Int(pod)] < priority {
                for amount in pool.shapes[pool.shape(of: pod)].requests { evictable[amount.dimension] += amount.value }
            }
            guard evictable[Dimensions.pods] > 0 else { return }
            for number in byArrival(waiting.preemptors[priority] ?? []) where classes[number].isBlocked {
                let shape = pool.shapes[classes[number].identity.shape]
                let isEnough = shape.needed.allSatisfy {
                    pool.nodes[free: node, $0.dimension] + evictable[$0.dimension] >= $0.value
                }
                let isAllowed = shape.filters.allSatisfy {
                    $0.verdict(on: shape.requirements, at: pool.nodes.specs[node]) == .fits
                }
                if isEnough, isAllowed { wake(number) }
            }
        }
    }

    /// Volumes are new, or free again.
    mutating func wakeByVolumes() {
        for number in byArrival(waiting.waiting(forChange: .volumesFreed)) { wake(number) }
    }

    /// Budgets allow more: whoever would evict is tried again.
    mutating func wakePreemptors() {
        for number in byArrival(waiting.preemptors.values.joined()) { wake(number) }
    }

    /// Nodes came, went or moved between domains: minima and domains changed.
    mutating func wakeByDomains() {
        guard waiting.waitsForCounters else { return }
        for number in byArrival(waiting.members) where !classes[number].set.rules.rules.isEmpty {
            wakeIfPossible(number)
        }
    }

    /// A pod came or went: counts of domains changed.
    mutating func wakeByCounters(of pod: Int32) {
        guard waiting.waitsForCounters else { return }
        let counters = pool.counters.labelSets[pool.labels(of: pod)].counters + pool.shapes[pool.shape(of: pod)].holds
        var found: Set<Int> = []
        for counter in counters { found.formUnion(waiting.waiting(for: counter)) }
        for number in byArrival(found) { wakeIfPossible(number) }
    }

    private mutating func wakeIfPossible(_ number: Int) {
        guard classes[number].isBlocked, best(of: number) != nil else { return }
        wake(number)
    }

    /// Whether pods of the class fit onto one node, asked without a tree; where not, the reasons are waited for too.
    private mutating func fits(_ number: Int, at node: Int) -> Bool {
        let identity = classes[number].identity
        guard pool.shape(identity.shape, fitsAt: node) else {
            waitToo(number, for: node)
            return false
        }
        guard !classes[number].set.rules.rules.isEmpty else { return true }
        return RuleSet(shape: pool.shapes[identity.shape], labels: identity.labels, in: pool).score(at: node, in: pool)
            > BestNodeTree.impossible
    }

    /// One reason of `node` is gone, another one came up meanwhile: that must wake the class as well.
    private mutating func waitToo(_ number: Int, for node: Int) {
        guard var causes = waiting.causes(of: number), pool.nodes.isPresent[node] else { return }
        let shape = pool.shapes[classes[number].identity.shape]
        let isAllowed = shape.filters.allSatisfy {
            $0.verdict(on: shape.requirements, at: pool.nodes.specs[node]) == .fits
        }
        let old = causes
        if isAllowed {
            causes.lacking += shape.needed.filter { request in
                pool.nodes[free: node, request.dimension] < request.value && !causes.lacking.contains(request)
            }
            for filter in shape.useFilters where !(filter is ResourceFilter) {
                guard !filter.fits(shape.demand, at: node, in: pool.nodes) else { continue }
                causes.changes.formUnion(type(of: filter).retryAfter)
            }
        } else {
            causes.isSelective = true
            if causes.label == nil { causes.label = Self.label(of: shape) }
        }
        guard causes != old else { return }
        waiting.remove(number)
        waiting.add(number, causes)
    }

    private static func label(of shape: Shape) -> WaitingIndex.Label? {
        shape.requirements.nodeSelector.min { $0.key < $1.key }.map { WaitingIndex.Label(key: $0.key, value: $0.value) }
    }

    /// What is due by time: back-offs, reservations that were never confirmed, classes that waited very long.
    mutating func wakeDue(at time: Int64) {
        while let pod = backoffs.next(due: time) {
            guard pool.pods.stamp[Int(pod.pod)] == pod.stamp else { continue }
            switch pool.pods.state[Int(pod.pod)] {
            case .backingOff:
                let gang = Int(pool.pods.gang[Int(pod.pod)])
                if gang >= 0, gangs[gang].lead != pod.pod { enter(pod.pod) } else { enqueue(pod.pod) }
            case .parked:
                _ = unpark(pod.pod)
                enqueue(pod.pod)
            default: continue
            }
        }
        let leftover = configuration.leftoverTimeout.inNanoseconds
        guard time - lastLeftoverCheck >= leftover else { return }
        lastLeftoverCheck = time
        for number in byArrival(waiting.members) where time - classes[number].blockedSince >= leftover { wake(number) }
    }
}

extension Pool {
    /// Whether a node's description and what is in use there allow a shape.
    func shape(_ shape: Int, fitsAt node: Int) -> Bool {
        guard nodes.isPresent[node] else { return false }
        return shapes[shape].useFilters.allSatisfy { $0.fits(shapes[shape].demand, at: node, in: nodes) }
            && shapes[shape].filters.allSatisfy {
                $0.verdict(on: shapes[shape].requirements, at: nodes.specs[node]) == .fits
            }
    }
}
