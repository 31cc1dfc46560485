import ClusterStore
import GRDB
import StoreConformance
import TestSupport
import Testing

@testable import SQLiteStore

@Suite("the store in a file")
struct SQLiteStoreTests {
    static func configuration() throws -> StoreConfiguration {
        var configuration = StoreConfiguration()
        configuration.ephemeral = [try KeyFolder("beats")]
        return configuration
    }

    static func open(_ folder: String, _ clock: ManualClock = ManualClock()) async throws -> LocalStore {
        try await SQLiteStore.open(folder + "/store.db", try configuration(), clock: { clock.now })
    }

    @Test("keeps the promises of every store", arguments: ConformanceCase.all)
    func conforms(promise: ConformanceCase) async throws {
        try await withScratchDirectory { folder in
            let clock = ManualClock()
            let store = try await Self.open(folder, clock)
            try await promise.check(StoreUnderTest(store, clock: clock) { await store.endExpiredLeases() })
            await store.close()
        }
    }

    @Test("a commit waits for the disk")
    func synchronous() async throws {
        try await withScratchDirectory { folder in
            let file = try StoreFile(folder + "/store.db")
            let (synchronous, journal) = try await file.queue.read { database in
                (
                    try Int.fetchOne(database, sql: "PRAGMA synchronous"),
                    try String.fetchOne(database, sql: "PRAGMA journal_mode")
                )
            }
            #expect(synchronous == 2)
            #expect(journal == "wal")
        }
    }

    @Test("what was written is there after a restart, the past too")
    func reopens() async throws {
        try await withScratchDirectory { folder in
            var store = try await Self.open(folder)
            try await store.put("pods/a", "1", node: "n1")  // 2
            try await store.put("pods/a", "2", node: "n2")
            try await store.put("pods/b", "1", node: "n1")
            try await store.delete("pods/b")  // 5
            await store.close()
            store = try await Self.open(folder)
            #expect(store.revision == Revision(5))
            let object = try #require(try await store.get("pods/a".key))
            #expect((object.text, object.created, object.version) == ("2", Revision(2), 2))
            #expect(object.terms == [try IndexTerm("spec.nodeName", "n2")])
            #expect(try await store.keys("pods", at: Revision(4)) == ["pods/a", "pods/b"])
            let watch = try await store.watch(WatchRequest("pods".folder, after: Revision(2)))
            #expect(try await watch.summary(of: 3) == ["~pods/a=2", "+pods/b=1", "-pods/b"])
            let term = try IndexTerm("spec.nodeName", "n1")
            #expect(try await store.list(ListRequest("pods".folder, term: term)).objects.isEmpty)
            let lost = try await store.watch(WatchRequest("pods".folder, term: term, after: Revision(2)))
            #expect(try await lost.summary(of: 3) == ["~pods/a=2", "+pods/b=1", "-pods/b"])
            #expect(try await store.put("pods/c", "1")?.modified == Revision(6))
            await store.close()
        }
    }

    @Test("heartbeats are gone after a restart, and no number is given again")
    func ephemeral() async throws {
        try await withScratchDirectory { folder in
            var store = try await Self.open(folder)
            try await store.put("a", "1")
            for _ in 0..<100 { try await store.put("beats/n1", "1") }
            let last = store.revision
            await store.close()
            store = try await Self.open(folder)
            #expect(try await store.keys("") == ["a"])
            #expect(store.revision >= last)
            let put = try #require(try await store.put("b", "1"))
            #expect(put.modified > last)
            await store.close()
        }
    }

    @Test("leases have their whole time after a restart")
    func leases() async throws {
        try await withScratchDirectory { folder in
            let clock = ManualClock()
            var store = try await Self.open(folder, clock)
            let lease = try await store.grantLease(.seconds(10))
            let ended = try await store.grantLease(.seconds(10))
            try await store.put("a", "1", lease: lease.id)
            try await store.revokeLease(ended.id)
            clock.advance(by: .seconds(9))
            await store.close()
            store = try await Self.open(folder, clock)
            clock.advance(by: .seconds(9))
            await store.endExpiredLeases()
            #expect(try await store.text("a") == "1")
            await #expect(throws: StoreError.leaseNotFound(ended.id)) { try await store.renewLease(ended.id) }
            clock.advance(by: .seconds(1))
            await store.endExpiredLeases()
            #expect(try await store.text("a") == nil)
            await store.close()
        }
    }

    @Test("what was compacted stays so, and its rows leave the file")
    func compacts() async throws {
        try await withScratchDirectory { folder in
            var store = try await Self.open(folder)
            for number in 0..<50 { try await store.put("a", "\(number)") }
            try await store.put("b", "1")
            try await store.delete("b")
            try await store.compact(through: store.revision)
            try await store.put("c", "1")
            await store.close()
            let rows = try await StoreFile(folder + "/store.db").queue.read {
                try Int.fetchOne($0, sql: "SELECT count(*) FROM change")
            }
            #expect(rows == 2)
            store = try await Self.open(folder)
            #expect(try await store.keys("") == ["a", "c"])
            await #expect(throws: StoreError.compacted(through: Revision(53))) {
                try await store.text("a", at: Revision(52))
            }
            await store.close()
        }
    }

    @Test("random steps, compactions and restarts end as they would without", arguments: UInt64(0)..<10)
    func randomRestarts(seed: UInt64) async throws {
        try await withScratchDirectory { folder in
            var random = SplitMix64(seed: seed)
            let reference = LocalStore(try Self.configuration())
            var store = try await Self.open(folder)
            for step in 0..<200 {
                let key = "k/\(Int.random(in: 0..<12, using: &random))"
                let node = "n\(Int.random(in: 0..<3, using: &random))"
                if Int.random(in: 0..<4, using: &random) == 0 {
                    try await reference.delete(key)
                    try await store.delete(key)
                } else {
                    try await reference.put(key, "\(step)", node: node)
                    try await store.put(key, "\(step)", node: node)
                }
                if Int.random(in: 0..<40, using: &random) == 0 { try await store.compact(through: store.revision) }
                guard Int.random(in: 0..<20, using: &random) == 0 else { continue }
                await store.close()
                store = try await Self.open(folder)
                #expect(store.revision == reference.revision, "seed \(seed)")
                for node in 0..<3 {
                    let request = ListRequest(try "k".folder, term: try IndexTerm("spec.nodeName", "n\(node)"))
                    let (ours, theirs) = (try await store.list(request), try await reference.list(request))
                    #expect(ours.objects.map(\.text) == theirs.objects.map(\.text), "seed \(seed)")
                    #expect(ours.objects.map(\.version) == theirs.objects.map(\.version), "seed \(seed)")
                }
            }
            await store.close()
        }
    }
}
