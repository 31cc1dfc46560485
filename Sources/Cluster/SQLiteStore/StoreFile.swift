internal import ClusterStore
internal import Foundation
internal import GRDB
internal import Units

/// The SQLite file of a store: one row for each change that may still be asked for, appended in the order in which they happened.
///
/// Rows of one batch lie side by side, so that a write costs a few pages however many keys it touches; the latest versions
/// are found in memory. Written in WAL mode with `synchronous=FULL`: what a commit has returned survives the loss of power.
struct StoreFile: Sendable {
    /// `Puch`, in the header of the file.
    private static let application = 0x5075_6368

    let queue: DatabaseQueue
    let path: String

    /// Opens the file, makes it when it is not there.
    ///
    /// - Throws: ``StoreError/failed(_:)`` when it is damaged, is no store, or was written by a newer program.
    init(_ path: String, readonly: Bool = false) throws(StoreError) {
        self.path = path
        do {
            var configuration = Configuration()
            configuration.label = "store"
            configuration.busyMode = .timeout(5)
            configuration.readonly = readonly
            if !readonly { configuration.journalMode = .wal }
            configuration.prepareDatabase { database in
                // A checkpoint copies what was written often once only: fewer of them are cheaper.
                try database.execute(sql: "PRAGMA wal_autocheckpoint = 4000")
            }
            queue = try DatabaseQueue(path: path, configuration: configuration)
            let migrator = Self.migrator()
            let state = try queue.read { database in
                (
                    application: try Int.fetchOne(database, sql: "PRAGMA application_id") ?? 0,
                    isEmpty: try Int.fetchOne(database, sql: "SELECT count(*) FROM sqlite_schema") == 0,
                    isNewer: try migrator.hasBeenSuperseded(database)
                )
            }
            guard state.isEmpty || state.application == Self.application else {
                throw StoreError.failed("\(path) is not the database of a pool")
            }
            guard !state.isNewer else {
                throw StoreError.failed(
                    "\(path) was written by a newer pouch-server: install that one, or restore a snapshot")
            }
            guard !readonly else { return }
            try migrator.migrate(queue)
            // Last, because turning WAL on lowers it to NORMAL, under which a loss of power undoes what was acknowledged.
            try queue.writeWithoutTransaction { try $0.execute(sql: "PRAGMA synchronous = FULL") }
        } catch {
            throw Self.translated(error, path)
        }
    }

    /// Steps are added at the end and never changed: databases out there have taken them.
    private static func migrator() -> DatabaseMigrator {
        var migrator = DatabaseMigrator()
        migrator.registerMigration("changes, leases and facts") { database in
            try database.execute(
                sql: """
                    PRAGMA application_id = \(application);
                    CREATE TABLE change (
                        number INTEGER PRIMARY KEY NOT NULL, key TEXT NOT NULL, created INTEGER NOT NULL,
                        version INTEGER NOT NULL, lease INTEGER, terms TEXT, value BLOB
                    ) STRICT;
                    CREATE TABLE lease (id INTEGER PRIMARY KEY NOT NULL, milliseconds INTEGER NOT NULL) STRICT;
                    CREATE TABLE fact (name TEXT PRIMARY KEY NOT NULL, number INTEGER NOT NULL) STRICT, WITHOUT ROWID;
                    INSERT INTO fact VALUES ('compacted', 0), ('reserved', 0);
                    """)
        }
        return migrator
    }

    /// A full disk undoes what was begun; after anything else nobody knows what the disk holds.
    static func translated(_ error: any Error, _ path: String) -> StoreError {
        switch error {
        case let error as StoreError: error
        case let error as DatabaseError where error.resultCode == .SQLITE_FULL: .full(path)
        case let error as DatabaseError: .failed("\(path): \(error.message ?? error.resultCode.description)")
        default: .failed("\(path): \(error)")
        }
    }

    /// The store as it was when it was last written.
    ///
    /// Blocks for some seconds when it holds hundreds of thousands of objects.
    func load(_ configuration: StoreConfiguration, clock: @Sendable () -> Timestamp) throws(StoreError) -> StoreCore {
        do {
            let (image, rows) = try queue.read { database in
                let rows = try Row.fetchCursor(
                    database,
                    sql: "SELECT number, key, created, version, lease, terms, value FROM change ORDER BY number")
                return (try Self.image(database), try Array(rows.map(Self.row)))
            }
            var iterator = rows.makeIterator()
            return try StoreCore(configuration, from: image, at: clock()) { iterator.next() }
        } catch {
            throw Self.translated(error, path)
        }
    }

    private static func image(_ database: Database) throws -> JournalImage {
        let leases = try Row.fetchAll(database, sql: "SELECT id, milliseconds FROM lease").map { row in
            Lease(id: LeaseID(row[0]), timeToLive: .milliseconds(row[1] as Int64))
        }
        return JournalImage(
            compacted: Revision(try fact("compacted", database)), reserved: Revision(try fact("reserved", database)),
            leases: leases)
    }

    static func fact(_ name: String, _ database: Database) throws -> Int64 {
        try Int64.fetchOne(database, sql: "SELECT number FROM fact WHERE name = ?", arguments: [name]) ?? 0
    }

    private static func row(_ row: Row) throws -> JournalRow {
        let (revision, ordinal) = JournalRow.parts(of: row[0])
        let key = try StoreKey(row[1])
        guard let value = try row.withUnsafeData(atIndex: 6, { $0.map { [UInt8]($0) } }) else {
            return JournalRow(revision: revision, ordinal: ordinal, key: key, object: nil)
        }
        let terms: String? = row[5]
        let lease: Int64? = row[4]
        let object = StoredObject(
            key: key, value: value, created: Revision(row[2]), modified: revision, version: row[3],
            lease: lease.map { LeaseID($0) }, terms: terms.map(IndexTerm.list) ?? [], ordinal: ordinal)
        return JournalRow(revision: revision, ordinal: ordinal, key: key, object: object)
    }
}
