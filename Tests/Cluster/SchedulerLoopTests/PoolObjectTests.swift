internal import ClusterModel
internal import JSON
internal import Scheduling
internal import Testing
internal import Units

@testable internal import SchedulerLoop

@Suite("Queues, groups and pools of addresses, as their objects say")
struct PoolObjectTests {
    private static let now = Timestamp(seconds: 1_700_000_000)

    private static func node(_ name: String, labels: JSONValue = [:]) -> NodeObject {
        NodeObject([
            "metadata": ["name": .string(name), "labels": labels],
            "status": ["allocatable": ["cpu": "64", "memory": "64Gi", "pods": "110"]],
        ])
    }

    private static func pod(_ name: String, labels: JSONValue = [:], annotations: JSONValue = [:]) -> PodObject {
        PodObject([
            "metadata": [
                "name": .string(name), "namespace": "n", "uid": .string(name), "labels": labels,
                "annotations": annotations,
            ],
            "spec": ["containers": [["name": "a", "resources": ["requests": ["cpu": "1"]]]]],
        ])
    }

    private static func bindings(_ effects: [LoopEffect]) -> [Binding] {
        effects.flatMap { effect -> [Binding] in if case .bind(let bindings) = effect { bindings } else { [] } }
    }

    private static func waits(_ effects: [LoopEffect]) -> [String] {
        effects.compactMap { effect in
            if case .waiting(let key, _, _, let message, _) = effect { "\(key): \(message)" } else { nil }
        }
    }

    private static func pool(_ name: String, _ spec: JSONValue) throws -> AddressPoolSpec {
        try AddressPoolSpec(Field(["metadata": ["name": .string(name)], "spec": spec]))
    }

    @Test("Queue objects change what there is, and add queues that pods name")
    func queues() throws {
        let bands = QueueReader.bands([
            QueueObject(["metadata": ["name": "batch"], "spec": ["weight": 20]]),
            QueueObject(["metadata": ["name": "gpu"], "spec": ["weight": 3]]),
            QueueObject(["metadata": ["name": "urgent"], "spec": ["weight": 9, "priority": 500_000]]),
        ])
        #expect(bands.map(\.name) == ["gpu", "system", "urgent", "high", "normal", "batch", "best-effort"])
        #expect(bands.first { $0.name == "batch" }?.weight == 20)
        var configuration = Configuration()
        configuration.bands = bands
        var machine = SchedulerMachine(configuration)
        _ = machine.handle(
            .priorityClass(
                PriorityClassObject([
                    "metadata": ["name": "c", "annotations": ["pouch.io/queue": "batch"]], "value": 5,
                ])), at: Self.now)
        _ = machine.handle(.pod(Self.pod("plain")), at: Self.now)
        _ = machine.handle(.pod(Self.pod("named", annotations: ["pouch.io/queue": "gpu"])), at: Self.now)
        var classed = Self.pod("classed").object
        classed["spec"]?["priorityClassName"] = "c"
        _ = machine.handle(.pod(PodObject(classed)), at: Self.now)
        let depths = machine.queues().filter { $0.depth > 0 }.map { "\($0.name) \($0.depth)" }
        #expect(depths == ["gpu 1", "normal 1", "batch 1"])
    }

    @Test("objects change the queues that the configuration has; one that says nothing changes nothing")
    func configuredQueues() {
        let base = [Band("gold", weight: 0.5, minimumPriority: 10), Band("rest", weight: 3, minimumPriority: .min)]
        let objects = [
            QueueObject(["metadata": ["name": "gold"], "spec": [:]]),
            QueueObject(["metadata": ["name": "rest"], "spec": ["weight": 4, "paused": true]]),
        ]
        #expect(
            QueueReader.bands(objects, over: base) == [
                Band("gold", weight: 0.5, minimumPriority: 10),
                Band("rest", weight: 4, minimumPriority: .min, isPaused: true),
            ])
        #expect(QueueReader.bands([], over: base) == base)
    }

    @Test("pods of a queue that is paused wait and say so, others are placed")
    func paused() {
        var configuration = Configuration()
        configuration.bands = QueueReader.bands([
            QueueObject(["metadata": ["name": "slow"], "spec": ["paused": true]])
        ])
        var machine = SchedulerMachine(configuration)
        _ = machine.handle(.node(Self.node("n1")), at: Self.now)
        _ = machine.handle(.pod(Self.pod("held", annotations: ["pouch.io/queue": "slow"])), at: Self.now)
        _ = machine.handle(.pod(Self.pod("free")), at: Self.now)
        let effects = machine.decide(at: Self.now)
        #expect(Self.bindings(effects).map(\.key) == ["n/free"])
        #expect(Self.waits(effects) == ["n/held: queue slow is paused"])
        #expect(machine.queues().first { $0.name == "slow" }?.depth == 1)
    }

    @Test("a pod that is held for its group is let go when it ends, is bound elsewhere or goes to another group")
    func staleHolds() {
        let label: JSONValue = ["pouch.io/pod-group": "g"]
        func group(_ name: String) -> LoopEvent {
            .podGroup(
                PodGroupObject([
                    "metadata": ["name": .string(name), "namespace": "n"], "spec": ["minMember": 1],
                ]))
        }
        var ended = Self.pod("ended", labels: label).object
        ended["status"] = ["phase": "Failed"]
        var bound = Self.pod("bound", labels: label).object
        bound["spec"]?["nodeName"] = "n1"
        let moved = Self.pod("moved", labels: ["pouch.io/pod-group": "h"]).object
        var machine = SchedulerMachine()
        _ = machine.handle(.node(Self.node("n1")), at: Self.now)
        for name in ["ended", "bound", "moved"] {
            #expect(Self.waits(machine.handle(.pod(Self.pod(name, labels: label)), at: Self.now)).count == 1)
        }
        #expect(machine.handle(.pod(PodObject(ended)), at: Self.now).isEmpty)
        _ = machine.handle(.pod(PodObject(bound)), at: Self.now)
        let waits = Self.waits(machine.handle(.pod(PodObject(moved)), at: Self.now))
        #expect(waits == ["n/moved: there is no PodGroup n/h yet"])
        _ = machine.handle(group("g"), at: Self.now)
        #expect(Self.bindings(machine.decide(at: Self.now)).isEmpty, "nobody of the group waits any more")
        #expect(machine.waitingCount == 0)
        _ = machine.handle(group("h"), at: Self.now)
        #expect(Self.bindings(machine.decide(at: Self.now)).map(\.key) == ["n/moved"])
    }

    @Test("pools that overlap give no address twice")
    func overlapping() throws {
        var pools = AddressPools([
            try Self.pool("a", ["cidr": "10.7.0.0/30"]), try Self.pool("b", ["cidr": "10.7.0.0/29"]),
        ])
        #expect(pools.take("a", for: "p1") == "10.7.0.1" && pools.take("b", for: "p2") == "10.7.0.2")
        #expect(pools.take("a", for: "p3") == nil && pools.take("b", for: "p4") == "10.7.0.3")
        pools.release("p2")
        #expect(pools.take("a", for: "p3") == "10.7.0.2")
    }

    @Test("a pool takes the pods of the namespaces that it selects, and of those the pods that it selects")
    func namespaceSelector() throws {
        func chosen(_ spec: JSONValue, labels: JSONValue = [:], namespace: String = "n") throws -> String? {
            let given: JSONValue = ["cidr": "10.7.0.0/24"]
            var all = given
            for (key, value) in spec.objectValue ?? [:] { all[key] = value }
            var machine = SchedulerMachine(Configuration(), pools: AddressPools([try Self.pool("east", all)]))
            _ = machine.handle(.namespace(name: "n", labels: ["team": "db"]), at: Self.now)
            _ = machine.handle(.node(Self.node("n1")), at: Self.now)
            var pod = Self.pod("a", labels: labels).object
            pod["metadata"]?["namespace"] = .string(namespace)
            _ = machine.handle(.pod(PodObject(pod)), at: Self.now)
            let bindings = Self.bindings(machine.decide(at: Self.now))
            #expect(bindings.count == 1)
            return bindings.first?.annotations["pouch.io/address-pool"]
        }
        let team: JSONValue = ["matchLabels": ["team": "db"]]
        #expect(try chosen(["namespaceSelector": team]) == "east")
        #expect(try chosen(["namespaceSelector": team], namespace: "other") == nil)
        let both: JSONValue = ["namespaceSelector": team, "podSelector": ["matchLabels": ["app": "x"]]]
        #expect(try chosen(both) == nil)
        #expect(try chosen(both, labels: ["app": "x"]) == "east")
        #expect(try chosen(both, labels: ["app": "x"], namespace: "other") == nil)
        #expect(try chosen([:]) == nil)
    }

    @Test("a pod waits for its group to be described, and the group for all its members")
    func groups() {
        var machine = SchedulerMachine()
        _ = machine.handle(.node(Self.node("n1")), at: Self.now)
        let label: JSONValue = ["pouch.io/pod-group": "g"]
        #expect(
            Self.waits(machine.handle(.pod(Self.pod("a", labels: label)), at: Self.now))
                == ["n/a: there is no PodGroup n/g yet"])
        #expect(machine.handle(.pod(Self.pod("a", labels: label)), at: Self.now).isEmpty, "it is said once")
        #expect(machine.decide(at: Self.now).isEmpty)
        let group = PodGroupObject([
            "metadata": ["name": "g", "namespace": "n"], "spec": ["minMember": 2],
        ])
        _ = machine.handle(.podGroup(group), at: Self.now)
        #expect(Self.bindings(machine.decide(at: Self.now)).isEmpty)
        _ = machine.handle(.pod(Self.pod("gone", labels: ["pouch.io/pod-group": "other"])), at: Self.now)
        _ = machine.handle(.podGone(key: "n/gone", uid: "gone"), at: Self.now)
        _ = machine.handle(.pod(Self.pod("b", labels: label)), at: Self.now)
        #expect(Self.bindings(machine.decide(at: Self.now)).map(\.key).sorted() == ["n/a", "n/b"])
        let other = PodGroupObject(["metadata": ["name": "other", "namespace": "n"], "spec": ["minMember": 1]])
        #expect(machine.handle(.podGroup(other), at: Self.now).isEmpty)
        #expect(Self.bindings(machine.decide(at: Self.now)).isEmpty, "one that is gone does not come back")
    }

    @Test("a pool's addresses: what is in it, without its gateway; what makes no sense is named")
    func addresses() throws {
        let all = try Self.pool("all", ["cidr": "10.9.0.0/29", "gateway": "10.9.0.1"])
        var pools = AddressPools([all])
        let given = (0..<6).compactMap { pools.take("all", for: "p\($0)") }
        #expect(given == ["10.9.0.2", "10.9.0.3", "10.9.0.4", "10.9.0.5", "10.9.0.6"])
        #expect(pools.take("all", for: "p1") == "10.9.0.3", "who asks again gets the same")
        pools.release("p1")
        #expect(pools.take("all", for: "new") == "10.9.0.3")
        let few = try Self.pool("few", ["cidr": "fd00::/64", "addresses": ["fd00::5", "fd00::8-fd00::9"]])
        pools = AddressPools([few])
        #expect((0..<4).compactMap { pools.take("few", for: "\($0)") } == ["fd00::5", "fd00::8", "fd00::9"])
        for (spec, path): (JSONValue, String) in [
            (["cidr": "10.0.0.0"], "spec.cidr"),
            (["cidr": "10.0.0.0/8", "addresses": ["11.0.0.1"]], "spec.addresses[0]"),
            (["cidr": "10.0.0.0/8", "addresses": ["10.0.0.9-10.0.0.1"]], "spec.addresses[0]"), ([:], "spec.cidr"),
        ] {
            let error = #expect(throws: ManifestError.self) { try Self.pool("x", spec) }
            #expect(error?.description.contains(path) == true, "\(String(describing: error))")
        }
    }

    @Test(
        "a pod of a pool goes to its nodes and takes an address along; without one it waits, and gets one that comes free"
    )
    func binding() throws {
        let pool = try Self.pool(
            "east",
            [
                "cidr": "10.7.0.0/24", "addresses": ["10.7.0.5"], "nodeSelector": ["matchLabels": ["side": "east"]],
                "podSelector": ["matchLabels": ["app": "db"]],
            ])
        var machine = SchedulerMachine(Configuration(), pools: AddressPools([pool]))
        _ = machine.handle(.node(Self.node("w", labels: ["side": "west"])), at: Self.now)
        _ = machine.handle(.pod(Self.pod("a", labels: ["app": "db"])), at: Self.now)
        #expect(Self.bindings(machine.decide(at: Self.now)).isEmpty)
        _ = machine.handle(.node(Self.node("e", labels: ["side": "east"])), at: Self.now)
        let bound = Self.bindings(machine.decide(at: Self.now))
        #expect(
            bound == [
                Binding(
                    key: "n/a", uid: "a", node: "e",
                    annotations: ["pouch.io/address-pool": "east", "pouch.io/ip": "10.7.0.5"])
            ])
        _ = machine.handle(.bound(uid: "a", node: "e", .confirmed), at: Self.now)
        _ = machine.handle(.pod(Self.pod("b", annotations: ["pouch.io/address-pool": "east"])), at: Self.now)
        let none = machine.decide(at: Self.now)
        #expect(Self.bindings(none).isEmpty && Self.waits(none) == ["n/b: IPPool east has no free address"])
        _ = machine.handle(.podGone(key: "n/a", uid: "a"), at: Self.now)
        let later = Self.now.advanced(by: .seconds(30))
        #expect(Self.bindings(machine.decide(at: later)).map(\.annotations["pouch.io/ip"]) == ["10.7.0.5"])
    }

    @Test("a server that starts finds who has which address")
    func restart() throws {
        let pool = try Self.pool("p", ["cidr": "10.7.0.0/30"])
        var machine = SchedulerMachine(Configuration(), pools: AddressPools([pool]))
        _ = machine.handle(.node(Self.node("n1")), at: Self.now)
        let annotations: JSONValue = ["pouch.io/address-pool": "p", "pouch.io/ip": "10.7.0.1"]
        var running = Self.pod("old", annotations: annotations).object
        running["spec"]?["nodeName"] = "n1"
        _ = machine.handle(.pod(PodObject(running)), at: Self.now)
        _ = machine.handle(.pod(Self.pod("new", annotations: ["pouch.io/address-pool": "p"])), at: Self.now)
        #expect(Self.bindings(machine.decide(at: Self.now)).map(\.annotations["pouch.io/ip"]) == ["10.7.0.2"])
    }
}
