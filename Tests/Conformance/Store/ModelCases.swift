internal import ClusterStore
internal import TestSupport
internal import Testing

/// A store that anybody can see through: every state that ever was.
private struct Model {
    var states: [Int64: [String: String]] = [1: [:]]
    var events: [(revision: Int64, text: String)] = []
    var head: Int64 = 1

    mutating func write(_ changes: [(key: String, value: String?)]) {
        var state = states[head] ?? [:]
        let effective = changes.filter { $0.value != nil || state[$0.key] != nil }
        guard !effective.isEmpty else { return }
        head += 1
        for (key, value) in effective {
            let sign = value == nil ? "-" : state[key] == nil ? "+" : "~"
            events.append((head, sign + key + (value.map { "=" + $0 } ?? "")))
            state[key] = value
        }
        states[head] = state
    }
}

extension ConformanceCase {
    static let model = (0..<20).map { seed in
        ConformanceCase("300 random steps end as in a plain model, seed \(seed)") { test in
            var random = SplitMix64(seed: UInt64(seed))
            var model = Model()
            for step in 0..<300 {
                var changes: [(key: String, value: String?)] = []
                for key in Set(
                    (0..<Int.random(in: 1...3, using: &random)).map { _ in Int.random(in: 0..<20, using: &random) })
                {
                    changes.append(("k/\(key)", Int.random(in: 0..<4, using: &random) == 0 ? nil : "\(step)"))
                }
                let operations = try changes.map { key, value in
                    try value.map { Operation.put(try Put(key, $0)) } ?? .delete(try key.key)
                }
                _ = try await test.store.commit(Transaction(operations))
                model.write(changes)
                #expect(test.store.revision == Revision(model.head), "seed \(seed)")
                guard step % 10 == 0 else { continue }
                let at = Int64.random(in: 1...model.head, using: &random)
                let page = try await test.store.list(ListRequest("k".folder, at: Revision(at)))
                let listed = Dictionary(uniqueKeysWithValues: page.objects.map { ($0.key.path, $0.text) })
                #expect(listed == model.states[at], "seed \(seed), revision \(at)")
            }
            let after = Int64.random(in: 1..<model.head, using: &random)
            let expected = model.events.filter { $0.revision > after }.map(\.text)
            let watch = try await test.store.watch(WatchRequest("".folder, after: Revision(after)))
            #expect(try await watch.summary(of: expected.count) == expected, "seed \(seed)")
        }
    }
}
