package import ClusterStore
internal import Synchronization
package import Units

/// A clock that moves when it is told to.
package final class ManualClock: Sendable {
    private let time = Mutex(Timestamp(seconds: 1_800_000_000))

    package init() {}

    package var now: Timestamp { time.withLock { $0 } }

    package func advance(by duration: Duration) {
        time.withLock { $0 = $0.advanced(by: duration) }
    }
}

extension String {
    package var key: StoreKey {
        get throws(StoreError) { try StoreKey(self) }
    }

    package var folder: KeyRange {
        get throws(StoreError) { .folder(try KeyFolder(self)) }
    }
}

extension StoredValue {
    package init(_ text: String) {
        self.init(Array(text.utf8))
    }
}

extension StoredObject {
    package var text: String { String(decoding: value, as: UTF8.self) }
}

extension Put {
    package init(_ key: String, _ text: String, node: String? = nil, lease: LeaseID? = nil) throws(StoreError) {
        var terms: [IndexTerm] = []
        if let node { terms.append(try IndexTerm("spec.nodeName", node)) }
        self.init(try key.key, StoredValue(text), terms: terms, lease: lease)
    }
}

extension ClusterStore {
    @discardableResult
    package func put(_ key: String, _ text: String, node: String? = nil, lease: LeaseID? = nil) async throws(StoreError)
        -> StoredObject?
    {
        try await commit(Transaction([.put(try Put(key, text, node: node, lease: lease))])).object
    }

    @discardableResult
    package func delete(_ key: String) async throws(StoreError) -> StoredObject? {
        try await commit(Transaction([.delete(try key.key)])).object
    }

    package func text(_ key: String, at revision: Revision? = nil) async throws(StoreError) -> String? {
        try await get(try key.key, at: revision)?.text
    }

    package func keys(_ folder: String, at revision: Revision? = nil) async throws(StoreError) -> [String] {
        try await list(ListRequest(try folder.folder, at: revision)).objects.map(\.key.path)
    }
}

extension WatchBatch {
    /// Such as `["+a=1", "~a=2", "-a"]`.
    package var summary: [String] {
        events.map { event in
            guard let object = event.object else { return "-\(event.key)" }
            return (event.previous == nil ? "+" : "~") + "\(event.key)=\(object.text)"
        }
    }
}

extension Watch {
    /// Reads until `count` events came.
    package func summary(of count: Int) async throws(StoreError) -> [String] {
        var summary: [String] = []
        while summary.count < count, let batch = try await next() { summary += batch.summary }
        return summary
    }
}
