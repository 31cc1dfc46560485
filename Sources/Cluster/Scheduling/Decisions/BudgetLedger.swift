/// Disruption budgets, and how many evictions each still allows.
struct BudgetLedger {
    private var budgets: [DisruptionBudget] = []
    private var numbers: [String: Int] = [:]
    /// By label set: the budgets that cover its pods; filled as label sets are met.
    private var covering: [[Int]?] = []
    /// Changes when evictions become possible that were not.
    private(set) var version = 0

    var isEmpty: Bool { budgets.isEmpty }

    func allowed(_ budget: Int) -> Int { budgets[budget].allowed }

    /// Says whether more evictions may be possible now.
    mutating func set(_ budget: DisruptionBudget) -> Bool {
        let identity = "\(budget.namespace)/\(budget.name)"
        covering = []
        guard let known = numbers[identity] else {
            numbers[identity] = budgets.count
            budgets.append(budget)
            version += 1
            return false
        }
        let old = budgets[known]
        budgets[known] = budget
        version += 1
        return budget.allowed > old.allowed || budget.selector != old.selector
    }

    /// Nothing is covered by it any more; its place is taken by the next new one.
    mutating func remove(namespace: String, name: String) -> Bool {
        guard let known = numbers.removeValue(forKey: "\(namespace)/\(name)") else { return false }
        covering = []
        version += 1
        let last = budgets.count - 1
        if known != last {
            budgets[known] = budgets[last]
            numbers["\(budgets[known].namespace)/\(budgets[known].name)"] = known
        }
        budgets.removeLast()
        return true
    }

    mutating func covering(_ labels: Int, in counters: borrowing CounterIndex) -> [Int] {
        while covering.count <= labels { covering.append(nil) }
        if let known = covering[labels] { return known }
        let set = counters.labelSets[labels]
        let found = budgets.indices.filter { index in
            budgets[index].namespace == set.namespace && budgets[index].selector.matches(set.labels)
        }
        covering[labels] = found
        return found
    }

    /// The label sets are gone; others will have their numbers.
    mutating func forget(labelSets: [Int]) {
        for set in labelSets where set < covering.count { covering[set] = nil }
    }

    mutating func consume(_ budget: Int) { budgets[budget].allowed -= 1 }
}
