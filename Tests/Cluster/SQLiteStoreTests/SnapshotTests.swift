import ClusterStore
import LinuxKernel
import SQLiteStore
import StoreConformance
import TestSupport
import Testing

@Suite("snapshots of a store")
struct SnapshotTests {
    @Test("one is saved while the store is used, and restored as it was then")
    func saveAndRestore() async throws {
        try await withScratchDirectory { folder in
            let store = try await SQLiteStore.open(folder + "/store.db")
            for number in 0..<100 { try await store.put("k/\(number)", "\(number)", node: "n1") }
            let writer = Task { for number in 0..<200 { try await store.put("late/\(number)", "1") } }
            let saved = try await StoreSnapshot.save(folder + "/store.db", to: folder + "/copy")
            try await writer.value
            #expect(saved >= Revision(101))
            let expected = try await store.keys("", at: saved)
            let lost = store.revision
            await store.close()

            let restored = try await StoreSnapshot.restore(folder + "/copy", to: folder + "/new.db")
            let anew = try await SQLiteStore.open(folder + "/new.db")
            #expect(try await anew.keys("") == expected)
            #expect(anew.revision == restored)
            // Who watched what was lost meanwhile is told to list again.
            await #expect(throws: StoreError.compacted(through: restored)) {
                try await anew.watch(WatchRequest("".folder, after: lost))
            }
            let object = try #require(try await anew.get("k/7".key))
            let put = try Put("k/7", "new")
            #expect(try await anew.commit(.replace(put, at: object.modified)).succeeded)
            await anew.close()
        }
    }

    @Test("neither overwrites what is there, nor reads what is not")
    func refusals() async throws {
        try await withScratchDirectory { folder in
            let path = folder + "/store.db"
            let store = try await SQLiteStore.open(path)
            try await store.put("a", "1")
            await #expect(throws: StoreError.self) { try await StoreSnapshot.save(path, to: path) }
            await #expect(throws: StoreError.self) {
                try await StoreSnapshot.save(folder + "/none", to: folder + "/copy")
            }
            _ = try await StoreSnapshot.save(path, to: folder + "/copy")
            await #expect(throws: StoreError.self) { try await StoreSnapshot.restore(folder + "/copy", to: path) }
            await store.close()
            await #expect(throws: StoreError.self) { try await StoreSnapshot.restore(folder + "/copy", to: path) }
            #expect(try Files.list(folder).contains("store.db.part") == false)
        }
    }

    @Test("one whose pages are damaged is not restored", arguments: [4096, 8192])
    func damaged(offset: Int) async throws {
        try await withScratchDirectory { folder in
            let store = try await SQLiteStore.open(folder + "/store.db")
            for number in 0..<500 { try await store.put("k/\(number)", String(repeating: "x", count: 100)) }
            _ = try await StoreSnapshot.save(folder + "/store.db", to: folder + "/copy")
            await store.close()
            var bytes = try WholeFile.read(folder + "/copy")
            for index in offset..<offset + 2000 { bytes[index] = 0xFF }
            try WholeFile.replace(folder + "/copy", with: bytes)
            await #expect(throws: StoreError.self) {
                try await StoreSnapshot.restore(folder + "/copy", to: folder + "/new.db")
            }
        }
    }

    @Test("one letter of a value that was changed is noticed; a store that was copied by hand is taken as it is")
    func sealed() async throws {
        try await withScratchDirectory { folder in
            let store = try await SQLiteStore.open(folder + "/store.db")
            for number in 0..<50 { try await store.put("k/\(number)", "the value of \(number)") }
            _ = try await StoreSnapshot.save(folder + "/store.db", to: folder + "/copy")
            let expected = try await store.keys("")
            await store.close()
            let whole = try WholeFile.read(folder + "/copy")
            let value = Array("the value of 33".utf8)
            let place = try #require(
                whole.indices.first { $0 + value.count <= whole.count && Array(whole[$0..<$0 + value.count]) == value })
            var bytes = whole
            bytes[place] = UInt8(ascii: "T")
            try WholeFile.replace(folder + "/bad", with: bytes)
            await #expect(throws: StoreError.self) {
                try await StoreSnapshot.restore(folder + "/bad", to: folder + "/new.db")
            }
            _ = try await StoreSnapshot.restore(folder + "/copy", to: folder + "/new.db")
            let anew = try await SQLiteStore.open(folder + "/new.db")
            #expect(try await anew.keys("") == expected)
            await anew.close()
            try WholeFile.replace(folder + "/hand", with: try WholeFile.read(folder + "/store.db"))
            _ = try await StoreSnapshot.restore(folder + "/hand", to: folder + "/other.db")
        }
    }
}
