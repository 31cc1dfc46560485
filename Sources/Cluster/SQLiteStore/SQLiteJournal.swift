internal import ClusterStore
internal import Foundation
internal import GRDB

/// Writes a store's changes into its file, one transaction for each batch, on the database's own queue.
struct SQLiteJournal: Journal {
    let file: StoreFile
    /// Held until the journal closes, or its process ends.
    let lock: FileLock

    func write(_ batch: JournalBatch, done: @escaping @Sendable (Result<Void, StoreError>) -> Void) {
        file.queue.asyncWriteWithoutTransaction { [path = file.path] database in
            do {
                try database.inTransaction(.immediate) {
                    try Self.write(batch, in: database)
                    return .commit
                }
            } catch {
                done(.failure(StoreFile.translated(error, path)))
                return
            }
            done(.success(()))
        }
    }

    func close() {
        try? file.queue.close()
        lock.release()
    }

    private static func write(_ batch: JournalBatch, in database: Database) throws {
        if !batch.changes.isEmpty {
            let insert = try database.cachedStatement(sql: "INSERT INTO change VALUES (?, ?, ?, ?, ?, ?, ?)")
            for change in batch.changes { try insert.execute(arguments: arguments(JournalRow(change))) }
        }
        for change in batch.leases {
            switch change {
            case .granted(let lease):
                let (seconds, attoseconds) = lease.timeToLive.components
                try database.execute(
                    sql: "INSERT INTO lease VALUES (?, ?)",
                    arguments: [lease.id.number, seconds * 1000 + attoseconds / 1_000_000_000_000_000])
            case .ended(let id):
                try database.execute(sql: "DELETE FROM lease WHERE id = ?", arguments: [id.number])
            }
        }
        if batch.reserves { try set("reserved", batch.reserved, in: database) }
        guard !batch.outdated.isEmpty else { return }
        let delete = try database.cachedStatement(sql: "DELETE FROM change WHERE number = ?")
        for number in batch.outdated { try delete.execute(arguments: [number]) }
        try set("compacted", batch.compacted, in: database)
    }

    private static func set(_ fact: String, _ revision: Revision, in database: Database) throws {
        let update = try database.cachedStatement(sql: "UPDATE fact SET number = ? WHERE name = ?")
        try update.execute(arguments: [revision.number, fact])
    }

    private static func arguments(_ row: JournalRow) -> StatementArguments {
        guard let object = row.object else { return [row.number, row.key.path, 0, 0, nil, nil, nil] }
        return [
            row.number, row.key.path, object.created.number, object.version, object.lease?.number,
            object.terms.isEmpty ? nil : IndexTerm.text(object.terms), Data(object.value),
        ]
    }
}
