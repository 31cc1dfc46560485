internal import ClusterStore
internal import Units

/// Ends Event objects an hour after they were last written.
///
/// Events of some minutes share a lease of the store, so that ending them costs one write for all.
///
/// Source: Kubernetes, `kube-apiserver --event-ttl`.
actor EventLeases {
    private static let timeToLive = Duration.seconds(3600)
    /// So much longer may an event live that was written when its lease was new.
    private static let shared = Duration.seconds(300)

    private let store: any ClusterStore
    private var current: (lease: LeaseID, until: Timestamp)?

    init(_ store: any ClusterStore) {
        self.store = store
    }

    /// The lease for an event that is written now; `nil` when the store gives none: then it stays until somebody deletes it.
    func lease(at now: Timestamp) async -> LeaseID? {
        if let current, now < current.until { return current.lease }
        guard let lease = try? await store.grantLease(Self.timeToLive + Self.shared) else { return nil }
        current = (lease.id, now.advanced(by: Self.shared))
        return lease.id
    }
}
