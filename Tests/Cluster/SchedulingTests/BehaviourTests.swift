internal import Scheduling
internal import Testing
internal import Units

@Suite("gangs, reservations and preemption as users know them")
struct BehaviourTests {
    @Test("a gang starts together or not at all, and waits for its last member")
    func gangs() {
        let fixture = Fixture(nodes: 3)
        let gang = GangMembership(name: "g", minimum: 3)
        for number in 0..<2 { fixture.add("m\(number)", Fixture.template(milli: 3000), gang: gang) }
        #expect(fixture.drain().isEmpty)
        fixture.add("other", Fixture.template(milli: 2000))
        #expect(fixture.placed() == ["other"])
        fixture.add("m2", Fixture.template(milli: 3000), gang: gang)
        #expect(fixture.drain() == [.wait(pod: "m0")], "two would fit, three do not")
        #expect(fixture.node(of: "m0") == nil, "nothing is held back for a gang that does not fit")
        fixture.tell(.podRemoved(id: "other"))
        guard case .placeGang(_, let placements)? = fixture.drain().first else {
            Issue.record("the gang is not placed")
            return
        }
        #expect(Set(placements.map(\.node)).count == 3)
    }

    @Test("a gang with a topology key lies in one domain, the tightest that has room")
    func packing() {
        let fixture = Fixture()
        for number in 0..<9 {
            let rack = number < 4 ? "wide" : number < 7 ? "fitting" : "small"
            fixture.tell(.nodeAdded(Fixture.node("node\(number)", labels: ["rack": rack])))
        }
        let gang = GangMembership(name: "g", minimum: 3, topologyKey: "rack")
        for number in 0..<3 { fixture.add("m\(number)", Fixture.template(milli: 3000), gang: gang) }
        guard case .placeGang(_, let placements)? = fixture.drain().first else {
            Issue.record("the gang is not placed")
            return
        }
        #expect(Set(placements.map(\.node)) == ["node4", "node5", "node6"])
    }

    @Test("a gang that never comes together is reported once")
    func gangTimeout() {
        let fixture = Fixture(nodes: 1)
        fixture.add("m", Fixture.template(), gang: GangMembership(name: "g", minimum: 2))
        #expect(fixture.pass(599).isEmpty)
        #expect(fixture.pass(1) == [.gangTimedOut(name: "g", running: [])])
        #expect(fixture.pass(1000).isEmpty)
    }

    @Test("a reservation without confirmation ends; the pod comes back after its back-off")
    func expiry() {
        let fixture = Fixture(nodes: 1)
        fixture.add("pod", Fixture.template(milli: 4000))
        _ = fixture.scheduler.decide(at: fixture.now)
        #expect(fixture.node(of: "pod") == "node0")
        #expect(fixture.pass(60) == [.expired(pod: "pod")])
        #expect(fixture.node(of: "pod") == nil)
        #expect(fixture.drain().isEmpty, "still backing off")
        _ = fixture.pass(1)
        #expect(fixture.placed() == ["pod"])
        #expect(fixture.pass(1000).isEmpty, "confirmed placements stay")
    }

    @Test("failed bindings back off twice as long each time, up to the longest")
    func backoff() {
        let fixture = Fixture(nodes: 1)
        fixture.add("pod", Fixture.template())
        for seconds in [1, 2, 4, 8, 10, 10] as [Int64] {
            guard case .place? = fixture.scheduler.decide(at: fixture.now) else {
                Issue.record("not tried before \(seconds)")
                return
            }
            fixture.tell(.bindingFailed(id: "pod"))
            fixture.now = fixture.now.advanced(by: .seconds(seconds) - .milliseconds(1))
            #expect(fixture.drain().isEmpty)
            fixture.now = fixture.now.advanced(by: .milliseconds(1))
        }
    }

    @Test("the preemptor gets its node although newcomers keep arriving")
    func nomination() {
        let fixture = Fixture(nodes: 1)
        for number in 0..<4 { fixture.add("low\(number)", Fixture.template(priority: -5)) }
        #expect(fixture.placed().count == 4)
        fixture.add("high", Fixture.template(milli: 2000, priority: 100))
        guard case .preempt("high", "node0", let victims)? = fixture.drain().first else {
            Issue.record("no preemption")
            return
        }
        #expect(victims.count == 2)
        fixture.add("newcomer", Fixture.template(milli: 1000))
        #expect(fixture.tell(.podRemoved(id: victims[0])).isEmpty)
        #expect(fixture.placed().isEmpty, "what is freed is the preemptor's")
        let bound = fixture.tell(.podRemoved(id: victims[1]))
        #expect(bound == [.place(Placement(pod: "high", node: "node0", score: 0))])
    }

    @Test("a pod that must not preempt waits, and one whose node nothing can open evicts nobody")
    func noPreemption() {
        let fixture = Fixture(nodes: 1)
        fixture.add("low", Fixture.template(milli: 4000, priority: -5))
        fixture.drain()
        fixture.add("never", Fixture.template(milli: 1000, priority: 100, mayPreempt: false))
        fixture.add("elsewhere", Fixture.template(milli: 1000, priority: 100) { $0.nodeSelector = ["no": "where"] })
        #expect(fixture.drain().allSatisfy { if case .wait = $0 { true } else { false } })
    }

    @Test("a nominated pod gives way to a higher one and is queued again")
    func nominationCleared() {
        let fixture = Fixture(nodes: 1)
        fixture.add("low", Fixture.template(milli: 4000, priority: -5))
        fixture.drain()
        fixture.add("middle", Fixture.template(milli: 4000, priority: 10))
        #expect(fixture.drain() == [.preempt(pod: "middle", node: "node0", victims: ["low"])])
        fixture.add("top", Fixture.template(milli: 4000, priority: 500))
        fixture.drain()
        fixture.tell(.podRemoved(id: "low"))
        fixture.drain()
        #expect(fixture.node(of: "top") == "node0")
        #expect(fixture.node(of: "middle") == nil)
    }

    @Test("a pending pod's explanation counts nodes by reason and says what would help")
    func explanation() throws {
        let fixture = Fixture(nodes: 3)
        fixture.tell(.nodeAdded(Fixture.node("labelled", labels: ["disk": "ssd"])))
        fixture.add("pod", Fixture.template(milli: 9000) { $0.nodeSelector = ["disk": "ssd"] })
        fixture.drain()
        let explanation = try #require(fixture.explain("pod"))
        #expect(explanation.reasons == [.nodeAffinity: 3, .insufficient("cpu"): 1])
        #expect(explanation.state == .waiting && explanation.queue == "normal" && explanation.possible == 0)
        #expect(explanation.help.first == "label nodes, or widen the selector (3 nodes)")
    }

    @Test("the parts of a placed pod's score add up to the score it was placed with")
    func scores() {
        let fixture = Fixture(nodes: 3)
        fixture.add("pod", Fixture.template { $0.preferredNodes = [Preference(LabelSelector(), weight: 3)] })
        guard case .place(let placement)? = fixture.drain().first else { return }
        let sum = fixture.scheduler.scores(of: "pod").reduce(0) { $0 + $1.value }
        #expect(abs(sum - placement.score) < 1e-9)
    }

    @Test("nothing is left behind when all pods and nodes are gone")
    func nothingLeft() {
        let fixture = Fixture(nodes: 4)
        for number in 0..<30 { fixture.add("pod\(number)", Fixture.template(milli: Int64(500 + number))) }
        fixture.drain()
        for number in 0..<30 { fixture.tell(.podRemoved(id: "pod\(number)")) }
        #expect(fixture.podCount == 0 && fixture.queuedCount == 0)
        fixture.add("whole", Fixture.template(milli: 4000))
        #expect(fixture.placed() == ["whole"])
    }
}
