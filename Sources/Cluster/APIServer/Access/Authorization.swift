internal import ClusterModel

/// What somebody wants to do, as a rule sees it.
struct Action: Hashable, Sendable {
    /// `get`, `list`, `watch`, `create`, `update`, `patch`, `delete`, `deletecollection`.
    var verb: String
    var kind: ResourceKind
    var subresource: String?
    var namespace: String?
    var name: String?
    /// The node whose pods a list or a watch is limited to.
    var selectedNode: String?
}

/// Who may do what.
///
/// A value. Administrators may do everything, a node what it needs for itself and nothing of other nodes; who is neither
/// may ask how the server is.
///
/// Source: Kubernetes documentation, "Using Node Authorization", "NodeRestriction".
struct Authorization: Sendable {
    enum Verdict: Equatable {
        case allowed
        /// When the pod is on this node.
        case allowedForPod(onNode: String)
        /// When a pod on this node uses it.
        case allowedIfUsed(byNode: String)
        case refused(String)
    }

    static func isOpen(_ path: String) -> Bool {
        JoinDesk.open.contains(path)
            || ["/healthz", "/livez", "/readyz", "/version"].contains { path == $0 || path.hasPrefix($0 + "/") }
    }

    static func verdict(on action: Action, by requester: Requester) -> Verdict {
        if requester.groups.contains("system:masters") { return .allowed }
        guard let node = requester.node else { return refusal(action, requester) }
        switch action.kind {
        case Catalog.node: return nodeVerdict(action, node, requester)
        case Catalog.lease:
            guard action.namespace == "kube-node-lease" else { return refusal(action, requester) }
            if action.verb == "create" { return .allowed }
            return action.name == node && action.verb != "deletecollection" ? .allowed : refusal(action, requester)
        case Catalog.pod: return podVerdict(action, node, requester)
        case Catalog.configMap, Catalog.secret:
            let isRead = action.name != nil && ["get", "watch"].contains(action.verb)
            return isRead ? .allowedIfUsed(byNode: node) : refusal(action, requester)
        case Catalog.event:
            return ["create", "patch", "update"].contains(action.verb) ? .allowed : refusal(action, requester)
        case Catalog.priorityClass, Catalog.prewarmJob, Catalog.addressPool:
            return ["get", "list", "watch"].contains(action.verb) ? .allowed : refusal(action, requester)
        default: return refusal(action, requester)
        }
    }

    private static func nodeVerdict(_ action: Action, _ node: String, _ requester: Requester) -> Verdict {
        switch action.verb {
        case "create": action.subresource == nil ? .allowed : refusal(action, requester)
        case "get", "update", "patch", "list", "watch":
            action.name == node
                ? .allowed
                : .refused(
                    "node \"\(node)\" is not allowed to \(action.verb) node \"\(action.name ?? "*")\"")
        default: refusal(action, requester)
        }
    }

    private static func podVerdict(_ action: Action, _ node: String, _ requester: Requester) -> Verdict {
        switch (action.verb, action.subresource) {
        case ("list", nil), ("watch", nil):
            if action.selectedNode == node { return .allowed }
            return action.name == nil ? refusal(action, requester) : .allowedForPod(onNode: node)
        case ("get", nil), ("get", "status"), ("update", "status"), ("patch", "status"), ("delete", nil),
            ("create", "eviction"):
            return .allowedForPod(onNode: node)
        default: return refusal(action, requester)
        }
    }

    private static func refusal(_ action: Action, _ requester: Requester) -> Verdict {
        let resource = action.kind.plural + (action.subresource.map { "/\($0)" } ?? "")
        let place = action.namespace.map { "in the namespace \"\($0)\"" } ?? "at the cluster scope"
        return .refused(
            "User \"\(requester.name)\" cannot \(action.verb) resource \"\(resource)\" in API group "
                + "\"\(action.kind.group)\" \(place)")
    }
}
