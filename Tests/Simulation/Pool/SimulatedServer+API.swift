import ClusterModel
import ClusterStore
import JSON
import Units

@testable import APIServer

/// The API of a simulated server: the decisions are those of `ClusterModel`, only reading and writing are done here.
extension SimulatedServer {
    enum Plan {
        case done(JSONValue)
        case write(Transaction, JSONValue)
    }

    private struct Found {
        var object: APIObject
        var stored: StoredObject
    }

    /// What a request leads to.
    ///
    /// - Throws: ``APIError`` as the server says it.
    func plan(_ request: PoolRequest, at now: Int64) throws(APIError) -> Plan {
        let time = Self.time(now)
        switch (try APIPath(request.path), request.method) {
        case (.collection(let kind, let namespace), .post):
            return try create(request.body ?? .null, kind, namespace, at: time)
        case (.object(let kind, let namespace, let name), .delete):
            return try delete(kind, namespace, name, try DeleteOptions(request.body ?? [:]), at: time)
        case (.object(let kind, let namespace, let name), .patch):
            return try patch(kind, namespace, name, isStatus: false, request)
        case (.subresource(let kind, let namespace, let name, "status"), .patch):
            return try patch(kind, namespace, name, isStatus: true, request)
        case (.subresource(_, let namespace, let name, "binding"), .post):
            return try bind(namespace ?? "", name, APIObject(request.body ?? [:]), at: time)
        case (.subresource(_, let namespace, let name, "eviction"), .post):
            return try evict(namespace ?? "", name, try DeleteOptions(request.body?["deleteOptions"] ?? [:]), at: time)
        default: throw .methodNotAllowed
        }
    }

    // MARK: reads

    func key(_ kind: ResourceKind, _ namespace: String?, _ name: String) throws(APIError) -> StoreKey {
        do throws(StoreError) {
            return try StoreKey(String(kind.storeKey(namespace: namespace, name: name).dropFirst()))
        } catch {
            throw APIError(error)
        }
    }

    private func find(_ kind: ResourceKind, _ namespace: String?, _ name: String) throws(APIError) -> Found {
        let key = try key(kind, namespace, name)
        let stored: StoredObject?
        do throws(StoreError) { stored = try core.get(key) } catch { throw APIError(error) }
        guard let stored else { throw .notFound(kind, name: name) }
        return Found(object: try ObjectCodec.decode(stored), stored: stored)
    }

    func objects(_ kind: ResourceKind) throws -> [APIObject] {
        let folder = try KeyFolder(String(kind.storePrefix(namespace: nil).dropFirst()))
        return try core.list(ListRequest(.folder(folder))).objects.map { try ObjectCodec.decode($0) }
    }

    // MARK: writes

    private func put(_ object: APIObject, _ kind: ResourceKind) throws(APIError) -> Put {
        Put(
            try key(kind, object.namespace, object.name), ObjectCodec.encode(object),
            terms: ObjectCodec.terms(of: object, kind))
    }

    private func create(
        _ body: JSONValue, _ kind: ResourceKind, _ namespace: String?, at now: Timestamp
    ) throws(APIError) -> Plan {
        var admission = Admission(kind, namespace: namespace)
        var object = try admission.decode(body)
        try admission.create(&object, now: now, uid: "\(object.name)-\(core.head.number)", suffix: { "x" })
        return .write(.create(try put(object, kind)), object.value)
    }

    private func patch(
        _ kind: ResourceKind, _ namespace: String?, _ name: String, isStatus: Bool, _ request: PoolRequest
    ) throws(APIError) -> Plan {
        let found = try find(kind, namespace, name)
        let body = request.body ?? [:]
        let patched =
            request.patch == .strategic
            ? try StrategicMergePatch().apply(body, to: found.object.value, as: kind.kind)
            : MergePatch.apply(body, to: found.object.value)
        var admission = Admission(kind, namespace: namespace)
        var object = try admission.decode(patched)
        object.setMetadata("resourceVersion", nil)
        if isStatus {
            try admission.updateStatus(&object, of: found.object)
        } else {
            try admission.update(&object, replacing: found.object)
        }
        object.setMetadata("resourceVersion", found.object.metadata["resourceVersion"])
        if object == found.object { return .done(object.value) }
        return .write(try replace(found, by: object, kind), object.value)
    }

    private func replace(_ found: Found, by object: APIObject, _ kind: ResourceKind) throws(APIError) -> Transaction {
        if object.mayGo(kind) { return .delete(found.stored.key, at: found.stored.modified) }
        let put = try put(object, kind)
        if sabotage == .writesBlindly, kind == Catalog.pod { return Transaction([.put(put)]) }
        return .replace(put, at: found.stored.modified)
    }

    private func delete(
        _ kind: ResourceKind, _ namespace: String?, _ name: String, _ options: DeleteOptions,
        others: (conditions: [Condition], operations: [Operation])..., at now: Timestamp
    ) throws(APIError) -> Plan {
        let found = try find(kind, namespace, name)
        if let uid = options.uid, uid != found.object.uid {
            throw .conflict(kind, name: name, why: "another uid")
        }
        var transaction: Transaction
        switch Deletion.decide(found.object, of: kind, options, now: now) {
        case .wait: return .done(found.object.value)
        case .remove: transaction = .delete(found.stored.key, at: found.stored.modified)
        case .mark(let marked): transaction = try replace(found, by: marked, kind)
        }
        for other in others {
            transaction.conditions += other.conditions
            transaction.operations += other.operations
        }
        return .write(transaction, found.object.value)
    }

    private func bind(
        _ namespace: String, _ name: String, _ binding: APIObject, at now: Timestamp
    ) throws(APIError) -> Plan {
        let found = try find(Catalog.pod, namespace, name)
        let pod = try BindingRule.bound(found.object, by: binding, now: now)
        return .write(try replace(found, by: pod, Catalog.pod), .null)
    }

    /// The budget and the pod change together here; in the server one after the other, which only spends more.
    private func evict(
        _ namespace: String, _ name: String, _ options: DeleteOptions, at now: Timestamp
    ) throws(APIError) -> Plan {
        let pod = try find(Catalog.pod, namespace, name).object
        if let uid = options.uid, uid != pod.uid { throw .conflict(Catalog.pod, name: name, why: "another uid") }
        let budgets: [APIObject]
        do { budgets = try objects(Catalog.disruptionBudget) } catch { throw .internalFailure("\(error)") }
        guard let budget = try EvictionRule.budget(for: pod, among: budgets) else {
            return try delete(Catalog.pod, namespace, name, options, at: now)
        }
        let known = try find(Catalog.disruptionBudget, namespace, budget.name)
        var spent = try EvictionRule.spent(known.object, for: name, now: now)
        spent.setMetadata("resourceVersion", known.object.metadata["resourceVersion"])
        let put = try put(spent, Catalog.disruptionBudget)
        let condition: [Condition] =
            sabotage == .spendsTwice ? [] : [.modified(known.stored.key, at: known.stored.modified)]
        return try delete(
            Catalog.pod, namespace, name, options, others: (conditions: condition, operations: [.put(put)]), at: now)
    }
}
