internal import Scheduling
internal import TestSupport
internal import Testing
internal import Units

@Suite("several schedulers and one committer")
struct ShardTests {
    private static let now = Timestamp(seconds: 1000)

    @Test("conflicting plans never oversubscribe, and everything that fits is placed", arguments: UInt64(0)..<100)
    func conflicts(seed: UInt64) throws {
        var pool = RandomPool(seed: seed)
        let count = pool.number(2...4)
        var shards = (0..<count).map { index in
            var configuration = Configuration()
            configuration.shard = Shard(index, of: count)
            return Box(Scheduler(configuration))
        }
        let committer = CommitterBox()
        var reference = ReferencePool()
        for index in 0..<pool.number(1...6) {
            let node = pool.node("node\(index)")
            reference.nodes[node.name] = node
            committer.value.note(.nodeAdded(node))
            for shard in shards { _ = shard.value.handle(.nodeAdded(node), at: Self.now) }
        }
        let templates = (0..<4).map { _ in pool.template() }
        for index in 0..<30 {
            let template = templates[pool.number(0...3)]
            reference.pending["pod\(index)"] = template
            let pod = Pod(id: "pod\(index)", template: template)
            _ = shards[index % count].value.handle(.podAdded(pod), at: Self.now)
        }
        var isBusy = true
        var rounds = 0
        while isBusy {
            isBusy = false
            rounds += 1
            try #require(rounds < 300, "seed \(seed): it goes round in circles")
            // All plan on what they know, then all plans are checked.
            let plans = shards.map { shard -> [Placement] in
                (0..<3).compactMap { _ in
                    guard case .place(let placement)? = shard.value.decide(at: Self.now) else { return nil }
                    return placement
                }
            }
            for (index, plan) in plans.enumerated() {
                for placement in plan {
                    isBusy = true
                    let template = try #require(reference.pending[placement.pod])
                    let pod = Pod(id: placement.pod, template: template)
                    let fits = reference.scores(of: template)[placement.node] != nil
                    let isAccepted = committer.value.commit(pod, on: placement.node)
                    #expect(isAccepted == fits, "seed \(seed): \(placement)")
                    guard isAccepted else {
                        _ = shards[index].value.handle(.bindingConflicted(id: placement.pod), at: Self.now)
                        continue
                    }
                    reference.pending[placement.pod] = nil
                    reference.placed[placement.pod] = ReferencePool.Placed(template: template, node: placement.node)
                    _ = shards[index].value.handle(.bindingConfirmed(id: placement.pod), at: Self.now)
                    let running = Pod(id: placement.pod, template: template, node: placement.node)
                    for other in shards.indices where other != index {
                        _ = shards[other].value.handle(.podAdded(running), at: Self.now)
                    }
                }
            }
            if !isBusy { isBusy = shards.contains { $0.value.queuedCount > 0 } }
        }
        for (pod, template) in reference.pending {
            #expect(reference.scores(of: template).isEmpty, "seed \(seed): \(pod) was left")
        }
        shards = []
    }

    @Test("each of several prefers nodes of its own, whether it asks for a kind of pod once or again", arguments: 2...5)
    func parts(count: Int) throws {
        for index in 0..<count {
            var configuration = Configuration()
            configuration.shard = Shard(index, of: count)
            let shard = Box(Scheduler(configuration))
            for number in 0..<40 {
                let node = Fixture.node("node\(number)", milli: 4000)
                _ = shard.value.handle(.nodeAdded(node), at: Self.now)
            }
            let usual = Fixture.template(milli: 100)
            for pod in 0..<8 {
                let template = pod < 4 ? usual : Fixture.template(milli: Int64(100 + pod))
                _ = shard.value.handle(.podAdded(Pod(id: "pod\(pod)", template: template)), at: Self.now)
                guard case .place(let placement)? = shard.value.decide(at: Self.now) else {
                    Issue.record("pod\(pod) is not placed")
                    continue
                }
                let number = try #require(Int(placement.node.dropFirst("node".count)))
                #expect(number % count == index, "\(placement)")
            }
        }
    }

    @Test("defragmentation empties the emptiest node, and changes nothing itself")
    func defragmentation() {
        let fixture = Fixture(nodes: 3)
        for number in 0..<3 { fixture.add("pod\(number)", Fixture.template(milli: 1000 + Int64(number) * 200)) }
        fixture.drain()
        let moves = fixture.scheduler.defragmentation(limit: 1)
        #expect(moves.map(\.pod) == ["pod0"])
        #expect(moves.first?.to == fixture.node(of: "pod2"))
        #expect(fixture.node(of: "pod0") == moves.first?.from)
        let selector = LabelSelector()
        fixture.tell(.budgetChanged(DisruptionBudget(name: "b", namespace: "default", selector: selector, allowed: 0)))
        #expect(fixture.scheduler.defragmentation(limit: 9).isEmpty, "the budget allows nobody to go")
    }

    @Test("a node of two pods is not emptied where their budget allows one to go, nor one that a gang's member is on")
    func defragmentationWithin() {
        let fixture = Fixture(nodes: 2)
        for name in ["a", "b"] {
            fixture.tell(.podAdded(Pod(id: name, template: Fixture.template(milli: 500), node: "node0")))
        }
        fixture.tell(.podAdded(Pod(id: "large", template: Fixture.template(milli: 3000), node: "node1")))
        #expect(fixture.scheduler.defragmentation(limit: 9).map(\.pod).sorted() == ["a", "b"])
        #expect(fixture.scheduler.defragmentation(limit: 1).isEmpty, "half of a node helps nobody")
        let selector = LabelSelector()
        fixture.tell(.budgetChanged(DisruptionBudget(name: "b", namespace: "default", selector: selector, allowed: 1)))
        #expect(fixture.scheduler.defragmentation(limit: 9).isEmpty)
        let gang = Fixture(nodes: 2)
        gang.tell(
            .podAdded(
                Pod(
                    id: "m", template: Fixture.template(milli: 500), node: "node0",
                    gang: GangMembership(name: "g", minimum: 1))))
        gang.tell(.podAdded(Pod(id: "large", template: Fixture.template(milli: 3000), node: "node1")))
        #expect(gang.scheduler.defragmentation(limit: 9).isEmpty)
    }

    final class Box {
        var value: Scheduler
        init(_ value: consuming Scheduler) { self.value = value }
    }

    final class CommitterBox {
        var value = Committer()
    }
}
