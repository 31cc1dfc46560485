internal import Synchronization
internal import Units

extension LocalStore {
    package func grantLease(_ timeToLive: Duration) async throws(StoreError) -> Lease {
        let id = state.withLock { state in
            state.nextLease += 1
            return LeaseID(state.nextLease)
        }
        let lease = Lease(id: id, timeToLive: timeToLive)
        try await changeLeases { core, now throws(StoreError) in try core.grant(lease, at: now) }
        return lease
    }

    package func renewLease(_ id: LeaseID) async throws(StoreError) {
        let now = now
        try state.withLock { state throws(StoreError) in
            if let end = state.end { throw end }
            try state.core.renew(id, at: now)
        }
    }

    package func revokeLease(_ id: LeaseID) async throws(StoreError) {
        try await changeLeases { core, now throws(StoreError) in try core.revoke(id, at: now) }
    }

    /// Ends leases when their time is over, until the calling task is cancelled.
    package func run() async {
        while (try? await Task.sleep(for: .milliseconds(500))) != nil { await endExpiredLeases() }
    }

    /// Ends the leases whose time is over now.
    package func endExpiredLeases() async {
        let now = now
        for id in state.withLock({ $0.core.expiredLeases(at: now) }) {
            // Somebody else may have ended it meanwhile, or the disk is full: then it is tried again.
            try? await revokeLease(id)
        }
    }

    private func changeLeases(
        _ body: (inout StoreCore, Timestamp) throws(StoreError) -> Void
    ) async throws(StoreError) {
        let results = await change(count: 1) { core, now in
            [
                Result { () throws(StoreError) in
                    try body(&core, now)
                    return TransactionResult(succeeded: true, revision: core.head, outcomes: [])
                }
            ]
        }
        _ = try results.first?.get()
    }

    package func compact(through revision: Revision) async throws(StoreError) {
        let next = try state.withLock { state throws(StoreError) in
            if let end = state.end { throw end }
            try state.core.compact(through: revision)
            return advance(&state)
        }
        perform(next)
    }
}
