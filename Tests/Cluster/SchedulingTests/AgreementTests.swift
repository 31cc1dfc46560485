internal import Glibc
internal import Scheduling
internal import TestSupport
internal import Testing
internal import Units

/// How many random pools the comparison goes through, in tens; `POUCH_SEEDS` asks for more.
private let rounds = getenv("POUCH_SEEDS").flatMap { UInt64(String(cString: $0)) } ?? 1000

@Suite("the scheduler agrees with a brute-force reference")
struct AgreementTests {
    private static let now = Timestamp(seconds: 1000)

    @Test(
        "decision by decision, over nodes and pods that come, change and go", arguments: 0..<rounds)
    func decisions(round: UInt64) throws {
        for seed in round * 10..<round * 10 + 10 {
            var run = Run(seed: seed)
            for _ in 0..<30 {
                run.step()
                if seed % 40 < 2 { run.passBy() }
                try run.drain()
                run.checkNobodySleeps()
                run.checkFeasibleSets()
            }
        }
    }

    /// A scheduler and a reference that are told the same.
    struct Run: ~Copyable {
        let seed: UInt64
        var scheduler: Scheduler
        var reference = ReferencePool()
        var pool: RandomPool
        var templates: [PodTemplate] = []
        var made = 0

        init(seed: UInt64) {
            self.seed = seed
            // Every fourth keeps the results of one or two classes only, and makes the others anew each time.
            var configuration = Configuration()
            if seed % 4 == 0 { configuration.warmClasses = 1 }
            scheduler = Scheduler(configuration)
            pool = RandomPool(seed: seed)
            for _ in 0..<pool.number(1...6) { templates.append(pool.template()) }
            for _ in 0..<pool.number(1...5) { addNode() }
        }

        mutating func tell(_ event: Event) {
            _ = scheduler.handle(event, at: AgreementTests.now)
        }

        mutating func addNode() {
            made += 1
            let node = pool.node("node\(made)")
            reference.nodes[node.name] = node
            tell(.nodeAdded(node))
        }

        mutating func step() {
            switch pool.number(0...10) {
            case 0 where reference.nodes.count < 9: addNode()
            case 1:
                guard let name = reference.nodes.keys.sorted().randomElement(using: &pool.random) else { return }
                reference.nodes[name] = nil
                reference.placed = reference.placed.filter { $0.value.node != name }
                tell(.nodeRemoved(name: name))
            case 2:
                guard let name = reference.nodes.keys.sorted().randomElement(using: &pool.random) else { return }
                let node = pool.node(name)
                reference.nodes[name] = node
                tell(.nodeUpdated(node))
            case 10:
                let (name, labels) = ("n\(pool.number(0...1))", pool.chance(50) ? ["team": "t"] : [:])
                reference.namespaces[name] = labels
                tell(.namespaceChanged(name: name, labels: labels))
            case 3, 4:
                let names = (Array(reference.placed.keys) + Array(reference.pending.keys)).sorted()
                guard let id = names.randomElement(using: &pool.random) else { return }
                reference.placed[id] = nil
                reference.pending[id] = nil
                tell(.podRemoved(id: id))
            default:
                made += 1
                let template = templates[pool.number(0...templates.count - 1)]
                reference.pending["pod\(made)"] = template
                tell(.podAdded(Pod(id: "pod\(made)", template: template)))
            }
        }

        /// Pods unlike all others that come and go at once: enough of them that what they leave behind is swept now and then.
        mutating func passBy() {
            for _ in 0..<8 {
                made += 1
                let stranger = Pod(id: "stranger", template: ForgettingTests.template(made), isGated: true)
                tell(.podAdded(stranger))
                tell(.podRemoved(id: "stranger"))
            }
        }

        mutating func drain() throws {
            while let decision = scheduler.decide(at: AgreementTests.now) {
                switch decision {
                case .place(let placement):
                    let template = try #require(reference.pending[placement.pod], "seed \(seed)")
                    reference.pending[placement.pod] = nil
                    let scores = reference.scores(of: template)
                    let chosen = try #require(scores[placement.node], "seed \(seed): \(placement) is impossible")
                    let best = try #require(scores.values.max())
                    #expect(abs(chosen - best) < 1e-6, "seed \(seed): \(placement), best \(best)")
                    #expect(abs(chosen - placement.score) < 1e-6, "seed \(seed): \(placement), \(chosen)")
                    reference.placed[placement.pod] = ReferencePool.Placed(template: template, node: placement.node)
                    tell(.bindingConfirmed(id: placement.pod))
                case .wait(let pod):
                    let template = try #require(reference.pending[pod], "seed \(seed)")
                    #expect(reference.scores(of: template).isEmpty, "seed \(seed): \(pod) fits")
                default: Issue.record("seed \(seed): \(decision)")
                }
            }
        }

        /// What no event woke does not fit: the indexes lose nobody.
        mutating func checkNobodySleeps() {
            for (pod, template) in reference.pending {
                let scores = reference.scores(of: template)
                #expect(scores.isEmpty, "seed \(seed): \(pod) sleeps, but fits \(scores)")
            }
        }

        mutating func checkFeasibleSets() {
            made += 1
            let template = templates[pool.number(0...templates.count - 1)]
            tell(.podAdded(Pod(id: "probe", template: template, isGated: true)))
            let found = scheduler.possibleNodes(of: "probe")
            let expected = reference.scores(of: template)
            #expect(Set(found.map(\.node)) == Set(expected.keys), "seed \(seed)")
            for (node, score) in found { #expect(abs(score - (expected[node] ?? 0)) < 1e-6, "seed \(seed): \(node)") }
            let possible = scheduler.explain("probe")?.possible
            #expect(possible == expected.count, "seed \(seed)")
            tell(.podRemoved(id: "probe"))
        }
    }
}
