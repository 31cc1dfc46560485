import ClusterStore
import Synchronization
import Units

/// A clock that moves when it is told to.
final class ManualClock: Sendable {
    private let time = Mutex(Timestamp(seconds: 1_800_000_000))

    var now: Timestamp { time.withLock { $0 } }

    func advance(by duration: Duration) {
        time.withLock { $0 = $0.advanced(by: duration) }
    }
}

extension String {
    var key: StoreKey {
        get throws(StoreError) { try StoreKey(self) }
    }

    var folder: KeyRange {
        get throws(StoreError) { .folder(try KeyFolder(self)) }
    }
}

extension StoredValue {
    init(_ text: String) {
        self.init(Array(text.utf8))
    }
}

extension StoredObject {
    var text: String { String(decoding: value, as: UTF8.self) }
}

extension Put {
    init(_ key: String, _ text: String, node: String? = nil, lease: LeaseID? = nil) throws(StoreError) {
        var terms: [IndexTerm] = []
        if let node { terms.append(try IndexTerm("spec.nodeName", node)) }
        self.init(try key.key, StoredValue(text), terms: terms, lease: lease)
    }
}

extension ClusterStore {
    @discardableResult
    func put(_ key: String, _ text: String, node: String? = nil, lease: LeaseID? = nil) async throws(StoreError)
        -> StoredObject?
    {
        try await commit(Transaction([.put(try Put(key, text, node: node, lease: lease))])).object
    }

    @discardableResult
    func delete(_ key: String) async throws(StoreError) -> StoredObject? {
        try await commit(Transaction([.delete(try key.key)])).object
    }

    func text(_ key: String, at revision: Revision? = nil) async throws(StoreError) -> String? {
        try await get(try key.key, at: revision)?.text
    }

    func keys(_ folder: String, at revision: Revision? = nil) async throws(StoreError) -> [String] {
        try await list(ListRequest(try folder.folder, at: revision)).objects.map(\.key.path)
    }
}

extension WatchBatch {
    /// Such as `["+a=1", "~a=2", "-a"]`.
    var summary: [String] {
        events.map { event in
            guard let object = event.object else { return "-\(event.key)" }
            return (event.previous == nil ? "+" : "~") + "\(event.key)=\(object.text)"
        }
    }
}

extension Watch {
    /// Reads until `count` events came.
    func summary(of count: Int) async throws(StoreError) -> [String] {
        var summary: [String] = []
        while summary.count < count, let batch = try await next() { summary += batch.summary }
        return summary
    }
}
