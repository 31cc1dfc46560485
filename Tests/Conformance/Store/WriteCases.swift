internal import ClusterStore
internal import Testing

extension ConformanceCase {
    static let writes = [
        ConformanceCase("an empty store is at 1, and each write makes the next revision") { test in
            #expect(test.store.revision == .first)
            let first = try await test.store.put("a", "1")
            #expect(first?.modified == Revision(2))
            #expect(try await test.store.put("a", "2")?.modified == Revision(3))
            #expect(test.store.revision == Revision(3))
        },
        ConformanceCase("an object knows when it was made, when it was written, and how often") { test in
            try await test.store.put("a", "1")
            let second = try #require(try await test.store.put("a", "2"))
            #expect((second.created, second.modified, second.version) == (Revision(2), Revision(3), 2))
            try await test.store.delete("a")
            let anew = try #require(try await test.store.put("a", "3"))
            #expect((anew.created, anew.modified, anew.version) == (Revision(5), Revision(5), 1))
        },
        ConformanceCase("what exists is not created again: the answer is who has the name") { test in
            let put = try Put("a", "1")
            #expect(try await test.store.commit(.create(put)).succeeded)
            let second = try await test.store.commit(.create(try Put("a", "2")))
            #expect(!second.succeeded)
            #expect(second.object?.text == "1")
            #expect(test.store.revision == Revision(2))
        },
        ConformanceCase("a stale version is not replaced, nor deleted: the answer is what is there") { test in
            let first = try #require(try await test.store.put("a", "1"))
            #expect(try await test.store.commit(.replace(try Put("a", "2"), at: first.modified)).succeeded)
            let stale = try await test.store.commit(.replace(try Put("a", "3"), at: first.modified))
            #expect(!stale.succeeded && stale.object?.text == "2")
            let removal = try await test.store.commit(.delete("a".key, at: first.modified))
            #expect(!removal.succeeded && removal.object?.text == "2")
            #expect(try await test.store.text("a") == "2")
            #expect(test.store.revision == Revision(3))
        },
        ConformanceCase("a name that was used before meets conditions on its present life only") { test in
            let first = try #require(try await test.store.put("a", "1"))
            try await test.store.delete("a")
            let gone = Transaction(when: [.modified(try "a".key, at: first.modified)], [.put(try Put("a", "2"))])
            #expect(try await !test.store.commit(gone).succeeded)
            try await test.store.put("a", "3")
            let older = Transaction(when: [.created(try "a".key, at: first.created)], [.put(try Put("a", "4"))])
            #expect(try await !test.store.commit(older).succeeded)
            let there = Transaction(when: [.exists(try "a".key)], [.put(try Put("a", "5"))])
            #expect(try await test.store.commit(there).succeeded)
        },
        ConformanceCase("writes of a transaction happen together, at one revision, or not at all") { test in
            let both = Transaction(
                when: [.missing(try "a".key), .missing(try "b".key)],
                [.put(try Put("a", "1")), .put(try Put("b", "1"))])
            let done = try await test.store.commit(both)
            #expect(done.outcomes.map { $0?.modified } == [Revision(2), Revision(2)])
            try await test.store.delete("a")
            #expect(try await !test.store.commit(both).succeeded)
            #expect(try await test.store.keys("") == ["b"])
        },
        ConformanceCase("a transaction whose conditions fail does the other thing") { test in
            let transaction = Transaction(
                when: [.exists(try "a".key)], [.delete(try "a".key)], otherwise: [.put(try Put("a", "made"))])
            let first = try await test.store.commit(transaction)
            #expect(!first.succeeded && first.object?.text == "made")
            let second = try await test.store.commit(transaction)
            #expect(second.succeeded && second.object?.text == "made")
            #expect(try await test.store.text("a") == nil)
        },
        ConformanceCase("operations of a transaction see those before them") { test in
            let key = try "a".key
            let result = try await test.store.commit(
                Transaction([.get(key), .put(try Put("a", "1")), .get(key)]))
            #expect(result.outcomes.map { $0?.text } == [nil, "1", "1"])
        },
        ConformanceCase("deleting what is not there changes nothing") { test in
            let gone = try await test.store.delete("a")
            #expect(gone == nil)
            #expect(test.store.revision == .first)
        },
        ConformanceCase("a transaction writes a key once") { test in
            let twice = Transaction([.put(try Put("a", "1")), .put(try Put("a", "2"))])
            await #expect(throws: StoreError.self) { try await test.store.commit(twice) }
            let undone = Transaction([.put(try Put("a", "1")), .delete(try "a".key)])
            await #expect(throws: StoreError.self) { try await test.store.commit(undone) }
            #expect(test.store.revision == .first)
        },
        ConformanceCase("a transaction has 128 operations at most") { test in
            func puts(_ count: Int) throws -> Transaction {
                Transaction(try (0..<count).map { .put(try Put("k/\($0)", "1")) })
            }
            await #expect(throws: StoreError.self) { try await test.store.commit(puts(129)) }
            try await test.store.commit(puts(128))
            #expect(try await test.store.keys("k").count == 128)
        },
        ConformanceCase("an object of more than 1.5 MiB is refused, with its size") { test in
            let large = StoredValue([UInt8](repeating: 46, count: 1_572_865))
            await #expect(throws: StoreError.tooLarge(bytes: 1_572_865, limit: 1_572_864)) {
                try await test.store.commit(.create(Put("a".key, large)))
            }
            let most = StoredValue([UInt8](repeating: 46, count: 1_572_864))
            try await test.store.commit(.create(Put("a".key, most)))
            #expect(try await test.store.get("a".key)?.value.count == most.bytes.count)
        },
        ConformanceCase("transactions that come together each stand for themselves") { test in
            let results = await test.store.commit([
                .create(try Put("a", "1")), .create(try Put("a", "2")),
                Transaction([.put(try Put("b", "1")), .put(try Put("b", "2"))]), .create(try Put("c", "1")),
            ])
            #expect(results.map { (try? $0.get())?.succeeded } == [true, false, nil, true])
            #expect(try await test.store.keys("") == ["a", "c"])
        },
        ConformanceCase("of many who replace the same version one succeeds each time") { test in
            try await test.store.put("n", "0")
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<8 {
                    group.addTask { for _ in 0..<25 { try await increment("n", in: test.store) } }
                }
                try await group.waitForAll()
            }
            #expect(try await test.store.text("n") == "200")
            #expect(try await test.store.get("n".key)?.version == 201)
        },
    ]

    private static func increment(_ name: String, in store: any ClusterStore) async throws {
        while true {
            let known = try #require(try await store.get(name.key))
            let put = try Put(name, String((Int(known.text) ?? 0) + 1))
            if try await store.commit(.replace(put, at: known.modified)).succeeded { return }
        }
    }
}
