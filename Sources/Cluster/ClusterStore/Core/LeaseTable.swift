internal import Units

/// Which leases there are, until when, and what goes with them.
struct LeaseTable: Sendable {
    private struct Granted: Sendable {
        var lease: Lease
        var expires: Timestamp
        var keys: Set<StoreKey> = []
    }

    private var granted: [LeaseID: Granted] = [:]

    func contains(_ id: LeaseID) -> Bool { granted[id] != nil }

    /// What goes with it, in order.
    func keys(of id: LeaseID) -> [StoreKey] { granted[id]?.keys.sorted() ?? [] }

    mutating func grant(_ lease: Lease, at now: Timestamp) {
        let keys = granted[lease.id]?.keys ?? []
        granted[lease.id] = Granted(lease: lease, expires: now.advanced(by: lease.timeToLive), keys: keys)
    }

    /// `false` when there is no such lease.
    mutating func renew(_ id: LeaseID, at now: Timestamp) -> Bool {
        guard let known = granted[id]?.lease else { return false }
        granted[id]?.expires = now.advanced(by: known.timeToLive)
        return true
    }

    mutating func end(_ id: LeaseID) -> Lease? { granted.removeValue(forKey: id)?.lease }

    mutating func attach(_ key: StoreKey, to id: LeaseID?) {
        if let id { granted[id]?.keys.insert(key) }
    }

    mutating func detach(_ key: StoreKey, from id: LeaseID?) {
        if let id { granted[id]?.keys.remove(key) }
    }

    /// Every lease has its whole time from `now` on.
    mutating func renewAll(at now: Timestamp) {
        for id in granted.keys { _ = renew(id, at: now) }
    }

    /// Whose time is over.
    func expired(at now: Timestamp) -> [LeaseID] {
        granted.values.filter { $0.expires <= now }.map(\.lease.id).sorted { $0.number < $1.number }
    }
}
