/// The kinds that the pool's API serves.
package enum Catalog {
    package static let pod = ResourceKind(
        "Pod", plural: "pods", shortNames: ["po"], isNamespaced: true, hasStatus: true,
        subresources: [
            Subresource("attach", kind: "PodAttachOptions", verbs: ["create", "get"]),
            Subresource("binding", kind: "Binding", verbs: ["create"]),
            Subresource("eviction", kind: "Eviction", group: "policy", verbs: ["create"]),
            Subresource("exec", kind: "PodExecOptions", verbs: ["create", "get"]),
            Subresource("log", kind: "Pod", verbs: ["get"]),
            Subresource("portforward", kind: "PodPortForwardOptions", verbs: ["create", "get"]),
        ], categories: ["all"])
    package static let node = ResourceKind(
        "Node", plural: "nodes", shortNames: ["no"], isNamespaced: false, hasStatus: true)
    package static let namespace = ResourceKind(
        "Namespace", plural: "namespaces", shortNames: ["ns"], isNamespaced: false, hasStatus: true,
        subresources: [Subresource("finalize", kind: "Namespace", verbs: ["update"])])
    package static let event = ResourceKind("Event", plural: "events", shortNames: ["ev"], isNamespaced: true)
    package static let configMap = ResourceKind(
        "ConfigMap", plural: "configmaps", shortNames: ["cm"], isNamespaced: true)
    package static let secret = ResourceKind("Secret", plural: "secrets", isNamespaced: true)
    package static let priorityClass = ResourceKind(
        group: "scheduling.k8s.io", "PriorityClass", plural: "priorityclasses", shortNames: ["pc"],
        isNamespaced: false)
    package static let disruptionBudget = ResourceKind(
        group: "policy", "PodDisruptionBudget", plural: "poddisruptionbudgets", shortNames: ["pdb"],
        isNamespaced: true, hasStatus: true)
    package static let lease = ResourceKind(
        group: "coordination.k8s.io", "Lease", plural: "leases", isNamespaced: true)
    package static let queue = ResourceKind(
        group: "pouch.io", "Queue", plural: "queues", isNamespaced: false, hasStatus: true)
    package static let podGroup = ResourceKind(
        group: "pouch.io", "PodGroup", plural: "podgroups", shortNames: ["pg"], isNamespaced: true, hasStatus: true)
    package static let addressPool = ResourceKind(
        group: "pouch.io", "IPPool", plural: "ippools", shortNames: ["ipp"], isNamespaced: false, hasStatus: true)
    package static let prewarmJob = ResourceKind(
        group: "pouch.io", "PrewarmJob", plural: "prewarmjobs", shortNames: ["pwj"], isNamespaced: false,
        hasStatus: true)

    /// In the order of discovery.
    package static let all = [
        configMap, event, namespace, node, pod, secret, lease, disruptionBudget, priorityClass, addressPool, podGroup,
        prewarmJob, queue,
    ]

    /// The groups besides the core, with their versions, in the order of discovery.
    package static let groups: [(name: String, version: String)] = {
        var found: [(name: String, version: String)] = []
        for kind in all where !kind.group.isEmpty && !found.contains(where: { $0.name == kind.group }) {
            found.append((kind.group, kind.version))
        }
        return found
    }()

    private static let byPath = Dictionary(
        uniqueKeysWithValues: all.map { ("\($0.apiVersion)/\($0.plural)", $0) })

    /// The kind at `/api/<apiVersion>/…/<plural>`.
    package static func kind(apiVersion: String, plural: String) -> ResourceKind? {
        byPath["\(apiVersion)/\(plural)"]
    }

    /// The kind that an object or an owner reference names.
    package static func kind(apiVersion: String, kind: String) -> ResourceKind? {
        all.first { $0.kind == kind && $0.apiVersion == apiVersion }
    }
}
