/// Which pods to evict from one node so that another fits.
///
/// The best set has the lowest highest priority, then the fewest victims, then the lowest sum of priorities, then the
/// pods that arrived last. It never takes more from a disruption budget than that allows. Equal candidates are tried
/// once, and branches that cannot free enough are cut off, so that nodes with a hundred pods of a few kinds are searched
/// to the end; what is left to try after ``steps`` is given up for a set from which nobody can be spared.
struct VictimSearch {
    /// What leaves together: a pod, or a gang that would be too small without it.
    struct Candidate {
        var pods: [Int32]
        /// The highest of its pods.
        var priority: Int32
        var sum: Int64
        var arrival: UInt64
        /// What it would free of the dimensions that are short.
        var frees: [Double]
        /// One entry for each pod and budget that covers it.
        var budgets: [Int]
        /// It holds a port that is needed: there is no way around it.
        var isNecessary: Bool

        func isEqual(to other: Candidate) -> Bool {
            pods.count == 1 && other.pods.count == 1 && priority == other.priority && frees == other.frees
                && budgets == other.budgets && isNecessary == other.isNecessary
        }
    }

    struct Cost: Equatable {
        var highest: Int32
        var count: Int
        var sum: Int64
    }

    /// Lowest priority first, equal ones side by side, newest first among them.
    let candidates: [Candidate]
    /// What is short, by dimension of ``Candidate/frees``.
    let shortage: [Double]
    let allowed: (Int) -> Int
    private var steps = 20_000
    private var chosen: [Int] = []
    private(set) var best: [Int]?
    private var bestCost = Cost(highest: .max, count: .max, sum: .max)
    private var mostFreed: [Double] = []

    init(_ candidates: [Candidate], shortage: [Double], allowed: @escaping (Int) -> Int) {
        self.candidates = candidates.sorted { left, right in
            if left.priority != right.priority { return left.priority < right.priority }
            if left.frees != right.frees { return right.frees.lexicographicallyPrecedes(left.frees) }
            return left.arrival > right.arrival
        }
        self.shortage = shortage
        self.allowed = allowed
    }

    /// The victims, or `nil` when no allowed set is enough.
    mutating func run() -> (victims: [Int32], cost: Cost)? {
        if let one = single() { return one }
        var end = 0
        while end < candidates.count {
            // All of one priority more: the first level at which something is found has the lowest highest priority.
            let priority = candidates[end].priority
            while end < candidates.count, candidates[end].priority == priority { end += 1 }
            guard mayBeEnough(end) else { continue }
            mostFreed = shortage.indices.map { dimension in
                candidates[..<end].reduce(0) { max($0, $1.frees[dimension]) }
            }
            for size in 1...end where size <= bestCost.count {
                chosen = []
                choose(from: 0, to: end, size: size, rest: shortage)
                if steps <= 0 { break }
            }
            if best == nil, steps <= 0 { greedy(end) }
            if let best { return (best.flatMap { candidates[$0].pods }, bestCost) }
        }
        return nil
    }

    /// One victim of the lowest priority is as good as it gets.
    private func single() -> (victims: [Int32], cost: Cost)? {
        guard let first = candidates.first else { return nil }
        let necessary = candidates.count { $0.isNecessary }
        for candidate in candidates where candidate.pods.count == 1 {
            guard candidate.priority == first.priority else { return nil }
            let isEnough = shortage.indices.allSatisfy { candidate.frees[$0] >= shortage[$0] }
            if isEnough, necessary == (candidate.isNecessary ? 1 : 0), candidate.budgets.allSatisfy({ allowed($0) > 0 })
            {
                return (candidate.pods, Cost(highest: candidate.priority, count: 1, sum: candidate.sum))
            }
        }
        return nil
    }

    private func mayBeEnough(_ end: Int) -> Bool {
        guard !candidates[end...].contains(where: \.isNecessary) else { return false }
        for (dimension, needed) in shortage.enumerated() {
            var freed = 0.0
            for candidate in candidates[..<end] { freed += candidate.frees[dimension] }
            if freed < needed { return false }
        }
        return true
    }

    private mutating func choose(from start: Int, to end: Int, size: Int, rest: [Double]) {
        steps -= 1
        if size == 0 {
            if rest.allSatisfy({ $0 <= 0 }) { consider() }
            return
        }
        guard start < end, steps > 0 else { return }
        for dimension in rest.indices where rest[dimension] > Double(size) * mostFreed[dimension] { return }
        var last: Int?
        for index in start..<end where end - index >= size {
            let candidate = candidates[index]
            if let last, candidate.isEqual(to: candidates[last]) { continue }
            last = index
            guard isAllowed(candidate) else { continue }
            chosen.append(index)
            choose(from: index + 1, to: end, size: size - 1, rest: zip(rest, candidate.frees).map { $0 - $1 })
            chosen.removeLast()
            if steps <= 0 { return }
        }
    }

    private func isAllowed(_ candidate: Candidate) -> Bool {
        candidate.budgets.allSatisfy { budget in
            let taken = chosen.reduce(0) { $0 + candidates[$1].budgets.count { $0 == budget } }
            return taken + candidate.budgets.count { $0 == budget } <= allowed(budget)
        }
    }

    private mutating func consider() {
        let necessary = candidates.indices.filter { candidates[$0].isNecessary }
        guard necessary.allSatisfy(chosen.contains) else { return }
        let cost = Cost(
            highest: chosen.map { candidates[$0].priority }.max() ?? .min,
            count: chosen.reduce(0) { $0 + candidates[$1].pods.count },
            sum: chosen.reduce(0) { $0 + candidates[$1].sum })
        guard best == nil || (cost.count, cost.sum) < (bestCost.count, bestCost.sum) else { return }
        best = chosen
        bestCost = cost
    }

    /// Takes all, then spares whom it can, the highest priority first.
    private mutating func greedy(_ end: Int) {
        chosen = []
        for index in candidates[..<end].indices.sorted(by: { candidates[$0].isNecessary && !candidates[$1].isNecessary }
        )
        where isAllowed(candidates[index]) { chosen.append(index) }
        func isEnough(_ set: [Int]) -> Bool {
            shortage.indices.allSatisfy { dimension in
                set.reduce(0) { $0 + candidates[$1].frees[dimension] } >= shortage[dimension]
            }
        }
        guard isEnough(chosen) else { return }
        for index in chosen.sorted(by: >) where !candidates[index].isNecessary {
            let without = chosen.filter { $0 != index }
            if isEnough(without) { chosen = without }
        }
        consider()
    }
}
