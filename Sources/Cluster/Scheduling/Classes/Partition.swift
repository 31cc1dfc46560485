/// The nodes divided by the domains of some topology keys, so that one look at a cell replaces a look at its nodes.
struct Partition {
    /// The keys that divide: those of which a domain has several nodes.
    let keys: [Int]
    /// By cell: its domain under each of ``keys``, -1 without the label.
    private(set) var domains: [[Int]] = []
    /// By cell: its nodes.
    private(set) var members: [[Int32]] = []
    /// By node: its cell and its position there.
    private(set) var cells: [Int32]
    private(set) var positions: [Int32]

    init(keys: [Int], in pool: borrowing Pool) {
        self.keys = keys
        cells = Array(repeating: -1, count: pool.nodes.count)
        positions = cells
        var numbers: [[Int]: Int] = [:]
        for node in pool.nodes.isPresent.members {
            var tuple: [Int] = []
            for key in keys { tuple.append(pool.counters.keys[key].domain(of: node)) }
            let cell: Int
            if let known = numbers[tuple] {
                cell = known
            } else {
                cell = domains.count
                numbers[tuple] = cell
                domains.append(tuple)
                members.append([])
            }
            cells[node] = Int32(cell)
            positions[node] = Int32(members[cell].count)
            members[cell].append(Int32(node))
        }
    }
}
