/// Keeps the objects of a pool: revisioned writes, compare-and-swap, lists as of one revision, watches that can be resumed,
/// leases.
///
/// The API server is its only caller in a pool; controllers and the scheduling loop in the same process watch it directly.
/// Every backend passes the same suite (`Tests/Cluster/ClusterStoreTests/Conformance`).
///
/// - What a commit has answered survives the loss of power, and nobody sees a write before it does.
/// - A read or watch that begins after an answer sees what was answered.
/// - Folders that the store was told are ephemeral live in memory only: they are empty after a restart, and only the latest
///   version of their objects is kept, so that a list as of an earlier revision shows them as they are now.
///
/// Source: etcd v3's `KV`, `Watch` and `Lease`.
package protocol ClusterStore: Sendable {
    /// The latest revision that readers see.
    var revision: Revision { get }

    /// One object, now or as of `revision`; `nil` when there is none.
    ///
    /// - Throws: ``StoreError/compacted(through:)``, ``StoreError/future(current:)``.
    func get(_ key: StoreKey, at revision: Revision?) async throws(StoreError) -> StoredObject?

    /// A page of objects in the order of their keys.
    ///
    /// - Throws: ``StoreError/compacted(through:)``, ``StoreError/future(current:)``.
    func list(_ request: ListRequest) async throws(StoreError) -> ListPage

    /// Does one transaction after the other and answers when all are durable.
    ///
    /// Each stands for itself: one that fails does not keep the next from happening.
    func commit(_ transactions: [Transaction]) async -> [Result<TransactionResult, StoreError>]

    /// Changes as they happen, those that happened since `request.after` first.
    ///
    /// - Throws: ``StoreError/compacted(through:)`` when the past is not there any more, ``StoreError/future(current:)``.
    func watch(_ request: WatchRequest) async throws(StoreError) -> Watch

    /// Has every watch that wants to hear of progress, and is not behind, told where the store is.
    ///
    /// Called by whoever sends bookmarks, about once a minute.
    func announceProgress() async

    /// Forgets what happened up to and including `revision`; every object stays as it is now.
    ///
    /// - Throws: ``StoreError/compacted(through:)`` when that was done before, ``StoreError/future(current:)``.
    func compact(through revision: Revision) async throws(StoreError)

    func grantLease(_ timeToLive: Duration) async throws(StoreError) -> Lease

    /// Gives a lease its whole time again.
    ///
    /// - Throws: ``StoreError/leaseNotFound(_:)``.
    func renewLease(_ id: LeaseID) async throws(StoreError)

    /// Ends a lease; the objects written with it are deleted in one transaction.
    ///
    /// - Throws: ``StoreError/leaseNotFound(_:)``.
    func revokeLease(_ id: LeaseID) async throws(StoreError)
}

extension ClusterStore {
    package func get(_ key: StoreKey) async throws(StoreError) -> StoredObject? {
        try await get(key, at: nil)
    }

    /// Does one transaction and answers when it is durable.
    @discardableResult
    package func commit(_ transaction: Transaction) async throws(StoreError) -> TransactionResult {
        guard let result = await commit([transaction]).first else { throw .closed }
        return try result.get()
    }
}
