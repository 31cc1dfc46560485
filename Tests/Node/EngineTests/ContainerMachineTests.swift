@testable import Engine
import TestSupport
import Testing

@Suite("The container's machine")
struct ContainerMachineTests {
    private let process = ContainerMachine.Process(pid: 42, startTime: 7)
    private func time(_ seconds: Int64) -> Timestamp { Timestamp(nanoseconds: seconds * 1_000_000_000) }

    private func running(_ policy: RestartPolicy = RestartPolicy(), autoRemove: Bool = false) throws -> ContainerMachine
    {
        var machine = ContainerMachine(policy: policy, autoRemove: autoRemove)
        #expect(try machine.handle(.start, now: time(1)) == [.launch])
        _ = try machine.handle(.launched(process), now: time(1))
        return machine
    }

    @Test("runs, ends and can be started again")
    func plainLife() throws {
        var machine = try running()
        #expect(machine.status == "running")
        let effects = try machine.handle(.exited(.init(code: 3, at: time(5))), now: time(5))
        #expect(effects.first == .announce("die", ["exitCode": "3", "execDuration": "4"]))
        #expect(effects.contains(.wakeExitWaiters(code: 3)))
        #expect(machine.status == "exited")
        #expect(machine.exitCode == 3)
        #expect(try machine.handle(.start, now: time(6)) == [.launch])
    }

    @Test("a second start is no change, and says so")
    func startTwice() throws {
        var machine = try running()
        #expect(throws: EngineError.notModified("Container already started")) {
            try machine.handle(.start, now: time(2))
        }
    }

    @Test("a failed first start leaves it created, with the reason")
    func failedStart() throws {
        var machine = ContainerMachine(policy: RestartPolicy(), autoRemove: false)
        _ = try machine.handle(.start, now: time(1))
        _ = try machine.handle(
            .launchFailed(.init(stage: "start", message: "exec: \"nope\": executable file not found", exitCode: 127)),
            now: time(1))
        #expect(machine.status == "created")
        #expect(machine.exitCode == 127)
        #expect(machine.error.contains("executable file not found"))
    }

    @Test("a container to be removed at its end is")
    func autoRemoval() throws {
        var machine = try running(autoRemove: true)
        let effects = try machine.handle(.exited(.init(code: 0, at: time(2))), now: time(2))
        #expect(effects.last == .autoRemove)
        #expect(try machine.handle(.remove(force: true), now: time(2)) == [.tearDown])
        #expect(machine.status == "removing")
    }

    @Test("a stopped container is not restarted by its policy, an ended one is")
    func stopAndPolicy() throws {
        var machine = try running(RestartPolicy(name: "always"))
        let effects = try machine.handle(.exited(.init(code: 0, at: time(2))), now: time(2))
        #expect(effects.contains(.scheduleRestart(timer: 1, after: .milliseconds(100))))
        #expect(machine.status == "restarting")
        #expect(try machine.handle(.restartTimer(1), now: time(3)) == [.launch])
        _ = try machine.handle(.launched(process), now: time(3))
        _ = try machine.handle(.stop, now: time(4))
        _ = try machine.handle(.exited(.init(code: 143, at: time(4))), now: time(4))
        #expect(machine.status == "exited")
    }

    @Test("a stop while it waits for its restart calls the restart off")
    func stopWhileRestarting() throws {
        var machine = try running(RestartPolicy(name: "always"))
        _ = try machine.handle(.exited(.init(code: 1, at: time(2))), now: time(2))
        _ = try machine.handle(.stop, now: time(2))
        #expect(machine.status == "exited")
        #expect(try machine.handle(.restartTimer(1), now: time(3)) == [])
    }

    @Test("what runs is not removed without force")
    func removalOfRunning() throws {
        var machine = try running()
        #expect(throws: EngineError.self) { try machine.handle(.remove(force: false), now: time(2)) }
        #expect(try machine.handle(.remove(force: true), now: time(2)) == [.kill])
    }

    /// The shell as the machine sees it: answers effects, in any order that can happen.
    private func randomEvent(_ machine: ContainerMachine, using random: inout SplitMix64) -> ContainerMachine.Event {
        switch Int.random(in: 0..<12, using: &random) {
        case 0, 1: return .start
        case 2, 3: return .launched(process)
        case 4: return .launchFailed(.init(stage: "start", message: "no"))
        case 5, 6:
            return .exited(
                .init(code: Int.random(in: 0...2, using: &random), at: time(Int64.random(in: 1...100, using: &random))))
        case 7: return Bool.random(using: &random) ? .paused : .resumed
        case 8: return .stop
        case 9: return .restartTimer(Int.random(in: 0...4, using: &random))
        case 10: return .remove(force: Bool.random(using: &random))
        default: return Bool.random(using: &random) ? .removed : .oom
        }
    }

    @Test("keeps its promises whatever happens in whatever order", arguments: UInt64(0)..<400)
    func invariants(seed: UInt64) {
        var random = SplitMix64(seed: seed)
        let names = ["no", "always", "unless-stopped", "on-failure"]
        let autoRemove = Bool.random(using: &random)
        let policy = RestartPolicy(name: autoRemove ? "no" : names[Int.random(in: 0..<4, using: &random)])
        var machine = ContainerMachine(policy: policy, autoRemove: autoRemove)
        for step in 0..<60 {
            let before = machine
            let event = randomEvent(machine, using: &random)
            guard let effects = try? machine.handle(event, now: time(Int64(step))) else {
                #expect(machine == before, "a refused event changes nothing (seed \(seed))")
                continue
            }
            if effects.contains(.launch) { #expect(machine.phase == .starting, "seed \(seed)") }
            #expect(
                effects.contains(.launch) == (machine.phase == .starting && before.phase != .starting), "seed \(seed)")
            if before.phase == .removing, machine.phase != before.phase {
                #expect(machine.phase == .dead, "seed \(seed)")
            }
            if before.process != nil, machine.process == nil {
                #expect(
                    effects.contains { if case .wakeExitWaiters = $0 { true } else { false } },
                    "who waits for the end is told (seed \(seed), \(event))")
            }
            if case .restarting = machine.phase {
                #expect(!machine.stoppedByHand, "seed \(seed)")
                #expect(policy.kind != .no, "seed \(seed)")
            }
            if machine.process != nil, before.process == nil { #expect(before.phase == .starting, "seed \(seed)") }
            let restored = ContainerMachine(
                policy: policy, autoRemove: autoRemove, recovered: machine.stored, process: machine.process,
                paused: machine.status == "paused")
            #expect(restored.exitCode == machine.exitCode && restored.process == machine.process, "seed \(seed)")
        }
    }
}

@Suite("Restart policies")
struct RestartPolicyTests {
    @Test("waits twice as long each time, up to a minute")
    func doubling() {
        var backoff = RestartBackoff()
        var waits: [Duration] = []
        for _ in 0..<12 {
            if let wait = backoff.afterExit(
                code: 1, ranFor: .seconds(1), restarts: 0, policy: RestartPolicy(name: "always"), stoppedByHand: false)
            {
                waits.append(wait)
            }
        }
        #expect(waits[0] == .milliseconds(100))
        #expect(waits[1] == .milliseconds(200))
        #expect(waits[9] == .milliseconds(51200))
        #expect(waits[10] == .seconds(60))
        #expect(waits[11] == .seconds(60))
    }

    @Test("ten good seconds start the waiting over")
    func reset() {
        var backoff = RestartBackoff()
        let policy = RestartPolicy(name: "always")
        for _ in 0..<5 {
            _ = backoff.afterExit(code: 1, ranFor: .zero, restarts: 0, policy: policy, stoppedByHand: false)
        }
        #expect(
            backoff.afterExit(code: 1, ranFor: .seconds(10), restarts: 5, policy: policy, stoppedByHand: false)
                == .milliseconds(100))
    }

    @Test("on-failure restarts failures only, and only so often")
    func onFailure() {
        let policy = RestartPolicy(name: "on-failure", maximumRetryCount: 2)
        var backoff = RestartBackoff()
        #expect(backoff.afterExit(code: 0, ranFor: .zero, restarts: 0, policy: policy, stoppedByHand: false) == nil)
        #expect(backoff.afterExit(code: 1, ranFor: .zero, restarts: 1, policy: policy, stoppedByHand: false) != nil)
        #expect(backoff.afterExit(code: 1, ranFor: .zero, restarts: 2, policy: policy, stoppedByHand: false) == nil)
    }

    @Test(
        "a daemon that starts brings back what its policy wants",
        arguments: [
            ("always", true, true), ("always", false, true), ("unless-stopped", true, false),
            ("unless-stopped", false, true), ("no", false, false),
        ])
    func daemonStart(name: String, stopped: Bool, wanted: Bool) {
        let policy = RestartPolicy(name: name)
        #expect(policy.wantsStart(wasRunning: !stopped, stoppedByHand: stopped, exitCode: 0, restarts: 0) == wanted)
    }
}

@Suite("Health checks")
struct HealthMachineTests {
    private func time(_ seconds: Int64) -> Timestamp { Timestamp(nanoseconds: seconds * 1_000_000_000) }

    private func plan(_ change: (inout HealthcheckConfig) -> Void = { _ in }) throws -> HealthMachine.Plan {
        var config = HealthcheckConfig()
        config.test = ["CMD-SHELL", "check it"]
        change(&config)
        return try #require(HealthMachine.Plan(config, shell: nil))
    }

    private func result(_ code: Int, at seconds: Int64) -> HealthResult {
        var result = HealthResult()
        result.exitCode = code
        result.start = time(seconds)
        return result
    }

    @Test("a shell check runs in the shell, an exec check as it is, NONE not at all")
    func commands() throws {
        #expect(try plan().command == ["/bin/sh", "-c", "check it"])
        #expect(try plan { $0.test = ["CMD", "a", "b"] }.command == ["a", "b"])
        var none = HealthcheckConfig()
        none.test = ["NONE"]
        #expect(HealthMachine.Plan(none, shell: nil) == nil)
        #expect(HealthMachine.Plan(nil, shell: nil) == nil)
    }

    @Test("three failures in a row make it unhealthy, one success healthy again")
    func streak() throws {
        var machine = HealthMachine(try plan(), startedAt: time(0))
        #expect(machine.record(result(0, at: 30)) == .healthy)
        #expect(machine.record(result(1, at: 60)) == nil)
        #expect(machine.record(result(1, at: 90)) == nil)
        #expect(machine.record(result(1, at: 120)) == .unhealthy)
        #expect(machine.failingStreak == 3)
        #expect(machine.record(result(0, at: 150)) == .healthy)
        #expect(machine.failingStreak == 0)
    }

    @Test("failures in the start period do not count, and probes come at its own pace")
    func startPeriod() throws {
        var machine = HealthMachine(
            try plan {
                $0.startPeriod = 60_000_000_000
                $0.startInterval = 2_000_000_000
                $0.retries = 1
            }, startedAt: time(0))
        #expect(machine.waitBeforeProbe(now: time(1)) == .seconds(2))
        #expect(machine.record(result(1, at: 10)) == nil)
        #expect(machine.failingStreak == 0)
        #expect(machine.waitBeforeProbe(now: time(61)) == .seconds(30))
        #expect(machine.record(result(1, at: 70)) == .unhealthy)
    }

    @Test("remembers five results, each cut to four kilobytes")
    func log() throws {
        var machine = HealthMachine(try plan(), startedAt: time(0))
        for index in 0..<7 {
            var long = result(index, at: Int64(index))
            long.output = String(repeating: "x", count: 5000)
            _ = machine.record(long)
        }
        #expect(machine.log.map(\.exitCode) == [2, 3, 4, 5, 6])
        #expect(machine.log.allSatisfy { $0.output.count == 4096 })
    }
}
