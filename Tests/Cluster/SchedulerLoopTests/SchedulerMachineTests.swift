internal import ClusterModel
internal import JSON
internal import Scheduling
internal import SchedulerLoop
internal import TestSupport
internal import Testing
internal import Units

@Suite("The scheduling loop as a value")
struct SchedulerMachineTests {
    private static let start = Timestamp(seconds: 1_700_000_000)

    private static func node(_ name: String, cpu: String = "2") -> NodeObject {
        NodeObject([
            "metadata": ["name": .string(name)],
            "status": ["allocatable": ["cpu": .string(cpu), "memory": "4Gi", "pods": "10"]],
        ])
    }

    private static func pod(
        _ name: String, cpu: String = "1", priority: Int = 0, node: String? = nil, uid: String? = nil,
        phase: String = "Pending", gated: Bool = false
    ) -> PodObject {
        var spec: JSONValue = [
            "priority": JSONValue(number: priority),
            "containers": [["name": "a", "resources": ["requests": ["cpu": .string(cpu)]]]],
        ]
        if let node { spec["nodeName"] = .string(node) }
        if gated { spec["schedulingGates"] = [["name": "g"]] }
        return PodObject([
            "metadata": ["name": .string(name), "namespace": "n", "uid": .string(uid ?? name)], "spec": spec,
            "status": ["phase": .string(phase)],
        ])
    }

    private static func bindings(_ effects: [LoopEffect]) -> [Binding] {
        effects.flatMap { effect -> [Binding] in if case .bind(let bindings) = effect { bindings } else { [] } }
    }

    @Test("a pod is bound where it fits; one too large waits and says why; a new node wakes it")
    func placing() {
        var machine = SchedulerMachine()
        var now = Self.start
        _ = machine.handle(.node(Self.node("n1")), at: now)
        _ = machine.handle(.pod(Self.pod("small")), at: now)
        _ = machine.handle(.pod(Self.pod("large", cpu: "8")), at: now)
        let effects = machine.decide(at: now)
        #expect(Self.bindings(effects) == [Binding(key: "n/small", uid: "small", node: "n1")])
        let waiting = effects.compactMap { effect -> String? in
            if case .waiting("n/large", "large", "Unschedulable", let message, nil) = effect { message } else { nil }
        }
        #expect(waiting.count == 1 && waiting[0].hasPrefix("0/1 nodes are available: 1 insufficient cpu."))
        now = now.advanced(by: .seconds(1))
        _ = machine.handle(.node(Self.node("n2", cpu: "16")), at: now)
        #expect(Self.bindings(machine.decide(at: now)) == [Binding(key: "n/large", uid: "large", node: "n2")])
    }

    @Test("equal pods that wait are all told why, once")
    func explanations() {
        var machine = SchedulerMachine()
        _ = machine.handle(.node(Self.node("n1")), at: Self.start)
        for number in 0..<5 { _ = machine.handle(.pod(Self.pod("p\(number)", cpu: "4")), at: Self.start) }
        let told = machine.decide(at: Self.start).filter { if case .waiting = $0 { true } else { false } }
        #expect(told.count == 5)
        #expect(machine.decide(at: Self.start).isEmpty)
        #expect(machine.queues().first { $0.name == "normal" }?.depth == 5)
    }

    @Test(
        "how a binding ends decides whether its room is kept",
        arguments: [
            (BindingOutcome.confirmed, false), (.conflicted, true), (.failed("no"), true), (.gone, true),
        ])
    func outcomes(outcome: BindingOutcome, isFree: Bool) {
        var machine = SchedulerMachine()
        let now = Self.start
        _ = machine.handle(.node(Self.node("n1", cpu: "1")), at: now)
        _ = machine.handle(.pod(Self.pod("a")), at: now)
        _ = machine.decide(at: now)
        _ = machine.handle(.bound(uid: "a", node: "n1", outcome), at: now)
        // The first is out of the way now, whatever became of it.
        _ = machine.handle(.podGone(key: "n/a", uid: outcome == .confirmed ? "other" : "a"), at: now)
        _ = machine.handle(.pod(Self.pod("b")), at: now)
        #expect(Self.bindings(machine.decide(at: now)).map(\.key) == (isFree ? ["n/b"] : []))
    }

    @Test("a binding seen in the watch confirms it; one seen elsewhere moves it")
    func watched() {
        var machine = SchedulerMachine()
        let now = Self.start
        for name in ["n1", "n2"] { _ = machine.handle(.node(Self.node(name, cpu: "1")), at: now) }
        _ = machine.handle(.pod(Self.pod("a")), at: now)
        let placed = Self.bindings(machine.decide(at: now)).first?.node ?? ""
        let other = placed == "n1" ? "n2" : "n1"
        _ = machine.handle(.pod(Self.pod("a", node: other)), at: now)
        _ = machine.handle(.pod(Self.pod("b")), at: now)
        #expect(Self.bindings(machine.decide(at: now)) == [Binding(key: "n/b", uid: "b", node: placed)])
        #expect(machine.handle(.bound(uid: "a", node: placed, .confirmed), at: now).isEmpty)
    }

    @Test("a higher priority evicts, waits for the victim to leave, and is bound then")
    func preemption() {
        var machine = SchedulerMachine()
        let now = Self.start
        _ = machine.handle(.node(Self.node("n1", cpu: "1")), at: now)
        _ = machine.handle(.pod(Self.pod("low", node: "n1", phase: "Running")), at: now)
        _ = machine.handle(.pod(Self.pod("high", priority: 1000)), at: now)
        let effects = machine.decide(at: now)
        #expect(effects.contains { if case .evict("n/low", "low", _) = $0 { true } else { false } })
        #expect(Self.bindings(effects).isEmpty)
        var after = machine.handle(.podGone(key: "n/low", uid: "low"), at: now)
        after += machine.decide(at: now)
        #expect(Self.bindings(after) == [Binding(key: "n/high", uid: "high", node: "n1")])
    }

    @Test(
        "a gated pod waits for its gates; a finished one makes room; a pod that comes again under its name is another")
    func lives() {
        var machine = SchedulerMachine()
        let now = Self.start
        _ = machine.handle(.node(Self.node("n1", cpu: "1")), at: now)
        _ = machine.handle(.pod(Self.pod("g", gated: true)), at: now)
        #expect(Self.bindings(machine.decide(at: now)).isEmpty)
        _ = machine.handle(.pod(Self.pod("g")), at: now)
        #expect(Self.bindings(machine.decide(at: now)).map(\.uid) == ["g"])
        _ = machine.handle(.pod(Self.pod("g", node: "n1", phase: "Succeeded")), at: now)
        _ = machine.handle(.pod(Self.pod("h", uid: "h1")), at: now)
        #expect(Self.bindings(machine.decide(at: now)).map(\.uid) == ["h1"])
        _ = machine.handle(.pod(Self.pod("h", uid: "h2")), at: now)
        #expect(Self.bindings(machine.decide(at: now)).map(\.uid) == ["h2"])
    }

    @Test("no node is ever overcommitted, whatever order events come in", arguments: UInt64(0)..<100)
    func chaos(seed: UInt64) {
        var random = SplitMix64(seed: seed)
        var machine = SchedulerMachine()
        var now = Self.start
        /// What the pool knows: where each pod is bound.
        var bound: [String: String] = [:]
        var waiting: [(binding: Binding, since: Timestamp)] = []
        for number in 0..<3 { _ = machine.handle(.node(Self.node("n\(number)")), at: now) }
        for step in 0..<300 {
            now = now.advanced(by: .seconds(Int.random(in: 0...3, using: &random)))
            var effects: [LoopEffect] = []
            switch Int.random(in: 0..<5, using: &random) {
            case 0: effects = machine.handle(.pod(Self.pod("p\(step)")), at: now)
            case 1:
                if let (name, _) = bound.randomElement(using: &random) {
                    bound[name] = nil
                    effects = machine.handle(.podGone(key: "n/\(name)", uid: name), at: now)
                }
            case 2, 3:
                guard !waiting.isEmpty else { continue }
                let (binding, since) = waiting.remove(at: Int.random(in: 0..<waiting.count, using: &random))
                // Whoever binds gives up before the reservation ends.
                let isLate = now.duration(since: since) > .seconds(30)
                if isLate || Int.random(in: 0..<4, using: &random) == 0 {
                    effects = machine.handle(.bound(uid: binding.uid, node: binding.node, .failed("no")), at: now)
                } else {
                    bound[binding.uid] = binding.node
                    effects = machine.handle(.bound(uid: binding.uid, node: binding.node, .confirmed), at: now)
                    effects += machine.handle(.pod(Self.pod(binding.uid, node: binding.node)), at: now)
                }
            default: effects = machine.tick(at: now)
            }
            waiting += Self.bindings(effects + machine.decide(at: now)).map { ($0, now) }
            for (node, pods) in Dictionary(grouping: bound, by: \.value) {
                #expect(pods.count <= 2, "seed \(seed), step \(step): \(node) has \(pods.count)")
            }
        }
    }
}
