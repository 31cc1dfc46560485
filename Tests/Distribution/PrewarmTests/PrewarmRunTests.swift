import JSON
import Prewarm
import TestSupport
import Testing

/// The plan of a prewarm, in virtual time.
@Suite("a prewarm")
struct PrewarmRunTests {
    private static func names(_ count: Int) -> [String] { (1...count).map { "node-\($0)" } }

    private func run(_ count: Int, _ change: (inout PrewarmPlan) -> Void = { _ in }) -> PrewarmRun {
        var plan = PrewarmPlan(images: ["busybox"])
        change(&plan)
        var run = PrewarmRun(id: "1", plan: plan, order: Self.names(count))
        run.advance(now: 0)
        return run
    }

    private func running(_ run: PrewarmRun) -> [String] { run.order.filter { run.orders($0) } }

    @Test("the canary goes alone; batches follow when all of it succeeded")
    func canary() {
        var run = run(10) { plan in
            plan.canary = 2
            plan.batch = .count(3)
        }
        #expect(running(run) == ["node-1", "node-2"])
        run.report("node-1", .success(()), now: 1)
        #expect(running(run) == ["node-2"])
        run.report("node-2", .success(()), now: 2)
        #expect(running(run) == ["node-3", "node-4", "node-5"])
    }

    @Test("a canary that fails stops everything, however many failures may be")
    func brokenCanary() {
        var run = run(10) { plan in
            plan.canary = 2
            plan.maxFailures = .percent(50)
        }
        run.report("node-1", .failure(PrewarmFailure("no space")), now: 1)
        #expect(run.phase == .halted("canary failed: node-1"))
        run.report("node-2", .success(()), now: 2)
        #expect(running(run) == [] && run.nodes["node-2"] == .done)
        run.retry(now: 3)
        #expect(running(run) == ["node-1"])
    }

    @Test("failures up to the limit are borne, one more halts; a silent node times out alone")
    func failures() {
        var run = run(20) { plan in
            plan.canary = 0
            plan.batch = .count(20)
            plan.maxFailures = .percent(10)
            plan.deadline = 60
        }
        for number in 1...18 { run.report("node-\(number)", .success(()), now: 1) }
        run.report("node-19", .failure(PrewarmFailure("x")), now: 2)
        #expect(run.phase == .running)
        run.advance(now: 59)
        #expect(run.nodes["node-20"] == .running(since: 0))
        run.advance(now: 60)
        #expect(run.nodes["node-20"] == .timedOut && run.phase == .finished)
        run.retry(now: 61)
        #expect(running(run) == ["node-19", "node-20"])
        run.cancel()
        #expect(run.phase == .cancelled && running(run) == [])
        // Late word of a node that nobody asks any more changes nothing.
        run.report("node-19", .success(()), now: 70)
        #expect(run.nodes["node-19"] == .cancelled)
    }

    @Test("a pause lets what runs end and begins nothing")
    func pause() {
        var run = run(4) { $0.batch = .count(1) }
        run.pause()
        run.report("node-1", .success(()), now: 1)
        #expect(running(run) == [] && run.phase == .paused)
        run.resume(now: 2)
        #expect(running(run) == ["node-2"])
    }

    @Test(
        "whatever happens: never too many at once, nobody before the canary, an end; a restart changes nothing",
        arguments: UInt64(0)..<1000)
    func anything(seed: UInt64) throws {
        var random = SplitMix64(seed: seed)
        let total = Int.random(in: 1...40, using: &random)
        var run = run(total) { plan in
            plan.canary = Int.random(in: 0...5, using: &random)
            plan.batch = Bool.random(using: &random) ? .percent(25) : .count(Int.random(in: 0...7, using: &random))
            plan.maxParallel = Int.random(in: 1...9, using: &random)
            plan.maxFailures = .percent(Double.random(in: 0...100, using: &random))
            plan.deadline = 50
        }
        var now: Int64 = 0
        for _ in 0..<4000 where run.phase == .running || run.phase == .paused {
            now += Int64.random(in: 0...3, using: &random)
            let active = running(run)
            #expect(active.count <= run.plan.maxParallel, "seed \(seed)")
            let behind = run.order.dropFirst(run.plan.canary)
            if run.order.prefix(run.plan.canary).contains(where: { run.nodes[$0] != .done }) {
                #expect(behind.allSatisfy { run.nodes[$0] == .waiting }, "seed \(seed)")
            }
            switch Int.random(in: 0..<20, using: &random) {
            case 0: run.pause()
            case 1, 2: run.resume(now: now)
            case 3...14:
                guard let node = active.randomElement(using: &random) else { continue }
                let isGood = Int.random(in: 0..<10, using: &random) > 0
                run.report(node, isGood ? .success(()) : .failure(PrewarmFailure("bad")), now: now)
            default: run.advance(now: now)
            }
            let again = try PrewarmRun(parsing: run.encoded())
            #expect(again == run, "seed \(seed)")
            run = again
        }
        #expect(run.phase != .running && run.phase != .paused, "seed \(seed): \(run)")
    }

    @Test("numbers of any size plan and never trap", arguments: UInt64(0)..<200)
    func extremes(seed: UInt64) throws {
        var random = SplitMix64(seed: seed)
        func number() -> Int { [0, 1, 7, 1 << 31, .max - 1, .max].randomElement(using: &random) ?? 0 }
        var run = run(5) { plan in
            (plan.canary, plan.batch, plan.maxParallel) = (number(), .count(number()), max(1, number()))
            plan.maxFailures = .count(number())
        }
        for _ in 0..<5 {
            for node in running(run) { run.report(node, .success(()), now: 1) }
        }
        #expect(run.phase == .finished, "seed \(seed): \(run)")
    }

    @Test("amounts", arguments: [("5", 5), ("10%", 2), ("2.5%", 0), ("100%", 20), ("0", 0)])
    func amounts(text: String, count: Int) {
        #expect(Amount(text)?.most(of: 20) == count)
        for bad in ["", "-1", "101%", "%", "x"] { #expect(Amount(bad) == nil) }
    }
}
