internal import ClusterModel
internal import Scheduling
internal import SchedulerLoop
internal import Testing
internal import Units

@Suite("how a scheduler is configured")
struct ConfigurationReaderTests {
    private static func read(_ text: String) throws(ManifestError) -> Configuration {
        try ConfigurationReader.read(text, name: "f")
    }

    @Test("a profile turns filters and scores off and weighs them, in Kubernetes's form")
    func profiles() throws {
        let configuration = try Self.read(
            """
            apiVersion: kubescheduler.config.k8s.io/v1
            kind: KubeSchedulerConfiguration
            podInitialBackoffSeconds: 2
            podMaxBackoffSeconds: 30
            profiles:
              - schedulerName: packing
                plugins:
                  filter: {disabled: [{name: NodePorts}, {name: PodTopologySpread}]}
                  score:
                    disabled: [{name: "*"}]
                    enabled: [{name: NodeResourcesFit, weight: 5}, {name: ImageLocality}]
                pluginConfig:
                  - name: NodeResourcesFit
                    args: {scoringStrategy: {type: MostAllocated}}
            """)
        #expect(configuration.firstBackoff == .seconds(2) && configuration.longestBackoff == .seconds(30))
        let profile = try #require(configuration.profiles["packing"])
        #expect(profile.packing == .binPack)
        #expect(
            profile.scoreWeights == [
                "NodeResourcesFit": 5, "NodeResourcesBalancedAllocation": 0, "ImageLocality": 1,
            ])
        #expect(Set(Profile().filterNames).subtracting(profile.filterNames) == ["NodePorts", "PodTopologySpread"])
    }

    @Test("queues, quotas and overcommit are read as well")
    func queues() throws {
        let configuration = try Self.read(
            """
            kind: KubeSchedulerConfiguration
            queues:
              - {name: urgent, strict: true, minimumPriority: 100}
              - {name: rest, weight: 3, packing: MostAllocated}
            quotas:
              - {name: a, nominal: {cpu: "4", memory: 8Gi}, limit: {cpu: "6"}, cohort: all, weight: 2}
              - {name: b, namespaces: [b1, b2], nominal: {cpu: "1", pods: "3"}}
            overcommit: {shared: {cpu: 2.5}}
            agingInterval: 4
            """)
        #expect(
            configuration.bands == [
                Band("urgent", isStrict: true, minimumPriority: 100),
                Band("rest", weight: 3, minimumPriority: .min, packing: .binPack),
            ])
        #expect(configuration.overcommit == ["shared": Overcommit(cpu: 2.5, memory: 1)])
        #expect(configuration.quotas.map(\.namespaces) == [["a"], ["b1", "b2"]])
        #expect(configuration.quotas[0].limit?.cpu.milli == 6000 && configuration.quotas[0].cohort == "all")
        #expect(!configuration.quotas[0].countsPods && configuration.quotas[1].countsPods)
        #expect(configuration.agingInterval == 4)
    }

    @Test(
        "what is not known, or makes no sense, is refused by its path",
        arguments: [
            ("leaderElection: {}", "f: .leaderElection: is not known here"),
            ("kind: Pod", "f: .kind: expected KubeSchedulerConfiguration"),
            ("agingInterval: 0", "f: .agingInterval: expected a whole number from 1 to 1000000"),
            (
                "profiles: [{plugins: {filter: {disabled: [{name: NodePort}]}}}]",
                "f: .profiles[0].plugins.filter.disabled[0].name: there is no filter plugin NodePort; there are AddressPool, "
                    + "InterPodAffinity, NodeAffinity, NodeName, NodePorts, NodeResourcesFit, NodeUnschedulable, "
                    + "PodTopologySpread, TaintToleration, VolumeBinding, VolumeNodeAffinity"
            ),
            (
                "profiles: [{plugins: {score: {enabled: [{name: NUMA, weight: -1}]}}}]",
                "f: .profiles[0].plugins.score.enabled[0].weight: expected a number above 0 and up to 1000"
            ),
            (
                "profiles: [{schedulerName: a}, {schedulerName: a}]",
                "f: .profiles[1].schedulerName: there are two profiles a"
            ),
            (
                "queues: [{name: a, minimumPriority: 1}, {name: b, minimumPriority: 2}]",
                "f: .queues[1].minimumPriority: must be below that of the queue before it"
            ),
            ("queues: []", "f: .queues: expected a list with at least one queue"),
            ("quotas: [{name: a, nominal: {cpu: 1e30}}]", "f: .quotas[0].nominal.cpu: is too large"),
        ])
    func refused(text: String, message: String) {
        do {
            _ = try Self.read(text.hasPrefix("kind:") ? text : "kind: KubeSchedulerConfiguration\n" + text)
            Issue.record("it was accepted")
        } catch {
            #expect("\(error)" == message)
        }
    }
}
