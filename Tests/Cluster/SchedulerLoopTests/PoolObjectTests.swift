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
