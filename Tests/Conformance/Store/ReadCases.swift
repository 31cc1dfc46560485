internal import ClusterStore
internal import Testing

extension ConformanceCase {
    static let reads = [
        ConformanceCase("the past can be read: objects that changed, went, or were not there yet") { test in
            try await test.store.put("a", "1")  // 2
            try await test.store.put("a", "2")  // 3
            try await test.store.delete("a")  // 4
            try await test.store.put("a", "3")  // 5
            var past: [String?] = []
            for number in 1...5 { past.append(try await test.store.text("a", at: Revision(Int64(number)))) }
            #expect(past == [nil, "1", "2", nil, "3"])
        },
        ConformanceCase("a list is in the order of bytes, and of one folder") { test in
            for key in ["b/z", "b/a", "b/a/c", "a/x", "b", "b0", "b/A", "c/x"] { try await test.store.put(key, "1") }
            #expect(try await test.store.keys("b") == ["b/A", "b/a", "b/a/c", "b/z"])
            #expect(try await test.store.keys("b/a") == ["b/a/c"])
            #expect(try await test.store.keys("") == ["a/x", "b", "b/A", "b/a", "b/a/c", "b/z", "b0", "c/x"])
            #expect(try await test.store.keys("x") == [])
            let one = try await test.store.list(ListRequest(.key("b".key)))
            #expect(one.objects.map(\.key.path) == ["b"])
        },
        ConformanceCase("pages of one revision do not see what is written between them") { test in
            for number in 0..<10 { try await test.store.put("k/\(number)", "1") }
            var request = ListRequest(try "k".folder, limit: 4)
            var seen: [String] = []
            var remaining: [Int] = []
            while true {
                let page = try await test.store.list(request)
                seen += page.objects.map { "\($0.key)=\($0.text)" }
                remaining.append(page.remaining)
                guard let next = page.next else { break }
                (request.after, request.at) = (next, page.revision)
                try await test.store.put("k/0", "2")
                try await test.store.put("k/9", "2")
                try await test.store.put("k/5x", "2")
                try await test.store.delete("k/8")
            }
            #expect(seen == (0..<10).map { "k/\($0)=1" })
            #expect(remaining.last == 0 && remaining[0] >= 6)
        },
        ConformanceCase("a page goes on behind a key that is gone, or never was") { test in
            for key in ["k/a", "k/c", "k/d"] { try await test.store.put(key, "1") }
            for (after, expected) in [
                ("k/b", ["k/c", "k/d"]), ("k/c", ["k/d"]), ("a", ["k/a", "k/c", "k/d"]), ("z", []),
            ] {
                let page = try await test.store.list(ListRequest("k".folder, after: after.key))
                #expect(page.objects.map(\.key.path) == expected, "after \(after)")
            }
        },
        ConformanceCase("objects are found by their terms, as they are now and as they were") { test in
            try await test.store.put("pods/a", "1", node: "n1")  // 2
            try await test.store.put("pods/b", "1", node: "n2")
            try await test.store.put("pods/c", "1", node: "n1")  // 4
            try await test.store.put("other/d", "1", node: "n1")
            try await test.store.put("pods/a", "2", node: "n2")
            try await test.store.delete("pods/c")
            func pods(on node: String, at revision: Revision? = nil) async throws -> [String] {
                let term = try IndexTerm("spec.nodeName", node)
                return try await test.store.list(ListRequest("pods".folder, term: term, at: revision)).objects.map(
                    \.key.path)
            }
            #expect(try await pods(on: "n1") == [])
            #expect(try await pods(on: "n2") == ["pods/a", "pods/b"])
            #expect(try await pods(on: "n1", at: Revision(4)) == ["pods/a", "pods/c"])
            #expect(try await pods(on: "n3") == [])
        },
        ConformanceCase("pages by term go on where they ended") { test in
            for number in 0..<9 { try await test.store.put("pods/\(number)", "1", node: number % 3 == 0 ? "n1" : "n2") }
            var request = ListRequest(try "pods".folder, term: try IndexTerm("spec.nodeName", "n2"), limit: 4)
            let first = try await test.store.list(request)
            #expect(first.objects.map(\.key.path) == ["pods/1", "pods/2", "pods/4", "pods/5"])
            (request.after, request.at) = (first.next, first.revision)
            try await test.store.put("pods/8", "2", node: "n1")
            let second = try await test.store.list(request)
            #expect(second.objects.map(\.key.path) == ["pods/7", "pods/8"])
            #expect(second.next == nil)
        },
        ConformanceCase("nobody reads the future") { test in
            try await test.store.put("a", "1")
            await #expect(throws: StoreError.future(current: Revision(2))) {
                try await test.store.get("a".key, at: Revision(3))
            }
            await #expect(throws: StoreError.future(current: Revision(2))) {
                try await test.store.list(ListRequest("".folder, at: Revision(3)))
            }
        },
        ConformanceCase("what was compacted cannot be read, everything else can") { test in
            for value in ["1", "2", "3"] { try await test.store.put("a", value) }  // 2, 3, 4
            try await test.store.put("b", "1")
            try await test.store.delete("b")  // 6
            try await test.store.compact(through: Revision(3))
            await #expect(throws: StoreError.compacted(through: Revision(3))) {
                try await test.store.get("a".key, at: Revision(2))
            }
            await #expect(throws: StoreError.compacted(through: Revision(3))) {
                try await test.store.list(ListRequest("".folder, at: Revision(2)))
            }
            #expect(try await test.store.text("a", at: Revision(3)) == "2")
            #expect(try await test.store.keys("", at: Revision(5)) == ["a", "b"])
            try await test.store.compact(through: Revision(6))
            #expect(try await test.store.keys("") == ["a"])
            #expect(try await test.store.text("a") == "3")
        },
        ConformanceCase("nothing is compacted twice, nor before it happened") { test in
            for value in ["1", "2", "3"] { try await test.store.put("a", value) }
            try await test.store.compact(through: Revision(3))
            await #expect(throws: StoreError.compacted(through: Revision(3))) {
                try await test.store.compact(through: Revision(2))
            }
            await #expect(throws: StoreError.future(current: Revision(4))) {
                try await test.store.compact(through: Revision(5))
            }
        },
        ConformanceCase("ephemeral objects behave like others, but for their past") { test in
            try await test.store.put("beats/n1", "1")
            let second = try #require(try await test.store.put("beats/n1", "2"))
            #expect((second.modified, second.version) == (Revision(3), 2))
            try await test.store.put("a", "1")
            #expect(try await test.store.keys("") == ["a", "beats/n1"])
            #expect(try await test.store.commit(.replace(try Put("beats/n1", "3"), at: second.modified)).succeeded)
            #expect(try await test.store.text("beats/n1", at: Revision(3)) == "3")
            try await test.store.delete("beats/n1")
            #expect(try await test.store.keys("") == ["a"])
        },
    ]
}
