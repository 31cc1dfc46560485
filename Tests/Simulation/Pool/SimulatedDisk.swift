import ClusterStore
import Units

/// A disk that keeps what reached it: rows, leases and facts, as a journal's file does.
struct SimulatedDisk {
    private var rows: [Int64: JournalRow] = [:]
    private var leases: [LeaseID: Lease] = [:]
    private var compacted = Revision(0)
    private var reserved = Revision(0)

    mutating func keep(_ batch: JournalBatch) {
        for change in batch.changes {
            var row = JournalRow(change)
            // Bytes are all that a disk keeps.
            row.object = row.object.map {
                StoredObject(
                    key: $0.key, value: $0.value, created: $0.created, modified: $0.modified, version: $0.version,
                    lease: $0.lease, terms: $0.terms, ordinal: row.ordinal)
            }
            rows[row.number] = row
        }
        for change in batch.leases {
            switch change {
            case .granted(let lease): leases[lease.id] = lease
            case .ended(let id): leases[id] = nil
            }
        }
        for number in batch.outdated { rows[number] = nil }
        if !batch.outdated.isEmpty { compacted = batch.compacted }
        if batch.reserves { reserved = batch.reserved }
    }

    /// The store that starts from it.
    func open(_ configuration: StoreConfiguration, at now: Timestamp) throws -> StoreCore {
        var rest = rows.values.sorted { $0.number > $1.number }
        let image = JournalImage(
            compacted: compacted, reserved: reserved, leases: leases.values.sorted { $0.id.number < $1.id.number })
        return try StoreCore(configuration, from: image, at: now) { rest.popLast() }
    }
}
