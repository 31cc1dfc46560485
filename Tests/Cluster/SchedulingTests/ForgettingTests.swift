internal import Scheduling
internal import TestSupport
internal import Testing
internal import Units

@Suite("what pods that are gone leave behind")
struct ForgettingTests {
    /// A pod unlike all others: its labels, namespace, priority, rules, gang and ports are its own.
    static func template(_ number: Int) -> PodTemplate {
        let own = LabelSelector(matching: ["app": "a\(number)"])
        var requirements = Requirements(resources: Resources(cpu: CPUCount(milli: 1 + Int64(number % 7))))
        switch number % 5 {
        case 0: requirements.podAntiAffinity = [PodAffinityTerm(own, topologyKey: "host")]
        case 1: requirements.podAffinity = [PodAffinityTerm(own, topologyKey: "key\(number)")]
        case 2:
            requirements.nodeSelector = ["host": "node\(number % 4)"]
            requirements.spread = [SpreadConstraint(topologyKey: "host", selector: own)]
        case 3: requirements.preferredPods = [Preference(PodAffinityTerm(own, topologyKey: "host"), weight: 5)]
        default: requirements.hostPorts = [HostPort(1 + number, address: "10.0.0.\(number)")]
        }
        return PodTemplate(
            namespace: "n\(number)", labels: ["app": "a\(number)"], requirements: requirements,
            priority: Int32(number % 3000), mayPreempt: false)
    }

    @Test("what is kept is bounded by what is there, however many pods came and went")
    func churn() {
        var configuration = Configuration()
        configuration.warmClasses = 32
        let fixture = Fixture(configuration, nodes: 4)
        var alive: [Int] = []
        var most = 0
        for number in 0..<6000 {
            let gang = number % 11 == 0 ? GangMembership(name: "g\(number)", minimum: 1) : nil
            fixture.add("pod\(number)", Self.template(number), gang: gang)
            alive.append(number)
            fixture.drain()
            if alive.count > 50 { fixture.tell(.podRemoved(id: "pod\(alive.removeFirst())")) }
            if number % 100 == 99 { _ = fixture.pass(1) }
            if number == 2999 { most = fixture.scheduler.footprint.sum }
        }
        let later = fixture.scheduler.footprint
        #expect(later.labelSets <= 600 && later.counters <= 300 && later.classes <= 300, "\(later)")
        #expect(later.topologyKeys <= 300 && later.nodeFilters <= 300, "\(later)")
        #expect(later.lanes <= 300 && later.tenants <= 300 && later.gangs <= 50, "\(later)")
        #expect(later.sum <= most * 3 / 2, "\(later) against \(most) at half time")
    }

    @Test("pods that come and go behind a quota that is full leave no trace in the queue")
    func heldChurn() {
        let fixture = Fixture(nodes: 1)
        let none = Resources(cpu: CPUCount(milli: 1), memory: ByteCount(1))
        fixture.tell(.quotaChanged(Quota(name: "q", namespaces: ["held"], nominal: none)))
        let held = Fixture.template(namespace: "held")
        fixture.add("first", held)
        for number in 0..<12_000 {
            fixture.add("held\(number)", held)
            fixture.drain()
            fixture.tell(.podRemoved(id: "held\(number)"))
        }
        #expect(fixture.scheduler.footprint.turns < 6000, "\(fixture.scheduler.footprint)")
        let much = Resources(cpu: CPUCount(milli: 4000), memory: ByteCount(8 << 30))
        fixture.tell(.quotaChanged(Quota(name: "q", namespaces: ["held"], nominal: much)))
        #expect(fixture.placed() == ["first"], "it is still there")
    }
}
