/// What is to become durable together.
package struct JournalBatch: Sendable {
    /// In the order in which they happened.
    package var changes: [WatchEvent] = []
    package var leases: [LeaseChange] = []
    /// Rows of changes that nobody can ask for any more.
    package var outdated: [Int64] = []
    /// What happened up to this one is forgotten.
    package var compacted: Revision
    /// Numbers up to this one may have been given to ephemeral writes: no later life of the store gives them again.
    package var reserved: Revision
    /// `reserved` is higher than the last batch said.
    package var reserves = false
    /// When it is durable, everything up to here may be seen.
    package var through: Revision

    /// Nothing in it needs a disk.
    package var isEmpty: Bool { changes.isEmpty && leases.isEmpty && outdated.isEmpty && !reserves }
}

package enum LeaseChange: Hashable, Sendable {
    case granted(Lease)
    case ended(LeaseID)
}

/// A change as a journal keeps it.
package struct JournalRow: Sendable {
    package var revision: Revision
    package var ordinal: UInt8
    package var key: StoreKey
    /// `nil` when it was deleted.
    package var object: StoredObject?

    package init(revision: Revision, ordinal: UInt8, key: StoreKey, object: StoredObject?) {
        self.revision = revision
        self.ordinal = ordinal
        self.key = key
        self.object = object
    }

    package init(_ event: WatchEvent) {
        self.init(revision: event.revision, ordinal: event.ordinal, key: event.key, object: event.object)
    }

    /// Rows in the order in which they happened have rising numbers.
    package var number: Int64 { Self.number(revision, ordinal) }

    static func number(_ revision: Revision, _ ordinal: UInt8) -> Int64 {
        revision.number * Int64(Transaction.mostOperations) + Int64(ordinal)
    }

    /// The revision and the ordinal behind a row's number.
    package static func parts(of number: Int64) -> (Revision, UInt8) {
        let (revision, ordinal) = number.quotientAndRemainder(dividingBy: Int64(Transaction.mostOperations))
        return (Revision(revision), UInt8(ordinal))
    }
}
