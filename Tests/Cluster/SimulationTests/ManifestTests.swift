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
            (
                "kind: Pod\nmetadata: {name: p}\nspec: {containers: [{resources: {requests: {cpu: 1e300E}}}]}",
                "f: document 1: .spec.containers.cpu: is too large"
            ),
            (
                "kind: Node\nmetadata: {name: n}\nstatus: {allocatable: {memory: 99999999E}}",
                "f: document 1: .status.allocatable.memory: is too large"
            ),
            (
                "kind: Deployment\nmetadata: {name: d}\nspec: {replicas: -1, template: {spec: {containers: [{}]}}}",
                "f: document 1: .spec.replicas: expected a number from 0 to 1000000"
            ),
            (
                "kind: Pod\nmetadata: {name: p}\nspec: {containers: [{}], nodeName: gone}",
                "f: document 1: .spec.nodeName: there is no node gone"
            ),
            (
                "kind: Pod\nmetadata: {name: p}\nspec: {containers: [{}]}\n---\n"
                    + "kind: Pod\nmetadata: {name: p}\nspec: {containers: [{}]}",
                "f: document 2: .metadata.name: there are two pods default/p"
            ),
            (
                "kind: Pod\nmetadata: {name: p}\nspec: {containers: [{}], topologySpreadConstraints: "
                    + "[{topologyKey: z, maxSkew: 0}]}",
                "f: document 1: .spec.topologySpreadConstraints[0].maxSkew: expected a number above zero"
            ),
            (
                "kind: Pod\nmetadata: {name: p, annotations: {pouch.io/gang: g, pouch.io/gang-size: x}}\n"
                    + "spec: {containers: [{}]}",
                "f: document 1: .metadata.annotations.pouch.io/gang-size: expected a number from 1 to 100000"
            ),
            (
                "kind: PersistentVolumeClaim\nmetadata: {name: c}\nspec: {}",
                "f: document 1: .spec.volumeName: the claim default/c is bound to no volume, and none is free"
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

    @Test("what is no YAML is refused, and why")
    func noYAML() {
        var manifests = Manifests()
        do {
            try manifests.read("kind: Node\n---\nmetadata: [1\nb: 2", name: "f")
            Issue.record("it was accepted")
        } catch {
            #expect("\(error)".hasPrefix("f: ") && "\(error)".contains("parser"), "\(error)")
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

    @Test("a claim that waits for its pod gets its volume there; a StatefulSet's pods get one each")
    func lateVolumes() throws {
        var manifests = Manifests()
        try manifests.read(
            """
            kind: StorageClass
            metadata: {name: local, annotations: {storageclass.kubernetes.io/is-default-class: "true"}}
            provisioner: kubernetes.io/no-provisioner
            volumeBindingMode: WaitForFirstConsumer
            ---
            kind: NodePool
            metadata: {name: n}
            spec: {replicas: 3, template: {status: {allocatable: {cpu: "8", memory: 8Gi}}}}
            ---
            kind: StatefulSet
            metadata: {name: db}
            spec:
              replicas: 3
              template: {spec: {containers: [{resources: {requests: {cpu: "1"}}}]}}
              volumeClaimTemplates:
                - {metadata: {name: data}, spec: {resources: {requests: {storage: 1Gi}}}}
            """, name: "f")
        for host in ["n-1", "n-2"] {
            try manifests.read(
                """
                kind: PersistentVolume
                metadata: {name: on-\(host)}
                spec:
                  storageClassName: local
                  capacity: {storage: 5Gi}
                  nodeAffinity:
                    required:
                      nodeSelectorTerms:
                        - matchExpressions: [{key: kubernetes.io/hostname, operator: In, values: [\(host)]}]
                """, name: host)
        }
        try manifests.finish()
        let result = Placements(manifests)
        #expect(Set(result.table.dropFirst().map { $0[2] }) == ["n-1", "n-2", "-"])
        #expect(result.pending.count == 1 && result.pending[0].contains("no volume of class local is free"))
    }

    @Test("a budget's bounds count over the pods that run; a queue can be named by the priority class")
    func budgets() throws {
        var manifests = Manifests()
        try manifests.read(Self.nodes, name: "nodes.yaml")
        var text = """
            kind: PodDisruptionBudget
            metadata: {name: least}
            spec: {minAvailable: 50%, selector: {matchLabels: {app: x}}}
            ---
            kind: PodDisruptionBudget
            metadata: {name: most}
            spec: {maxUnavailable: 2, selector: {matchLabels: {app: x}}}
            ---
            kind: PriorityClass
            metadata: {name: late, annotations: {pouch.io/queue: best-effort}}
            value: 7
            """
        for number in 0..<5 {
            text += """

                ---
                kind: Pod
                metadata: {name: p\(number), labels: {app: x}}
                spec: {containers: [{}], priorityClassName: late\(number < 4 ? ", nodeName: pool-0" : "")}
                """
        }
        try manifests.read(text, name: "f")
        try manifests.finish()
        #expect(manifests.budgets.map(\.allowed) == [1, 1], "four of five run, three are to stay; one is gone already")
        #expect(manifests.pods.map(\.template.queue) == Array(repeating: "best-effort", count: 5))
    }

    @Test("how the scheduler behaves is read among the rest: a queue that fills nodes, a pool that is overcommitted")
    func configured() throws {
        var manifests = Manifests()
        try manifests.read(Self.nodes, name: "nodes.yaml")
        try manifests.read(
            """
            kind: KubeSchedulerConfiguration
            queues: [{name: all, packing: MostAllocated}]
            overcommit: {pool: {cpu: 2}}
            ---
            kind: Deployment
            metadata: {name: web}
            spec: {replicas: 4, template: {spec: {containers: [{resources: {requests: {cpu: "1"}}}]}}}
            """, name: "f")
        try manifests.finish()
        let result = Placements(manifests)
        #expect(Set(result.table.dropFirst().map { $0[2] }).count == 1, "four of two processors' double on one node")
        #expect(result.table[1][1] == "all")
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

    @Test("with the scheduler in Specs one zone's nodes promise half as much again: what was too large is placed")
    func configuredSpecs() throws {
        var manifests = Manifests()
        for name in ["pools/small.yaml", "scheduler.yaml", "pods.yaml"] {
            try manifests.read(try SpecFile.text(name), name: name)
        }
        try manifests.finish()
        #expect(manifests.configuration.bands.map(\.name) == ["system", "service", "batch"])
        #expect(manifests.configuration.profiles.keys.sorted() == ["packing"])
        let result = Placements(manifests)
        #expect(result.placed == 6 && result.pending.isEmpty)
        #expect(result.table.dropFirst().allSatisfy { $0[1] == "service" })
    }
}
