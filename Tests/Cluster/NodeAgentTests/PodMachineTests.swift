internal import ClusterModel
internal import Testing
internal import Units

@testable internal import NodeAgent

@Suite("A pod's life on its node")
struct PodMachineTests {
    @Test("init containers one after the other, a sidecar once it has started, then all others at once")
    func order() throws {
        var bench = try PodBench(
            """
            initContainers: [{name: i1}, {name: s, restartPolicy: Always}, {name: i2}]
            containers: [{name: a}, {name: b}]
            """)
        #expect(bench.effects.first == .makeSandbox && bench.starts.isEmpty)
        bench.make()
        #expect(bench.starts == ["i1"])
        bench.run("i1")
        #expect(bench.starts == ["i1"])
        bench.end("i1", 0)
        #expect(bench.starts == ["i1", "s"])
        bench.run("s")
        #expect(bench.starts == ["i1", "s", "i2"])
        #expect(bench.status?.phase == .pending)
        bench.run("i2")
        bench.end("i2", 0)
        #expect(bench.starts == ["i1", "s", "i2", "a", "b"])
        bench.run("a")
        bench.run("b")
        #expect(bench.status?.phase == .running && bench.isTrue("Ready"))
    }

    @Test(
        "files that a pod is told are brought up to date each minute, at once when its labels change, and not while it ends"
    )
    func refresh() throws {
        var bench = try PodBench(
            """
            containers: [{name: a}]
            volumes: [{name: v, configMap: {name: c}}]
            """)
        var count: Int { bench.effects.count { $0 == .refresh } }
        bench.make()
        bench.run("a")
        bench.pass(59)
        #expect(count == 0)
        bench.pass(1)
        #expect(count == 1)
        bench.tell(.refreshed)
        bench.pass(30)
        bench.pass(30)
        #expect(count == 2)
        bench.relabel(["changed": "yes"])
        #expect(count == 2, "not beside the one before")
        bench.tell(.refreshed)
        #expect(count == 3)
        bench.tell(.refreshed)
        bench.delete(grace: 30)
        bench.pass(120)
        #expect(count == 3)
    }

    @Test("nothing is cleared away while files are brought up to date: they would be made again behind it")
    func refreshAtTheEnd() throws {
        var bench = try PodBench(
            """
            containers: [{name: a}]
            volumes: [{name: v, configMap: {name: c}}]
            """)
        bench.make()
        bench.run("a")
        bench.pass(60)
        #expect(bench.effects.contains(.refresh))
        bench.delete(grace: 0)
        bench.end("a", 0)
        bench.pass(5)
        #expect(!bench.effects.contains(.cleanUp))
        bench.tell(.refreshed)
        #expect(bench.effects.contains(.cleanUp))
    }

    @Test("a pod that has to go fails as evicted, and nothing of it stays on the node")
    func eviction() throws {
        var bench = try PodBench("containers: [{name: a}]")
        bench.make()
        bench.run("a")
        bench.tell(.evicted(reason: "Evicted", message: "low on memory"))
        #expect(bench.stops == ["a 30"])
        bench.end("a", 137)
        #expect(bench.status?.phase == .failed && bench.status?.reason == "Evicted")
        #expect(bench.effects.contains(.cleanUp))
        bench.tell(.cleaned)
        #expect(!bench.effects.contains(.confirmDeletion))
        bench.delete(grace: 0)
        #expect(bench.effects.contains(.confirmDeletion) && bench.machine.isOver)
    }

    @Test("restart waits: at once, ten seconds, twenty; after ten minutes of running at once again")
    func backoff() throws {
        var bench = try PodBench("containers: [{name: a}]")
        bench.make()
        bench.run("a")
        bench.end("a", 1)
        #expect(bench.starts == ["a", "a"])
        bench.run("a")
        bench.end("a", 1)
        #expect(bench.starts.count == 2)
        bench.pass(9)
        #expect(bench.starts.count == 2)
        bench.pass(1)
        #expect(bench.starts.count == 3)
        bench.run("a")
        bench.pass(601)
        bench.end("a", 0)
        #expect(bench.starts.count == 4)
    }

    @Test(
        "what becomes of a pod whose containers end",
        arguments: [
            ("Never", 0, PodObject.Phase.succeeded), ("Never", 3, .failed), ("OnFailure", 0, .succeeded),
            ("OnFailure", 3, .running), ("Always", 0, .running),
        ])
    func phases(policy: String, code: Int, phase: PodObject.Phase) throws {
        var bench = try PodBench("restartPolicy: \(policy)\ncontainers: [{name: a}]")
        bench.make()
        bench.run("a")
        bench.end("a", code)
        #expect(bench.status?.phase == phase)
    }

    @Test("deletion: containers, then sidecars in reverse, then all is removed, then the pool is told")
    func deletion() throws {
        var bench = try PodBench(
            """
            initContainers: [{name: s1, restartPolicy: Always}, {name: s2, restartPolicy: Always}]
            containers: [{name: a}]
            """)
        bench.make()
        for name in ["s1", "s2", "a"] { bench.run(name) }
        bench.delete(grace: 7)
        #expect(bench.stops == ["a 7"])
        bench.end("a", 0)
        #expect(bench.stops == ["a 7", "s2 7"])
        bench.end("s2", 0)
        #expect(bench.stops.last == "s1 7" && !bench.effects.contains(.cleanUp))
        bench.end("s1", 0)
        #expect(bench.effects.contains(.cleanUp) && !bench.effects.contains(.confirmDeletion))
        bench.tell(.cleaned)
        #expect(bench.effects.filter { $0 == .confirmDeletion }.count == 1 && bench.machine.isOver)
    }

    @Test("a liveness probe that fails three times restarts its container; readiness only takes it out")
    func probes() throws {
        var bench = try PodBench(
            """
            containers:
              - name: a
                livenessProbe: {tcpSocket: {port: 1}, periodSeconds: 5}
                readinessProbe: {tcpSocket: {port: 1}, periodSeconds: 5, failureThreshold: 1}
            """)
        bench.make()
        bench.run("a")
        #expect(!bench.isTrue("Ready"))
        bench.pass(0)
        bench.tell(.probed(container: "a", .readiness, succeeded: true, message: ""))
        #expect(bench.isTrue("Ready"))
        bench.pass(5)
        bench.tell(.probed(container: "a", .readiness, succeeded: false, message: "no"))
        #expect(!bench.isTrue("Ready") && bench.stops.isEmpty)
        for _ in 0..<3 {
            bench.pass(5)
            bench.tell(.probed(container: "a", .liveness, succeeded: false, message: "no"))
        }
        #expect(bench.stops == ["a 30"])
        bench.end("a", 137)
        #expect(bench.starts == ["a", "a"])
    }

    @Test("nothing but the startup probe is asked before it has succeeded")
    func startup() throws {
        var bench = try PodBench(
            "containers: [{name: a, startupProbe: {exec: {}}, livenessProbe: {exec: {}}, readinessProbe: {exec: {}}}]")
        bench.make()
        bench.run("a")
        bench.pass(1)
        #expect(bench.probes == [.startup])
        bench.tell(.probed(container: "a", .startup, succeeded: true, message: ""))
        bench.pass(1)
        #expect(bench.probes == [.startup, .liveness, .readiness])
    }

    @Test("what an earlier life left running goes on, and is not started again")
    func adoption() throws {
        var bench = try PodBench("containers: [{name: a}, {name: b}]", tellsDesired: false)
        let found = PodEvent.FoundContainer(
            name: "a", id: "old", imageID: "", attempt: 2, startedAt: bench.now, exit: nil)
        bench.tell(.found(sandbox: Sandbox(id: "s", addresses: ["10.0.0.9"]), containers: [found]))
        bench.tell(.desired(bench.pod))
        #expect(bench.starts == ["b"] && !bench.effects.contains(.makeSandbox))
        #expect(bench.status?.addresses == ["10.0.0.9"] && bench.machine.lives[0].restarts == 2)
    }

    @Test(
        "a deadline and an eviction end a pod as failed, with their reasons; only the one that had to make room leaves no files"
    )
    func failures() throws {
        var late = try PodBench("activeDeadlineSeconds: 60\ncontainers: [{name: a}]")
        late.make()
        late.run("a")
        late.pass(60)
        #expect(late.status?.reason == "DeadlineExceeded" && late.stops == ["a 30"])
        late.end("a", 137)
        #expect(!late.effects.contains(.cleanUp))
        var evicted = try PodBench("containers: [{name: a}]")
        evicted.make()
        evicted.run("a")
        evicted.tell(.evicted(reason: "Evicted", message: "the node was low on memory"))
        evicted.end("a", 137)
        #expect(evicted.status?.phase == .failed && evicted.status?.reason == "Evicted")
        #expect(evicted.effects.contains(.cleanUp))
    }

    @Test("random events never start a container twice, nor clean up beside one that runs", arguments: UInt64(0)..<100)
    func invariants(seed: UInt64) throws {
        var chaos = PodChaos(seed: seed)
        try chaos.run()
    }
}
