package import ClusterModel
internal import ClusterStore
package import JSON

/// The pool's API for controllers in the server's own process: the same rules, without bytes in between.
///
/// Objects are decoded once on their way from the store. Selectors are not applied: who watches here wants the whole.
package struct LocalAccess: PoolAccess {
    private let objects: Objects

    package init(_ objects: Objects) {
        self.objects = objects
    }

    package func send(_ request: PoolRequest) async throws(PoolError) -> JSONValue {
        do throws(APIError) {
            return try await answer(request)
        } catch {
            throw .refused(code: error.code, reason: error.reason, message: error.message)
        }
    }

    private func answer(_ request: PoolRequest) async throws(APIError) -> JSONValue {
        switch (try APIPath(request.path), request.method) {
        case (.collection(let kind, let namespace), .get): return try await list(kind, namespace)
        case (.collection(let kind, let namespace), .post):
            var admission = Admission(kind, namespace: namespace, strictness: .ignore)
            let object = try admission.decode(request.body ?? .null)
            return try await objects.create(object, kind, namespace).object.value
        case (.object(let kind, let namespace, let name), .get):
            return try await objects.get(kind, namespace, name).object.value
        case (.object(let kind, let namespace, let name), .delete):
            let options = try DeleteOptions(request.body ?? [:])
            return try await objects.delete(kind, namespace, name, options).object.value
        case (.object(let kind, let namespace, let name), .patch):
            return try await patch(kind, namespace, name, .all, request)
        case (.subresource(let kind, let namespace, let name, "status"), .patch):
            return try await patch(kind, namespace, name, .status, request)
        case (.subresource(_, let namespace, let name, "binding"), .post):
            try await objects.bind(namespace ?? "", name, APIObject(request.body ?? [:]))
            return .null
        case (.subresource(_, let namespace, let name, "eviction"), .post):
            try await objects.evict(namespace ?? "", name, try DeleteOptions(request.body?["deleteOptions"] ?? [:]))
            return .null
        default: throw .methodNotAllowed
        }
    }

    private func list(_ kind: ResourceKind, _ namespace: String?) async throws(APIError) -> JSONValue {
        let asked = ListRequest(.folder(try objects.folder(kind, namespace)))
        let page = try await objects.reading { () async throws(StoreError) in try await objects.store.list(asked) }
        var items: [JSONValue] = []
        items.reserveCapacity(page.objects.count)
        for stored in page.objects { items.append(try ObjectCodec.decode(stored).value) }
        return [
            "kind": .string("\(kind.kind)List"), "apiVersion": .string(kind.apiVersion),
            "metadata": ["resourceVersion": .string(page.revision.description)], "items": .array(items),
        ]
    }

    private func patch(
        _ kind: ResourceKind, _ namespace: String?, _ name: String, _ part: Objects.Part, _ request: PoolRequest
    ) async throws(APIError) -> JSONValue {
        let body = request.body ?? [:]
        let patch: Patch =
            switch request.patch {
            case .strategic?: .strategic(body)
            case .json?: .json(try JSONPatch(body))
            case .merge?, nil: .merge(body)
            }
        let changed = try await objects.update(kind, namespace, name, part) { (old) throws(APIError) in
            var admission = Admission(kind, namespace: namespace, strictness: .ignore)
            var new = try admission.decode(try patch.apply(to: old, kind))
            if new.resourceVersion == old.resourceVersion { new.setMetadata("resourceVersion", nil) }
            return new
        }
        return changed.object.value
    }

    package func watch(
        _ path: String, query: [String: String], _ take: (PoolEvent) async -> Void
    ) async throws(PoolError) {
        do throws(APIError) {
            guard case .collection(let kind, let namespace) = try APIPath(path) else { throw .methodNotAllowed }
            let asked = WatchRequest(
                .folder(try objects.folder(kind, namespace)),
                after: query["resourceVersion"].flatMap { Revision(parsing: $0) })
            let watch = try await objects.reading { () async throws(StoreError) in
                try await objects.store.watch(asked)
            }
            let end: APIError? = await withTaskCancellationHandler {
                do throws(APIError) {
                    try await follow(watch, take)
                    return nil
                } catch {
                    return error
                }
            } onCancel: {
                watch.cancel()
            }
            if let end { throw end }
        } catch {
            throw .refused(code: error.code, reason: error.reason, message: error.message)
        }
    }

    private func follow(_ watch: Watch, _ take: (PoolEvent) async -> Void) async throws(APIError) {
        while let batch = try await objects.reading({ () async throws(StoreError) in try await watch.next() }) {
            for event in batch.events {
                if let stored = event.object {
                    let object = try ObjectCodec.decode(stored)
                    await take(PoolEvent(event.previous == nil ? .added : .modified, object.value))
                } else if let stored = event.previous {
                    var object = try ObjectCodec.decode(stored)
                    object.setMetadata("resourceVersion", .string(event.revision.description))
                    await take(PoolEvent(.deleted, object.value))
                }
            }
        }
    }
}
