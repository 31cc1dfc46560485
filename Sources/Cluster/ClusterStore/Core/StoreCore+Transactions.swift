package import Units

extension StoreCore {
    /// Does `transaction` at the head; nobody sees it until it is published.
    ///
    /// - Throws: ``StoreError/invalid(_:)``, ``StoreError/tooLarge(bytes:limit:)``, ``StoreError/leaseNotFound(_:)``; then
    ///   nothing has changed.
    package mutating func apply(
        _ transaction: Transaction, at now: Timestamp
    ) throws(StoreError) -> TransactionResult {
        try check(transaction.operations)
        try check(transaction.otherwise)
        let succeeded = transaction.conditions.allSatisfy { holds($0) }
        let operations = succeeded ? transaction.operations : transaction.otherwise
        try checkLeases(of: operations)
        let revision = head.next
        var outcomes: [StoredObject?] = []
        outcomes.reserveCapacity(operations.count)
        var ordinal: UInt8 = 0
        for operation in operations {
            switch operation {
            case .get(let key): outcomes.append(history(of: key)?.newest.object)
            case .put(let put):
                let object = object(put, replacing: history(of: put.key)?.newest.object, at: revision, ordinal)
                add(object, of: put.key, at: revision, ordinal: ordinal, now: now)
                outcomes.append(object)
                ordinal += 1
            case .delete(let key):
                let known = history(of: key)?.newest.object
                outcomes.append(known)
                guard known != nil else { continue }
                add(nil, of: key, at: revision, ordinal: ordinal, now: now)
                ordinal += 1
            }
        }
        if ordinal > 0 { head = revision }
        return TransactionResult(succeeded: succeeded, revision: head, outcomes: outcomes)
    }

    private func object(
        _ put: Put, replacing previous: StoredObject?, at revision: Revision, _ ordinal: UInt8
    ) -> StoredObject {
        StoredObject(
            key: put.key, value: put.value.filled(revision), created: previous?.created ?? revision,
            modified: revision, version: (previous?.version ?? 0) + 1, lease: put.lease, terms: put.terms,
            ordinal: ordinal, content: put.value.content)
    }

    private func holds(_ condition: Condition) -> Bool {
        switch condition {
        case .missing(let key): history(of: key)?.newest.object == nil
        case .exists(let key): history(of: key)?.newest.object != nil
        case .modified(let key, let revision): history(of: key)?.newest.object?.modified == revision
        case .created(let key, let revision): history(of: key)?.newest.object?.created == revision
        }
    }

    private func check(_ operations: [Operation]) throws(StoreError) {
        guard operations.count <= Transaction.mostOperations else {
            throw .invalid(
                "a transaction has at most \(Transaction.mostOperations) operations, this one \(operations.count)")
        }
        var written: Set<StoreKey> = []
        for operation in operations {
            switch operation {
            case .get: continue
            case .put(let put):
                try check(put)
                if operations.count > 1, !written.insert(put.key).inserted { throw Self.twice(put.key) }
            case .delete(let key):
                if operations.count > 1, !written.insert(key).inserted { throw Self.twice(key) }
            }
        }
    }

    private func check(_ put: Put) throws(StoreError) {
        let size = put.value.bytes.count
        guard size <= configuration.largestObject else {
            throw .tooLarge(bytes: size, limit: configuration.largestObject)
        }
        guard put.value.isWellFormed else {
            throw .invalid("\(put.key): the slot of its revision lies outside its \(size) bytes")
        }
    }

    private func checkLeases(of operations: [Operation]) throws(StoreError) {
        for case .put(let put) in operations {
            if let lease = put.lease, !leases.contains(lease) { throw .leaseNotFound(lease) }
        }
    }

    private static func twice(_ key: StoreKey) -> StoreError {
        .invalid("\(key): a transaction writes a key once at most")
    }
}
