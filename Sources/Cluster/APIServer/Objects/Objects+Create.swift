package import ClusterModel
internal import ClusterStore
internal import JSON

extension Objects {
    /// Stores a new object.
    ///
    /// - Throws: ``APIError``: already there, not valid, its namespace is missing or on its way out.
    package func create(
        _ sent: APIObject, _ kind: ResourceKind, _ namespace: String?, isDryRun: Bool = false
    ) async throws(APIError) -> Changed {
        for _ in 0..<Self.mostAttempts {
            let home = try await home(namespace, for: kind, sent)
            var object = sent
            if kind == Catalog.pod { try await setPriority(of: &object) }
            try Admission(kind, namespace: namespace).create(
                &object, now: clock(), uid: Self.uid(), suffix: Self.suffix)
            let key = try key(kind, namespace, object.name)
            if isDryRun {
                let taken = try await reading { () async throws(StoreError) in try await store.get(key) } != nil
                if taken { throw .alreadyExists(kind, name: object.name) }
                return Changed(object: object, isNew: true)
            }
            let put = await put(object, kind, at: key)
            var conditions = [Condition.missing(key)]
            if let home { conditions.append(.modified(home.stored.key, at: home.stored.modified)) }
            let result = try await commit(Transaction(when: conditions, [.put(put)], otherwise: [.get(key)]))
            if result.succeeded {
                guard let stored = result.object else { break }
                return Changed(object: try ObjectCodec.decode(stored), stored: stored, isNew: true)
            }
            if result.object != nil, sent.generateName == nil || !sent.name.isEmpty {
                throw .alreadyExists(kind, name: object.name)
            }
        }
        throw .alreadyExists(kind, name: sent.generateName ?? sent.name)
    }

    /// The namespace that is to hold a new object.
    private func home(
        _ namespace: String?, for kind: ResourceKind, _ sent: APIObject
    ) async throws(APIError) -> Found? {
        guard let namespace else { return nil }
        let home = try await get(Catalog.namespace, nil, namespace)
        guard !home.object.isBeingDeleted else {
            throw .forbidden(
                kind, name: sent.name,
                why: "unable to create new content in namespace \(namespace) because it is being terminated")
        }
        return home
    }

    /// Gives a pod the number that its priority class stands for.
    private func setPriority(of pod: inout APIObject) async throws(APIError) {
        guard case .object? = pod["spec"] else { return }
        var name = pod["spec"]?["priorityClassName"]?.stringValue ?? ""
        var chosen: APIObject?
        if name.isEmpty {
            chosen = try await list(Catalog.priorityClass, nil).first { $0["globalDefault"]?.boolValue == true }
            name = chosen?.name ?? ""
        } else {
            do {
                chosen = try await get(Catalog.priorityClass, nil, name).object
            } catch .notFound {
                throw .forbidden(
                    Catalog.pod, name: pod.name, why: "no PriorityClass with name \(name) was found")
            }
        }
        let value = chosen?["value"] ?? 0
        if let given = pod["spec"]?["priority"], given != .null, given != value {
            throw .forbidden(
                Catalog.pod, name: pod.name,
                why: "the integer value of priority (\(given)) must not be provided in pod spec; priority admission "
                    + "controller computed \(value) from the given PriorityClass name")
        }
        var spec = pod["spec"] ?? [:]
        if !name.isEmpty { spec["priorityClassName"] = .string(name) }
        spec["priority"] = value
        if spec["preemptionPolicy"] == nil {
            spec["preemptionPolicy"] = chosen?["preemptionPolicy"] ?? "PreemptLowerPriority"
        }
        pod["spec"] = spec
    }

    /// All objects of a kind.
    package func list(_ kind: ResourceKind, _ namespace: String?) async throws(APIError) -> [APIObject] {
        let request = ListRequest(.folder(try folder(kind, namespace)))
        let page = try await reading { () async throws(StoreError) in try await store.list(request) }
        var objects: [APIObject] = []
        objects.reserveCapacity(page.objects.count)
        for stored in page.objects { objects.append(try ObjectCodec.decode(stored)) }
        return objects
    }
}
