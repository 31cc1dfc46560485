internal import ClusterModel
internal import ClusterStore
internal import JSON
package import Logging
internal import ServiceLifecycle

/// Deletes what belongs to objects that have gone, and what lies in namespaces that shall go.
///
/// One watch over everything feeds an ``OwnerGraph``; the steps it asks for are done one after the other.
package struct Collector: Service {
    private let objects: Objects
    private let logger: Logger

    package init(_ objects: Objects, logger: Logger) {
        self.objects = objects
        self.logger = logger
    }

    package func run() async throws {
        try await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                do {
                    try await follow()
                } catch StoreError.compacted {
                    continue
                } catch StoreError.closed {
                    return
                }
            }
        }
    }

    /// Reads what is there, then what happens, until the watch ends.
    private func follow() async throws {
        var graph = OwnerGraph()
        let page = try await objects.store.list(ListRequest(.folder(.all)))
        let watch = try await objects.store.watch(WatchRequest(.folder(.all), after: page.revision))
        var steps: [OwnerGraph.Step] = []
        for stored in page.objects {
            guard let (object, kind) = Self.read(stored) else { continue }
            // What waits for others is asked again when all of them are known.
            steps += graph.put(object, kind).filter { step in
                switch step {
                case .verifyOwners, .empty: true
                case .delete, .release, .orphan: false
                }
            }
        }
        await perform(graph.pursueAll() + steps)
        while let batch = try await watch.next() {
            steps = []
            for event in batch.events {
                if let stored = event.object, let (object, kind) = Self.read(stored) {
                    steps += graph.put(object, kind)
                } else if event.object == nil, let last = event.previous, let (object, kind) = Self.read(last) {
                    steps += graph.remove(object, kind)
                }
            }
            await perform(steps)
        }
    }

    private static func read(_ stored: StoredObject) -> (APIObject, ResourceKind)? {
        guard let object = try? ObjectCodec.decode(stored),
            let kind = Catalog.kind(apiVersion: object.apiVersion, kind: object.kind)
        else { return nil }
        return (object, kind)
    }

    private func perform(_ steps: [OwnerGraph.Step]) async {
        var done: Set<OwnerGraph.Step> = []
        for step in steps where done.insert(step).inserted {
            do throws(APIError) {
                try await perform(step)
            } catch {
                switch error {
                case .notFound, .conflict: continue
                default: logger.warning("collecting", metadata: ["error": "\(error)"])
                }
            }
        }
    }

    private func perform(_ step: OwnerGraph.Step) async throws(APIError) {
        switch step {
        case .delete(let place, let uid):
            _ = try await objects.delete(place.kind, place.namespace, place.name, DeleteOptions(uid: uid))
        case .verifyOwners(let place):
            let object = try await objects.get(place.kind, place.namespace, place.name).object
            for owner in object.ownerReferences where try await exists(owner, near: object) { return }
            _ = try await objects.delete(place.kind, place.namespace, place.name, DeleteOptions(uid: object.uid))
        case .release(let place, let finalizer):
            _ = try await objects.update(place.kind, place.namespace, place.name) { (old) throws(APIError) in
                var object = old
                object.removeFinalizer(finalizer)
                object.setMetadata("resourceVersion", nil)
                return object
            }
        case .orphan(let place, let owner):
            _ = try await objects.update(place.kind, place.namespace, place.name) { (old) throws(APIError) in
                var object = old
                let left = (old.metadata["ownerReferences"]?.arrayValue ?? []).filter {
                    $0["uid"]?.stringValue != owner
                }
                object.setMetadata("ownerReferences", left.isEmpty ? nil : .array(left))
                object.setMetadata("resourceVersion", nil)
                return object
            }
        case .empty(let namespace): try await empty(namespace)
        }
    }

    private func exists(_ owner: OwnerReference, near object: APIObject) async throws(APIError) -> Bool {
        guard let kind = Catalog.kind(apiVersion: owner.apiVersion, kind: owner.kind) else { return true }
        do {
            let found = try await objects.get(kind, kind.isNamespaced ? object.namespace : nil, owner.name)
            return found.object.uid == owner.uid
        } catch .notFound {
            return false
        }
    }

    /// Deletes what a namespace holds, and lets go of the namespace once that is nothing.
    private func empty(_ namespace: String) async throws(APIError) {
        var isEmpty = true
        for kind in Catalog.all where kind.isNamespaced {
            for object in try await objects.list(kind, namespace) {
                let options = DeleteOptions(uid: object.uid)
                let deleted = try await objects.deleteIfPresent(kind, namespace, object.name, options)
                isEmpty = isEmpty && deleted?.isGone ?? true
            }
        }
        guard isEmpty else { return }
        _ = try await objects.update(Catalog.namespace, nil, namespace, .finalize) { (old) throws(APIError) in
            var object = old
            object["spec"] = ["finalizers": []]
            object.setMetadata("resourceVersion", nil)
            return object
        }
    }
}
