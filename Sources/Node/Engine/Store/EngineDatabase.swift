internal import Foundation
internal import GRDB
internal import JSON

/// What this machine has registered: containers and volumes.
///
/// One SQLite file, written in WAL mode through one connection. A durable write is on the disk when it returns; others survive the death
/// of every process of ours and reach the disk with the next durable one.
final class EngineDatabase: Sendable {
    private let queue: DatabaseQueue
    static let coder = JSONCoder(keys: .asWritten)

    /// - Throws: ``EngineError/failed(_:)`` when the file is damaged, or was written by a newer pouchd.
    init(path: String) throws(EngineError) {
        do {
            var configuration = Configuration()
            configuration.label = "pouch"
            configuration.journalMode = .wal
            configuration.busyMode = .timeout(5)
            configuration.prepareDatabase { database in
                try database.execute(sql: "PRAGMA cache_size = -512")
            }
            queue = try DatabaseQueue(path: path, configuration: configuration)
            let migrator = Self.migrator()
            guard try queue.read({ try !migrator.hasBeenSuperseded($0) }) else {
                throw EngineError.failed(
                    "\(path) was written by a newer pouchd: install that one, or move the file away")
            }
            try migrator.migrate(queue)
            // Last, because turning WAL on lowers it to NORMAL, under which a loss of power undoes what was registered.
            try queue.writeWithoutTransaction { try $0.execute(sql: "PRAGMA synchronous = FULL") }
        } catch {
            throw Self.translated(error, path)
        }
    }

    /// Steps are added at the end and never changed: databases out there have taken them.
    private static func migrator() -> DatabaseMigrator {
        var migrator = DatabaseMigrator()
        migrator.registerMigration("containers and volumes") { database in
            try database.execute(
                sql: """
                    CREATE TABLE container (
                        id TEXT PRIMARY KEY NOT NULL, name TEXT NOT NULL UNIQUE, record BLOB NOT NULL, state BLOB
                    ) STRICT;
                    CREATE TABLE volume (name TEXT PRIMARY KEY NOT NULL, record BLOB NOT NULL) STRICT;
                    """)
        }
        migrator.registerMigration("limited spaces") { database in
            try database.execute(
                sql: "CREATE TABLE space (id INTEGER PRIMARY KEY NOT NULL, record BLOB NOT NULL) STRICT")
        }
        migrator.registerMigration("networks and addresses") { database in
            try database.execute(
                sql: """
                    CREATE TABLE network (id TEXT PRIMARY KEY NOT NULL, name TEXT NOT NULL UNIQUE, record BLOB NOT NULL) STRICT;
                    CREATE TABLE reservation (
                        container TEXT NOT NULL, network TEXT NOT NULL, ipv4 TEXT, ipv6 TEXT, mac TEXT NOT NULL,
                        PRIMARY KEY (container, network), UNIQUE (network, ipv4), UNIQUE (network, ipv6)
                    ) STRICT, WITHOUT ROWID;
                    """)
        }
        return migrator
    }

    private static func translated(_ error: any Error, _ doing: String) -> EngineError {
        (error as? EngineError) ?? .failed("\(doing): \(error)")
    }

    // MARK: containers

    /// All of them; a record that cannot be read is left where it is and reported by `unreadable`.
    func containers(unreadable: (String, any Error) -> Void) throws(EngineError) -> [(ContainerRecord, StoredState)] {
        let rows = try reading("containers") { try Row.fetchAll($0, sql: "SELECT id, record, state FROM container") }
        var result: [(ContainerRecord, StoredState)] = []
        for row in rows {
            do {
                let record: [UInt8] = try Self.bytes(row, "record")
                let state = try Self.optionalBytes(row, "state")
                result.append(
                    (
                        try Self.coder.decode(ContainerRecord.self, from: record),
                        try state.map { try Self.coder.decode(StoredState.self, from: $0) } ?? StoredState()
                    ))
            } catch {
                unreadable(row["id"] ?? "?", error)
            }
        }
        return result
    }

    func insert(_ record: ContainerRecord, durable: Bool) async throws(EngineError) {
        let bytes = try Self.encoded(record)
        try await writing("container \(record.name)", durable: durable) { database in
            try database.execute(
                sql: "INSERT INTO container (id, name, record) VALUES (?, ?, ?)",
                arguments: [record.id, record.name, Data(bytes)])
        }
    }

    func update(_ record: ContainerRecord) async throws(EngineError) {
        let bytes = try Self.encoded(record)
        try await writing("container \(record.name)", durable: true) { database in
            try database.execute(
                sql: "UPDATE container SET name = ?, record = ? WHERE id = ?",
                arguments: [record.name, Data(bytes), record.id])
        }
    }

    /// What it is doing: never waits for the disk.
    func save(_ state: StoredState, of id: String) async throws(EngineError) {
        let bytes = try Self.encoded(state)
        try await writing("container \(id)", durable: false) { database in
            try database.execute(sql: "UPDATE container SET state = ? WHERE id = ?", arguments: [Data(bytes), id])
        }
    }

    func deleteContainer(_ id: String, durable: Bool) async throws(EngineError) {
        try await writing("container \(id)", durable: durable) { database in
            try database.execute(sql: "DELETE FROM container WHERE id = ?", arguments: [id])
        }
    }

    // MARK: volumes

    func volumes() throws(EngineError) -> [VolumeRecord] {
        let rows = try reading("volumes") { try Row.fetchAll($0, sql: "SELECT record FROM volume") }
        return rows.compactMap { row in
            (try? Self.bytes(row, "record")).flatMap { try? Self.coder.decode(VolumeRecord.self, from: $0) }
        }
    }

    func insert(_ volume: VolumeRecord) async throws(EngineError) {
        let bytes = try Self.encoded(volume)
        try await writing("volume \(volume.name)", durable: true) { database in
            try database.execute(
                sql: "INSERT OR REPLACE INTO volume (name, record) VALUES (?, ?)",
                arguments: [volume.name, Data(bytes)])
        }
    }

    func deleteVolume(_ name: String) async throws(EngineError) {
        try await writing("volume \(name)", durable: true) { database in
            try database.execute(sql: "DELETE FROM volume WHERE name = ?", arguments: [name])
        }
    }

    // MARK: the file

    func reading<Result>(_ doing: String, _ body: (Database) throws -> Result) throws(EngineError) -> Result {
        do { return try queue.read(body) } catch { throw Self.translated(error, doing) }
    }

    /// Finishes what it has begun even when its task is cancelled: an engine that stops still knows what it does.
    func writing(
        _ doing: String, durable: Bool, _ body: @escaping @Sendable (Database) throws -> Void
    ) async throws(EngineError) {
        do {
            try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
                queue.asyncWriteWithoutTransaction { database in
                    continuation.resume(with: Result { try Self.commit(body, in: database, durable: durable) })
                }
            }
        } catch {
            throw Self.translated(error, doing)
        }
    }

    private static func commit(
        _ body: (Database) throws -> Void, in database: Database, durable: Bool
    ) throws {
        if !durable { try database.execute(sql: "PRAGMA synchronous = NORMAL") }
        defer { if !durable { try? database.execute(sql: "PRAGMA synchronous = FULL") } }
        try database.inTransaction {
            try body(database)
            return .commit
        }
    }

    static func encoded(_ value: some Encodable) throws(EngineError) -> [UInt8] {
        do { return try coder.encode(value) } catch { throw .failed("\(error)") }
    }

    static func bytes(_ row: Row, _ column: String) throws -> [UInt8] {
        guard let data: Data = row[column] else { throw EngineError.failed("\(column) is missing") }
        return [UInt8](data)
    }

    private static func optionalBytes(_ row: Row, _ column: String) throws -> [UInt8]? {
        let data: Data? = row[column]
        return data.map { [UInt8]($0) }
    }
}
