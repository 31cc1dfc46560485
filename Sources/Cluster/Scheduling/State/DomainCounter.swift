/// How many pods of a kind each domain of a topology key has: the index that makes affinity and spreading incremental.
///
/// Two kinds of pods are counted: those that a selector matches, and those that hold a term against or for others.
struct DomainCounter {
    /// The topology key.
    let key: Int
    /// The nodes whose pods count; -1 means all.
    let filter: Int
    private(set) var counts: [Int32] = []
    /// By domain: how many eligible nodes are in it; only such domains take part in the minimum.
    private(set) var eligible: [Int32] = []
    /// How many pods are counted in all.
    private(set) var total = 0
    private(set) var eligibleDomains = 0
    /// By count: how many eligible domains have it.
    private var histogram: [Int32] = []
    private(set) var smallest = 0

    init(key: Int, filter: Int) {
        self.key = key
        self.filter = filter
    }

    func count(in domain: Int) -> Int { domain < counts.count ? Int(counts[domain]) : 0 }

    /// The smallest count of all eligible domains; zero while there are fewer than `minDomains` of them.
    func minimum(minDomains: Int) -> Int { eligibleDomains < minDomains ? 0 : smallest }

    mutating func addPods(_ pods: Int32, in domain: Int) {
        grow(to: domain)
        if eligible[domain] > 0 { leave(domain) }
        counts[domain] += pods
        total += Int(pods)
        if eligible[domain] > 0 { enter(domain) }
    }

    mutating func addEligibleNodes(_ nodes: Int32, in domain: Int) {
        grow(to: domain)
        if eligible[domain] > 0 { leave(domain) }
        eligible[domain] += nodes
        if eligible[domain] > 0 { enter(domain) } else if eligibleDomains > 0 { advance() }
    }

    private mutating func grow(to domain: Int) {
        while counts.count <= domain {
            counts.append(0)
            eligible.append(0)
        }
    }

    private mutating func enter(_ domain: Int) {
        let count = Int(counts[domain])
        while histogram.count <= count { histogram.append(0) }
        histogram[count] += 1
        eligibleDomains += 1
        if eligibleDomains == 1 || count < smallest { smallest = count }
        advance()
    }

    private mutating func leave(_ domain: Int) {
        histogram[Int(counts[domain])] -= 1
        eligibleDomains -= 1
    }

    /// Moves the minimum up past counts that no domain has any more; how often is bounded by how often counts grew.
    private mutating func advance() {
        while smallest < histogram.count, histogram[smallest] == 0 { smallest += 1 }
        if smallest == histogram.count { smallest = 0 }
    }
}
