internal import ClusterStore
internal import Crypto
internal import Foundation
internal import GRDB

/// A digest of all that a copy of a store holds, kept in the copy: SQLite's own check does not look at what values say.
///
/// SHA-256 over the rows in their order, each part with its length before it; as four numbers among the facts.
enum SnapshotSeal {
    private static let names = (0..<4).map { "seal\($0)" }

    /// Writes the digest into the copy.
    static func add(in database: Database) throws {
        for (name, number) in zip(names, try digest(of: database)) {
            try database.execute(sql: "INSERT INTO fact VALUES (?, ?)", arguments: [name, number])
        }
    }

    /// Takes the digest out of a copy, and says whether it was right; a file that was copied by hand has none.
    ///
    /// - Throws: ``StoreError/failed(_:)`` naming the copy when its contents are not what was saved.
    static func remove(in database: Database, of copy: String) throws {
        let marks = names.map { _ in "?" }.joined(separator: ", ")
        let rows = try Row.fetchAll(
            database, sql: "SELECT name, number FROM fact WHERE name IN (\(marks)) ORDER BY name",
            arguments: StatementArguments(names))
        let known: Set = ["compacted", "reserved"]
        let strange = try String.fetchAll(database, sql: "SELECT name FROM fact").filter {
            !known.contains($0) && !names.contains($0)
        }
        guard strange.isEmpty, rows.isEmpty || rows.count == names.count else {
            throw StoreError.failed("\(copy) is damaged: its facts are not those of a store")
        }
        try database.execute(
            sql: "DELETE FROM fact WHERE name IN (\(marks))", arguments: StatementArguments(names))
        guard !rows.isEmpty else { return }
        guard try rows.map({ $0["number"] as Int64 }) == digest(of: database) else {
            throw StoreError.failed("\(copy) is damaged: what it holds is not what was saved")
        }
    }

    private static func digest(of database: Database) throws -> [Int64] {
        var hash = SHA256()
        for table in ["change ORDER BY number", "lease ORDER BY id"] {
            let rows = try Row.fetchCursor(database, sql: "SELECT * FROM \(table)")
            while let row = try rows.next() {
                for index in 0..<row.count { try add(row, index, to: &hash) }
            }
        }
        for fact in ["compacted", "reserved"] { add(try StoreFile.fact(fact, database), to: &hash) }
        let bytes = Array(hash.finalize())
        return (0..<4).map { part in
            bytes[(part * 8)..<(part * 8 + 8)].reduce(Int64(0)) { $0 << 8 | Int64($1) }
        }
    }

    private static func add(_ row: Row, _ index: Int, to hash: inout SHA256) throws {
        switch (row[index] as DatabaseValue).storage {
        case .null: add(-1, to: &hash)
        case .int64(let number): add(number, to: &hash)
        case .double(let number): add(Int64(bitPattern: number.bitPattern), to: &hash)
        case .string(let text):
            add(Int64(text.utf8.count), to: &hash)
            hash.update(data: Array(text.utf8))
        case .blob(let data):
            add(Int64(data.count), to: &hash)
            hash.update(data: data)
        }
    }

    private static func add(_ number: Int64, to hash: inout SHA256) {
        hash.update(data: (0..<8).map { UInt8(truncatingIfNeeded: number >> (8 * $0)) })
    }
}
