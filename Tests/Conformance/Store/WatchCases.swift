internal import ClusterStore
internal import Testing

extension ConformanceCase {
    static let watches = [
        ConformanceCase("a watch tells what happens from now on, with what was before") { test in
            try await test.store.put("a", "0")
            let watch = try await test.store.watch(WatchRequest("".folder))
            try await test.store.put("a", "1")
            try await test.store.put("b", "1")
            try await test.store.delete("a")
            var events: [WatchEvent] = []
            while events.count < 3, let batch = try await watch.next() { events += batch.events }
            #expect(events.map(\.revision) == [Revision(3), Revision(4), Revision(5)])
            #expect(events.map { $0.object?.text } == ["1", "1", nil])
            #expect(events.map { $0.previous?.text } == ["0", nil, "1"])
        },
        ConformanceCase("a watch of a folder hears of nothing else") { test in
            let watch = try await test.store.watch(WatchRequest("b".folder))
            for key in ["a", "b", "b0", "b/x", "c", "b/y/z"] { try await test.store.put(key, "1") }
            #expect(try await watch.summary(of: 2) == ["+b/x=1", "+b/y/z=1"])
        },
        ConformanceCase("a watch of a key hears of nothing else") { test in
            let watch = try await test.store.watch(WatchRequest(.key("b".key)))
            for key in ["a", "b/x", "b"] { try await test.store.put(key, "1") }
            #expect(try await watch.summary(of: 1) == ["+b=1"])
        },
        ConformanceCase("a watch of a term hears what has it, gets it, loses it") { test in
            let term = try IndexTerm("spec.nodeName", "n1")
            let watch = try await test.store.watch(WatchRequest("pods".folder, term: term))
            try await test.store.put("pods/a", "1")
            try await test.store.put("pods/a", "2", node: "n1")
            try await test.store.put("pods/b", "1", node: "n2")
            try await test.store.put("pods/a", "3", node: "n1")
            try await test.store.put("pods/a", "4", node: "n2")
            try await test.store.put("pods/a", "5", node: "n2")
            try await test.store.put("pods/b", "2", node: "n1")
            try await test.store.delete("pods/b")
            try await test.store.put("other/c", "1", node: "n1")
            try await test.store.put("pods/d", "1", node: "n1")
            #expect(
                try await watch.summary(of: 6) == [
                    "~pods/a=2", "~pods/a=3", "~pods/a=4", "~pods/b=2", "-pods/b", "+pods/d=1",
                ])
        },
        ConformanceCase("changes of one revision come in one batch, in their order") { test in
            let watch = try await test.store.watch(WatchRequest("".folder))
            try await test.store.put("b", "0")
            #expect(try await watch.next()?.summary == ["+b=0"])
            try await test.store.commit(
                Transaction([.put(try Put("c", "1")), .delete(try "b".key), .put(try Put("a", "1"))]))
            let batch = try #require(try await watch.next())
            #expect(batch.summary == ["+c=1", "-b", "+a=1"])
            #expect(batch.through == Revision(3))
        },
        ConformanceCase("what did not happen is not told") { test in
            let watch = try await test.store.watch(WatchRequest("".folder))
            try await test.store.put("a", "1")
            _ = try await test.store.commit(.create(try Put("a", "2")))
            try await test.store.delete("b")
            try await test.store.put("a", "3")
            #expect(try await watch.summary(of: 2) == ["+a=1", "~a=3"])
        },
        ConformanceCase("a reader that is slow is told everything") { test in
            let watch = try await test.store.watch(WatchRequest("k".folder))
            var numbers: [Int] = []
            for round in 0..<3 {
                for number in 0..<1000 { try await test.store.put("k/x", "\(round * 1000 + number)") }
                if round == 1 {
                    numbers += try await watch.next()?.events.compactMap { Int($0.object?.text ?? "") } ?? []
                }
            }
            while numbers.count < 3000, let batch = try await watch.next() {
                numbers += batch.events.compactMap { Int($0.object?.text ?? "") }
            }
            #expect(numbers == Array(0..<3000))
        },
        ConformanceCase("many watches hear the same in the same order") { test in
            var watches: [Watch] = []
            for _ in 0..<50 { watches.append(try await test.store.watch(WatchRequest("k".folder))) }
            try await withThrowingTaskGroup(of: Void.self) { group in
                for writer in 0..<4 {
                    group.addTask { for number in 0..<50 { try await test.store.put("k/\(writer)", "\(number)") } }
                }
                try await group.waitForAll()
            }
            var heard: Set<[String]> = []
            for watch in watches { heard.insert(try await watch.summary(of: 200)) }
            #expect(heard.count == 1)
        },
        ConformanceCase("a watch that is cancelled ends") { test in
            let watch = try await test.store.watch(WatchRequest("".folder))
            let reader = Task { try await watch.next() }
            watch.cancel()
            #expect(try await reader.value == nil)
            #expect(try await watch.next() == nil)
        },
        ConformanceCase("a watch ends with the task that reads it") { test in
            let watch = try await test.store.watch(WatchRequest("".folder))
            let reader = Task { try await watch.next() }
            reader.cancel()
            #expect(try await reader.value == nil)
        },
        ConformanceCase("who wants to hear of progress does, although nothing happened for it") { test in
            let watch = try await test.store.watch(WatchRequest("b".folder, wantsProgress: true))
            let other = try await test.store.watch(WatchRequest("b".folder))
            try await test.store.put("a", "1")
            await test.store.announceProgress()
            let batch = try #require(try await watch.next())
            #expect(batch.events.isEmpty && batch.through == Revision(2))
            try await test.store.put("b/x", "1")
            #expect(try await watch.next()?.summary == ["+b/x=1"])
            #expect(try await other.next()?.summary == ["+b/x=1"])
        },
    ]
}
