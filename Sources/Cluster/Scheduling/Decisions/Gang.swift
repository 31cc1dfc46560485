internal import Units

/// Pods that start together or not at all.
struct Gang {
    var name: String
    var minimum: Int
    /// All in one domain of this key.
    var topologyKey: String?
    /// Members that wait for the others.
    var members: [Int32] = []
    var placed = 0
    /// How many pods belong to it in any state; it is forgotten with the last.
    var size = 0
    var deadline: Int64
    var isReported = false
    /// One of ``members`` is in a queue, or waits, for all of them.
    var lead: Int32 = -1

    var isComplete: Bool { placed + members.count >= minimum }

    func isDue(at time: Int64) -> Bool {
        !isReported && size > 0 && placed < minimum && time >= deadline
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
            if let vacant = gangs.firstIndex(where: { $0.size == 0 }), gangs.count > 1024 {
                number = Int32(vacant)
                gangs[vacant] = gang
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
    mutating func enter(_ pod: Int32, at time: Int64) {
        let number = Int(pool.pods.gang[Int(pod)])
        if gangs[number].placed >= gangs[number].minimum {
            enqueue(pod)  // the gang runs: a late member is a pod like any other
            return
        }
        pool.pods.state[Int(pod)] = .held
        gangs[number].members.append(pod)
        if gangs[number].isComplete, gangs[number].lead < 0 { putForward(number) }
    }

    private mutating func putForward(_ number: Int) {
        guard let lead = gangs[number].members.first else { return }
        gangs[number].lead = lead
        enqueue(lead)
    }

    /// The gang that `pod` stands for, unless it is placed as a single pod.
    func openGang(of pod: Int32) -> Int? {
        let number = Int(pool.pods.gang[Int(pod)])
        return gangs[number].placed < gangs[number].minimum ? number : nil
    }

    mutating func leaveGang(_ pod: Int32) {
        let number = Int(pool.pods.gang[Int(pod)])
        guard number >= 0 else { return }
        gangs[number].size -= 1
        if let index = gangs[number].members.firstIndex(of: pod) {
            gangs[number].members.remove(at: index)
        } else if gangs[number].placed > 0 {
            gangs[number].placed -= 1
        }
        if gangs[number].lead == pod {
            gangs[number].lead = -1
            if gangs[number].isComplete { putForward(number) }
        }
        if gangs[number].size == 0 { gangNumbers[gangs[number].name] = nil }
    }

    /// Places all members or none.
    mutating func decideGang(_ gang: Int, lead: Int32, at time: Int64) -> Decision? {
        let members = gangs[gang].members
        let key = gangs[gang].topologyKey.map { pool.topologyKey($0) }
        let number = classNumber(of: lead, gang: members.count, key: key ?? -1)
        guard gangs[gang].isComplete else {
            gangs[gang].lead = -1
            pool.pods.state[Int(lead)] = .held
            return nil
        }
        if classes[number].isBlocked {
            park(lead, in: number)
            return nil
        }
        let placements: [Placement]?
        if let key {
            placements = placeTogether(members, lead: lead, within: key, at: time)
        } else {
            placements = placeAll(members, in: nil, key: -1, gang: members.count, at: time)
        }
        if let placements {
            gangs[gang].placed += members.count
            gangs[gang].members = []
            gangs[gang].lead = -1
            return .placeGang(name: gangs[gang].name, placements)
        }
        keepWarm(number)
        classes[number].set.synchronize(with: pool)
        block(number, for: lead, at: time)
        park(lead, in: number)
        return .wait(pod: pool.pods.ids[Int(lead)])
    }

    /// Tries the domains of `key` that have room, the tightest first.
    private mutating func placeTogether(
        _ members: [Int32], lead: Int32, within key: Int, at time: Int64
    ) -> [Placement]? {
        var room: [Int: Int] = [:]
        let requests = pool.shapes[pool.shape(of: lead)].needed
        pool.nodes.isPresent.forEach { node in
            let domain = pool.counters.keys[key].domain(of: node)
            guard domain >= 0 else { return }
            var slots = Double(members.count)
            for request in requests {
                slots = min(slots, (pool.nodes[free: node, request.dimension] / request.value).rounded(.down))
            }
            if slots > 0 { room[domain, default: 0] += Int(slots) }
        }
        let domains = room.filter { $0.value >= members.count }.sorted { ($0.value, $0.key) < ($1.value, $1.key) }
        for (domain, _) in domains {
            let placed = placeAll(members, in: domain, key: key, gang: members.count, at: time)
            if let placed { return placed }
        }
        return nil
    }

    /// Reserves a node for each member; when one fits nowhere, gives all back.
    private mutating func placeAll(
        _ members: [Int32], in domain: Int?, key: Int, gang: Int, at time: Int64
    ) -> [Placement]? {
        var placements: [Placement] = []
        placements.reserveCapacity(members.count)
        for (index, pod) in members.enumerated() {
            let number = classNumber(of: pod, gang: domain == nil ? 0 : gang, key: domain == nil ? -1 : key)
            classes[number].set.confinement = domain
            guard let (node, score) = best(of: number) else {
                for placed in members[..<index] {
                    displace(placed)
                    pool.pods.state[Int(placed)] = .held
                }
                return nil
            }
            reserve(pod, on: node, at: time)
            placements.append(
                Placement(pod: pool.pods.ids[Int(pod)], node: pool.nodes.specs[node].name, score: score))
        }
        return placements
    }
}
