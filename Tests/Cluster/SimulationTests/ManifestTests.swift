internal import ClusterModel
internal import Scheduling
internal import Simulation
internal import Testing
internal import Units

@Suite("Kubernetes YAML")
struct ManifestTests {
    private static let nodes = """
        kind: NodePool
        metadata: {name: pool}
        spec:
          replicas: 2
          template:
            metadata: {labels: {zone: a}}
            status: {allocatable: {cpu: "2", memory: 4Gi, example.com/thing: "3"}}
        ---
        kind: Node
        metadata: {name: tainted}
        spec:
          unschedulable: true
          taints: [{key: k, value: v, effect: NoExecute}]
        status: {capacity: {cpu: 1500m, memory: 1G, pods: "7"}}
        """

    @Test("nodes, pools of nodes, taints and quantities")
    func nodes() throws {
        var manifests = Manifests()
        try manifests.read(Self.nodes, name: "nodes.yaml")
        #expect(manifests.nodes.map(\.name) == ["pool-0", "pool-1", "tainted"])
        let tainted = manifests.nodes[2]
        #expect(tainted.isUnschedulable && tainted.taints == [Taint(key: "k", value: "v", effect: .noExecute)])
        #expect(tainted.allocatable.cpu.milli == 1500 && tainted.allocatable.memory.bytes == 1_000_000_000)
        #expect(tainted.allocatable.pods == 7)
        #expect(manifests.nodes[0].allocatable.extended == ["example.com/thing": 3])
        #expect(manifests.nodes[0].labels["kubernetes.io/hostname"] == "pool-0")
    }

    @Test("a pod's requirements: the greatest init container, affinity, ports, spread, priority class")
    func pods() throws {
        var manifests = Manifests()
        try manifests.read(
            """
            kind: Pod
            metadata: {name: p, labels: {app: x}}
            spec:
              priorityClassName: late
              preemptionPolicy: Never
              initContainers: [{name: i, resources: {requests: {cpu: "3"}}}]
              containers:
                - {name: a, resources: {requests: {cpu: "1", memory: 1Mi}}, ports: [{containerPort: 1, hostPort: 80}]}
                - {name: b, resources: {requests: {cpu: 500m}}}
              affinity:
                podAntiAffinity:
                  requiredDuringSchedulingIgnoredDuringExecution:
                    - {topologyKey: host, labelSelector: {matchExpressions: [{key: app, operator: In, values: [x]}]}}
              topologySpreadConstraints: [{topologyKey: zone, maxSkew: 2, whenUnsatisfiable: ScheduleAnyway}]
            ---
            kind: PriorityClass
            metadata: {name: late}
            value: 77
            """, name: "pods.yaml")
        try manifests.finish()
        let template = try #require(manifests.pods.first?.template)
        #expect(template.priority == 77 && !template.mayPreempt)
        #expect(template.requirements.resources.cpu.milli == 3000)
        #expect(template.requirements.hostPorts == [HostPort(80)])
        #expect(template.requirements.podAntiAffinity.first?.topologyKey == "host")
        #expect(template.requirements.spread.first?.isHard == false)
    }

    @Test(
        "what is wrong is named by its path",
        arguments: [
            ("kind: Service", "f: document 1: kind: Service is not known here"),
            ("kind: Node\nmetadata: {name: n}", "f: document 1: .status.allocatable: a node must say what it has"),
            (
                "kind: Pod\nmetadata: {name: p}\nspec: {containers: [{resources: {requests: {cpu: x}}}]}",
                "f: document 1: .spec.containers[0].resources.requests.cpu: expected a quantity"
            ),
        ])
    func errors(text: String, message: String) {
        var manifests = Manifests()
        do {
            try manifests.read(text, name: "f")
            try manifests.finish()
            Issue.record("it was accepted")
        } catch {
            #expect("\(error)" == message)
        }
    }

    @Test("placements as a table, and why the rest is pending")
    func placements() throws {
        var manifests = Manifests()
        try manifests.read(Self.nodes, name: "nodes.yaml")
        try manifests.read(
            """
            kind: Deployment
            metadata: {name: web}
            spec:
              replicas: 5
              template: {spec: {containers: [{name: a, resources: {requests: {cpu: "1"}}}]}}
            """, name: "web.yaml")
        try manifests.finish()
        let result = Placements(manifests)
        #expect(result.placed == 4 && result.table.count == 6)
        #expect(result.pending.count == 1)
        #expect(result.pending[0].contains("2 nodes: insufficient cpu"))
        #expect(result.pending[0].contains("1 node: cordoned"))
    }

    @Test("a claim's volume says from which nodes its pod can run; one without a volume is refused")
    func volumes() throws {
        let volumes = """
            kind: PersistentVolume
            metadata: {name: local}
            spec:
              claimRef: {name: data, namespace: default}
              nodeAffinity:
                required: {nodeSelectorTerms: [{matchExpressions: [{key: zone, operator: In, values: [b]}]}]}
            ---
            kind: PersistentVolumeClaim
            metadata: {name: data}
            spec: {volumeName: local}
            """
        let pod = """
            kind: Pod
            metadata: {name: p}
            spec:
              volumes: [{name: d, persistentVolumeClaim: {claimName: data}}]
              containers: [{name: a, resources: {requests: {cpu: "1"}}}]
            """
        let node = """
            kind: Node
            metadata: {name: other, labels: {zone: b}}
            status: {allocatable: {cpu: "2", memory: 4Gi}}
            """
        var manifests = Manifests()
        for text in [Self.nodes, pod, volumes, node] { try manifests.read(text, name: "f") }
        try manifests.finish()
        #expect(Placements(manifests).table.last?[2] == "other")
        var unbound = Manifests()
        try unbound.read(pod, name: "f")
        let missing = "there is no PersistentVolumeClaim data in default"
        #expect(
            throws: ManifestError("f: document 1: .spec.volumes[0].persistentVolumeClaim.claimName", missing)
        ) { try unbound.finish() }
    }

    @Test("the pods in Specs on the pool in Specs: all but the one that is too large")
    func specs() throws {
        var manifests = Manifests()
        for name in ["pools/small.yaml", "pods.yaml"] { try manifests.read(try SpecFile.text(name), name: name) }
        try manifests.finish()
        let result = Placements(manifests)
        #expect(result.placed == 5 && result.pending.count == 1)
        #expect(result.pending[0].hasPrefix("default/too-large is waiting"))
    }
}
