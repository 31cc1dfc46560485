// What pods that are gone leave behind is kept for those like them that often come next, but never more of it than there
// is for pods that are there.
extension Scheduler {
    /// How much is kept, for metrics and tests: none of it may grow with the number of pods that ever were.
    package struct Footprint: Sendable, Equatable {
        package var labelSets: Int
        package var counters: Int
        package var topologyKeys: Int
        package var nodeFilters: Int
        package var classes: Int
        package var lanes: Int
        package var tenants: Int
        package var gangs: Int
        /// Entries of the queues' order of age.
        package var turns: Int

        package var sum: Int {
            labelSets + counters + topologyKeys + nodeFilters + classes + lanes + tenants + gangs
        }
    }

    package var footprint: Footprint {
        let kept = pool.counters.kept
        return Footprint(
            labelSets: kept.sets, counters: kept.counters, topologyKeys: kept.keys, nodeFilters: kept.filters,
            classes: classNumbers.count, lanes: queues.keptLanes, tenants: queues.ledger.keptTenants,
            gangs: gangNumbers.count, turns: queues.keptAges)
    }

    /// Called between decisions: nobody holds the number of a class or a counter then.
    mutating func sweep() {
        queues.sweep()
        let isCrowded = classNumbers.count > classLimit
        guard isCrowded || pool.counters.isWorthSweeping else { return }
        for number in classes.indices where isCrowded && isKept(number) {
            let isIdle = classes[number].parkedCount == 0 && classes[number].turns == 0
            if !classes[number].isWarm, isIdle { drop(number) }
        }
        let keys = Set(classNumbers.keys.map(\.key).filter { $0 >= 0 })
        let gone = pool.counters.sweep(keepingKeys: keys)
        budgets.forget(labelSets: gone)
        let sets = Set(gone)
        for number in classes.indices where isKept(number) && sets.contains(classes[number].identity.labels) {
            drop(number)
        }
        classLimit = max(4 * configuration.warmClasses, 2 * classNumbers.count)
    }

    private func isKept(_ number: Int) -> Bool { classNumbers[classes[number].identity] == number }

    private mutating func drop(_ number: Int) {
        let shape = classes[number].identity.shape
        classesOfShape[shape]?.removeAll { $0 == number }
        if classesOfShape[shape]?.isEmpty == true { classesOfShape[shape] = nil }
        forgetClass(number)
    }
}
