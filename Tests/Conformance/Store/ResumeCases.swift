internal import ClusterStore
internal import Testing

extension ConformanceCase {
    static let resuming = [
        ConformanceCase("a watch goes on after a revision of the past, then with what happens") { test in
            for value in ["1", "2", "3"] { try await test.store.put("a", value) }  // 2, 3, 4
            let watch = try await test.store.watch(WatchRequest("".folder, after: Revision(2)))
            try await test.store.put("a", "4")
            #expect(try await watch.summary(of: 3) == ["~a=2", "~a=3", "~a=4"])
        },
        ConformanceCase("a list and a watch after its revision miss nothing and repeat nothing") { test in
            let writer = Task { for number in 0..<300 { try await test.store.put("k/\(number % 7)", "\(number)") } }
            var seen: [String: String] = [:]
            let page = try await test.store.list(ListRequest("k".folder))
            for object in page.objects { seen[object.key.path] = object.text }
            let watch = try await test.store.watch(WatchRequest("k".folder, after: page.revision))
            var last = page.revision
            while last < Revision(301), let batch = try await watch.next() {
                for event in batch.events {
                    #expect(event.revision > last)
                    #expect(event.previous?.text == seen[event.key.path])
                    seen[event.key.path] = event.object?.text
                    last = event.revision
                }
            }
            try await writer.value
            #expect(seen == Dictionary(uniqueKeysWithValues: (293..<300).map { ("k/\($0 % 7)", "\($0)") }))
        },
        ConformanceCase("a watch of a term goes on after a revision of the past") { test in
            let term = try IndexTerm("spec.nodeName", "n1")
            try await test.store.put("pods/a", "1", node: "n1")  // 2
            try await test.store.put("pods/b", "1", node: "n2")
            try await test.store.put("pods/a", "2", node: "n2")
            try await test.store.put("pods/b", "2")
            let watch = try await test.store.watch(WatchRequest("pods".folder, term: term, after: Revision(2)))
            let quiet = try await test.store.watch(WatchRequest("pods".folder, term: term, after: Revision(4)))
            try await test.store.put("pods/c", "1", node: "n1")
            #expect(try await watch.summary(of: 2) == ["~pods/a=2", "+pods/c=1"])
            #expect(try await quiet.summary(of: 1) == ["+pods/c=1"])
        },
        ConformanceCase("a watch after what was compacted is refused, one after the rest is not") { test in
            for value in ["1", "2", "3"] { try await test.store.put("a", value) }
            try await test.store.compact(through: Revision(3))
            await #expect(throws: StoreError.compacted(through: Revision(3))) {
                try await test.store.watch(WatchRequest("".folder, after: Revision(2)))
            }
            let watch = try await test.store.watch(WatchRequest("".folder, after: Revision(3)))
            #expect(try await watch.summary(of: 1) == ["~a=3"])
        },
        ConformanceCase("a reader that was away for too long is told so") { test in
            try await test.store.put("a", "1")
            let watch = try await test.store.watch(WatchRequest("".folder, after: Revision(1)))
            try await test.store.put("a", "2")
            try await test.store.compact(through: Revision(3))
            await #expect(throws: StoreError.compacted(through: Revision(3))) {
                while try await watch.next() != nil {}
            }
        },
        ConformanceCase("nobody watches after the future") { test in
            await #expect(throws: StoreError.future(current: Revision(1))) {
                try await test.store.watch(WatchRequest("".folder, after: Revision(2)))
            }
        },
        ConformanceCase("of ephemeral objects a resumed watch tells the latest") { test in
            try await test.store.put("a", "1")
            for beat in ["1", "2", "3"] { try await test.store.put("beats/n1", beat) }
            try await test.store.put("a", "2")
            let watch = try await test.store.watch(WatchRequest("".folder, after: Revision(2)))
            let summary = try await watch.summary(of: 2)
            #expect(summary.suffix(2) == ["~beats/n1=3", "~a=2"])
        },
    ]
}
