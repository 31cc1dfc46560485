internal import Scheduling
internal import TestSupport
internal import Testing
internal import Units

@Suite("gangs among others")
struct GangTests {
    private static func add(
        _ count: Int, to gang: String, in fixture: Fixture, _ template: PodTemplate, minimum: Int? = nil,
        key: String? = nil
    ) {
        for number in 0..<count {
            let membership = GangMembership(name: gang, minimum: minimum ?? count, topologyKey: key)
            fixture.add("\(gang)\(number)", template, gang: membership)
        }
    }

    /// A fixture whose nodes are full of single pods of priority -5, two to a node.
    private static func full(_ nodes: Int) -> Fixture {
        let fixture = Fixture(nodes: nodes)
        for number in 0..<2 * nodes { fixture.add("low\(number)", Fixture.template(milli: 2000, priority: -5)) }
        #expect(fixture.placed().count == 2 * nodes)
        return fixture
    }

    @Test("a gang evicts for all of its members or for none, and is placed when the last victim is gone")
    func preempts() {
        let fixture = Self.full(3)
        Self.add(3, to: "g", in: fixture, Fixture.template(milli: 4000, priority: 100))
        guard case .preemptGang("g", let nominations, let victims)? = fixture.drain().first else {
            Issue.record("no preemption")
            return
        }
        #expect(Set(nominations.map(\.node)).count == 3 && victims.count == 6)
        for victim in victims.dropLast() { #expect(fixture.tell(.podRemoved(id: victim)).isEmpty) }
        guard case .placeGang("g", let placements)? = fixture.tell(.podRemoved(id: victims[5])).first else {
            Issue.record("not placed")
            return
        }
        #expect(placements.count == 3)
        let more = Self.full(3)
        Self.add(4, to: "g", in: more, Fixture.template(milli: 4000, priority: 100))
        #expect(more.drain() == [.wait(pod: "g0")], "three nodes are not enough: nobody is evicted")
        more.add("high", Fixture.template(milli: 4000, priority: 100))
        guard case .preempt("high", _, _)? = more.drain().first else {
            Issue.record("the plan that failed left something behind")
            return
        }
    }

    @Test("a gang that evicts lies in one domain, where the fewest leave")
    func preemptsInDomain() {
        let fixture = Fixture()
        for number in 0..<4 {
            fixture.tell(.nodeAdded(Fixture.node("node\(number)", labels: ["rack": number < 2 ? "a" : "b"])))
        }
        for number in 0..<3 { fixture.add("low\(number)", Fixture.template(milli: 3000, priority: -5)) }
        #expect(fixture.placed().count == 3)
        Self.add(2, to: "g", in: fixture, Fixture.template(milli: 3000, priority: 100), key: "rack")
        guard case .preemptGang("g", let nominations, let victims)? = fixture.drain().first else {
            Issue.record("no preemption")
            return
        }
        #expect(victims.count == 1)
        #expect(Set(nominations.map(\.node)) == ["node2", "node3"])
    }

    @Test("a gang as a victim leaves as a whole; what it has beyond its minimum goes one by one")
    func asVictim() {
        let fixture = Fixture(nodes: 2)
        Self.add(4, to: "low", in: fixture, Fixture.template(milli: 2000, priority: -5), minimum: 4)
        fixture.drain()
        fixture.add("high", Fixture.template(milli: 1000, priority: 100))
        guard case .preempt("high", _, let victims)? = fixture.drain().first else {
            Issue.record("no preemption")
            return
        }
        #expect(Set(victims) == ["low0", "low1", "low2", "low3"])
        let other = Fixture(nodes: 2)
        Self.add(3, to: "low", in: other, Fixture.template(milli: 2000, priority: -5), minimum: 3)
        other.drain()
        other.add("late", Fixture.template(milli: 2000, priority: -5), gang: GangMembership(name: "low", minimum: 3))
        other.drain()
        other.add("high", Fixture.template(milli: 2000, priority: 100))
        guard case .preempt("high", _, let one)? = other.drain().first else {
            Issue.record("no preemption")
            return
        }
        #expect(one.count == 1, "one of four may go where three are enough")
        other.add("higher", Fixture.template(milli: 2000, priority: 200))
        let next = other.drain()
        guard case .preempt("higher", _, let more)? = next.first else {
            Issue.record("\(next)")
            return
        }
        #expect(more.count == 3 || more.isEmpty, "the rest goes together: \(more)")
    }

    @Test("a single pod is a better victim than a member of a gang")
    func spared() {
        let fixture = Fixture(nodes: 2)
        Self.add(2, to: "gang", in: fixture, Fixture.template(milli: 3000, priority: -5))
        fixture.drain()
        fixture.add("single", Fixture.template(milli: 1000, priority: -5))
        fixture.drain()
        fixture.add("high", Fixture.template(milli: 1000, priority: 100))
        #expect(fixture.drain().contains { if case .place = $0 { true } else { false } })
        fixture.add("higher", Fixture.template(milli: 1000, priority: 100))
        guard case .preempt("higher", _, let victims)? = fixture.drain().first else {
            Issue.record("no preemption")
            return
        }
        #expect(victims == ["single"])
    }

    @Test("a gang that is blocked again and again is tried ever less often")
    func backsOff() {
        let fixture = Fixture(nodes: 1, milli: 8000)
        let filler = Fixture.template(milli: 2000)
        fixture.add("filler", filler)
        fixture.drain()
        Self.add(2, to: "g", in: fixture, Fixture.template(milli: 4000, mayPreempt: false))
        #expect(fixture.drain() == [.wait(pod: "g0")])
        var tries = 0
        for round in 0..<200 {
            // A pod of half the missing room comes and goes ten times a second.
            fixture.add("churn\(round)", Fixture.template(milli: 1000))
            tries += fixture.drain().count { $0 == .wait(pod: "g0") }
            fixture.tell(.podRemoved(id: "churn\(round)"))
            tries += fixture.drain().count { $0 == .wait(pod: "g0") }
            fixture.now = fixture.now.advanced(by: .milliseconds(100))
        }
        #expect((1...8).contains(tries), "20 seconds: after 0, 1, 3, 7 and 15; \(tries)")
        fixture.tell(.podRemoved(id: "filler"))
        _ = fixture.pass(10)
        #expect(fixture.drain().contains { if case .placeGang = $0 { true } else { false } })
    }

    @Test("a gang that lost members for too long is to end; what was only assumed is given back at once")
    func timeout() {
        let fixture = Fixture(nodes: 3)
        Self.add(3, to: "g", in: fixture, Fixture.template(milli: 3000))
        guard case .placeGang(_, let placements)? = fixture.drain().first else {
            Issue.record("not placed")
            return
        }
        for placement in placements { fixture.tell(.bindingConfirmed(id: placement.pod)) }
        fixture.tell(.podRemoved(id: "g1"))
        #expect(fixture.pass(599).isEmpty)
        #expect(fixture.pass(1) == [.gangTimedOut(name: "g", running: ["g0", "g2"])])
    }

    @Test("a member whose binding failed comes back to its gang's domain")
    func bindingFails() {
        let fixture = Fixture()
        for number in 0..<4 {
            fixture.tell(.nodeAdded(Fixture.node("node\(number)", labels: ["rack": number < 2 ? "a" : "b"])))
        }
        Self.add(2, to: "g", in: fixture, Fixture.template(milli: 3000), key: "rack")
        fixture.drain()
        fixture.tell(.bindingConfirmed(id: "g0"))
        fixture.tell(.bindingFailed(id: "g1"))
        #expect(fixture.drain().isEmpty)
        _ = fixture.pass(1)
        guard case .placeGang("g", let placements)? = fixture.drain().first else {
            Issue.record("it is lost")
            return
        }
        #expect(placements.map(\.pod) == ["g1"])
        #expect(
            ["node0", "node1"].contains(placements[0].node) == ["node0", "node1"].contains(fixture.node(of: "g0")))
    }

    @Test("a quota holds a gang as a whole")
    func quota() {
        let fixture = Fixture(nodes: 4)
        let nominal = Resources(cpu: CPUCount(milli: 5000), memory: ByteCount(8 << 30))
        fixture.tell(.quotaChanged(Quota(name: "q", namespaces: ["default"], nominal: nominal)))
        Self.add(2, to: "g", in: fixture, Fixture.template(milli: 3000))
        #expect(fixture.drain().isEmpty)
        #expect(fixture.node(of: "g0") == nil)
    }

    /// Whether `count` equal pods fit, by filling every node by hand.
    private static func fits(_ reference: ReferencePool, _ template: PodTemplate, count: Int, key: String?) -> Bool {
        let domains = key.map { key in Set(reference.nodes.values.compactMap { $0.labels[key] }).map { $0 as String? } }
        return (domains ?? [nil]).contains { domain in
            var pool = reference
            for number in 0..<count {
                let scores = pool.scores(of: template).filter { name, _ in
                    key == nil || pool.nodes[name]?.labels[key ?? ""] == domain
                }
                guard let node = scores.keys.min() else { return false }
                pool.placed["trial\(number)"] = ReferencePool.Placed(template: template, node: node)
            }
            return true
        }
    }

    /// Whether the members fit together on some nodes, by trying all.
    private static func fits(_ reference: ReferencePool, _ members: ArraySlice<PodTemplate>, domain: String?) -> Bool {
        guard let template = members.first else { return true }
        for name in reference.scores(of: template).keys {
            if let domain, reference.nodes[name]?.labels["zone"] != domain { continue }
            var next = reference
            next.placed["trial\(members.count)"] = ReferencePool.Placed(template: template, node: name)
            if fits(next, members.dropFirst(), domain: domain) { return true }
        }
        return false
    }

    @Test("random gangs of unequal pods start exactly when there is a way", arguments: UInt64(0)..<100)
    func unequal(round: UInt64) throws {
        for seed in round * 10..<round * 10 + 10 { try unequalCase(seed: seed) }
    }

    private func unequalCase(seed: UInt64) throws {
        var pool = RandomPool(seed: seed)
        let fixture = Fixture()
        var reference = ReferencePool()
        for index in 0..<pool.number(2...4) {
            let node = pool.node("node\(index)")
            reference.nodes[node.name] = node
            fixture.tell(.nodeAdded(node))
        }
        for index in 0..<6 {
            let members = (0..<pool.number(2...4)).map { _ in pool.template(plain: true) }
            let key = pool.chance(40) ? "zone" : nil
            for (number, template) in members.enumerated() {
                let gang = GangMembership(name: "g\(index)", minimum: members.count, topologyKey: key)
                fixture.add("g\(index)-\(number)", template, gang: gang)
            }
            let zones = Set(reference.nodes.values.compactMap { $0.labels["zone"] })
            let expected =
                key == nil
                ? Self.fits(reference, members[...], domain: nil)
                : zones.contains { Self.fits(reference, members[...], domain: $0) }
            guard case .placeGang(_, let placements)? = fixture.scheduler.decide(at: fixture.now) else {
                #expect(!expected, "seed \(seed): gang \(index) fits")
                for number in members.indices { fixture.tell(.podRemoved(id: "g\(index)-\(number)")) }
                continue
            }
            #expect(expected && placements.count == members.count, "seed \(seed): gang \(index)")
            for placement in placements {
                let number = try #require(placement.pod.split(separator: "-").last.flatMap { Int($0) })
                #expect(reference.scores(of: members[number])[placement.node] != nil, "seed \(seed): \(placement)")
                reference.placed[placement.pod] = ReferencePool.Placed(
                    template: members[number], node: placement.node)
                fixture.tell(.bindingConfirmed(id: placement.pod))
            }
            guard key != nil else { continue }
            #expect(Set(placements.map { reference.nodes[$0.node]?.labels["zone"] }).count == 1, "seed \(seed)")
        }
    }

    @Test("a gang whose first choice of domain has no room for all goes where there is room")
    func togetherElsewhere() {
        let fixture = Fixture()
        for number in 0..<5 {
            fixture.tell(.nodeAdded(Fixture.node("node\(number)", labels: ["rack": number < 2 ? "a" : "b"])))
        }
        fixture.add("filler", Fixture.template(milli: 1000) { $0.nodeSelector = ["rack": "b"] })
        fixture.drain()
        let near = PodAffinityTerm(LabelSelector(matching: ["app": "g"]), topologyKey: "rack")
        Self.add(
            3, to: "g", in: fixture, Fixture.template(milli: 3000, labels: ["app": "g"]) { $0.podAffinity = [near] })
        guard case .placeGang(_, let placements)? = fixture.drain().first else {
            Issue.record("the emptiest rack is too small, the other is not")
            return
        }
        #expect(Set(placements.map(\.node)) == ["node2", "node3", "node4"])
    }

    @Test("what a gang was assumed to have is free the moment that its time is over, and it starts anew when it can")
    func timeoutReleases() {
        var configuration = Configuration()
        configuration.gangTimeout = .seconds(30)
        configuration.reservationTimeout = .seconds(600)
        let fixture = Fixture(configuration, nodes: 2)
        Self.add(2, to: "g", in: fixture, Fixture.template(milli: 3000))
        guard case .placeGang? = fixture.drain().first else {
            Issue.record("not placed")
            return
        }
        fixture.tell(.podRemoved(id: "g1"))
        fixture.add("waits", Fixture.template(milli: 3000))
        #expect(fixture.placed() == ["waits"], "the place of the one that is gone")
        fixture.add("next", Fixture.template(milli: 3000, mayPreempt: false))
        #expect(fixture.drain() == [.wait(pod: "next")])
        #expect(fixture.pass(30) == [.gangTimedOut(name: "g", running: [])])
        #expect(fixture.node(of: "g0") == nil)
        #expect(fixture.placed() == ["next"])
    }

    @Test("random gangs of equal pods start exactly when they fit", arguments: UInt64(0)..<200)
    func agrees(round: UInt64) throws {
        for seed in round * 10..<round * 10 + 10 { try agreesCase(seed: seed) }
    }

    private func agreesCase(seed: UInt64) throws {
        var pool = RandomPool(seed: seed)
        let fixture = Fixture()
        var reference = ReferencePool()
        for index in 0..<pool.number(1...6) {
            let node = pool.node("node\(index)")
            reference.nodes[node.name] = node
            fixture.tell(.nodeAdded(node))
        }
        var running: [String] = []
        for index in 0..<12 {
            if pool.chance(30), let victim = running.randomElement(using: &pool.random) {
                running.removeAll { $0 == victim }
                reference.placed[victim] = nil
                fixture.tell(.podRemoved(id: victim))
                #expect(fixture.drain().isEmpty, "seed \(seed): nobody waits")
            }
            let template = pool.template(plain: true)
            let count = pool.number(1...4)
            let key = pool.chance(50) ? "zone" : nil
            Self.add(count, to: "g\(index)-", in: fixture, template, key: key)
            let expected = Self.fits(reference, template, count: count, key: key)
            let decision = fixture.scheduler.decide(at: fixture.now)
            guard case .placeGang(_, let placements)? = decision else {
                #expect(!expected, "seed \(seed): gang \(index) fits")
                for number in 0..<count { fixture.tell(.podRemoved(id: "g\(index)-\(number)")) }
                continue
            }
            #expect(expected && placements.count == count, "seed \(seed): gang \(index)")
            for placement in placements {
                let possible = reference.scores(of: template)
                #expect(possible[placement.node] != nil, "seed \(seed): \(placement)")
                reference.placed[placement.pod] = ReferencePool.Placed(template: template, node: placement.node)
                fixture.tell(.bindingConfirmed(id: placement.pod))
                running.append(placement.pod)
            }
            if key != nil {
                let zones = Set(placements.map { reference.nodes[$0.node]?.labels["zone"] })
                #expect(zones.count == 1, "seed \(seed): \(zones)")
            }
        }
    }
}
