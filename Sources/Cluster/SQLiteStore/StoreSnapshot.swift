package import ClusterStore
internal import GRDB
internal import Glibc
internal import Lanes

/// Copies of a store for bad days: `pouch-server snapshot save|restore`.
package enum StoreSnapshot {
    /// How far a restored store is ahead of the one it was copied from: further than that one can have gone meanwhile.
    ///
    /// So whoever watched the lost store hears that its past is forgotten, and lists anew, instead of taking new changes for
    /// old ones.
    static let leap: Int64 = 1_000_000_000

    /// Copies the store in `path`, whether a server uses it or not, as of one moment; gives its revision.
    ///
    /// - Throws: ``StoreError/failed(_:)`` when there is no store, or `copy` is there already.
    package static func save(_ path: String, to copy: String) async throws(StoreError) -> Revision {
        try await Lanes.shared.run { () throws(StoreError) in
            guard access(path, F_OK) == 0 else { throw .failed("\(path): there is no store") }
            return try write(path, to: copy) { try SnapshotSeal.add(in: $0) }
        }
    }

    /// Makes the store in `path` from a copy; no server may use it, and nothing may be there.
    ///
    /// - Throws: ``StoreError/failed(_:)`` when the copy is damaged, no store or newer than this program, or `path` is taken.
    package static func restore(_ copy: String, to path: String) async throws(StoreError) -> Revision {
        try await Lanes.shared.run { () throws(StoreError) in
            guard access(copy, F_OK) == 0 else { throw .failed("\(copy): there is no snapshot") }
            let lock = try SQLiteStore.locked(path)
            defer { withExtendedLifetime(lock) {} }
            return try write(copy, to: path) { database in
                let faults = try String.fetchAll(database, sql: "PRAGMA integrity_check")
                guard faults == ["ok"] else { throw StoreError.failed("\(copy) is damaged: \(faults.first ?? "")") }
                try SnapshotSeal.remove(in: database, of: copy)
                let revision = try Self.revision(database) + leap
                try database.execute(
                    sql: "UPDATE fact SET number = ? WHERE name IN ('compacted', 'reserved')", arguments: [revision])
            }
        }
    }

    /// Copies `source` to `target` and has `change` work on the copy before anybody can see it.
    private static func write(
        _ source: String, to target: String, _ change: (Database) throws -> Void
    ) throws(StoreError) -> Revision {
        guard access(target, F_OK) != 0 else { throw .failed("\(target): it is there already; move it away first") }
        let part = target + ".part"
        for suffix in ["", "-wal", "-shm", "-journal"] { unlink(part + suffix) }
        do {
            let file = try StoreFile(source, readonly: true)
            try file.queue.vacuum(into: part)
            try file.queue.close()
            var configuration = Configuration()
            configuration.journalMode = .default
            let copy = try DatabaseQueue(path: part, configuration: configuration)
            let revision = try copy.write { database in
                try change(database)
                return try Self.revision(database)
            }
            try copy.close()
            try sync(part)
            guard rename(part, target) == 0 else { throw PathFailure(target) }
            try sync(target.lastIndex(of: "/").map { $0 == target.startIndex ? "/" : String(target[..<$0]) } ?? ".")
            return Revision(revision)
        } catch {
            unlink(part)
            throw StoreFile.translated(error, target)
        }
    }

    private static func revision(_ database: Database) throws -> Int64 {
        let last = try Int64.fetchOne(database, sql: "SELECT max(number) FROM change") ?? 0
        let facts =
            try Int64.fetchOne(
                database, sql: "SELECT max(number) FROM fact WHERE name IN ('compacted', 'reserved')") ?? 0
        return max(JournalRow.parts(of: last).0.number, facts, 1)
    }

    private static func sync(_ path: String) throws(PathFailure) {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw PathFailure(path) }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else { throw PathFailure(path) }
    }
}
