internal import ClusterModel
internal import TestSupport
internal import Testing
internal import Units

@testable internal import NodeAgent

@Suite("A node that is short of memory or disk")
struct PressureTests {
    private static let start = Timestamp(seconds: 1_700_000_000)
    private static let short = NodeAmounts(memory: 10 << 20, disk: 0.5)
    private static let enough = NodeAmounts(memory: 1 << 30, disk: 0.5)

    private func pod(
        _ uid: String, priority: Int = 0, used: Int64 = 0, requested: Int64 = 0, started: Int64 = 0
    ) -> PressureCandidate {
        PressureCandidate(uid: uid, priority: priority, used: used, requested: requested, started: started)
    }

    @Test("who uses more than it asked for goes first, then who matters less, then who takes most; the essential never")
    func order() {
        var machine = PressureMachine(PressureLimits())
        var pods = [
            pod("modest", priority: -5, used: 10, requested: 20), pod("greedy", priority: 100, used: 30, requested: 20),
            pod("greedier", priority: 100, used: 50, requested: 20), pod("low", priority: -5, used: 21, requested: 20),
            pod("essential", priority: 2_000_001_000, used: 999, requested: 0),
        ]
        var gone: [String] = []
        while let verdict = machine.observe(Self.short, pods, at: Self.start) {
            gone.append(verdict.uid)
            // The next one only when nothing of the last is left.
            for index in pods.indices where pods[index].uid == verdict.uid { pods[index].isEnding = true }
            #expect(machine.observe(Self.short, pods, at: Self.start) == nil)
            pods.removeAll { $0.uid == verdict.uid }
        }
        #expect(gone == ["low", "greedier", "greedy", "modest"])
    }

    @Test("while the victim ends and is cleared away nobody else has to go, unless it takes too long")
    func oneAtATime() throws {
        var machine = PressureMachine(PressureLimits())
        var benches: [String: PodBench] = [:]
        for uid in ["a", "b"] {
            var bench = try PodBench("terminationGracePeriodSeconds: 30\ncontainers: [{name: main}]", uid: uid)
            bench.make()
            bench.run("main")
            benches[uid] = bench
        }
        // What the monitor hands over: every pod that is here, as its keeper has it.
        func candidates() -> [PressureCandidate] {
            benches.values.filter(\.machine.isHere).map {
                PressureCandidate($0.pod, used: 0, isEnding: $0.machine.isEnding)
            }
        }
        let observed = machine.observe(Self.short, candidates(), at: Self.start)
        let first = try #require(observed).uid
        benches[first]?.tell(.evicted(reason: PodMachine.Ending.evicted, message: "no room"))
        #expect(benches[first]?.stops == ["main 30"])
        #expect(machine.observe(Self.short, candidates(), at: Self.start.advanced(by: .seconds(2))) == nil, "its grace")
        benches[first]?.end("main", 0)
        #expect(benches[first]?.effects.contains(.cleanUp) == true)
        #expect(machine.observe(Self.short, candidates(), at: Self.start.advanced(by: .seconds(4))) == nil, "cleared")
        var patient = machine
        let late = patient.observe(Self.short, candidates(), at: Self.start.advanced(by: PressureMachine.patience))
        #expect(late.map { $0.uid != first } == true, "one that cannot be cleared away does not stand in the way")
        benches[first]?.tell(.cleaned)
        let second = machine.observe(Self.short, candidates(), at: Self.start.advanced(by: .seconds(6)))
        #expect(second.map { $0.uid != first } == true)
    }

    @Test("who ends anyway is no victim")
    func ending() {
        var machine = PressureMachine(PressureLimits())
        var leaving = pod("leaving", priority: -5, used: 100)
        leaving.isEnding = true
        #expect(machine.observe(Self.short, [leaving], at: Self.start) == nil)
        #expect(machine.observe(Self.short, [leaving, pod("other")], at: Self.start)?.uid == "other")
    }

    @Test("for the disk importance decides, then who came last; the message says what was short")
    func disk() throws {
        var machine = PressureMachine(PressureLimits())
        let amounts = NodeAmounts(memory: 1 << 30, disk: 0.04)
        let pods = [pod("old", started: 1), pod("new", started: 2), pod("high", priority: 9, started: 3)]
        let observed = machine.observe(amounts, pods, at: Self.start)
        let verdict = try #require(observed)
        #expect(verdict.uid == "new")
        #expect(
            verdict.message
                == "The node was low on resource: ephemeral-storage. Threshold quantity: 10%, available: 4%.")
        #expect(machine.isShort(of: .disk, at: Self.start) && !machine.isShort(of: .memory, at: Self.start))
    }

    @Test("a condition stays for five minutes after what it says is over")
    func holding() {
        var machine = PressureMachine(PressureLimits())
        #expect(machine.observe(Self.short, [], at: Self.start) == nil)
        #expect(machine.isShort(of: .memory, at: Self.start))
        let later = Self.start.advanced(by: .seconds(299))
        #expect(machine.observe(Self.enough, [pod("a")], at: later) == nil)
        #expect(machine.isShort(of: .memory, at: later))
        #expect(!machine.isShort(of: .memory, at: Self.start.advanced(by: .seconds(300))))
    }

    @Test("whatever comes: nobody goes without need, one at a time, the essential never", arguments: UInt64(0)..<1000)
    func random(seed: UInt64) {
        var random = SplitMix64(seed: seed)
        var machine = PressureMachine(PressureLimits())
        var pods = (0..<8).map {
            pod(
                "p\($0)", priority: [-5, 0, 100, 2_000_000_000].randomElement(using: &random) ?? 0,
                used: .random(in: 0...100, using: &random), requested: .random(in: 0...100, using: &random))
        }
        var leaving: String?
        for step in 0..<40 {
            let amounts = Bool.random(using: &random) ? Self.short : Self.enough
            if Bool.random(using: &random), let gone = leaving {
                pods.removeAll { $0.uid == gone }
                leaving = nil
            }
            let verdict = machine.observe(amounts, pods, at: Self.start.advanced(by: .seconds(Int64(step))))
            guard let verdict else { continue }
            #expect(amounts == Self.short && leaving == nil, "seed \(seed)")
            let victim = pods.first { $0.uid == verdict.uid }
            #expect(victim?.isEnding == false, "seed \(seed)")
            for index in pods.indices where pods[index].uid == verdict.uid { pods[index].isEnding = true }
            #expect((victim?.priority ?? .max) < PressureCandidate.essential, "seed \(seed)")
            leaving = verdict.uid
        }
    }
}
