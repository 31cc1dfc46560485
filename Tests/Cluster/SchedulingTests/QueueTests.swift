internal import Scheduling
internal import TestSupport
internal import Testing
internal import Units

@Suite("queues")
struct QueueTests {
    @Test("the system's queue goes first, the others by weight, none is left out")
    func bands() {
        let fixture = Fixture(nodes: 20, milli: 100_000)
        for number in 0..<60 {
            for (name, priority) in [("high", Int32(1000)), ("normal", 0), ("batch", -1), ("best", -2000)] {
                fixture.add("\(name)\(number)", Fixture.template(milli: 100, priority: priority, mayPreempt: false))
            }
        }
        fixture.add("system", Fixture.template(milli: 100, priority: 2_000_000_000))
        let order = fixture.placed()
        #expect(order.first == "system")
        let first = order.dropFirst().prefix(75)
        #expect(first.count { $0.hasPrefix("high") } == 40)
        #expect(first.count { $0.hasPrefix("normal") } == 20)
        #expect(first.count { $0.hasPrefix("batch") } == 10)
        #expect(first.count { $0.hasPrefix("best") } == 5)
    }

    @Test(
        "a pod with n older ones in its queue is tried after agingInterval * (n + 1) turns", arguments: UInt64(0)..<50)
    func bounded(seed: UInt64) {
        var random = SplitMix64(seed: seed)
        let fixture = Fixture(nodes: 50, milli: 1_000_000)
        let older = Int.random(in: 0..<5, using: &random)
        for number in 0..<older { fixture.add("older\(number)", Fixture.template(milli: 1, priority: 1)) }
        fixture.add("patient", Fixture.template(milli: 1, priority: 0))
        var turns = 0
        var isPlaced = false
        while !isPlaced, turns < 1000 {
            // Newcomers of higher priority never stop.
            for number in 0..<Int.random(in: 1...3, using: &random) {
                let priority = Int32.random(in: 1...900, using: &random)
                fixture.add("newcomer\(turns)-\(number)", Fixture.template(milli: 1, priority: priority))
            }
            turns += 1
            if case .place(let placement)? = fixture.scheduler.decide(at: fixture.now) {
                isPlaced = placement.pod == "patient"
            }
        }
        #expect(turns <= 8 * (older + 1), "seed \(seed): \(turns) turns behind \(older)")
    }

    @Test("the bound holds beside other queues, and for what a quota held back for a while", arguments: UInt64(0)..<50)
    func boundedAfterQuota(seed: UInt64) {
        var random = SplitMix64(seed: seed)
        let fixture = Fixture(nodes: 50, milli: 1_000_000)
        let nominal = Resources(cpu: CPUCount(milli: 10_000), memory: ByteCount(1 << 40))
        fixture.tell(.quotaChanged(Quota(name: "q", namespaces: ["held"], nominal: nominal)))
        fixture.add("filler", Fixture.template(milli: 10_000, namespace: "held"))
        #expect(fixture.placed() == ["filler"])
        let older = Int.random(in: 0..<4, using: &random)
        for number in 0..<older { fixture.add("older\(number)", Fixture.template(milli: 1, priority: 1)) }
        fixture.add("patient", Fixture.template(milli: 1, namespace: "held", priority: 0))
        var (made, turns, isPlaced) = (0, 0, false)
        func turn() {
            for _ in 0..<Int.random(in: 1...3, using: &random) {
                made += 1
                let priority = Int32.random(in: 1...20, using: &random)
                fixture.add("newcomer\(made)", Fixture.template(milli: 1, priority: priority))
                fixture.add("other\(made)", Fixture.template(milli: 1, priority: -1))
                fixture.add("high\(made)", Fixture.template(milli: 1, priority: 1000))
            }
            guard case .place(let placement)? = fixture.scheduler.decide(at: fixture.now) else { return }
            isPlaced = placement.pod == "patient"
            if !placement.pod.hasPrefix("other"), !placement.pod.hasPrefix("high") { turns += 1 }
        }
        for _ in 0..<Int.random(in: 1...50, using: &random) { turn() }
        #expect(!isPlaced, "seed \(seed): its quota is full")
        fixture.tell(.podRemoved(id: "filler"))
        turns = 0
        while !isPlaced, turns < 100 { turn() }
        #expect(turns <= 8 * (older + 1), "seed \(seed): \(turns) turns behind \(older)")
    }

    @Test("tenants take turns by their dominant share, however many pods one of them sends")
    func fairness() {
        let fixture = Fixture(nodes: 1, milli: 40_000)
        for number in 0..<100 { fixture.add("greedy\(number)", Fixture.template(milli: 1000, namespace: "greedy")) }
        for number in 0..<20 { fixture.add("modest\(number)", Fixture.template(milli: 1000, namespace: "modest")) }
        let placed = fixture.placed()
        #expect(placed.count == 40)
        let modest = placed.count { $0.hasPrefix("modest") }
        #expect((16...20).contains(modest), "every eighth turn goes by age; \(modest)")
    }

    @Test("a quota borrows what its cohort does not use, and gives it back to the one it belongs to")
    func quotas() {
        let fixture = Fixture(nodes: 1, milli: 10_000)
        for name in ["a", "b"] {
            let nominal = Resources(cpu: CPUCount(milli: 5000), memory: ByteCount(8 << 30))
            fixture.tell(.quotaChanged(Quota(name: name, namespaces: [name], nominal: nominal, cohort: "all")))
        }
        for number in 0..<12 { fixture.add("a\(number)", Fixture.template(milli: 1000, namespace: "a")) }
        #expect(fixture.placed().count == 10)
        #expect(fixture.explain("a11")?.reasons[.quota("a")] == 1)
        #expect(fixture.explain("a11")?.help.contains("raise quota a, or end pods that it counts (1 node)") == true)
        fixture.tell(.podRemoved(id: "a0"))
        fixture.tell(.podRemoved(id: "a1"))
        fixture.add("b0", Fixture.template(milli: 1000, namespace: "b"))
        #expect(fixture.placed().count == 2)
        fixture.add("b1", Fixture.template(milli: 1000, namespace: "b"))
        guard case .preempt("b1", _, let victims)? = fixture.drain().first else {
            Issue.record("the owner does not get back what it lent")
            return
        }
        #expect(victims.count == 1 && victims[0].hasPrefix("a"))
    }

    @Test(
        "quotas lend and take back: nobody above its limit, no cohort above its sum, owners get theirs",
        arguments: UInt64(0)..<100)
    func borrowing(seed: UInt64) {
        var random = SplitMix64(seed: seed)
        let fixture = Fixture(nodes: 1, milli: 12_000)
        let nominal = ["a": Int64(6), "b": 4, "c": 2]
        for (name, cpus) in nominal.sorted(by: { $0.key < $1.key }) {
            fixture.tell(
                .quotaChanged(
                    Quota(
                        name: name, namespaces: [name],
                        nominal: Resources(cpu: CPUCount(milli: cpus * 1000), memory: ByteCount(1 << 40)),
                        limit: Resources(cpu: CPUCount(milli: 9000)), cohort: "all")))
        }
        var made = 0
        var running: [String: String] = [:]  // pod to tenant
        func drain() {
            while let decision = fixture.scheduler.decide(at: fixture.now) {
                if case .place(let placement) = decision {
                    running[placement.pod] = String(placement.pod.prefix(1))
                    fixture.tell(.bindingConfirmed(id: placement.pod))
                } else if case .preempt(let pod, _, let victims) = decision {
                    let owner = String(pod.prefix(1))
                    for victim in victims {
                        let used = running.values.count { $0 == running[victim] }
                        #expect(running[victim] != owner, "seed \(seed): \(pod) takes from its own")
                        #expect(
                            used > Int(nominal[running[victim] ?? ""] ?? 0),
                            "seed \(seed): \(victim) was within its own quota")
                        running[victim] = nil
                        for bound in fixture.tell(.podRemoved(id: victim)) {
                            guard case .place(let placement) = bound else { continue }
                            running[placement.pod] = String(placement.pod.prefix(1))
                            fixture.tell(.bindingConfirmed(id: placement.pod))
                        }
                    }
                }
                for tenant in ["a", "b", "c"] {
                    #expect(running.values.count { $0 == tenant } <= 9, "seed \(seed): \(tenant) is above its limit")
                }
            }
        }
        for _ in 0..<60 {
            if Int.random(in: 0...9, using: &random) < 7 {
                let tenant = ["a", "b", "c"].randomElement(using: &random) ?? "a"
                made += 1
                fixture.add("\(tenant)\(made)", Fixture.template(milli: 1000, namespace: tenant))
            } else if let pod = running.keys.sorted().randomElement(using: &random) {
                running[pod] = nil
                fixture.tell(.podRemoved(id: pod))
            }
            drain()
            #expect(running.count <= 12, "seed \(seed)")
        }
        // In the end each owner asks for all of its own: it gets it, whoever had borrowed. Half a minute later, as pods
        // like those that were evicted evict nobody for so long.
        _ = fixture.pass(31)
        for (tenant, cpus) in nominal.sorted(by: { $0.key < $1.key }) {
            for _ in 0..<cpus {
                made += 1
                fixture.add("\(tenant)\(made)", Fixture.template(milli: 1000, namespace: tenant))
            }
        }
        drain()
        for (tenant, cpus) in nominal {
            #expect(running.values.count { $0 == tenant } >= cpus, "seed \(seed): \(tenant) of \(cpus): \(running)")
        }
    }

    @Test("a pod's queue is the one that its class names, or that its priority says")
    func queueByName() {
        let fixture = Fixture(nodes: 1, milli: 100_000)
        let requirements = Requirements(resources: Resources(cpu: CPUCount(milli: 1)))
        fixture.tell(
            .podAdded(
                Pod(id: "named", template: PodTemplate(requirements: requirements, priority: 5000, queue: "batch"))))
        fixture.tell(
            .podAdded(
                Pod(id: "unknown", template: PodTemplate(requirements: requirements, priority: 5000, queue: "none"))))
        #expect(fixture.explain("named")?.queue == "batch" && fixture.explain("unknown")?.queue == "high")
    }

    @Test("pods that fit nowhere cost nothing and hold nobody up")
    func headOfLine() {
        let fixture = Fixture(nodes: 2)
        for number in 0..<50 { fixture.add("huge\(number)", Fixture.template(milli: 50_000, priority: 900)) }
        fixture.add("small", Fixture.template(milli: 100))
        let decisions = fixture.drain()
        #expect(decisions.count == 2, "one wait for all fifty, one placement")
        fixture.tell(.nodeUpdated(Fixture.node("node0")))
        #expect(fixture.queuedCount == 0, "a heartbeat wakes nobody")
        fixture.tell(.podRemoved(id: "small"))
        #expect(fixture.queuedCount == 0, "too little was freed to help")
        fixture.tell(.nodeAdded(Fixture.node("large", milli: 120_000)))
        #expect(fixture.placed().count == 2, "as many as fit now")
    }
}
