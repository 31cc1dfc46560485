// Evicting lower pods for a whole gang: every member gets a node, or nobody is evicted.
extension Scheduler {
    /// Nodes for all members, where some of them have to wait for victims.
    private struct Plan {
        var nodes: [(pod: Int32, node: Int)] = []
        var victims: [Int32] = []

        /// The lowest highest priority, then the fewest victims.
        func cost(in pods: borrowing PodTable) -> (Int32, Int) {
            var highest = Int32.min
            for victim in victims { highest = max(highest, pods.priority[Int(victim)]) }
            return (highest, victims.count)
        }
    }

    /// How many domains of a gang's topology key are looked at; those with most room come first.
    private static let domainsTried = 16

    mutating func preempt(forGang gang: Int, within key: Int?) -> Decision? {
        let members = gangs[gang].members
        guard members.allSatisfy({ mayEvict($0) }) else { return nil }
        var best: Plan?
        if let key {
            for domain in domains(of: key, for: gang, counting: .whole).reversed().prefix(Self.domainsTried) {
                guard let plan = plan(members, in: domain, key: key) else { continue }
                if let best, plan.cost(in: pool.pods) >= best.cost(in: pool.pods) { continue }
                best = plan
            }
        } else {
            best = plan(members, in: nil, key: -1)
        }
        return best.map { nominate(gang, $0) }
    }

    /// Tries it in the books, and takes everything back.
    private mutating func plan(_ members: [Int32], in domain: Int?, key: Int) -> Plan? {
        var plan = Plan()
        var before: [(victim: Int32, state: PodTable.State)] = []
        let ledger = budgets
        var evictions: [Int: EvictionSet] = [:]
        var isComplete = true
        for pod in demandingFirst(members) {
            let number = memberClass(of: pod, among: members.count, in: domain, key: key)
            if let (node, _) = best(of: number) {
                hold(pod, on: node, &plan)
                continue
            }
            var set = evictions.removeValue(forKey: number) ?? EvictionSet()
            if !classes[number].set.rules.rules.isEmpty || reclaims(pod) { set = EvictionSet() }
            guard let eviction = cheapestEviction(for: pod, of: number, &set),
                eviction.victims.allSatisfy({ pool.pods.state[Int($0)] != .nominated })
            else {
                isComplete = false
                break
            }
            evictions[number] = set
            for victim in eviction.victims {
                before.append((victim, pool.pods.state[Int(victim)]))
                markLeaving(victim)
                trialLeaving += 1
            }
            plan.victims += eviction.victims
            hold(pod, on: eviction.node, &plan)
        }
        for (pod, _) in plan.nodes.reversed() {
            pool.displace(pod)
            queues.charge(pool.pods.lane(of: pod), pool.shapes[pool.shape(of: pod)].requests, sign: -1)
            pool.pods.state[Int(pod)] = .held
        }
        for (victim, state) in before {
            pool.pods.state[Int(victim)] = state
            if pool.pods.gang[Int(victim)] >= 0 { gangs[Int(pool.pods.gang[Int(victim)])].leaving -= 1 }
            trialLeaving -= 1
        }
        budgets = ledger
        return isComplete && !plan.victims.isEmpty ? plan : nil
    }

    private mutating func hold(_ pod: Int32, on node: Int, _ plan: inout Plan) {
        pool.place(pod, on: node)
        queues.charge(pool.pods.lane(of: pod), pool.shapes[pool.shape(of: pod)].requests, sign: 1)
        plan.nodes.append((pod, node))
    }

    private mutating func nominate(_ gang: Int, _ plan: Plan) -> Decision {
        let victims = evict(plan.victims)
        var leaving: Set<Int32> = []
        var nominations: [Nomination] = []
        for (pod, node) in plan.nodes {
            pool.pods.state[Int(pod)] = .nominated
            place(pod, on: node)
            leaving.formUnion(self.leaving(at: node))
            nominations.append(Nomination(pod: pool.pods.ids[Int(pod)], node: pool.nodes.specs[node].name))
        }
        gangs[gang].nominated = plan.nodes.map(\.pod)
        leaving.formUnion(victims)
        settle(gang)
        awaitVictims(plan.nodes[0].pod, leaving.sorted())
        return .preemptGang(
            name: gangs[gang].name, nominations, victims: victims.map { pool.pods.ids[Int($0)] })
    }

    /// The gang that waits for victims together with `pod`.
    func nominatedGang(of pod: Int32) -> Int? {
        let gang = Int(pool.pods.gang[Int(pod)])
        return gang >= 0 && gangs[gang].nominated.contains(pod) ? gang : nil
    }

    mutating func bindNominatedGang(_ gang: Int) -> Decision {
        let placements = gangs[gang].nominated.map { bind($0) }
        gangs[gang].nominated = []
        return .placeGang(name: gangs[gang].name, placements)
    }

    /// Nobody of the gang has a node in mind any more; it is tried again as a whole.
    mutating func dissolveNomination(of gang: Int) {
        let members = gangs[gang].nominated
        gangs[gang].nominated = []
        if let first = members.first { nominations.withdraw(first) }
        for pod in members {
            _ = pool.pods.stampAnew(pod)
            displace(pod)
        }
        for pod in members { enter(pod) }
    }
}
