@testable import ClusterStore
import StoreConformance
import Synchronization
import Testing

/// A journal that writes when it is told to, and says what it was asked to write.
private final class ScriptedJournal: Journal {
    private struct State {
        var pending: [(JournalBatch, @Sendable (Result<Void, StoreError>) -> Void)] = []
        var written: [JournalBatch] = []
        var waiter: CheckedContinuation<Void, Never>?
    }

    private let state = Mutex(State())

    func write(_ batch: JournalBatch, done: @escaping @Sendable (Result<Void, StoreError>) -> Void) {
        let waiter = state.withLock { state in
            state.pending.append((batch, done))
            defer { state.waiter = nil }
            return state.waiter
        }
        waiter?.resume()
    }

    func close() {}

    /// Ends the next write, once there is one.
    @discardableResult
    func end(_ result: Result<Void, StoreError> = .success(())) async -> JournalBatch {
        await withCheckedContinuation { continuation in
            let isReady = state.withLock { state in
                if state.pending.isEmpty { state.waiter = continuation }
                return !state.pending.isEmpty
            }
            if isReady { continuation.resume() }
        }
        let (batch, done) = state.withLock { $0.pending.removeFirst() }
        done(result)
        return batch
    }

    var isIdle: Bool { state.withLock { $0.pending.isEmpty } }
}

@Suite("a store and its journal")
struct JournalTests {
    private func store(_ journal: ScriptedJournal, memory: Duration = .seconds(300)) throws -> (LocalStore, ManualClock)
    {
        var configuration = StoreConfiguration()
        configuration.ephemeral = [try KeyFolder("beats")]
        configuration.memory = memory
        let clock = ManualClock()
        return (LocalStore(StoreCore(configuration), configuration, journal: journal, clock: { clock.now }), clock)
    }

    @Test("nobody sees a write before it is durable")
    func invisible() async throws {
        let journal = ScriptedJournal()
        let (store, _) = try store(journal)
        let watch = try await store.watch(WatchRequest("".folder, wantsProgress: true))
        let write = Task { try await store.put("a", "1") }
        while journal.isIdle { await Task.yield() }
        #expect(try await store.text("a") == nil)
        #expect(store.revision == .first)
        await store.announceProgress()
        #expect(try await watch.next()?.through == .first)
        await journal.end()
        #expect(try await write.value?.modified == Revision(2))
        #expect(try await store.text("a") == "1")
        #expect(try await watch.next()?.summary == ["+a=1"])
    }

    @Test("what comes while the journal writes goes into one batch")
    func groups() async throws {
        let journal = ScriptedJournal()
        let (store, _) = try store(journal)
        let writes = (0..<10).map { number in Task { try await store.put("k/\(number)", "1") } }
        var sizes: [Int] = []
        while sizes.reduce(0, +) < 10 {
            // Everything that was asked for is waiting by now, or will be soon.
            while store.state.withLock({ $0.core.head }) < Revision(11) { await Task.yield() }
            sizes.append(await journal.end().changes.count)
        }
        for write in writes { _ = try await write.value }
        #expect(sizes.count == 2)
    }

    @Test("a refusal that rests on what is not durable waits for it")
    func conflictWaits() async throws {
        let journal = ScriptedJournal()
        let (store, _) = try store(journal)
        let put = try Put("a", "1")
        let first = Task { try await store.commit(.create(put)) }
        while journal.isIdle { await Task.yield() }
        let second = Task { try await store.commit(.create(put)) }
        while store.state.withLock({ $0.waiting.count }) < 2 { await Task.yield() }
        await journal.end(.failure(.full("disk")))
        await #expect(throws: StoreError.full("disk")) { try await first.value }
        await #expect(throws: StoreError.full("disk")) { try await second.value }
    }

    @Test("after a full disk everything is as before, and goes on")
    func full() async throws {
        let journal = ScriptedJournal()
        let (store, clock) = try store(journal)
        let lease = Task { try await store.grantLease(.seconds(5)) }
        await journal.end()
        let id = try await lease.value.id
        let before = Task { try await store.put("a", "1", node: "n1", lease: id) }
        await journal.end()
        _ = try await before.value
        let change = Transaction([.put(try Put("a", "2", node: "n2")), .put(try Put("b", "1", node: "n1"))])
        let lost = Task { try await store.commit(change) }
        await journal.end(.failure(.full("disk")))
        await #expect(throws: StoreError.full("disk")) { try await lost.value }
        #expect(try await store.keys("") == ["a"])
        let term = try IndexTerm("spec.nodeName", "n1")
        let found = try await store.list(ListRequest("".folder, term: term)).objects
        #expect(found.map(\.text) == ["1"])
        #expect(store.revision == Revision(2))
        // The lease has its object again.
        clock.advance(by: .seconds(5))
        let ending = Task { await store.endExpiredLeases() }
        await journal.end(.failure(.full("disk")))
        await ending.value
        #expect(try await store.text("a") == "1")
        clock.advance(by: .seconds(5))
        let again = Task { await store.endExpiredLeases() }
        await journal.end()
        await again.value
        #expect(try await store.text("a") == nil)
    }

    @Test("a broken disk ends the store: writes, reads and watches are told")
    func broken() async throws {
        let journal = ScriptedJournal()
        let (store, _) = try store(journal)
        let watch = try await store.watch(WatchRequest("".folder))
        let write = Task { try await store.put("a", "1") }
        await journal.end(.failure(.failed("fsync")))
        await #expect(throws: StoreError.failed("fsync")) { try await write.value }
        await #expect(throws: StoreError.failed("fsync")) { try await store.put("a", "1") }
        await #expect(throws: StoreError.failed("fsync")) { try await store.text("a") }
        await #expect(throws: StoreError.failed("fsync")) { try await watch.next() }
    }

    @Test("a heartbeat needs no disk, once numbers are put aside for them")
    func ephemeral() async throws {
        let journal = ScriptedJournal()
        let (store, _) = try store(journal)
        let first = Task { try await store.put("beats/n1", "1") }
        let batch = await journal.end()
        _ = try await first.value
        #expect(batch.changes.isEmpty && batch.reserves && batch.reserved > Revision(2))
        for _ in 0..<1000 { try await store.put("beats/n1", "2") }
        #expect(journal.isIdle)
        #expect(store.revision == Revision(1002))
        #expect(store.state.withLock { $0.core.eventCount } < 2000)
    }

    @Test("what is too old is forgotten, and its rows are taken away")
    func retires() async throws {
        let journal = ScriptedJournal()
        let (store, clock) = try store(journal, memory: .seconds(10))
        var outdated: [Int64] = []
        func put(_ key: String) async throws {
            let write = Task { try await store.put(key, "1") }
            outdated += await journal.end().outdated
            _ = try await write.value
        }
        for _ in 0..<3 { try await put("a") }  // 2, 3, 4
        clock.advance(by: .seconds(11))
        try await put("b")  // 5 is the first to find them old
        try await put("b")
        #expect(store.state.withLock { $0.core.compacted } == Revision(4))
        #expect(outdated == [2, 3].map { Int64($0) * 128 })
        await #expect(throws: StoreError.compacted(through: Revision(4))) {
            try await store.watch(WatchRequest("".folder, after: Revision(3)))
        }
    }

    @Test("rows of the past that a full disk kept go with the next batch, in their order")
    func retiresAgain() async throws {
        let journal = ScriptedJournal()
        let (store, clock) = try store(journal, memory: .seconds(10))
        for value in ["1", "2"] {
            let write = Task { try await store.put("a", value) }
            await journal.end()
            _ = try await write.value
        }
        let removal = Task { try await store.delete("a") }
        await journal.end()
        _ = try await removal.value
        clock.advance(by: .seconds(12))
        var outdated: [Int64] = []
        for (key, result) in [
            ("b", Result<Void, StoreError>.success(())), ("c", .failure(.full("disk"))), ("d", .success(())),
        ] {
            let write = Task { try await store.put(key, "1") }
            let batch = await journal.end(result)
            if case .success = result { outdated += batch.outdated }
            _ = await write.result
        }
        #expect(outdated == [2, 3, 4].map { Int64($0) * 128 })
    }

    @Test("too many waiting writes are refused")
    func overload() async throws {
        let journal = ScriptedJournal()
        var configuration = StoreConfiguration()
        configuration.mostWaiting = 3
        let store = LocalStore(StoreCore(configuration), configuration, journal: journal)
        let writes = (0..<3).map { number in Task { try await store.put("k/\(number)", "1") } }
        while store.state.withLock({ $0.waiting.count }) < 3 { await Task.yield() }
        await #expect(throws: StoreError.overloaded) { try await store.put("k/4", "1") }
        var open = 3
        while open > 0 { open -= await journal.end().changes.count }
        for write in writes { _ = try await write.value }
    }

    @Test("closing waits for what is being written, then says so to all")
    func closes() async throws {
        let journal = ScriptedJournal()
        let (store, _) = try store(journal)
        let watch = try await store.watch(WatchRequest("".folder))
        let write = Task { try await store.put("a", "1") }
        while journal.isIdle { await Task.yield() }
        let closing = Task { await store.close() }
        await journal.end()
        await closing.value
        #expect(try await write.value?.text == "1")
        #expect(try await watch.next()?.summary == ["+a=1"])
        await #expect(throws: StoreError.closed) { try await watch.next() }
        await #expect(throws: StoreError.closed) { try await store.put("a", "2") }
    }
}
