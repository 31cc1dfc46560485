internal import Scheduling
internal import TestSupport
internal import Units

/// Random nodes and templates, small enough to collide often.
struct RandomPool {
    var random: SplitMix64
    var templates: [PodTemplate] = []

    init(seed: UInt64) {
        random = SplitMix64(seed: seed)
    }

    mutating func number(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &random) }
    mutating func chance(_ percent: Int) -> Bool { number(1...100) <= percent }

    mutating func node(_ name: String) -> Node {
        var labels = ["zone": "z\(number(0...2))", "disk": chance(50) ? "ssd" : "hdd"]
        if chance(90) { labels["host"] = name }
        if chance(50) { labels["rack"] = "r\(number(0...3))" }
        if chance(10) { labels["zone"] = nil }
        if chance(60) { labels["topology.kubernetes.io/rack"] = "t\(number(0...1))" }
        var taints: [Taint] = []
        if chance(15) { taints.append(Taint(key: "dedicated", value: "a", effect: .noSchedule)) }
        if chance(10) { taints.append(Taint(key: "slow", effect: .preferNoSchedule)) }
        let gpus: [String: Int64] = chance(30) ? ["gpu": 2] : [:]
        return Node(
            name: name, labels: labels, taints: taints,
            allocatable: Resources(
                cpu: CPUCount(milli: Int64(number(1...4)) * 1000), memory: ByteCount(UInt64(number(1...4)) << 30),
                pods: Int64(number(2...6)), extended: gpus),
            isUnschedulable: chance(8), layers: Set((0...3).filter { _ in chance(25) }.map { "l\($0)" }),
            addressPools: chance(50) ? ["red"] : [], numaNodes: number(1...2))
    }

    mutating func template(priority: Int32 = 0, mayPreempt: Bool = false, plain: Bool = false) -> PodTemplate {
        let app = "a\(number(0...2))"
        var requirements = Requirements(
            resources: Resources(
                cpu: CPUCount(milli: Int64(number(0...15)) * 100), memory: ByteCount(UInt64(number(0...6)) << 28),
                extended: chance(10) ? ["gpu": 1] : [:]))
        if !plain { decorate(&requirements) }
        return PodTemplate(
            namespace: "n\(number(0...1))", labels: ["app": app], requirements: requirements, priority: priority,
            mayPreempt: mayPreempt)
    }

    private mutating func decorate(_ requirements: inout Requirements) {
        if chance(15) { requirements.nodeSelector = ["disk": "ssd"] }
        if chance(10) {
            requirements.nodeAffinity = NodeSelector([
                LabelSelector([LabelCondition("zone", .isOneOf(["z0", "z1"]))]),
                LabelSelector([LabelCondition("rack", .isAbsent)]),
            ])
        }
        if chance(10) {
            requirements.preferredNodes = [Preference(LabelSelector(matching: ["zone": "z1"]), weight: number(1...9))]
        }
        if chance(25) { requirements.tolerations = [Toleration(key: "dedicated")] }
        if chance(15) { requirements.podAffinity = [term()] }
        if chance(15) { requirements.podAntiAffinity = [term()] }
        if chance(10) { requirements.preferredPods = [Preference(term(), weight: number(1...100) - 50)] }
        if chance(20) {
            requirements.spread = [
                SpreadConstraint(
                    topologyKey: key(), maxSkew: number(1...2), selector: LabelSelector(matching: ["app": "a0"]),
                    isHard: chance(60), minDomains: number(1...3), honorsNodeAffinity: chance(70),
                    honorsTaints: chance(30))
            ]
        }
        if chance(8) { requirements.addressPool = "red" }
        if chance(8) { requirements.volumes = [NodeSelector([LabelSelector(matching: ["zone": "z\(number(0...1))"])])] }
        if chance(10) {
            requirements.layers = ["l0": 100, "l\(number(1...3))": Int64(number(1...500)), "nobody's": 50]
        }
        if chance(10) { requirements.prefersOneNUMANode = true }
        if chance(15) { requirements.hostPorts = [HostPort(80 + number(0...1), address: chance(30) ? "10.0.0.1" : "")] }
    }

    private mutating func key() -> String { ["zone", "host", "rack"][number(0...2)] }

    private mutating func term() -> PodAffinityTerm {
        let namespaces: [PodAffinityTerm.Namespaces] = [
            .own, .named(["n0", "n1"]), .matching(LabelSelector(matching: number(0...1) == 0 ? [:] : ["team": "t"])),
            .either(["n0"], LabelSelector(matching: ["team": "t"])),
        ]
        return PodAffinityTerm(
            LabelSelector(matching: ["app": "a\(number(0...2))"]), in: namespaces[number(0...3)], topologyKey: key())
    }
}
