internal import ClusterModel
internal import JSON
internal import TestSupport
internal import Testing
internal import Units

@testable internal import NodeAgent

/// A machine with its past: time by hand, effects kept.
struct PodBench {
    var pod: PodObject
    var machine: PodMachine
    var now = Timestamp(seconds: 1_700_000_000)
    var effects: [PodEffect] = []
    private var number = 0

    init(_ spec: String, uid: String = "u", tellsDesired: Bool = true) throws {
        let indented = spec.split(separator: "\n").map { "  \($0)" }.joined(separator: "\n")
        let text = "kind: Pod\nmetadata: {name: p, namespace: n, uid: \(uid)}\nspec:\n\(indented)\n"
        pod = PodObject(try #require(try YAMLDocuments.read(text, name: "pod").first))
        machine = PodMachine(pod, hostAddress: "192.0.2.1", at: now)
        if tellsDesired { tell(.desired(pod)) }
    }

    mutating func tell(_ event: PodEvent) { effects += machine.handle(event, at: now) }

    mutating func pass(_ seconds: Int) {
        now = now.advanced(by: .seconds(seconds))
        tell(.tick)
    }

    mutating func make() { tell(.sandboxReady(Sandbox(id: "sandbox", addresses: ["10.0.0.2"]))) }

    mutating func run(_ name: String) {
        number += 1
        tell(.started(container: name, id: "\(name)\(number)", imageID: "image"))
    }

    mutating func end(_ name: String, _ code: Int) {
        let life = machine.lives.first { $0.name == name }
        let since: Timestamp =
            switch life?.state {
            case .running(_, let since)?, .stopping(_, let since)?: since
            default: now
            }
        tell(.ended(container: name, Exit(id: life?.id ?? "", code: code, startedAt: since, finishedAt: now)))
    }

    mutating func delete(grace: Int) {
        pod = PodObject(
            {
                var object = pod.object
                object["metadata"]?["deletionTimestamp"] = .string(now.wholeSeconds)
                object["metadata"]?["deletionGracePeriodSeconds"] = JSONValue(number: grace)
                return object
            }())
        tell(.desired(pod))
    }

    mutating func relabel(_ labels: [String: String]) {
        var object = pod.object
        object["metadata"]?["labels"] = .object(JSONObject(labels.map { ($0.key, .string($0.value)) }))
        pod = PodObject(object)
        tell(.desired(pod))
    }

    var starts: [String] { effects.compactMap { if case .start(let name, _) = $0 { name } else { nil } } }
    var stops: [String] {
        effects.compactMap { if case .stop(let name, _, let grace) = $0 { "\(name) \(grace)" } else { nil } }
    }
    var probes: [ProbeKind] { effects.compactMap { if case .probe(_, _, let kind) = $0 { kind } else { nil } } }
    var status: PodStatus? {
        effects.reversed().lazy.compactMap { if case .report(let status) = $0 { status } else { nil } }.first
    }
    func isTrue(_ type: String) -> Bool { status?.conditions.first { $0.type == type }?.isTrue ?? false }
}

/// A node that does what the machine wants at random times, with random outcomes, and checks what may never be.
struct PodChaos {
    private var random: SplitMix64
    private let seed: UInt64

    init(seed: UInt64) {
        self.seed = seed
        random = SplitMix64(seed: seed)
    }

    mutating func run() throws {
        let policies = ["Always", "OnFailure", "Never"]
        let policy = policies[Int.random(in: 0..<3, using: &random)]
        var bench = try PodBench(
            """
            restartPolicy: \(policy)
            initContainers: [{name: i}, {name: s, restartPolicy: Always}]
            containers: [{name: a, livenessProbe: {exec: {}, failureThreshold: 1}}, {name: b}]
            volumes: [{name: v, configMap: {name: c}}]
            """)
        var alive: Set<String> = []
        var waiting: [PodEffect] = []
        var seen = 0
        for step in 0..<400 {
            waiting += bench.effects[seen...]
            seen = bench.effects.count
            if step == 300 { bench.delete(grace: 5) }
            switch Int.random(in: 0..<6, using: &random) {
            case 0: bench.pass(Int.random(in: 1...40, using: &random))
            case 1:
                guard let name = alive.randomElement(using: &random) else { continue }
                alive.remove(name)
                bench.end(name, Int.random(in: 0...1, using: &random))
            default:
                guard !waiting.isEmpty else { continue }
                let effect = waiting.remove(at: Int.random(in: 0..<waiting.count, using: &random))
                perform(effect, &bench, &alive)
            }
        }
        for _ in 0..<200 where !bench.machine.isOver {
            for effect in bench.effects[seen...] + waiting { perform(effect, &bench, &alive, isCalm: true) }
            waiting = []
            seen = bench.effects.count
            for name in alive where bench.machine.lives.contains(where: { $0.name == name && $0.isStopping }) {
                alive.remove(name)
                bench.end(name, 0)
            }
            bench.pass(300)
        }
        #expect(bench.machine.isOver && alive.isEmpty, "seed \(seed): \(bench.machine.lives)")
    }

    private mutating func perform(
        _ effect: PodEffect, _ bench: inout PodBench, _ alive: inout Set<String>, isCalm: Bool = false
    ) {
        let fails = !isCalm && Int.random(in: 0..<4, using: &random) == 0
        switch effect {
        case .makeSandbox: if fails { bench.tell(.sandboxFailed("no")) } else { bench.make() }
        case .start(let name, _):
            #expect(!alive.contains(name), "seed \(seed): \(name) runs already")
            if fails {
                bench.tell(.notStarted(container: name, reason: "ErrImagePull", message: "no"))
            } else {
                alive.insert(name)
                bench.run(name)
            }
        case .stop(let name, _, _):
            guard alive.remove(name) != nil else { return }
            bench.end(name, 137)
        case .probe(let name, _, let kind):
            bench.tell(.probed(container: name, kind, succeeded: !fails, message: "no"))
        case .cleanUp:
            #expect(!bench.machine.isRefreshing, "seed \(seed): cleaned up beside a refresh")
            #expect(alive.isEmpty, "seed \(seed): cleaned up beside \(alive)")
            bench.tell(.cleaned)
        case .refresh: bench.tell(.refreshed)
        case .report, .record, .confirmDeletion: break
        }
    }
}
