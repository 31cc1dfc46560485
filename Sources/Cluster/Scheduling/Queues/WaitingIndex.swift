/// Classes that fit nowhere, by what would have to change.
///
/// A change asks only for the classes that it could help; the scheduler then checks whether it does.
struct WaitingIndex {
    /// Why a class fitted nowhere, over all nodes.
    struct Causes: Equatable {
        /// Dimensions that some allowed node lacked, with what is asked of them.
        var lacking: [Amount] = []
        /// Counters of its rules about other pods.
        var counters: [Int] = []
        /// A label its node must have; without one, any new description may help.
        var label: Label?
        var isSelective = false
        /// What else could help: what the other filters that rejected say they wait for.
        var changes: PoolChanges = []
        /// The priority at which it would evict others if that helped.
        var preempts: Int32?
    }

    struct Label: Hashable {
        var key: String
        var value: String
    }

    /// By dimension, ordered by the amount asked for.
    private var byDimension: [[(value: Double, number: Int)]] = []
    private var byCounter: [Int: Set<Int>] = [:]
    private var byLabel: [Label: Set<Int>] = [:]
    private var byDescription: Set<Int> = []
    private var byChange: [PoolChanges: Set<Int>] = [:]
    /// By priority: those that would evict lower pods.
    private(set) var preemptors: [Int32: Set<Int>] = [:]
    private var causes: [Int: Causes] = [:]

    func causes(of number: Int) -> Causes? { causes[number] }
    var isEmpty: Bool { causes.isEmpty }
    var members: [Int] { causes.keys.sorted() }
    var waitsForCounters: Bool { !byCounter.isEmpty }

    mutating func add(_ number: Int, _ new: Causes) {
        causes[number] = new
        for amount in new.lacking {
            while byDimension.count <= amount.dimension { byDimension.append([]) }
            let index = Self.lowerBound(byDimension[amount.dimension], amount.value)
            byDimension[amount.dimension].insert((amount.value, number), at: index)
        }
        for counter in new.counters { byCounter[counter, default: []].insert(number) }
        for change in Self.freed where new.changes.contains(change) { byChange[change, default: []].insert(number) }
        if let priority = new.preempts { preemptors[priority, default: []].insert(number) }
        if let label = new.label {
            byLabel[label, default: []].insert(number)
        } else if new.isSelective {
            byDescription.insert(number)
        }
    }

    mutating func remove(_ number: Int) {
        guard let old = causes.removeValue(forKey: number) else { return }
        for amount in old.lacking {
            var index = Self.lowerBound(byDimension[amount.dimension], amount.value)
            while byDimension[amount.dimension][index].number != number { index += 1 }
            byDimension[amount.dimension].remove(at: index)
        }
        for counter in old.counters {
            byCounter[counter]?.remove(number)
            if byCounter[counter]?.isEmpty == true { byCounter[counter] = nil }
        }
        for change in Self.freed where old.changes.contains(change) { byChange[change]?.remove(number) }
        if let priority = old.preempts {
            preemptors[priority]?.remove(number)
            if preemptors[priority]?.isEmpty == true { preemptors[priority] = nil }
        }
        if let label = old.label {
            byLabel[label]?.remove(number)
            if byLabel[label]?.isEmpty == true { byLabel[label] = nil }
        }
        byDescription.remove(number)
    }

    /// Those that ask at most `value` of a dimension they lacked.
    func lacking(_ dimension: Int, upTo value: Double) -> [Int] {
        guard dimension < byDimension.count else { return [] }
        return byDimension[dimension].prefix { $0.value <= value }.map(\.number)
    }

    private static let freed: [PoolChanges] = [.resourcesFreed, .portsFreed, .volumesFreed]

    /// Those that `change`, one alone, could help.
    func waiting(forChange change: PoolChanges) -> Set<Int> { byChange[change] ?? [] }

    func waiting(for counter: Int) -> Set<Int> { byCounter[counter] ?? [] }

    /// Those that a node with these labels could help.
    func waiting(for labels: [String: String]) -> Set<Int> {
        var found = byDescription
        for (key, value) in labels { found.formUnion(byLabel[Label(key: key, value: value)] ?? []) }
        return found
    }

    private static func lowerBound(_ list: [(value: Double, number: Int)], _ value: Double) -> Int {
        var (low, high) = (0, list.count)
        while low < high {
            let middle = (low + high) / 2
            if list[middle].value < value { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
