/// Writes that happen together, at one revision, if some conditions hold.
///
/// Source: etcd v3, `Txn`.
package struct Transaction: Sendable {
    /// The most operations on either side.
    package static let mostOperations = 128

    /// All must hold.
    package var conditions: [Condition]
    /// What to do when they do; no two may write the same key.
    package var operations: [Operation]
    /// What to do when one does not.
    package var otherwise: [Operation]

    package init(when conditions: [Condition] = [], _ operations: [Operation], otherwise: [Operation] = []) {
        self.conditions = conditions
        self.operations = operations
        self.otherwise = otherwise
    }

    /// A new object; when the key is taken, the outcome is who has it.
    package static func create(_ put: Put) -> Transaction {
        Transaction(when: [.missing(put.key)], [.put(put)], otherwise: [.get(put.key)])
    }

    /// A new version of what was last written at `revision`; otherwise the outcome is what is there.
    package static func replace(_ put: Put, at revision: Revision) -> Transaction {
        Transaction(when: [.modified(put.key, at: revision)], [.put(put)], otherwise: [.get(put.key)])
    }

    /// Takes away what was last written at `revision`; otherwise the outcome is what is there.
    package static func delete(_ key: StoreKey, at revision: Revision) -> Transaction {
        Transaction(when: [.modified(key, at: revision)], [.delete(key)], otherwise: [.get(key)])
    }
}

/// What must be true of a key for a transaction to happen.
package enum Condition: Hashable, Sendable {
    case missing(StoreKey)
    case exists(StoreKey)
    /// It is there, and this was its last write.
    case modified(StoreKey, at: Revision)
    /// It is there, and was never deleted since.
    case created(StoreKey, at: Revision)
}

package enum Operation: Sendable {
    case put(Put)
    /// Not an error when there is nothing.
    case delete(StoreKey)
    case get(StoreKey)
}

/// An object to write.
package struct Put: Sendable {
    package var key: StoreKey
    package var value: StoredValue
    /// What it can be found by.
    package var terms: [IndexTerm]
    /// It goes when this lease ends.
    package var lease: LeaseID?

    package init(_ key: StoreKey, _ value: StoredValue, terms: [IndexTerm] = [], lease: LeaseID? = nil) {
        self.key = key
        self.value = value
        self.terms = terms
        self.lease = lease
    }
}

/// What became of a transaction.
package struct TransactionResult: Sendable {
    /// Whether the conditions held.
    package var succeeded: Bool
    /// Its own revision if it wrote, else the store's.
    package var revision: Revision
    /// For each operation that was done: what was put, what was deleted, what was found.
    package var outcomes: [StoredObject?]

    /// The outcome of a transaction with one operation on either side.
    package var object: StoredObject? { outcomes.first ?? nil }
}
