package import Units

extension StoreCore {
    /// A new lease; `id` is drawn by the caller.
    ///
    /// - Throws: ``StoreError/invalid(_:)`` when the id is taken or the time is no time.
    package mutating func grant(_ lease: Lease, at now: Timestamp) throws(StoreError) {
        guard !leases.contains(lease.id) else { throw .invalid("lease \(lease.id): there is one with that number") }
        guard lease.timeToLive > .zero else { throw .invalid("lease \(lease.id): it must last longer than no time") }
        leases.grant(lease, at: now)
        leaseChanges.append(.granted(lease))
    }

    /// Gives it its whole time again.
    package mutating func renew(_ id: LeaseID, at now: Timestamp) throws(StoreError) {
        guard leases.renew(id, at: now) else { throw .leaseNotFound(id) }
    }

    /// Ends it and deletes what was written with it, all at one revision.
    package mutating func revoke(_ id: LeaseID, at now: Timestamp) throws(StoreError) {
        let keys = leases.keys(of: id)
        guard let lease = leases.end(id) else { throw .leaseNotFound(id) }
        leaseChanges.append(.ended(id))
        endedLeases[id] = lease
        // More than a transaction may write goes in several.
        for start in stride(from: 0, to: keys.count, by: Transaction.mostOperations) {
            let part = keys[start..<min(start + Transaction.mostOperations, keys.count)]
            head = head.next
            for (ordinal, key) in part.enumerated() {
                add(nil, of: key, at: head, ordinal: UInt8(ordinal), now: now)
            }
        }
    }

    /// Leases whose time is over, to be revoked.
    package func expiredLeases(at now: Timestamp) -> [LeaseID] { leases.expired(at: now) }
}
