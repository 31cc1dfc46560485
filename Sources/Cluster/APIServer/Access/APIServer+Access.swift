internal import ClusterModel
internal import ClusterStore
internal import HTTPKit
internal import HTTPTypes
internal import Hummingbird
internal import JSON

extension APIServer {
    /// A node that was expelled gets in nowhere by what it was known by.
    func checkMembership(_ requester: Requester, _ source: RequestSource) throws(APIError) {
        guard let desk, let node = requester.node, let certificate = source.certificate,
            !desk.admits(node, showing: certificate)
        else { return }
        throw .forbidden(
            Catalog.node, name: node,
            why: "it was deleted from the pool; to join again, remove what it joined with and use a new token")
    }

    /// Nodes that were deleted are expelled.
    func expel(_ names: [String], _ kind: ResourceKind, isDryRun: Bool) async throws(APIError) {
        guard kind == Catalog.node, !isDryRun, let desk else { return }
        for name in names { try await desk.expel(name, now: clock()) }
    }

    /// - Throws: ``APIError/forbidden(_:name:why:)``, ``APIError/forbiddenPath(_:why:)``.
    func authorize(_ path: APIPath, _ request: APIRequest) async throws(APIError) {
        let requester = request.requester
        if requester.groups.contains("system:masters") { return }
        guard let action = try action(path, request) else {
            let isKnown = requester.groups.contains("system:authenticated")
            guard isKnown && request.path != "/metrics" || Authorization.isOpen(request.path) else {
                throw .forbiddenPath(request.path, why: "User \"\(requester.name)\" cannot get")
            }
            return
        }
        let name = action.name ?? ""
        switch Authorization.verdict(on: action, by: requester) {
        case .allowed: return
        case .refused(let why): throw .forbidden(action.kind, name: name, why: why)
        case .allowedForPod(let node):
            let pod = try await objects.get(Catalog.pod, action.namespace, name).object
            guard PodObject(pod.value).nodeName == node else {
                throw .forbidden(
                    action.kind, name: name,
                    why: "node \"\(node)\" can only \(action.verb) pods that are bound to it")
            }
        case .allowedIfUsed(let node):
            guard try await uses(action.kind, action.namespace ?? "", name, node: node) else {
                throw .forbidden(
                    action.kind, name: name,
                    why: "no relationship found between node '\(node)' and this object")
            }
        }
    }

    /// What a request wants; `nil` where no object is concerned.
    func action(_ path: APIPath, _ request: APIRequest) throws(APIError) -> Action? {
        var action: Action
        switch path {
        case .collection(let kind, let namespace):
            action = Action(verb: "list", kind: kind, namespace: namespace)
            if request.method == .post { action.verb = "create" }
            if request.method == .delete { action.verb = "deletecollection" }
            if kind == Catalog.pod { action.selectedNode = try request.fieldQuery(for: kind).required("spec.nodeName") }
            if request.method == .get { action.name = try request.fieldQuery(for: kind).required("metadata.name") }
        case .object(let kind, let namespace, let name):
            action = Action(verb: "get", kind: kind, namespace: namespace, name: name)
        case .subresource(let kind, let namespace, let name, let subresource):
            action = Action(verb: "get", kind: kind, subresource: subresource, namespace: namespace, name: name)
            if request.method == .post { action.verb = "create" }
        default: return nil
        }
        switch request.method {
        case .put: action.verb = "update"
        case .patch: action.verb = "patch"
        case .delete where action.verb == "get": action.verb = "delete"
        case .get where request.flag("watch"): action.verb = "watch"
        default: break
        }
        return action
    }

    /// A node makes no other node and no other node's lease.
    func restrict(_ object: APIObject, _ kind: ResourceKind, to requester: Requester) throws(APIError) {
        guard let node = requester.node, kind == Catalog.node || kind == Catalog.lease, object.name != node else {
            return
        }
        throw .forbidden(
            kind, name: object.name,
            why: "node \"\(node)\" is not allowed to create \(kind.singular) \"\(object.name)\"")
    }

    /// What a node may change of an object: of pods the status alone, of itself no label that restricts it.
    static func restricted(
        _ new: APIObject, _ old: APIObject, _ kind: ResourceKind, to requester: Requester
    ) -> APIObject {
        guard requester.node != nil else { return new }
        var new = new
        if kind == Catalog.pod {
            new.setMetadata("labels", old.metadata["labels"])
            new.setMetadata("annotations", old.metadata["annotations"])
        }
        if kind == Catalog.node {
            let prefix = "node-restriction.kubernetes.io/"
            var labels = JSONObject(new.labels.filter { !$0.key.contains(prefix) }.map { ($0.key, $0.value) })
            for (key, value) in old.labels where key.contains(prefix) { labels[key] = value }
            new.setMetadata("labels", labels.isEmpty ? nil : .object(labels))
        }
        return new
    }

    /// Whether a pod on the node reads this ConfigMap or Secret.
    private func uses(
        _ kind: ResourceKind, _ namespace: String, _ name: String, node: String
    ) async throws(APIError) -> Bool {
        guard let term = try? IndexTerm("spec.nodeName", node) else { return false }
        let request = ListRequest(.folder(try objects.folder(Catalog.pod, namespace)), term: term)
        let page = try await objects.reading { () async throws(StoreError) in try await objects.store.list(request) }
        for stored in page.objects {
            let pod = try ObjectCodec.decode(stored)
            if PodReferences(pod.value).names(of: kind).contains(name) { return true }
        }
        return false
    }
}

/// The ConfigMaps and Secrets that a pod reads.
struct PodReferences {
    private var configMaps: Set<String> = []
    private var secrets: Set<String> = []

    init(_ pod: JSONValue) {
        let view = PodObject(pod)
        secrets.formUnion(view.imagePullSecrets)
        for container in view.containers + view.initContainers {
            for variable in container.environment {
                add(
                    variable["valueFrom"]["configMapKeyRef"]["name"].text,
                    variable["valueFrom"]["secretKeyRef"]["name"].text)
            }
            for source in container.environmentSources {
                add(source["configMapRef"]["name"].text, source["secretRef"]["name"].text)
            }
        }
        for volume in Field(pod)["spec"]["volumes"].elements {
            add(volume["configMap"]["name"].text, volume["secret"]["secretName"].text)
            for source in volume["projected"]["sources"].elements {
                add(source["configMap"]["name"].text, source["secret"]["name"].text)
            }
        }
    }

    private mutating func add(_ configMap: String?, _ secret: String?) {
        if let configMap { configMaps.insert(configMap) }
        if let secret { secrets.insert(secret) }
    }

    func names(of kind: ResourceKind) -> Set<String> {
        kind == Catalog.secret ? secrets : configMaps
    }
}
