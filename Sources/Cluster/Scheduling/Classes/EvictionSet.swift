/// The nodes where evicting pods would make room for a class at one priority, the cheapest first.
struct EvictionSet {
    struct Key: Hashable {
        var priority: Int32
        /// The tenant that takes back what it lent, or -1.
        var tenant: Int
    }

    private var tree = BestNodeTree(count: 0)
    private var cursor = -1
    private var blocks = -1
    private var budgetVersion = -1

    /// The nodes whose cost must be computed again since the last call.
    mutating func stale(in pool: borrowing Pool, budgets: Int) -> [Int] {
        defer { cursor = pool.log.end }
        guard cursor >= pool.log.start, blocks == pool.nodes.free[0].count, budgetVersion == budgets else {
            blocks = pool.nodes.free[0].count
            budgetVersion = budgets
            tree = BestNodeTree(count: blocks * 8)
            return pool.nodes.isPresent.members
        }
        var changed: [Int] = []
        while cursor < pool.log.end {
            changed.append(pool.log.entry(cursor).node)
            cursor += 1
        }
        return changed
    }

    mutating func set(_ node: Int, _ cost: VictimSearch.Cost?) {
        tree[node] = cost.map { Self.rank($0) } ?? BestNodeTree.impossible
    }

    var cheapest: Int? { tree.bestPosition }
    func rank(of node: Int) -> Double { tree[node] }

    /// Higher is cheaper: by the highest priority among the victims, then by their number.
    static func rank(_ cost: VictimSearch.Cost) -> Double {
        -(Double(cost.highest) * 1024 + Double(min(cost.count, 1023)))
    }
}
