/// Which nodes changed, in order: whoever keeps results about nodes reads on from where it stopped.
struct ChangeLog {
    /// A node's number, twice, and one more where its description changed, not only its use.
    private var entries: [Int32] = []
    /// The position of the first entry that is kept.
    private(set) var start = 0

    var end: Int { start + entries.count }

    mutating func append(_ node: Int, described: Bool, nodes: Int) {
        entries.append(Int32(node * 2 + (described ? 1 : 0)))
        guard entries.count > max(16384, 2 * nodes) else { return }
        let dropped = entries.count / 2
        entries.removeFirst(dropped)
        start += dropped
    }

    @inline(__always)
    func entry(_ position: Int) -> (node: Int, isDescribed: Bool) {
        let entry = entries[position - start]
        return (Int(entry >> 1), entry & 1 == 1)
    }
}
