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
        case (.collection(let kind, let namespace), .get): return try await list(kind, namespace, request.query)
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

    /// Pages are asked for as over the network.
    private func list(
        _ kind: ResourceKind, _ namespace: String?, _ query: [String: String]
    ) async throws(APIError) -> JSONValue {
        var wanted = ListRequest(
            .folder(try objects.folder(kind, namespace)), limit: query["limit"].flatMap { Int($0) })
        if let token = query["continue"] {
            let continuation = try Continuation(token)
            (wanted.at, wanted.after) = (continuation.revision, continuation.after)
        }
        let asked = wanted
        let page = try await objects.reading { () async throws(StoreError) in try await objects.store.list(asked) }
        var items: [JSONValue] = []
        items.reserveCapacity(page.objects.count)
        for stored in page.objects { items.append(try ObjectCodec.decode(stored).value) }
        var metadata: JSONValue = ["resourceVersion": .string(page.revision.description)]
        if let next = page.next {
            metadata["continue"] = .string(Continuation(revision: page.revision, after: next).text)
        }
        return [
            "kind": .string("\(kind.kind)List"), "apiVersion": .string(kind.apiVersion), "metadata": metadata,
            "items": .array(items),
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

    /// Bindings are written together, other requests one after the other.
    package func sendAll(_ requests: [PoolRequest]) async -> [Result<JSONValue, PoolError>] {
        var orders: [Objects.BindingOrder] = []
        for request in requests {
            guard request.method == .post, let path = try? APIPath(request.path),
                case .subresource(_, let namespace, let name, "binding") = path
            else { break }
            orders.append(
                Objects.BindingOrder(namespace: namespace ?? "", name: name, binding: APIObject(request.body ?? [:])))
        }
        guard orders.count == requests.count else {
            var results: [Result<JSONValue, PoolError>] = []
            for request in requests {
                results.append(await Result { () async throws(PoolError) in try await send(request) })
            }
            return results
        }
        return await objects.bind(orders).map { result in
            result.map { .null }.mapError { .refused(code: $0.code, reason: $0.reason, message: $0.message) }
        }
    }

    package func watch(
        _ path: String, query: [String: String], _ take: (PoolEvent) async -> Void
    ) async throws(PoolError) {
        try await watchBatches(path, query: query) { batch in for event in batch { await take(event) } }
    }

    package func watchBatches(
        _ path: String, query: [String: String], _ take: ([PoolEvent]) async -> Void
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

    private func follow(_ watch: Watch, _ take: ([PoolEvent]) async -> Void) async throws(APIError) {
        while let batch = try await objects.reading({ () async throws(StoreError) in try await watch.next() }) {
            var events: [PoolEvent] = []
            events.reserveCapacity(batch.events.count)
            for event in batch.events {
                if let stored = event.object {
                    let object = try ObjectCodec.decode(stored)
                    events.append(PoolEvent(event.previous == nil ? .added : .modified, object.value))
                } else if let stored = event.previous {
                    var object = try ObjectCodec.decode(stored)
                    object.setMetadata("resourceVersion", .string(event.revision.description))
                    events.append(PoolEvent(.deleted, object.value))
                }
            }
            if !events.isEmpty { await take(events) }
        }
    }
}

extension Result where Failure == PoolError {
    fileprivate init(_ body: () async throws(PoolError) -> Success) async {
        do throws(PoolError) { self = .success(try await body()) } catch { self = .failure(error) }
    }
}
