internal import Scheduling
internal import TestSupport
internal import Testing
internal import Units

@Suite("preemption")
struct PreemptionTests {
    private static let now = Timestamp(seconds: 1000)

    /// The lowest highest priority, then the fewest victims, over all nodes and all subsets that budgets allow.
    private static func cheapest(
        _ reference: ReferencePool, for template: PodTemplate, allowed: Int
    ) -> (highest: Int32, count: Int)? {
        var best: (highest: Int32, count: Int)?
        for node in reference.nodes.values {
            let candidates = reference.placed.filter {
                $0.value.node == node.name && $0.value.template.priority < template.priority
            }.keys.sorted()
            for subset in 1..<max(1, 1 << candidates.count) {
                let victims = candidates.indices.filter { subset & (1 << $0) != 0 }.map { candidates[$0] }
                let covered = victims.filter { reference.placed[$0]?.template.labels["app"] == "a0" }.count
                guard covered <= allowed else { continue }
                var without = reference
                for victim in victims { without.placed[victim] = nil }
                guard without.score(of: template, at: node) != nil else { continue }
                let highest = victims.compactMap { reference.placed[$0]?.template.priority }.max() ?? .min
                if let old = best, (old.highest, old.count) <= (highest, victims.count) { continue }
                best = (highest, victims.count)
            }
        }
        return best
    }

    @Test("takes the cheapest victims of all nodes, and none that a budget forbids", arguments: UInt64(0)..<100)
    func minimal(round: UInt64) throws {
        for seed in round * 10..<round * 10 + 10 { try Self.minimalCase(seed: seed) }
    }

    private static func minimalCase(seed: UInt64) throws {
        var pool = RandomPool(seed: seed)
        var scheduler = Scheduler()
        var reference = ReferencePool()
        for index in 0..<pool.number(1...8) {
            let node = pool.node("node\(index)")
            reference.nodes[node.name] = node
            _ = scheduler.handle(.nodeAdded(node), at: Self.now)
        }
        let allowed = pool.number(0...2)
        for namespace in ["n0", "n1"] {
            let budget = DisruptionBudget(
                name: "budget", namespace: namespace, selector: LabelSelector(matching: ["app": "a0"]),
                allowed: namespace == "n0" ? allowed : 0)
            _ = scheduler.handle(.budgetChanged(budget), at: Self.now)
        }
        for index in 0..<40 {
            var template = pool.template(priority: Int32(pool.number(-3...3)), plain: pool.chance(80))
            if template.namespace == "n1", template.labels["app"] == "a0" {
                template = PodTemplate(
                    namespace: "n1", labels: ["app": "a1"], requirements: template.requirements,
                    priority: template.priority)
            }
            _ = scheduler.handle(.podAdded(Pod(id: "low\(index)", template: template)), at: Self.now)
            while let decision = scheduler.decide(at: Self.now) {
                if case .place(let placement) = decision {
                    reference.placed[placement.pod] = ReferencePool.Placed(template: template, node: placement.node)
                    _ = scheduler.handle(.bindingConfirmed(id: placement.pod), at: Self.now)
                } else if case .preempt(_, _, let victims) = decision {
                    // Undone: the test is about the first preemption below.
                    _ = scheduler.handle(.podRemoved(id: "low\(index)"), at: Self.now)
                    for victim in victims {
                        _ = scheduler.handle(.podRemoved(id: victim), at: Self.now)
                        reference.placed[victim] = nil
                    }
                    let budget = DisruptionBudget(
                        name: "budget", namespace: "n0", selector: LabelSelector(matching: ["app": "a0"]),
                        allowed: allowed)
                    _ = scheduler.handle(.budgetChanged(budget), at: Self.now)
                }
            }
            // One that waits, and be it without a word because its like do, is taken back.
            if reference.placed["low\(index)"] == nil {
                _ = scheduler.handle(.podRemoved(id: "low\(index)"), at: Self.now)
            }
        }
        let high = pool.template(priority: 10, mayPreempt: true, plain: pool.chance(50))
        let expected = Self.cheapest(reference, for: high, allowed: allowed)
        let isFree = !reference.scores(of: high).isEmpty
        _ = scheduler.handle(.podAdded(Pod(id: "high", template: high)), at: Self.now)
        switch scheduler.decide(at: Self.now) {
        case .place: #expect(isFree, "seed \(seed)")
        case .wait: #expect(!isFree && expected == nil, "seed \(seed): \(String(describing: expected))")
        case .preempt(_, let node, let victims):
            let cost = try #require(expected, "seed \(seed)")
            let priorities = victims.compactMap { reference.placed[$0]?.template.priority }
            #expect(!isFree && priorities.count == victims.count, "seed \(seed)")
            #expect(priorities.max() == cost.highest && victims.count == cost.count, "seed \(seed)")
            for victim in victims { reference.placed[victim] = nil }
            #expect(reference.scores(of: high)[node] != nil, "seed \(seed): it does not fit afterwards")
        default: Issue.record("seed \(seed): no decision")
        }
    }
}
