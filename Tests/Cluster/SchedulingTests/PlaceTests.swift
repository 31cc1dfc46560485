internal import Scheduling
internal import Testing
internal import Units

@Suite("what a node can give: volumes, addresses, processors, images")
struct PlaceTests {
    private static func node(_ name: String, _ change: (inout Node) -> Void = { _ in }) -> Node {
        var node = Fixture.node(name)
        change(&node)
        return node
    }

    @Test("a pool's ratio lets its nodes promise more processors and memory than they have, and others not")
    func overcommit() {
        var configuration = Configuration()
        configuration.overcommit["shared"] = Overcommit(cpu: 2, memory: 1.5)
        let fixture = Fixture(configuration)
        fixture.tell(.nodeAdded(Self.node("plain")))
        fixture.tell(.nodeAdded(Self.node("shared") { $0.pool = "shared" }))
        for number in 0..<13 { fixture.add("pod\(number)", Fixture.template(milli: 1000)) }
        #expect(fixture.placed().count == 12)
        #expect((0..<13).count { fixture.node(of: "pod\($0)") == "shared" } == 8, "twice four processors")
        let memory = Requirements(resources: Resources(memory: ByteCount(12 << 30)))
        let large = Fixture(configuration)
        large.tell(.nodeAdded(Self.node("plain")))
        large.add("large", PodTemplate(requirements: memory))
        #expect(large.drain() == [.wait(pod: "large")])
        large.tell(.nodeAdded(Self.node("shared") { $0.pool = "shared" }))
        #expect(large.placed() == ["large"], "one and a half times eight gibibytes")
    }

    @Test("a pod with an address from a pool goes only where that pool can be reached, and wakes when it can")
    func addressPools() {
        let fixture = Fixture(nodes: 3)
        fixture.add("fixed", Fixture.template { $0.addressPool = "red" })
        #expect(fixture.drain() == [.wait(pod: "fixed")])
        #expect(fixture.explain("fixed")?.reasons == [.addressPool("red"): 3])
        fixture.tell(.nodeAdded(Self.node("blue") { $0.addressPools = ["blue"] }))
        #expect(fixture.queuedCount == 0, "another pool does not help")
        fixture.tell(.nodeUpdated(Self.node("node1") { $0.addressPools = ["red", "blue"] }))
        #expect(fixture.placed() == ["fixed"])
        #expect(fixture.node(of: "fixed") == "node1")
    }

    @Test("a pod that rather has one NUMA node gets one that is large enough, where there is one")
    func numa() {
        let fixture = Fixture()
        fixture.tell(.nodeAdded(Self.node("four") { $0.numaNodes = 4 }))
        fixture.tell(.nodeAdded(Self.node("one")))
        // Something runs on the better node, so that nothing but the hint speaks for it.
        fixture.tell(.podAdded(Pod(id: "other", template: Fixture.template(milli: 500), node: "one")))
        fixture.add("indifferent", Fixture.template(milli: 2000))
        fixture.drain()
        #expect(fixture.node(of: "indifferent") == "four")
        fixture.tell(.podRemoved(id: "indifferent"))
        fixture.add("hinted", Fixture.template(milli: 2000) { $0.prefersOneNUMANode = true })
        fixture.drain()
        #expect(fixture.node(of: "hinted") == "one")
    }

    @Test("the node that must fetch the fewest bytes is best; what a rack peer holds counts half")
    func images() {
        func rack(_ name: String, _ rack: String, _ layers: Set<String> = []) -> Node {
            Node(
                name: name, labels: ["topology.kubernetes.io/rack": rack],
                allocatable: Resources(cpu: CPUCount(milli: 4000), memory: ByteCount(8 << 30), pods: 110),
                layers: layers)
        }
        let fixture = Fixture()
        fixture.tell(.nodeAdded(rack("none", "a")))
        fixture.tell(.nodeAdded(rack("many-small", "b", ["s1", "s2", "s3"])))
        fixture.tell(.nodeAdded(rack("one-large", "c", ["large"])))
        fixture.tell(.nodeAdded(rack("peer", "c")))
        let template = Fixture.template { $0.layers = ["large": 900, "s1": 10, "s2": 10, "s3": 10] }
        fixture.tell(.podAdded(Pod(id: "probe", template: template, isGated: true)))
        let order = fixture.scheduler.possibleNodes(of: "probe").map(\.node)
        #expect(order == ["one-large", "peer", "many-small", "none"], "by bytes, not by how many layers")
        let scores = fixture.scheduler.possibleNodes(of: "probe").map(\.score)
        #expect(abs((scores[0] - scores[3]) - 100 * 900 / 930) < 1e-6)
        #expect(abs((scores[1] - scores[3]) - 50 * 900 / 930) < 1e-6)
        // The holder goes: its peer must fetch all of it now.
        fixture.tell(.nodeRemoved(name: "one-large"))
        #expect(fixture.scheduler.possibleNodes(of: "probe").first?.node == "many-small")
    }

    // MARK: Volumes

    private static func local(_ name: String, on host: String, gibibytes: UInt64 = 10) -> Event {
        .volumeChanged(
            Volume(
                name: name, storageClass: "local", size: ByteCount(gibibytes << 30),
                nodes: NodeSelector([LabelSelector(matching: ["host": host])])))
    }

    private static func claiming(_ claims: String..., gibibytes: UInt64 = 5) -> PodTemplate {
        Fixture.template(milli: 100) {
            $0.claims = claims.map {
                VolumeClaim(id: $0, storageClass: "local", size: ByteCount(gibibytes << 30))
            }
        }
    }

    @Test("a bound volume's nodes are the pod's nodes")
    func boundVolume() {
        let fixture = Fixture(nodes: 4)
        fixture.add(
            "pod", Fixture.template { $0.volumes = [NodeSelector([LabelSelector(matching: ["host": "node2"])])] })
        fixture.drain()
        #expect(fixture.node(of: "pod") == "node2")
        fixture.add("lost", Fixture.template { $0.volumes = [NodeSelector([LabelSelector(matching: ["host": "x"])])] })
        fixture.drain()
        #expect(fixture.explain("lost")?.reasons == [.volumeNodes: 4])
    }

    @Test("a late claim's volume is chosen with the node: the smallest that is large enough, and for one claim only")
    func lateBinding() {
        let fixture = Fixture(nodes: 3)
        fixture.add("early", Self.claiming("c0"))
        #expect(fixture.drain() == [.wait(pod: "early")])
        #expect(fixture.explain("early")?.reasons == [.noVolume("local"): 3])
        fixture.tell(Self.local("small", on: "node0", gibibytes: 4))
        fixture.tell(Self.local("vast", on: "node1", gibibytes: 90))
        fixture.tell(Self.local("right", on: "node1", gibibytes: 6))
        guard case .place(let placement)? = fixture.drain().first else {
            Issue.record("not woken by its volume")
            return
        }
        #expect(placement.node == "node1" && placement.volumes == ["c0": "right"])
        fixture.add("second", Self.claiming("c1"))
        guard case .place(let next)? = fixture.drain().first else {
            Issue.record("not placed")
            return
        }
        #expect(next.volumes == ["c1": "vast"])
        fixture.add("third", Self.claiming("c2"))
        #expect(fixture.drain() == [.wait(pod: "third")], "the one that is left is too small")
        fixture.tell(.podRemoved(id: "second"))
        #expect(fixture.drain().isEmpty, "the claim keeps its volume when its pod goes")
        fixture.tell(.claimRemoved(id: "c1"))
        #expect(fixture.placed() == ["third"])
    }

    @Test("a failed binding gives the volume back; a second pod of a claim follows its volume")
    func volumeGivenBack() {
        let fixture = Fixture(nodes: 2)
        fixture.tell(Self.local("v", on: "node1"))
        fixture.add("first", Self.claiming("c0"))
        _ = fixture.scheduler.decide(at: fixture.now)
        fixture.add("other", Self.claiming("c1"))
        #expect(fixture.scheduler.decide(at: fixture.now) == .wait(pod: "other"))
        fixture.tell(.bindingFailed(id: "first"))
        #expect(fixture.placed() == ["other"], "what was only assumed is free again")
        fixture.add("beside", Self.claiming("c1"))
        fixture.drain()
        #expect(fixture.node(of: "beside") == "node1")
    }

    @Test("a pod of two claims needs two volumes on one node, the smaller for the smaller")
    func twoClaims() {
        let fixture = Fixture(nodes: 3)
        fixture.tell(Self.local("a", on: "node0", gibibytes: 20))
        fixture.tell(Self.local("b", on: "node1", gibibytes: 20))
        fixture.tell(Self.local("c", on: "node1", gibibytes: 10))
        let template = Fixture.template(milli: 100) {
            $0.claims = [
                VolumeClaim(id: "large", storageClass: "local", size: ByteCount(15 << 30)),
                VolumeClaim(id: "small", storageClass: "local", size: ByteCount(5 << 30)),
            ]
        }
        fixture.add("pod", template)
        guard case .place(let placement)? = fixture.drain().first else {
            Issue.record("not placed")
            return
        }
        #expect(placement.node == "node1" && placement.volumes == ["large": "b", "small": "c"])
    }

    @Test("where a class makes volumes, no free one is needed, but only where it may")
    func madeVolumes() {
        let fixture = Fixture(nodes: 3)
        let there = NodeSelector([LabelSelector(matching: ["host": "node2"])])
        let template = Fixture.template(milli: 100) {
            $0.claims = [
                VolumeClaim(id: "c", storageClass: "made", size: ByteCount(1 << 30), making: .at(there))
            ]
        }
        fixture.add("pod", template)
        fixture.drain()
        #expect(fixture.node(of: "pod") == "node2")
    }
}
