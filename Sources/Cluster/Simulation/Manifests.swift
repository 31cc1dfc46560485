package import ClusterModel
package import Scheduling
internal import SchedulerLoop

/// What a set of Kubernetes YAML files describes, as far as placing pods is concerned.
///
/// Kinds: Node, NodePool (`spec.replicas` nodes like `spec.template`), Pod, Deployment, ReplicaSet, StatefulSet, Job,
/// DaemonSet, PersistentVolume, PersistentVolumeClaim, StorageClass, PodDisruptionBudget, PriorityClass, Namespace,
/// KubeSchedulerConfiguration, List. Other kinds are refused by name.
package struct Manifests {
    /// More than any pool has; a slip of the finger is told rather than tried.
    private static let most = 1_000_000

    package private(set) var nodes: [Scheduling.Node] = []
    package private(set) var pods: [Pod] = []
    package private(set) var budgets: [DisruptionBudget] = []
    package private(set) var volumes: [Volume] = []
    package private(set) var namespaces: [(name: String, labels: [String: String])] = []
    package private(set) var configuration = Configuration()
    private var reader = PodReader(priorities: [
        "system-cluster-critical": 2_000_000_000, "system-node-critical": 2_000_001_000,
    ])
    private var waiting: [Field] = []
    private var budgetManifests: [BudgetManifest] = []
    private var volumeManifests = VolumeManifests()
    private var nodeNames: Set<String> = []
    private var podNames: Set<String> = []

    package init() {}

    /// Reads all documents of one file; `name` stands in messages.
    package mutating func read(_ text: String, name: String) throws(ManifestError) {
        let documents = try YAMLDocuments.read(text, name: name)
        for (index, document) in documents.enumerated() {
            try read(Field(document, path: "\(name): document \(index + 1): "))
        }
    }

    /// Reads the pods, once all that they refer to is known.
    package mutating func finish() throws(ManifestError) {
        try makeClaims()
        (reader.claims, volumes) = try volumeManifests.bound()
        for field in waiting {
            switch field["kind"].text ?? "" {
            case "Pod": try add(try reader.pod(field), field)
            case "DaemonSet": try readDaemons(field)
            default: try readReplicas(field)
            }
        }
        waiting = []
        budgets = budgetManifests.map { $0.budget(over: pods) }
    }

    private mutating func read(_ field: Field) throws(ManifestError) {
        let kind = try field["kind"].string()
        switch kind {
        case "List": for item in field["items"].elements { try read(item) }
        case "Node": try add(try NodeReader.node(field, named: try field["metadata"]["name"].string()), field)
        case "NodePool":
            let name = try field["metadata"]["name"].string()
            for number in 0..<(try count(field["spec"]["replicas"])) {
                let node = try NodeReader.node(field["spec"]["template"], named: "\(name)-\(number)", pool: name)
                try add(node, field)
            }
        case "Pod", "Deployment", "ReplicaSet", "StatefulSet", "Job", "DaemonSet": waiting.append(field)
        case "PriorityClass":
            let name = try field["metadata"]["name"].string()
            reader.priorities[name] = try field["value"].int(default: 0)
            reader.queues[name] = field["metadata"]["annotations"]["pouch.io/queue"].text
        case "PersistentVolume", "PersistentVolumeClaim", "StorageClass":
            try volumeManifests.read(field, kind: kind)
        case "Namespace":
            namespaces.append((try field["metadata"]["name"].string(), try field["metadata"]["labels"].strings()))
        case "PodDisruptionBudget": budgetManifests.append(try BudgetManifest(field))
        case ConfigurationReader.kind:
            configuration = try ConfigurationReader.configuration(field, over: configuration)
        default: throw ManifestError("\(field.path)kind", "\(kind) is not known here")
        }
    }

    // MARK: Nodes

    private mutating func add(_ node: Scheduling.Node, _ field: Field) throws(ManifestError) {
        guard nodeNames.insert(node.name).inserted else {
            throw ManifestError(field["metadata"]["name"].path, "there are two nodes \(node.name)")
        }
        var node = node
        if let pool = node.labels["pouch.io/node-pool"], node.pool.isEmpty { node.pool = pool }
        nodes.append(node)
        let template = field["kind"].text == "NodePool" ? field["spec"]["template"] : field
        for image in template["status"]["images"].elements {
            for name in image["names"].elements.compactMap(\.text) {
                reader.images[name] = Int64(try image["sizeBytes"].int(default: 0))
            }
        }
    }

    private func count(_ field: Field) throws(ManifestError) -> Int {
        let count = try field.int(default: 1)
        guard (0...Self.most).contains(count) else {
            throw ManifestError(field.path, "expected a number from 0 to \(Self.most)")
        }
        return count
    }

    // MARK: Pods

    private mutating func add(_ pod: Pod, _ field: Field) throws(ManifestError) {
        guard podNames.insert(pod.id).inserted else {
            throw ManifestError(field["metadata"]["name"].path, "there are two pods \(pod.id)")
        }
        if let node = pod.node, !nodeNames.contains(node) {
            throw ManifestError(field["spec"]["nodeName"].path, "there is no node \(node)")
        }
        pods.append(pod)
    }

    private mutating func readReplicas(_ field: Field) throws(ManifestError) {
        let namespace = field["metadata"]["namespace"].text ?? "default"
        let name = try field["metadata"]["name"].string()
        let template = try reader.template(field["spec"]["template"], namespace: namespace)
        let templates = field["spec"]["volumeClaimTemplates"].elements
        for number in 0..<(try count(field["spec"][field["kind"].text == "Job" ? "parallelism" : "replicas"])) {
            var own = template
            if !templates.isEmpty {
                var requirements = template.requirements
                for claim in templates {
                    let id = "\(namespace)/\(try claim["metadata"]["name"].string())-\(name)-\(number)"
                    switch reader.claims[id] {
                    case .bound(let nodes): requirements.volumes += nodes.map { [$0] } ?? []
                    case .late(let claim): requirements.claims.append(claim)
                    case nil: continue
                    }
                }
                own = Self.template(template, with: requirements)
            }
            try add(Pod(id: "\(namespace)/\(name)-\(number)", template: own), field)
        }
    }

    private static func template(_ template: PodTemplate, with requirements: Requirements) -> PodTemplate {
        PodTemplate(
            namespace: template.namespace, labels: template.labels, requirements: requirements,
            priority: template.priority, queue: template.queue, mayPreempt: template.mayPreempt)
    }

    /// StatefulSets make a claim for each pod.
    private mutating func makeClaims() throws(ManifestError) {
        for field in waiting where field["kind"].text == "StatefulSet" {
            let namespace = field["metadata"]["namespace"].text ?? "default"
            let name = try field["metadata"]["name"].string()
            for template in field["spec"]["volumeClaimTemplates"].elements {
                let claim = try template["metadata"]["name"].string()
                for number in 0..<(try count(field["spec"]["replicas"])) {
                    try volumeManifests.add(template: template, id: "\(namespace)/\(claim)-\(name)-\(number)")
                }
            }
        }
    }

    /// One pod for each node that has a place for it, as its controller makes them; what is full, it waits for.
    private mutating func readDaemons(_ field: Field) throws(ManifestError) {
        let namespace = field["metadata"]["namespace"].text ?? "default"
        let name = try field["metadata"]["name"].string()
        let template = try reader.template(field["spec"]["template"], namespace: namespace)
        for node in nodes {
            var requirements = template.requirements
            requirements.nodeName = node.name
            requirements.tolerations += [Toleration(key: "node.kubernetes.io/unschedulable", effect: .noSchedule)]
            guard Profile().filters.allSatisfy({ $0.verdict(on: requirements, at: node) == .fits }) else { continue }
            let own = Self.template(template, with: requirements)
            try add(Pod(id: "\(namespace)/\(name)-\(node.name)", template: own), field)
        }
    }
}
