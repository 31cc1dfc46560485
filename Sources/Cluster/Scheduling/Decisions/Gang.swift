internal import Units

/// Pods that start together or not at all.
struct Gang {
    var name: String
    var minimum: Int
    /// All in one domain of this key.
    var topologyKey: String?
    /// Members that wait for the others.
    var members: [Int32] = []
    /// Members that have a node.
    var placed: [Int32] = []
    /// Those of ``placed`` whose victims have not all left.
    var nominated: [Int32] = []
    /// How many of ``placed`` are victims that have not gone yet.
    var leaving = 0
    /// How many pods belong to it in any state; it is forgotten with the last.
    var size = 0
    var deadline: Int64
    var isReported = false
    /// One of ``members`` is in a queue, or waits, for all of them.
    var lead: Int32 = -1
    /// How often in a row it did not fit, and until when it is not tried again.
    var failures = 0
    var retryAt = Int64.min

    var isComplete: Bool { placed.count + members.count >= minimum }
    /// How many members can go while it stays large enough.
    var surplus: Int { max(0, placed.count - nominated.count - leaving - minimum) }

    func isDue(at time: Int64) -> Bool {
        !isReported && size > 0 && placed.count - nominated.count < minimum && nominated.isEmpty && time >= deadline
    }
}

extension Scheduler {
    /// Makes `pod` known as a member.
    mutating func join(_ pod: Int32, _ membership: GangMembership, at time: Int64) {
        let number: Int32
        if let known = gangNumbers[membership.name] {
            number = known
        } else {
            let gang = Gang(
                name: membership.name, minimum: membership.minimum, topologyKey: membership.topologyKey,
                deadline: time + configuration.gangTimeout.inNanoseconds)
            if let vacant = vacantGangs.popLast() {
                number = vacant
                gangs[Int(vacant)] = gang
            } else {
                number = Int32(gangs.count)
                gangs.append(gang)
            }
            gangNumbers[membership.name] = number
        }
        pool.pods.gang[Int(pod)] = number
        gangs[Int(number)].size += 1
    }

    /// The member is ready; with enough of them the first stands in the queue for all.
    mutating func enter(_ pod: Int32) {
        let number = Int(pool.pods.gang[Int(pod)])
        if gangs[number].placed.count >= gangs[number].minimum, gangs[number].nominated.isEmpty {
            enqueue(pod)  // the gang runs: a late member is a pod like any other
            return
        }
        pool.pods.state[Int(pod)] = .held
        gangs[number].members.append(pod)
        putForward(number)
    }

    private mutating func putForward(_ number: Int) {
        guard gangs[number].isComplete, gangs[number].lead < 0, gangs[number].nominated.isEmpty,
            let lead = gangs[number].members.first
        else { return }
        gangs[number].lead = lead
        enqueue(lead)
    }

    /// The gang that `pod` stands for, unless it is placed as a single pod.
    func openGang(of pod: Int32) -> Int? {
        let number = Int(pool.pods.gang[Int(pod)])
        return gangs[number].lead == pod ? number : nil
    }

    /// The caller has taken `pod` off its node and out of its queue.
    mutating func leaveGang(_ pod: Int32) {
        let number = Int(pool.pods.gang[Int(pod)])
        guard number >= 0 else { return }
        gangs[number].size -= 1
        gangs[number].members.removeAll { $0 == pod }
        if gangs[number].lead == pod {
            gangs[number].lead = -1
            putForward(number)
        }
        guard gangs[number].size == 0 else { return }
        gangNumbers[gangs[number].name] = nil
        vacantGangs.append(Int32(number))
    }

    /// Members come and go: a gang that became too small may be so for as long as one that never was complete.
    mutating func countMember(_ pod: Int32, isPlaced: Bool) {
        let number = Int(pool.pods.gang[Int(pod)])
        guard number >= 0 else { return }
        if isPlaced {
            gangs[number].placed.append(pod)
            if gangs[number].placed.count == gangs[number].minimum { gangs[number].isReported = false }
        } else if let index = gangs[number].placed.lastIndex(of: pod) {
            gangs[number].placed.remove(at: index)
            if pool.pods.state[Int(pod)] == .leaving { gangs[number].leaving -= 1 }
            guard gangs[number].placed.count == gangs[number].minimum - 1 else { return }
            gangs[number].deadline = clock + configuration.gangTimeout.inNanoseconds
        }
    }

    /// Ends gangs that are incomplete for too long: what was assumed for them is given back at once.
    mutating func endGangs(at time: Int64) -> [Decision] {
        var decisions: [Decision] = []
        for gang in gangs.indices where gangs[gang].isDue(at: time) {
            gangs[gang].isReported = true
            var running: [String] = []
            for pod in gangs[gang].placed {
                if pool.pods.state[Int(pod)] == .assumed {
                    displace(pod)
                    _ = pool.pods.stampAnew(pod)
                    enter(pod)
                } else if pool.pods.state[Int(pod)] == .running {
                    running.append(pool.pods.ids[Int(pod)])
                }
            }
            decisions.append(.gangTimedOut(name: gangs[gang].name, running: running))
        }
        return decisions
    }

    // MARK: Placing

    /// Places all members or none.
    mutating func decideGang(_ gang: Int, lead: Int32, at time: Int64) -> Decision? {
        guard gangs[gang].isComplete else {
            gangs[gang].lead = -1
            pool.pods.state[Int(lead)] = .held
            return nil
        }
        if time < gangs[gang].retryAt {
            pool.pods.state[Int(lead)] = .backingOff
            backoffs.add(lead, stamp: pool.pods.stampAnew(lead), due: gangs[gang].retryAt)
            return nil
        }
        let members = gangs[gang].members
        let key = gangs[gang].topologyKey.map { pool.topologyKey($0) }
        let number = classNumber(of: lead, gang: members.count, key: key ?? -1)
        if classes[number].isBlocked, classes[number].blockedPriority >= evictingPriority(of: lead), !reclaims(lead) {
            park(lead, in: number)
            return nil
        }
        if !classes[number].isBlocked, let placements = place(gang, within: key, at: time) {
            settle(gang)
            return .placeGang(name: gangs[gang].name, placements)
        }
        if let decision = preempt(forGang: gang, within: key) { return decision }
        let doublings = max(0, gangs[gang].failures - 1)
        if gangs[gang].failures > 0 { gangs[gang].retryAt = time + backoff(after: doublings) }
        gangs[gang].failures += 1
        keepWarm(number)
        classes[number].set.synchronize(with: pool)
        block(number, for: lead, at: time)
        park(lead, in: number)
        return .wait(pod: pool.pods.ids[Int(lead)])
    }

    /// All members have nodes.
    mutating func settle(_ gang: Int) {
        gangs[gang].members = []
        gangs[gang].lead = -1
        gangs[gang].failures = 0
        gangs[gang].retryAt = .min
    }

    private mutating func place(_ gang: Int, within key: Int?, at time: Int64) -> [Placement]? {
        let members = demandingFirst(gangs[gang].members)
        let all = key.map { domains(of: $0, for: gang, counting: .free).map { $0 as Int? } } ?? [nil]
        for domain in all {
            if let placed = placeAll(members, in: domain, key: key ?? -1, at: time) { return placed }
        }
        guard needsSearch(members) else { return nil }
        var steps = searchSteps
        for domain in all where steps > 0 {
            guard let nodes = search(members[...], in: domain, key: key ?? -1, &steps) else { continue }
            return zip(members, nodes).map { pod, node in
                let number = memberClass(of: pod, among: members.count, in: domain, key: key ?? -1)
                let score = classes[number].set.score(at: node, in: pool)
                reserve(pod, on: node, at: time)
                return placement(of: pod, score: score)
            }
        }
        return nil
    }

    enum Room {
        case free
        /// All that there is, whoever uses it.
        case whole
    }

    /// The domains with room for so many pods like the first, the tightest first; where members are already, only theirs.
    func domains(of key: Int, for gang: Int, counting counted: Room) -> [Int] {
        let members = gangs[gang].members
        if let placed = gangs[gang].placed.first {
            return [pool.counters.keys[key].domain(of: Int(pool.pods.node[Int(placed)]))]
        }
        guard let lead = members.first else { return [] }
        var room: [Int: Int] = [:]
        let requests = pool.shapes[pool.shape(of: lead)].needed
        pool.nodes.isPresent.forEach { node in
            let domain = pool.counters.keys[key].domain(of: node)
            guard domain >= 0 else { return }
            var slots = Double(members.count)
            for request in requests {
                let amount =
                    counted == .free
                    ? pool.nodes[free: node, request.dimension] : pool.nodes.capacity(of: node, request.dimension)
                slots = min(slots, (amount / request.value).rounded(.down))
            }
            if slots > 0 { room[domain, default: 0] += Int(slots) }
        }
        let isAlike = members.allSatisfy { pool.shape(of: $0) == pool.shape(of: lead) }
        return room.filter { !isAlike || $0.value >= members.count }.sorted { ($0.value, $0.key) < ($1.value, $1.key) }
            .map(\.key)
    }

    /// Reserves a node for each member; when one fits nowhere, gives all back.
    private mutating func placeAll(
        _ members: [Int32], in domain: Int?, key: Int, at time: Int64
    ) -> [Placement]? {
        var placements: [Placement] = []
        placements.reserveCapacity(members.count)
        for (index, pod) in members.enumerated() {
            let number = memberClass(of: pod, among: members.count, in: domain, key: key)
            guard let (node, score) = best(of: number) else {
                for placed in members[..<index] {
                    displace(placed)
                    pool.pods.state[Int(placed)] = .held
                }
                return nil
            }
            reserve(pod, on: node, at: time)
            placements.append(placement(of: pod, score: score))
        }
        return placements
    }

    /// The class of a member, confined to `domain`.
    mutating func memberClass(of pod: Int32, among count: Int, in domain: Int?, key: Int) -> Int {
        let number = classNumber(of: pod, gang: domain == nil ? 0 : count, key: domain == nil ? -1 : key)
        classes[number].set.confinement = domain
        return number
    }
}
