/// Which pods to evict from one node so that another fits.
///
/// The best set has the lowest highest priority, then the fewest victims, then the lowest sum of priorities, then the
/// pods that arrived last. It never takes more from a disruption budget than that allows.
struct VictimSearch {
    struct Candidate {
        var pod: Int32
        var priority: Int32
        var arrival: UInt32
        /// What it would free of the dimensions that are short.
        var frees: [Double]
        var budgets: [Int]
        /// It holds a port that is needed: there is no way around it.
        var isNecessary: Bool
    }

    struct Cost: Equatable {
        var highest: Int32
        var count: Int
        var sum: Int64
    }

    /// Lowest priority first, newest first among equals.
    let candidates: [Candidate]
    /// What is short, by dimension of ``Candidate/frees``.
    let shortage: [Double]
    let allowed: (Int) -> Int
    /// Beyond so many steps the search takes the best set it has.
    private var steps = 20_000
    private var chosen: [Int] = []
    private(set) var best: [Int]?
    private var bestCost = Cost(highest: .max, count: .max, sum: .max)

    init(_ candidates: [Candidate], shortage: [Double], allowed: @escaping (Int) -> Int) {
        self.candidates = candidates.sorted { left, right in
            left.priority < right.priority || left.priority == right.priority && left.arrival > right.arrival
        }
        self.shortage = shortage
        self.allowed = allowed
    }

    /// The victims, or `nil` when no allowed set is enough.
    mutating func run() -> (victims: [Candidate], cost: Cost)? {
        if let one = single() { return one }
        var end = 0
        while end < candidates.count {
            // All of one priority more: the first level at which something is found has the lowest highest priority.
            let priority = candidates[end].priority
            while end < candidates.count, candidates[end].priority == priority { end += 1 }
            guard mayBeEnough(end) else { continue }
            for size in 1...end {
                chosen = []
                choose(from: 0, to: end, size: size, rest: shortage)
                if best != nil || steps <= 0 { break }
            }
            if best == nil, steps <= 0 { greedy(end) }
            if let best { return (best.map { candidates[$0] }, bestCost) }
        }
        return nil
    }

    /// One victim of the lowest priority is as good as it gets.
    private func single() -> (victims: [Candidate], cost: Cost)? {
        guard let first = candidates.first else { return nil }
        for candidate in candidates {
            guard candidate.priority == first.priority else { return nil }
            let isEnough = zip(candidate.frees, shortage).allSatisfy { $0 >= $1 }
            let others = candidates.contains { $0.isNecessary && $0.pod != candidate.pod }
            if isEnough, !others, candidate.budgets.allSatisfy({ allowed($0) > 0 }) {
                return ([candidate], Cost(highest: candidate.priority, count: 1, sum: Int64(candidate.priority)))
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
        for index in start..<end where end - index >= size {
            let candidate = candidates[index]
            guard isAllowed(candidate) else { continue }
            chosen.append(index)
            choose(from: index + 1, to: end, size: size - 1, rest: zip(rest, candidate.frees).map { $0 - $1 })
            chosen.removeLast()
            if steps <= 0 { return }
        }
    }

    private func isAllowed(_ candidate: Candidate) -> Bool {
        candidate.budgets.allSatisfy { budget in
            let taken = chosen.reduce(0) { $0 + (candidates[$1].budgets.contains(budget) ? 1 : 0) }
            return taken < allowed(budget)
        }
    }

    private mutating func consider() {
        let necessary = candidates.indices.filter { candidates[$0].isNecessary }
        guard necessary.allSatisfy(chosen.contains) else { return }
        let cost = Cost(
            highest: chosen.map { candidates[$0].priority }.max() ?? .min, count: chosen.count,
            sum: chosen.reduce(0) { $0 + Int64(candidates[$1].priority) })
        guard best == nil || cost.sum < bestCost.sum else { return }
        best = chosen
        bestCost = cost
    }

    /// Takes all, then spares whom it can, the highest priority first.
    private mutating func greedy(_ end: Int) {
        chosen = []
        for index in 0..<end where isAllowed(candidates[index]) { chosen.append(index) }
        func isEnough(_ set: [Int]) -> Bool {
            shortage.indices.allSatisfy { dimension in
                set.reduce(0) { $0 + candidates[$1].frees[dimension] } >= shortage[dimension]
            }
        }
        guard isEnough(chosen) else { return }
        for index in chosen.reversed() where !candidates[index].isNecessary {
            let without = chosen.filter { $0 != index }
            if isEnough(without) { chosen = without }
        }
        consider()
    }
}
