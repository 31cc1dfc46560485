internal import Scheduling
internal import TestSupport
internal import Testing
internal import Units

@Suite("the same events give the same decisions")
struct DeterminismTests {
    /// A pool in which everything happens: gangs, budgets, quotas, volumes, evictions, nodes and pods that come and go.
    private struct World: ~Copyable {
        private var pool: RandomPool
        private var scheduler: Scheduler
        private var now = Timestamp(seconds: 1000)
        private var pods: [String] = []
        private var nodes: [String] = []
        private var made = 0
        private(set) var text = ""

        init(seed: UInt64) {
            pool = RandomPool(seed: seed)
            var configuration = Configuration()
            configuration.warmClasses = 4
            for name in ["n0", "n1"] {
                let nominal = Resources(cpu: CPUCount(milli: 6000), memory: ByteCount(12 << 30))
                configuration.quotas.append(Quota(name: name, namespaces: [name], nominal: nominal, cohort: "all"))
            }
            scheduler = Scheduler(configuration)
            for name in ["n0", "n1"] {
                let selector = LabelSelector(matching: ["app": "a0"])
                tell(.budgetChanged(DisruptionBudget(name: "b", namespace: name, selector: selector, allowed: 3)))
            }
        }

        mutating func run(_ steps: Int) -> String {
            for _ in 0..<steps {
                step()
                while let decision = scheduler.decide(at: now) { take(decision) }
                now = now.advanced(by: .milliseconds(pool.number(0...4000)))
                for decision in scheduler.tick(at: now) { take(decision) }
            }
            return text
        }

        private mutating func step() {
            made += 1
            switch pool.number(0...11) {
            case 0,
                1 where nodes.count < 8:
                nodes.append("node\(made)")
                tell(.nodeAdded(pool.node("node\(made)")))
            case 2:
                guard let name = nodes.randomElement(using: &pool.random) else { return }
                tell(.nodeUpdated(pool.node(name)))
            case 3:
                guard pool.chance(30), let name = nodes.randomElement(using: &pool.random) else { return }
                nodes.removeAll { $0 == name }
                tell(.nodeRemoved(name: name))
            case 4, 5:
                guard let id = pods.randomElement(using: &pool.random) else { return }
                pods.removeAll { $0 == id }
                tell(.podRemoved(id: id))
            case 6:
                let size = pool.number(2...4)
                let template = pool.template(priority: Int32(pool.number(0...2)) * 1000, mayPreempt: true, plain: true)
                let gang = GangMembership(
                    name: "g\(made)", minimum: size, topologyKey: pool.chance(50) ? "zone" : nil)
                for number in 0..<size { add("g\(made)-\(number)", template, gang) }
            case 7:
                let host = LabelSelector(matching: ["disk": pool.chance(50) ? "ssd" : "hdd"])
                let size = ByteCount(UInt64(pool.number(1...4)) << 30)
                tell(
                    .volumeChanged(
                        Volume(name: "v\(made)", storageClass: "s", size: size, nodes: NodeSelector([host]))))
            default:
                let template = pool.template(priority: Int32(pool.number(-1...2)) * 1000, mayPreempt: true)
                add("pod\(made)", template, nil)
            }
        }

        private mutating func add(_ id: String, _ template: PodTemplate, _ gang: GangMembership?) {
            var template = template
            if gang == nil, pool.chance(15) {
                var requirements = template.requirements
                let claim = VolumeClaim(id: "c\(made)", storageClass: "s", size: ByteCount(1 << 30))
                requirements.claims = [claim]
                template = PodTemplate(
                    namespace: template.namespace, labels: template.labels, requirements: requirements,
                    priority: template.priority)
            }
            pods.append(id)
            tell(.podAdded(Pod(id: id, template: template, gang: gang)))
        }

        private mutating func tell(_ event: Event) {
            for decision in scheduler.handle(event, at: now) { take(decision) }
        }

        private mutating func take(_ decision: Decision) {
            switch decision {
            case .place(let placement): bind([placement])
            case .placeGang(let name, let placements):
                text += "gang \(name)\n"
                bind(placements)
            case .preempt(let pod, let node, let victims):
                text += "\(pod) evicts \(victims) from \(node)\n"
                for victim in victims { evict(victim) }
            case .preemptGang(let name, let nominations, let victims):
                text += "gang \(name) evicts \(victims) for \(nominations.map(\.node))\n"
                for victim in victims { evict(victim) }
            case .wait(let pod): text += "\(pod) waits for \(scheduler.explain(pod)?.help ?? [])\n"
            case .expired(let pod): text += "\(pod) expired\n"
            case .gangTimedOut(let name, let running): text += "\(name) timed out, \(running)\n"
            }
        }

        private mutating func bind(_ placements: [Placement]) {
            for placement in placements {
                let volumes = placement.volumes.values.sorted()
                text += "\(placement.pod) to \(placement.node) \(placement.score) \(volumes)\n"
                tell(pool.chance(90) ? .bindingConfirmed(id: placement.pod) : .bindingFailed(id: placement.pod))
            }
        }

        private mutating func evict(_ victim: String) {
            pods.removeAll { $0 == victim }
            tell(.podRemoved(id: victim))
        }
    }

    private static func digest(_ text: String) -> UInt64 {
        text.utf8.reduce(0xCBF2_9CE4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
    }

    @Test("twice in one process, decision by decision", arguments: UInt64(0)..<20)
    func twice(seed: UInt64) {
        var one = World(seed: seed)
        var other = World(seed: seed)
        #expect(one.run(200) == other.run(200))
    }

    /// Each process hashes with a seed of its own, so an order taken from a set gives another number in almost every run.
    ///
    /// Who changes how scores or ties are decided writes down the new numbers, once they came out twice.
    @Test("in every process: decisions have the fingerprints that they had when this was written")
    func always() {
        var fingerprints: [UInt64] = []
        for seed in UInt64(100)..<104 {
            var world = World(seed: seed)
            let text = world.run(300)
            #expect(text.contains(" evicts ") && text.contains("gang "), "seed \(seed): too little happens")
            fingerprints.append(Self.digest(text))
        }
        let known: [UInt64] = [
            10_013_404_187_100_488_871, 14_337_211_240_924_403_316, 15_415_784_978_480_291_684,
            1_993_762_877_133_278_065,
        ]
        #expect(fingerprints == known)
    }
}
