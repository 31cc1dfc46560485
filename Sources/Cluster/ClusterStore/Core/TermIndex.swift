/// Who has a term, and when something about it last changed.
struct TermIndex: Sendable {
    private struct Holders: Sendable {
        var slots: Set<Int32> = []
        var touched: Revision
    }

    private var holders: [IndexTerm: Holders] = [:]

    func slots(_ term: IndexTerm) -> Set<Int32> { holders[term]?.slots ?? [] }

    /// The last change of an object that had `term` before or after; `nil` when there was none in living memory.
    func touched(_ term: IndexTerm) -> Revision? { holders[term]?.touched }

    mutating func add(_ slot: Int32, to term: IndexTerm) {
        holders[term, default: Holders(touched: Revision(0))].slots.insert(slot)
    }

    mutating func remove(_ slot: Int32, from term: IndexTerm) {
        holders[term]?.slots.remove(slot)
    }

    /// Something about an object that has or had `term` changed at `revision`.
    mutating func touch(_ term: IndexTerm, at revision: Revision) {
        holders[term, default: Holders(touched: revision)].touched = revision
    }

    /// Lets go of a term that nobody has, when nobody may ask any more when that was.
    mutating func forget(_ term: IndexTerm, through compacted: Revision) {
        guard let known = holders[term], known.slots.isEmpty, known.touched <= compacted else { return }
        holders[term] = nil
    }
}
