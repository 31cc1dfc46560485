internal import Scheduling
internal import Testing
internal import Units

/// Few pods to a node, whatever they ask for.
private struct FewPods: UseFilter {
    static let name = "FewPods"
    static let retryAfter: PoolChanges = .resourcesFreed

    func concerns(_ demand: Demand) -> Bool { true }

    func verdict(on demand: Demand, at node: Int, in nodes: borrowing NodeTable) -> Verdict {
        nodes.podCount(at: node) < 2 ? .fits : .full(.other("two pods are enough"))
    }
}

/// Nodes by the last letter of their names.
private struct LastLetter: UseScore {
    static let name = "LastLetter"

    func score(of demand: Demand, at node: Int, in nodes: borrowing NodeTable) -> Double {
        Double(nodes.description(at: node).name.utf8.last ?? 0)
    }
}

@Suite("profiles and plugins")
struct PluginTests {
    private static func configuration(_ change: (inout Profile) -> Void) -> Configuration {
        var (configuration, profile) = (Configuration(), Profile())
        change(&profile)
        configuration.profiles["other"] = profile
        return configuration
    }

    private static func template(milli: Int64 = 100, priority: Int32 = 0) -> PodTemplate {
        Fixture.template(milli: milli, priority: priority) { $0.profile = "other" }
    }

    @Test("a filter from elsewhere rejects, explains, wakes and lets preemption help")
    func foreignFilter() throws {
        let fixture = Fixture(Self.configuration { $0.useFilters.append(FewPods()) }, nodes: 1)
        for number in 0..<3 { fixture.add("pod\(number)", Self.template()) }
        #expect(fixture.placed() == ["pod0", "pod1"])
        #expect(fixture.explain("pod2")?.reasons == [.other("two pods are enough"): 1])
        fixture.add("plain", Fixture.template(milli: 100))
        #expect(fixture.placed() == ["plain"], "another profile does not ask")
        fixture.tell(.podRemoved(id: "plain"))
        #expect(fixture.placed().isEmpty)
        fixture.tell(.podRemoved(id: "pod0"))
        #expect(fixture.placed() == ["pod2"])
        fixture.add("high", Self.template(priority: 100))
        guard case .preempt("high", "node0", let victims)? = fixture.drain().first else {
            Issue.record("no preemption")
            return
        }
        #expect(victims == ["pod2"], "the newer of two equals")
    }

    @Test("a profile without the filter of resources or of ports does not ask for them")
    func withoutFilters() {
        let fixture = Fixture(Self.configuration { $0.useFilters = [] }, nodes: 1)
        fixture.add("huge", Self.template(milli: 900_000))
        #expect(fixture.placed() == ["huge"])
    }

    @Test("scores from elsewhere count, and are told")
    func foreignScore() {
        let fixture = Fixture(Self.configuration { $0.useScores = [LastLetter()] }, nodes: 5)
        fixture.add("pod", Self.template())
        fixture.drain()
        #expect(fixture.node(of: "pod") == "node4")
        #expect(fixture.scheduler.scores(of: "pod").map(\.name) == ["LastLetter"])
    }

    @Test("a profile without rules about other pods heeds nobody")
    func withoutRules() {
        let fixture = Fixture(Self.configuration { $0.podRules = [TopologySpreadRules()] }, nodes: 1)
        let apart = PodAffinityTerm(LabelSelector(), topologyKey: "host")
        fixture.add("alone", Fixture.template { $0.podAntiAffinity = [apart] })
        fixture.drain()
        fixture.add("polite", Fixture.template())
        #expect(fixture.drain() == [.wait(pod: "polite")])
        fixture.add("rude", Self.template())
        #expect(fixture.placed() == ["rude"])
    }

    @Test("each queue fills nodes or spreads, as it says")
    func packing() {
        var configuration = Configuration()
        for index in configuration.bands.indices where configuration.bands[index].name == "batch" {
            configuration.bands[index].packing = .binPack
        }
        let fixture = Fixture(configuration, nodes: 4)
        for number in 0..<4 { fixture.add("normal\(number)", Fixture.template(milli: 500)) }
        for number in 0..<4 { fixture.add("batch\(number)", Fixture.template(milli: 500, priority: -1)) }
        fixture.drain()
        #expect(Set((0..<4).map { fixture.node(of: "normal\($0)") }).count == 4)
        #expect(Set((0..<4).map { fixture.node(of: "batch\($0)") }).count == 1)
    }

    @Test("a pod for another scheduler is left to it, says so, and takes room where it runs")
    func unknownProfile() throws {
        let fixture = Fixture(nodes: 2)
        let template = Fixture.template(milli: 4000) { $0.profile = "elsewhere" }
        fixture.add("theirs", template)
        #expect(fixture.drain().isEmpty)
        let explanation = try #require(fixture.explain("theirs"))
        #expect(explanation.state == .held && explanation.reasons == [.unknownProfile("elsewhere"): 2])
        fixture.tell(.podReleased(id: "theirs"))
        #expect(fixture.drain().isEmpty)
        fixture.tell(.podAdded(Pod(id: "running", template: template, node: "node0")))
        fixture.add("ours", Fixture.template(milli: 4000))
        fixture.drain()
        #expect(fixture.node(of: "ours") == "node1")
    }
}
