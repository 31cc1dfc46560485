internal import Scheduling
internal import TestSupport
internal import Testing
internal import Units

@Suite("what waits is woken by what could help, and by nothing else")
struct WakingTests {
    /// One waiting pod for each reason to wait, on four full nodes.
    private static func waiting() -> Fixture {
        let fixture = Fixture(nodes: 4)
        let filler = Fixture.template(milli: 3000, labels: ["app": "filler"]) { $0.hostPorts = [HostPort(80)] }
        for number in 0..<4 { fixture.add("filler\(number)", filler) }
        let near = PodAffinityTerm(LabelSelector(matching: ["app": "leader"]), topologyKey: "host")
        let apart = PodAffinityTerm(LabelSelector(matching: ["app": "filler"]), topologyKey: "host")
        fixture.add("cpu", Fixture.template(milli: 2000))
        fixture.add("gpu", Fixture.template(milli: 1) { $0.resources.extended = ["gpu": 1] })
        fixture.add("label", Fixture.template(milli: 1) { $0.nodeSelector = ["disk": "ssd"] })
        fixture.add("port", Fixture.template(milli: 1) { $0.hostPorts = [HostPort(80)] })
        fixture.add("near", Fixture.template(milli: 1) { $0.podAffinity = [near] })
        fixture.add("apart", Fixture.template(milli: 1) { $0.podAntiAffinity = [apart] })
        fixture.drain()
        #expect(fixture.queuedCount == 0)
        return fixture
    }

    /// The pods that an event makes worth a try.
    private static func woken(_ events: Event...) -> [String] {
        let fixture = waiting()
        for event in events { fixture.tell(event) }
        let count = fixture.queuedCount
        let placed = fixture.placed()
        #expect(placed.count == count, "\(count) were tried, \(placed) had reason to be")
        return placed
    }

    @Test("a heartbeat, another label and a small gap wake nobody")
    func nothing() {
        #expect(Self.woken(.nodeUpdated(Fixture.node("node0"))).isEmpty)
        #expect(Self.woken(.nodeUpdated(Fixture.node("node0", labels: ["disk": "hdd"]))).isEmpty)
        let small = Pod(id: "small", template: Fixture.template(milli: 500), node: "node1")
        #expect(Self.woken(.podAdded(small), .podRemoved(id: "small")).isEmpty)
        #expect(Self.woken(.namespaceChanged(name: "default", labels: ["a": "b"])).isEmpty)
    }

    @Test("each reason is woken by its own change")
    func own() {
        #expect(Self.woken(.nodeUpdated(Fixture.node("node0", labels: ["disk": "ssd"]))) == ["label"])
        #expect(Self.woken(.nodeUpdated(Fixture.node("node0", milli: 5000))) == ["cpu"])
        var gpu = Fixture.node("node0")
        gpu.allocatable.extended = ["gpu": 1]
        #expect(Self.woken(.nodeUpdated(gpu)) == ["gpu"])
        let leader = Pod(
            id: "leader", template: Fixture.template(milli: 1, labels: ["app": "leader"]), node: "node2")
        #expect(Self.woken(.podAdded(leader)) == ["near"])
        #expect(Self.woken(.podRemoved(id: "filler1")) == ["cpu", "port", "apart"])
    }

    @Test("a new node wakes those that fit there, the first to come first")
    func newNode() {
        #expect(Self.woken(.nodeAdded(Fixture.node("new"))) == ["cpu", "port", "apart"])
    }

    @Test("what an event should have woken, and did not, is tried again after a while all the same")
    func leftover() {
        let fixture = Self.waiting()
        #expect(fixture.pass(299).isEmpty)
        #expect(fixture.queuedCount == 0)
        _ = fixture.pass(600)
        #expect(fixture.queuedCount == 6)
    }

    @Test("a hot failing pod, however high, does not keep others of its queue waiting")
    func hotFailing() {
        let fixture = Fixture(nodes: 1, milli: 100_000)
        fixture.add("hot", Fixture.template(milli: 1, priority: 900))
        var tries = 0
        for number in 0..<600 {
            fixture.add("cold\(number)", Fixture.template(milli: 1))
            var isPlaced = false
            while let decision = fixture.scheduler.decide(at: fixture.now) {
                guard case .place(let placement) = decision else { continue }
                if placement.pod == "hot" {
                    tries += 1
                    fixture.tell(.bindingFailed(id: "hot"))
                } else {
                    isPlaced = true
                    fixture.tell(.bindingConfirmed(id: placement.pod))
                    fixture.tell(.podRemoved(id: placement.pod))
                }
            }
            #expect(isPlaced, "at \(number)")
            fixture.now = fixture.now.advanced(by: .milliseconds(100))
        }
        #expect((9...10).contains(tries), "a minute: after 0, 1, 3, 7, 15, 25, 35, 45, 55 seconds; \(tries)")
    }

    @Test("pods whose binding failed come back behind those that came meanwhile")
    func fifoAfterFailure() {
        let fixture = Fixture(nodes: 1, milli: 100_000)
        for name in ["a", "b"] { fixture.add(name, Fixture.template(milli: 1)) }
        for _ in 0..<2 {
            guard case .place(let placement)? = fixture.scheduler.decide(at: fixture.now) else { return }
            fixture.tell(.bindingFailed(id: placement.pod))
        }
        fixture.add("c", Fixture.template(milli: 1))
        fixture.now = fixture.now.advanced(by: .seconds(2))
        #expect(fixture.placed() == ["c", "a", "b"])
    }

    @Test("a pod that is deleted while it is assumed leaves no phantom behind")
    func noPhantom() {
        let fixture = Fixture(nodes: 1)
        fixture.add("gone", Fixture.template(milli: 4000))
        _ = fixture.scheduler.decide(at: fixture.now)
        fixture.tell(.podRemoved(id: "gone"))
        #expect(fixture.tell(.bindingConfirmed(id: "gone")).isEmpty && fixture.tell(.bindingFailed(id: "gone")).isEmpty)
        fixture.add("next", Fixture.template(milli: 4000))
        #expect(fixture.placed() == ["next"])
        #expect(fixture.pass(1000).isEmpty && fixture.podCount == 1)
    }

    @Test("gates hold a pod until they are open")
    func gates() {
        let fixture = Fixture(nodes: 1)
        fixture.tell(.podAdded(Pod(id: "gated", template: Fixture.template(), isGated: true)))
        #expect(fixture.drain().isEmpty)
        #expect(fixture.explain("gated")?.state == .held)
        fixture.tell(.podReleased(id: "gated"))
        #expect(fixture.placed() == ["gated"])
        fixture.tell(.podReleased(id: "gated"))
        #expect(fixture.drain().isEmpty && fixture.node(of: "gated") == "node0", "twice is once")
    }

    @Test("a waiting pod's place counts those before it, in the queue and waiting")
    func place() {
        let fixture = Fixture(nodes: 1)
        fixture.add("high", Fixture.template(milli: 9000, priority: 500))
        fixture.add("first", Fixture.template(milli: 9000))
        fixture.add("second", Fixture.template(milli: 8000))
        fixture.add("batch", Fixture.template(milli: 9000, priority: -5))
        fixture.drain()
        fixture.add("third", Fixture.template(milli: 7000))
        let places = ["high", "first", "second", "third", "batch"].map { fixture.scheduler.podsBefore($0) }
        #expect(places == [0, 1, 2, 3, 0])
        fixture.add("placed", Fixture.template(milli: 100))
        fixture.drain()
        #expect(fixture.scheduler.podsBefore("placed") == nil)
    }
}
