internal import ClusterModel
internal import JSON
internal import Testing
internal import Units

@testable internal import Controllers

@Suite("Which nodes are alive, and what follows")
struct NodeLifecycleTests {
    private static let start = Timestamp(seconds: 1_700_000_000)

    /// A pool whose effects are carried out at once, with time by hand.
    private struct Pool {
        var lifecycle: NodeLifecycle
        var now = NodeLifecycleTests.start
        var nodes: [String: JSONValue] = [:]
        var evicted: [String] = []
        var removed: [String] = []
        var silent: Set<String> = []

        init(_ settings: LifecycleSettings = LifecycleSettings()) { lifecycle = NodeLifecycle(settings) }

        mutating func add(_ name: String, zone: String = "a") {
            nodes[name] = [
                "kind": "Node",
                "metadata": [
                    "name": .string(name), "uid": .string(name),
                    "labels": ["topology.kubernetes.io/zone": .string(zone)],
                ],
                "spec": [:], "status": ["conditions": [["type": "Ready", "status": "True"]]],
            ]
            tell(name)
        }

        mutating func tell(_ name: String) {
            if let object = nodes[name] { lifecycle.handle(.node(NodeObject(object)), at: now) }
        }

        mutating func pod(_ name: String, on node: String, tolerations: JSONValue = []) {
            let object: JSONValue = [
                "kind": "Pod", "metadata": ["name": .string(name), "namespace": "n", "uid": .string(name)],
                "spec": ["nodeName": .string(node), "tolerations": tolerations], "status": ["phase": "Running"],
            ]
            lifecycle.handle(.pod(PodObject(object)), at: now)
        }

        /// So many seconds pass, a tick each second, with leases of all that are not silent.
        mutating func pass(_ seconds: Int) {
            for _ in 0..<seconds {
                now = now.advanced(by: .seconds(1))
                for name in nodes.keys where !silent.contains(name) {
                    let lease: JSONValue = [
                        "metadata": ["name": .string(name)], "spec": ["renewTime": .string(now.microseconds)],
                    ]
                    lifecycle.handle(.lease(LeaseObject(lease)), at: now)
                }
                for effect in lifecycle.tick(at: now) { perform(effect) }
            }
        }

        private mutating func perform(_ effect: NodeEffect) {
            switch effect {
            case .markUnreachable(let node, _): ready(node, "Unknown")
            case .markReturned(let node): ready(node, "True")
            case .setTaints(let node, let taints):
                nodes[node]?["spec"]?["taints"] = .array(
                    taints.map { ["key": .string($0.key), "effect": .string($0.effect)] })
                tell(node)
            case .assignRange(let node, let range):
                nodes[node]?["spec"]?["podCIDR"] = .string(range)
                tell(node)
            case .evict(let pod, _): evicted.append(pod.uid)
            case .remove(let pod): removed.append(pod.uid)
            case .record: break
            }
        }

        private mutating func ready(_ node: String, _ status: String) {
            nodes[node]?["status"]?["conditions"] = [["type": "Ready", "status": .string(status)]]
            tell(node)
        }

        func taints(_ node: String) -> [String] {
            NodeObject(nodes[node] ?? [:]).taints.map { "\($0.key.split(separator: "/").last ?? ""):\($0.effect)" }
                .sorted()
        }
    }

    @Test(
        "forty seconds without a lease: unknown and tainted; pods leave when their toleration ends; a return undoes it")
    func lease() {
        var pool = Pool()
        for name in ["n1", "n2"] { pool.add(name) }
        pool.pod("patient", on: "n1")
        pool.pod(
            "hasty", on: "n1",
            tolerations: [["key": "node.kubernetes.io/unreachable", "operator": "Exists", "tolerationSeconds": 10]])
        pool.pod("loyal", on: "n1", tolerations: [["operator": "Exists"]])
        pool.pass(1)
        pool.silent = ["n1"]
        pool.pass(39)
        #expect(pool.taints("n1").isEmpty)
        pool.pass(3)
        #expect(pool.taints("n1") == ["unreachable:NoExecute", "unreachable:NoSchedule"])
        pool.pass(12)
        #expect(pool.evicted == ["hasty"])
        pool.pass(300)
        #expect(pool.evicted == ["hasty", "patient"])
        pool.silent = []
        pool.pass(2)
        #expect(pool.taints("n1").isEmpty && NodeObject(pool.nodes["n1"] ?? [:]).readiness == "True")
    }

    @Test("when nothing seems alive nothing is evicted")
    func fullStop() {
        var pool = Pool()
        for number in 1...4 {
            pool.add("n\(number)", zone: "z\(number % 2)")
            pool.pod("p\(number)", on: "n\(number)")
        }
        pool.pass(1)
        pool.silent = Set(pool.nodes.keys)
        pool.pass(1000)
        #expect(pool.evicted.isEmpty && pool.taints("n1") == ["unreachable:NoSchedule"])
        pool.silent = []
        pool.pass(2)
        #expect(pool.taints("n1").isEmpty)
    }

    @Test(
        "a zone loses its nodes one in ten seconds; where most are not well, a large one in a hundred, a small one none"
    )
    func rates() {
        func executing(_ count: Int, _ sick: Int, after seconds: Int) -> Int {
            var pool = Pool()
            pool.add("other", zone: "b")
            for number in 0..<count { pool.add("n\(number)") }
            pool.pass(1)
            pool.silent = Set((0..<sick).map { "n\($0)" })
            pool.pass(42 + seconds)
            return (0..<sick).count { pool.taints("n\($0)").contains("unreachable:NoExecute") }
        }
        #expect(executing(10, 4, after: 25) == 3)
        #expect(executing(10, 6, after: 500) == 0)
        #expect(executing(60, 40, after: 250) == 3)
        #expect(executing(3, 3, after: 25) == 3)
    }

    @Test("pods of a node that does not exist go after a while, and each node gets a range of its own")
    func collection() {
        var pool = Pool()
        pool.add("n1")
        pool.add("n2")
        pool.pod("orphan", on: "gone")
        pool.pass(39)
        #expect(pool.removed.isEmpty)
        pool.pass(2)
        #expect(pool.removed == ["orphan"])
        let ranges = ["n1", "n2"].compactMap { NodeObject(pool.nodes[$0] ?? [:]).podRange }
        #expect(Set(ranges) == ["10.244.0.0/24", "10.244.1.0/24"])
    }

    @Test("a cordon becomes a taint, and taints of people are left alone")
    func cordon() {
        var pool = Pool()
        pool.add("n1")
        pool.nodes["n1"]?["spec"] = ["unschedulable": true, "taints": [["key": "mine", "effect": "NoSchedule"]]]
        pool.tell("n1")
        pool.pass(1)
        #expect(pool.taints("n1") == ["mine:NoSchedule", "unschedulable:NoSchedule"])
    }

    @Test("a thousand nodes get a thousand ranges; one that is given up comes again last")
    func ranges() {
        var ranges = AddressRanges(RangeSettings())
        ranges.take("10.244.1.0/24")
        ranges.take("192.168.0.0/24")
        let given = (0..<1000).compactMap { _ in ranges.next() }
        #expect(given.count == 1000 && Set(given).count == 1000 && !given.contains("10.244.1.0/24"))
        #expect(given.first == "10.244.0.0/24" && given[255] == "10.245.0.0/24")
        ranges.free("10.244.0.0/24")
        #expect(ranges.next() != "10.244.0.0/24")
        let rest = (0..<40_000).compactMap { _ in ranges.next() }
        #expect(rest.count + 1001 == 32_768, "all but the one that was taken, each once")
        #expect(rest.last == "10.244.0.0/24" && ranges.next() == nil)
        var none = AddressRanges(nil)
        #expect(none.next() == nil)
    }

    @Test("a server that starts takes a node that was silent for silent until it hears of it")
    func restart() {
        var pool = Pool()
        for name in ["n1", "n2"] { pool.add(name) }
        pool.nodes["n1"]?["status"]?["conditions"] = [["type": "Ready", "status": "Unknown"]]
        pool.nodes["n1"]?["spec"]?["taints"] = [["key": "node.kubernetes.io/unreachable", "effect": "NoSchedule"]]
        pool.lifecycle = NodeLifecycle()
        for name in ["n1", "n2"] { pool.tell(name) }
        pool.silent = ["n1"]
        pool.pass(5)
        #expect(pool.taints("n1").contains("unreachable:NoSchedule"))
        #expect(NodeObject(pool.nodes["n1"] ?? [:]).readiness == "Unknown")
        pool.silent = []
        pool.pass(2)
        #expect(pool.taints("n1").isEmpty && NodeObject(pool.nodes["n1"] ?? [:]).readiness == "True")
    }

    @Test("a node that is back before its silence was written down is ready all the same")
    func late() {
        var pool = Pool()
        for name in ["n1", "n2"] { pool.add(name) }
        pool.pass(1)
        pool.silent = ["n1"]
        pool.pass(42)
        pool.silent = []
        pool.pass(2)
        #expect(NodeObject(pool.nodes["n1"] ?? [:]).readiness == "True")
        // The write that said so arrives only now.
        pool.nodes["n1"]?["status"]?["conditions"] = [["type": "Ready", "status": "Unknown"]]
        pool.tell("n1")
        pool.pass(2)
        #expect(NodeObject(pool.nodes["n1"] ?? [:]).readiness == "True" && pool.taints("n1").isEmpty)
    }
}
