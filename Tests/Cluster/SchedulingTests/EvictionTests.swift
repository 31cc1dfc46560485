internal import Scheduling
internal import TestSupport
internal import Testing
internal import Units

@Suite("evictions over time")
struct EvictionTests {
    @Test("who may evict is woken when what is free and what is lower are enough together")
    func woken() {
        let fixture = Fixture(nodes: 1)
        fixture.add("a", Fixture.template(priority: 100))
        fixture.add("b", Fixture.template(priority: 100))
        fixture.add("low", Fixture.template(milli: 2000, priority: -5))
        #expect(fixture.placed().count == 3)
        fixture.add("middle", Fixture.template(milli: 3000, priority: 50))
        #expect(fixture.drain() == [.wait(pod: "middle")])
        fixture.tell(.podRemoved(id: "a"))
        #expect(fixture.drain() == [.preempt(pod: "middle", node: "node0", victims: ["low"])])
    }

    @Test("a pod that must not evict does not keep a lower one from trying")
    func neverBesideSometimes() {
        let fixture = Fixture(nodes: 1)
        fixture.add("low", Fixture.template(milli: 4000, priority: -5))
        fixture.drain()
        fixture.add("never", Fixture.template(milli: 4000, priority: 100, mayPreempt: false))
        fixture.drain()
        fixture.add("may", Fixture.template(milli: 4000, priority: 50))
        #expect(fixture.drain() == [.preempt(pod: "may", node: "node0", victims: ["low"])])
    }

    @Test("victims that do not leave hold a pod up for so long only")
    func nominationEnds() {
        let fixture = Fixture(nodes: 1)
        fixture.add("low", Fixture.template(milli: 4000, priority: -5))
        fixture.drain()
        fixture.add("high", Fixture.template(milli: 4000, priority: 100))
        #expect(fixture.drain() == [.preempt(pod: "high", node: "node0", victims: ["low"])])
        fixture.tell(.nodeAdded(Fixture.node("other")))
        #expect(fixture.drain().isEmpty)
        _ = fixture.pass(300)
        #expect(fixture.node(of: "high") == nil)
        _ = fixture.pass(1)
        #expect(fixture.placed() == ["high"])
        #expect(fixture.node(of: "high") == "other")
        #expect(fixture.tell(.podRemoved(id: "low")).isEmpty, "nobody waits for it any more")
    }

    @Test("a higher pod that takes a nominated one's node waits for the same victims, and is bound")
    func takenOver() {
        let fixture = Fixture(nodes: 1)
        fixture.add("low", Fixture.template(milli: 4000, priority: -5))
        fixture.drain()
        fixture.add("middle", Fixture.template(milli: 4000, priority: 10))
        fixture.drain()
        fixture.add("top", Fixture.template(milli: 4000, priority: 500))
        #expect(fixture.drain().first == .preempt(pod: "top", node: "node0", victims: []))
        #expect(
            fixture.tell(.podRemoved(id: "low")) == [.place(Placement(pod: "top", node: "node0", score: 0))])
    }

    @Test("one eviction does not set off a row of them: the victim's successor waits a while before it evicts")
    func noCascade() {
        let fixture = Fixture(nodes: 2)
        let middle = Fixture.template(milli: 4000, priority: 10)
        fixture.tell(.podAdded(Pod(id: "middle", template: middle, node: "node0")))
        fixture.tell(
            .podAdded(Pod(id: "low", template: Fixture.template(milli: 4000, priority: -5), node: "node1")))
        fixture.tell(.nodeUpdated(Fixture.node("node1", labels: ["closed": "yes"])))
        let top = Fixture.template(milli: 4000, priority: 500) {
            $0.nodeAffinity = NodeSelector([LabelSelector([LabelCondition("closed", .isAbsent)])])
        }
        fixture.add("top", top)
        #expect(fixture.drain() == [.preempt(pod: "top", node: "node0", victims: ["middle"])])
        fixture.tell(.podRemoved(id: "middle"))
        fixture.tell(.bindingConfirmed(id: "top"))
        fixture.add("middle-again", Fixture.template(milli: 4000, priority: 10))
        #expect(fixture.drain() == [.wait(pod: "middle-again")])
        _ = fixture.pass(29)
        #expect(fixture.drain().isEmpty)
        _ = fixture.pass(1)
        #expect(fixture.drain() == [.preempt(pod: "middle-again", node: "node1", victims: ["low"])])
    }

    @Test("who needs a place that anti-affinity closes evicts the one that closes it, whichever of them has the rule")
    func antiAffinity() {
        let apart = PodAffinityTerm(LabelSelector(matching: ["app": "x"]), topologyKey: "host")
        for isNewcomers in [true, false] {
            let fixture = Fixture(nodes: 1)
            fixture.add("bystander", Fixture.template(milli: 100, priority: -5))
            fixture.add(
                "low",
                Fixture.template(milli: 100, labels: ["app": "x"], priority: -4) {
                    if !isNewcomers { $0.podAntiAffinity = [apart] }
                })
            #expect(fixture.placed().count == 2)
            fixture.add(
                "high",
                Fixture.template(milli: 100, labels: ["app": "x"], priority: 100) {
                    if isNewcomers { $0.podAntiAffinity = [apart] }
                })
            #expect(fixture.drain() == [.preempt(pod: "high", node: "node0", victims: ["low"])])
        }
    }

    @Test("two preemptors and a flood in between: nobody is evicted twice, and no more than needed")
    func races() {
        let fixture = Fixture(nodes: 2)
        for number in 0..<8 { fixture.add("low\(number)", Fixture.template(priority: -5)) }
        fixture.drain()
        for number in 0..<2 { fixture.add("high\(number)", Fixture.template(milli: 2000, priority: 100)) }
        for number in 0..<3 { fixture.add("middle\(number)", Fixture.template(milli: 1000, priority: 10)) }
        var victims: [String] = []
        var preemptors: [String] = []
        for decision in fixture.drain() {
            guard case .preempt(let pod, _, let evicted) = decision else { continue }
            preemptors.append(pod)
            victims += evicted
        }
        #expect(preemptors == ["high0", "high1", "middle0", "middle1", "middle2"])
        #expect(victims.count == 7 && Set(victims).count == 7)
        var bound = 0
        for victim in victims { bound += fixture.tell(.podRemoved(id: victim)).count }
        #expect(bound == 5)
    }

    @Test("pods that share a budget are counted together, and two budgets over one pod must both allow it")
    func sharedBudget() {
        let fixture = Fixture(nodes: 2)
        for number in 0..<8 { fixture.add("low\(number)", Fixture.template(labels: ["app": "x"], priority: -5)) }
        fixture.drain()
        func budget(_ name: String, _ allowed: Int) -> Event {
            .budgetChanged(
                DisruptionBudget(
                    name: name, namespace: "default", selector: LabelSelector(matching: ["app": "x"]), allowed: allowed)
            )
        }
        fixture.tell(budget("one", 3))
        fixture.add("high0", Fixture.template(milli: 2000, priority: 100))
        fixture.add("high1", Fixture.template(milli: 2000, priority: 100))
        let decisions = fixture.drain()
        guard case .preempt("high0", _, let victims)? = decisions.first else {
            Issue.record("\(decisions)")
            return
        }
        #expect(victims.count == 2 && decisions.dropFirst() == [.wait(pod: "high1")], "one is left of three")
        fixture.tell(budget("two", 1))
        fixture.tell(budget("one", 5))
        #expect(!fixture.drain().contains { if case .preempt = $0 { true } else { false } }, "the other allows one")
        fixture.tell(budget("two", 2))
        #expect(fixture.drain().contains { if case .preempt("high1", _, _) = $0 { true } else { false } })
    }

    @Test("a budget that is gone protects nobody")
    func budgetRemoved() {
        let fixture = Fixture(nodes: 1)
        fixture.add("low", Fixture.template(milli: 4000, labels: ["app": "x"], priority: -5))
        fixture.drain()
        let selector = LabelSelector(matching: ["app": "x"])
        fixture.tell(
            .budgetChanged(DisruptionBudget(name: "b", namespace: "default", selector: selector, allowed: 0)))
        fixture.add("high", Fixture.template(milli: 4000, priority: 100))
        #expect(fixture.drain() == [.wait(pod: "high")])
        fixture.tell(.budgetRemoved(namespace: "default", name: "b"))
        #expect(fixture.drain() == [.preempt(pod: "high", node: "node0", victims: ["low"])])
    }

    @Test("many small victims of a few kinds are searched to the end: the fewest that free enough")
    func manySmall() {
        let fixture = Fixture(nodes: 1, milli: 100_000)
        for number in 0..<60 { fixture.add("a\(number)", Fixture.template(milli: 700, priority: -5)) }
        for number in 0..<40 { fixture.add("b\(number)", Fixture.template(milli: 1400, priority: -5)) }
        #expect(fixture.placed().count == 100)
        fixture.add("high", Fixture.template(milli: 30_000, priority: 100))
        guard case .preempt("high", _, let victims)? = fixture.drain().first else {
            Issue.record("no preemption")
            return
        }
        // 2 are free, and 20 of 1.4 free 28: no fewer can.
        #expect(victims.count == 20, "\(victims.count)")
    }

    @Test("spreading levels nodes and constraints that a lost domain left broken, and changes nothing itself")
    func spreading() {
        let fixture = Fixture()
        fixture.tell(.nodeAdded(Fixture.node("a", labels: ["zone": "a"])))
        let even = Fixture.template(milli: 500, labels: ["app": "x"]) {
            $0.spread = [
                SpreadConstraint(topologyKey: "zone", selector: LabelSelector(matching: ["app": "x"]), isHard: false)
            ]
        }
        for number in 0..<4 { fixture.add("even\(number)", even) }
        #expect(fixture.placed().count == 4)
        fixture.tell(.nodeAdded(Fixture.node("b", labels: ["zone": "b"])))
        let moves = fixture.scheduler.spreading(limit: 10)
        #expect(moves.count == 2 && moves.allSatisfy { $0.from == "a" && $0.to == "b" }, "\(moves)")
        #expect(fixture.scheduler.spreading(limit: 1).count == 1)
        #expect((0..<4).allSatisfy { fixture.node(of: "even\($0)") == "a" })
        let level = Fixture(nodes: 1)
        for number in 0..<4 { level.add("plain\(number)", Fixture.template()) }
        level.drain()
        level.tell(.nodeAdded(Fixture.node("empty")))
        #expect(level.scheduler.spreading(limit: 10).count == 2)
        let selector = LabelSelector()
        level.tell(.budgetChanged(DisruptionBudget(name: "b", namespace: "default", selector: selector, allowed: 1)))
        #expect(level.scheduler.spreading(limit: 10).count == 1, "the budget allows one")
    }
}
