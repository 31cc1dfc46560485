import ClusterStore
import GRDB
import LinuxKernel
import StoreConformance
import TestSupport
import Testing

@testable import SQLiteStore

@Suite("files that are not opened")
struct RefusalTests {
    private func refusal(_ path: String) async -> String {
        do throws(StoreError) {
            await (try SQLiteStore.open(path)).close()
            return "opened"
        } catch {
            return error.description
        }
    }

    @Test("one that a newer program wrote")
    func newer() async throws {
        try await withScratchDirectory { folder in
            let path = folder + "/store.db"
            await (try SQLiteStore.open(path)).close()
            let queue = try DatabaseQueue(path: path)
            try await queue.write { try $0.execute(sql: "INSERT INTO grdb_migrations VALUES ('of the future')") }
            try queue.close()
            #expect(await refusal(path).contains("was written by a newer pouch-server"))
        }
    }

    @Test("one that another server uses")
    func used() async throws {
        try await withScratchDirectory { folder in
            let path = folder + "/store.db"
            let store = try await SQLiteStore.open(path)
            #expect(await refusal(path).contains("is used by another pouch-server"))
            await store.close()
        }
    }

    @Test("a database of something else")
    func foreign() async throws {
        try await withScratchDirectory { folder in
            let path = folder + "/other.db"
            let queue = try DatabaseQueue(path: path)
            try await queue.write { try $0.execute(sql: "CREATE TABLE t (x)") }
            try queue.close()
            #expect(await refusal(path).contains("is not the database of a pool"))
        }
    }

    @Test("one that is no database, and one in a folder that is not there")
    func damaged() async throws {
        try await withScratchDirectory { folder in
            let path = folder + "/store.db"
            try WholeFile.replace(path, with: Array(repeating: 46, count: 8192))
            #expect(await refusal(path).contains("not a database"))
            #expect(await refusal(folder + "/none/store.db").contains("No such file"))
        }
    }

    @Test("one with a key that no store takes")
    func badKey() async throws {
        try await withScratchDirectory { folder in
            let path = folder + "/store.db"
            let store = try await SQLiteStore.open(path)
            try await store.put("a", "1")
            await store.close()
            let queue = try DatabaseQueue(path: path)
            try await queue.write { try $0.execute(sql: "UPDATE change SET key = 'a b'") }
            try queue.close()
            #expect(await refusal(path).contains("key \"a b\""))
        }
    }
}
