// What the counted pods of a domain mean for a pod: impossible, or so much score.
extension DomainRule {
    /// The score of `domain` (-1: the node lacks the label), minus infinity where it is forbidden.
    @inline(__always)
    func score(in domain: Int, of pool: borrowing Pool) -> Double {
        switch kind {
        case .affinity:
            if domain < 0 { return BestNodeTree.impossible }
            let isThere = pool.counters.counters[counter].count(in: domain) > 0
            return isThere ? 0 : BestNodeTree.impossible
        case .antiAffinity:
            if domain < 0 { return 0 }
            return pool.counters.counters[counter].count(in: domain) > 0 ? BestNodeTree.impossible : 0
        case .spread(let skew, let minDomains, _):
            if domain < 0 { return BestNodeTree.impossible }
            let minimum = pool.counters.counters[counter].minimum(minDomains: minDomains)
            let count = pool.counters.counters[counter].count(in: domain) + (countsItself ? 1 : 0)
            return count - minimum <= skew ? 0 : BestNodeTree.impossible
        case .softSpread(let skew, let minDomains, let weight):
            if domain < 0 { return 0 }
            let minimum = pool.counters.counters[counter].minimum(minDomains: minDomains)
            let above = max(0, pool.counters.counters[counter].count(in: domain) - minimum)
            return weight * Double(skew) / Double(skew + above)
        case .preference(let weight):
            if domain < 0 { return 0 }
            let count = pool.counters.counters[counter].count(in: domain)
            return weight * Double(count) / Double(count + 1)
        }
    }

    /// What its result depends on beside the domain's own count; when that changes, every domain's may.
    func globalTerm(in pool: borrowing Pool) -> Int {
        switch kind {
        case .spread(_, let minDomains, _), .softSpread(_, let minDomains, _):
            pool.counters.counters[counter].minimum(minDomains: minDomains)
        case .affinity, .antiAffinity, .preference: 0
        }
    }
}

/// All rules about other pods that hold for one class.
struct RuleSet {
    private(set) var rules: [DomainRule]
    /// Required affinity that the first pod of its kind may ignore, apart from the topology key.
    private(set) var mayBeFirst = false

    /// Its own rules and those that others hold against or for it.
    init(shape: Shape, labels: Int, in pool: borrowing Pool) {
        rules = shape.rules
        guard labels >= 0 else { return }
        for index in rules.indices {
            switch rules[index].kind {
            case .affinity(let selector):
                rules[index].countsItself = pool.counters.matches(selector, labels)
                mayBeFirst = rules[index].countsItself
            case .spread(_, _, let selector): rules[index].countsItself = pool.counters.matches(selector, labels)
            case .antiAffinity, .softSpread, .preference: break
            }
        }
        guard let heeding = pool.profiles[shape.profile].heeding else { return }
        for var other in pool.counters.labelSets[labels].others {
            if case .preference(let weight) = other.kind {
                guard heeding.weight != 0 else { continue }
                other.kind = .preference(weight: weight * heeding.weight)
            } else if !heeding.isFilter {
                continue
            }
            rules.append(other)
        }
    }

    /// Whether no pod that the required affinity asks for is anywhere, and the pod is one of them itself.
    func isFirst(in pool: borrowing Pool) -> Bool {
        guard mayBeFirst else { return false }
        for rule in rules {
            if case .affinity = rule.kind, pool.counters.counters[rule.counter].total > 0 { return false }
        }
        return true
    }

    @inline(__always)
    func score(_ rule: DomainRule, in domain: Int, isFirst: Bool, of pool: borrowing Pool) -> Double {
        if isFirst, case .affinity = rule.kind { return domain >= 0 ? 0 : BestNodeTree.impossible }
        return rule.score(in: domain, of: pool)
    }

    /// The sum over all rules at one node.
    func score(at node: Int, in pool: borrowing Pool) -> Double {
        let isFirst = isFirst(in: pool)
        var sum = 0.0
        for rule in rules {
            sum += score(rule, in: pool.counters.keys[rule.key].domain(of: node), isFirst: isFirst, of: pool)
        }
        return sum
    }
}
