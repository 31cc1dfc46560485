package import ClusterModel
package import Scheduling
internal import SchedulerLoop

/// What a set of Kubernetes YAML files describes, as far as placing pods is concerned.
///
/// Kinds: PersistentVolume and PersistentVolumeClaim (the nodes that a bound volume can be reached from), Node, Pod, Deployment, ReplicaSet, StatefulSet, Job, PodDisruptionBudget, PriorityClass, Namespace, List, and
/// NodePool (`spec.replicas` nodes like `spec.template`). Other kinds are refused by name.
package struct Manifests {
    package private(set) var nodes: [Scheduling.Node] = []
    package private(set) var pods: [Pod] = []
    package private(set) var budgets: [DisruptionBudget] = []
    package private(set) var namespaces: [(name: String, labels: [String: String])] = []
    private var priorities = ["system-cluster-critical": 2_000_000_000, "system-node-critical": 2_000_001_000]
    private var waiting: [Field] = []
    /// Nodes of a volume; volume of a claim, by `namespace/name`.
    private var volumes: [String: NodeSelector?] = [:]
    private var claims: [String: (volume: String?, path: String)] = [:]

    package init() {}

    /// Reads all documents of one file; `name` stands in messages.
    package mutating func read(_ text: String, name: String) throws(ManifestError) {
        let documents = try YAMLDocuments.read(text, name: name)
        for (index, document) in documents.enumerated() {
            try read(Field(document, path: "\(name): document \(index + 1): "))
        }
    }

    /// Reads the pods, once all priority classes are known.
    package mutating func finish() throws(ManifestError) {
        let claimed = try claimedNodes()
        for field in waiting {
            switch field["kind"].text ?? "" {
            case "Pod": pods.append(try PodReader(priorities: priorities, claims: claimed).pod(field))
            default: try readReplicas(field, claims: claimed)
            }
        }
        waiting = []
    }

    private mutating func read(_ field: Field) throws(ManifestError) {
        let kind = try field["kind"].string()
        switch kind {
        case "List": for item in field["items"].elements { try read(item) }
        case "Node": nodes.append(try NodeReader.node(field, named: try field["metadata"]["name"].string()))
        case "NodePool":
            let name = try field["metadata"]["name"].string()
            for number in 0..<(try field["spec"]["replicas"].int(default: 1)) {
                nodes.append(try NodeReader.node(field["spec"]["template"], named: "\(name)-\(number)", pool: name))
            }
        case "Pod", "Deployment", "ReplicaSet", "StatefulSet", "Job": waiting.append(field)
        case "PriorityClass":
            priorities[try field["metadata"]["name"].string()] = try field["value"].int(default: 0)
        case "PersistentVolume":
            let required = field["spec"]["nodeAffinity"]["required"]
            let nodes = required.isPresent ? try SelectorReader.nodes(required) : nil
            let name = try field["metadata"]["name"].string()
            volumes.updateValue(nodes, forKey: name)
            let claim = field["spec"]["claimRef"]
            if let claimed = claim["name"].text {
                let identity = "\(claim["namespace"].text ?? "default")/\(claimed)"
                if claims[identity]?.volume == nil { claims[identity] = (name, field.path) }
            }
        case "PersistentVolumeClaim":
            let identity =
                "\(field["metadata"]["namespace"].text ?? "default")/\(try field["metadata"]["name"].string())"
            claims[identity] = (field["spec"]["volumeName"].text ?? claims[identity]?.volume, field.path)
        case "Namespace":
            namespaces.append((try field["metadata"]["name"].string(), try field["metadata"]["labels"].strings()))
        case "PodDisruptionBudget":
            budgets.append(
                DisruptionBudget(
                    name: try field["metadata"]["name"].string(),
                    namespace: field["metadata"]["namespace"].text ?? "default",
                    selector: try SelectorReader.labels(field["spec"]["selector"]),
                    allowed: try field["status"]["disruptionsAllowed"].int(
                        default: try field["spec"]["maxUnavailable"].int(default: 0))))
        default: throw ManifestError("\(field.path)kind", "\(kind) is not known here")
        }
    }

    /// By claim: the nodes that its volume can be reached from, `nil` where all can.
    private func claimedNodes() throws(ManifestError) -> [String: NodeSelector?] {
        var found: [String: NodeSelector?] = [:]
        for (claim, bound) in claims {
            guard let volume = bound.volume else {
                throw ManifestError("\(bound.path)spec.volumeName", "the claim \(claim) is bound to no volume")
            }
            guard let nodes = volumes[volume] else {
                throw ManifestError("\(bound.path)spec.volumeName", "there is no PersistentVolume \(volume)")
            }
            found[claim] = nodes
        }
        return found
    }

    private mutating func readReplicas(
        _ field: Field, claims: [String: NodeSelector?]
    ) throws(ManifestError) {
        let count = try field["spec"][field["kind"].text == "Job" ? "parallelism" : "replicas"].int(default: 1)
        let template = try PodReader(priorities: priorities, claims: claims).template(
            field["spec"]["template"], namespace: field["metadata"]["namespace"].text ?? "default")
        let name = try field["metadata"]["name"].string()
        for number in 0..<count {
            pods.append(Pod(id: "\(template.namespace)/\(name)-\(number)", template: template))
        }
    }
}
