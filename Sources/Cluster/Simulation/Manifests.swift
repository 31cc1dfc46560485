package import Scheduling
internal import Yams

/// What a set of Kubernetes YAML files describes, as far as placing pods is concerned.
///
/// Kinds: Node, Pod, Deployment, ReplicaSet, StatefulSet, Job, PodDisruptionBudget, PriorityClass, Namespace, List, and
/// NodePool (`spec.replicas` nodes like `spec.template`). Other kinds are refused by name.
package struct Manifests {
    package private(set) var nodes: [Scheduling.Node] = []
    package private(set) var pods: [Pod] = []
    package private(set) var budgets: [DisruptionBudget] = []
    package private(set) var namespaces: [(name: String, labels: [String: String])] = []
    private var priorities = ["system-cluster-critical": 2_000_000_000, "system-node-critical": 2_000_001_000]
    private var waiting: [Field] = []

    package init() {}

    /// Reads all documents of one file; `name` stands in messages.
    package mutating func read(_ text: String, name: String) throws(ManifestError) {
        let documents: [Yams.Node]
        do {
            documents = Array(try compose_all(yaml: text))
        } catch {
            throw ManifestError(name, "\(error)")
        }
        for (index, document) in documents.enumerated() where document.null == nil {
            try read(Field(node: document, path: "\(name): document \(index + 1): "))
        }
    }

    /// Reads the pods, once all priority classes are known.
    package mutating func finish() throws(ManifestError) {
        for field in waiting {
            switch field["kind"].text ?? "" {
            case "Pod": pods.append(try PodReader(priorities: priorities).pod(field))
            default: try readReplicas(field)
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

    private mutating func readReplicas(_ field: Field) throws(ManifestError) {
        let count = try field["spec"][field["kind"].text == "Job" ? "parallelism" : "replicas"].int(default: 1)
        let template = try PodReader(priorities: priorities).template(
            field["spec"]["template"], namespace: field["metadata"]["namespace"].text ?? "default")
        let name = try field["metadata"]["name"].string()
        for number in 0..<count {
            pods.append(Pod(id: "\(template.namespace)/\(name)-\(number)", template: template))
        }
    }
}
