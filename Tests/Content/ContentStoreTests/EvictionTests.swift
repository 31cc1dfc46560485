import ContentStore
import TestSupport
import Testing

@Suite("what goes when space is short")
struct EvictionTests {
    private func thing(
        _ name: String, _ bytes: Int64, used: Int64, _ hold: StoredThing.Hold? = nil, shares: [String: Int64] = [:]
    ) -> StoredThing {
        StoredThing(name: name, parts: shares.merging([name: bytes]) { $1 }, lastUse: used, hold: hold)
    }

    private func names(_ things: [StoredThing], limit: Int64) -> [String] {
        Eviction(things).victims(SpaceMarks(limit: limit)).map(\.name)
    }

    @Test("nothing goes up to the high mark; above it the oldest until the low mark is kept")
    func marks() {
        let things = [thing("c", 30, used: 3), thing("a", 20, used: 1), thing("b", 30, used: 2)]
        #expect(names(things, limit: 100) == [])
        #expect(names(things + [thing("d", 1, used: 4)], limit: 100) == ["a", "b"])
    }

    @Test("what is held stays, however old")
    func holds() {
        let holds: [StoredThing.Hold] = [.inUse, .travelling, .pinned, .irreplaceable]
        let held = holds.enumerated().map { thing("held \($0)", 20, used: 0, $1) }
        #expect(names(held + [thing("free", 20, used: 9)], limit: 100) == ["free"])
        #expect(names(held, limit: 50) == [])
    }

    @Test("what is shared counts once, and goes with the last who has it")
    func sharing() {
        let base: [String: Int64] = ["base": 50]
        let things = [
            thing("a", 10, used: 1, shares: base), thing("b", 10, used: 2, shares: base),
            thing("c", 15, used: 3),
        ]
        #expect(Eviction(things).taken == 85)
        #expect(names(things, limit: 100) == ["a", "b"])
        // What wins nothing, since all of it stays with another, is left alone.
        let alias = StoredThing(name: "alias", parts: ["base": 50], lastUse: 0)
        let holder = thing("holder", 20, used: 1, .inUse, shares: base)
        #expect(names([alias, holder, thing("x", 15, used: 5)], limit: 100) == ["x"])
    }

    @Test("room is made down to the high mark, or refused")
    func room() {
        let things = [thing("run", 40, used: 1, .inUse), thing("old", 20, used: 2), thing("new", 10, used: 3)]
        let marks = SpaceMarks(limit: 100)
        let eviction = Eviction(things)
        #expect(eviction.room(for: 10, marks)?.map(\.name) == [])
        #expect(eviction.room(for: 20, marks)?.map(\.name) == ["old"])
        #expect(eviction.room(for: 40, marks)?.map(\.name) == ["old", "new"])
        #expect(eviction.room(for: 41, marks) == nil)
    }

    @Test(
        "whatever there is: no victim is held, the order is that of use, and no more goes than must",
        arguments: UInt64(0)..<1000)
    func anything(seed: UInt64) {
        var random = SplitMix64(seed: seed)
        let holds: [StoredThing.Hold?] = [nil, nil, nil, nil, .inUse, .travelling, .pinned, .irreplaceable]
        let things = (0..<Int.random(in: 0...40, using: &random)).map { number -> StoredThing in
            var parts: [String: Int64] = [:]
            for _ in 0..<Int.random(in: 1...5, using: &random) {
                let part = Int.random(in: 0...30, using: &random)
                parts["\(part)"] = Int64(part * 7 + 1)
            }
            return StoredThing(
                name: "thing \(number)", parts: parts, lastUse: Int64.random(in: 0...20, using: &random),
                hold: holds.randomElement(using: &random) ?? nil)
        }
        func taken(_ things: [StoredThing]) -> Int64 {
            things.reduce(into: [String: Int64]()) { $0.merge($1.parts) { first, _ in first } }.values.reduce(0, +)
        }
        let marks = SpaceMarks(limit: Int64.random(in: 1...4000, using: &random))
        let eviction = Eviction(things)
        #expect(eviction.taken == taken(things), "seed \(seed)")
        let victims = eviction.victims(marks)
        let gone = Set(victims.map(\.name))
        let left = things.filter { !gone.contains($0.name) }
        #expect(victims.allSatisfy { $0.hold == nil } && gone.count == victims.count, "seed \(seed)")
        #expect(victims.map(\.lastUse) == victims.map(\.lastUse).sorted(), "seed \(seed)")
        guard eviction.taken > marks.highBytes else { return #expect(victims.isEmpty, "seed \(seed)") }
        if let last = victims.last {
            #expect(taken(left + [last]) > marks.lowBytes, "one too many went, seed \(seed)")
        }
        // Above the low mark in the end only when nothing that could go would win a byte.
        guard taken(left) > marks.lowBytes else { return }
        let kept = left.filter { $0.hold != nil }
        #expect(taken(left) == taken(kept), "seed \(seed)")
    }
}
