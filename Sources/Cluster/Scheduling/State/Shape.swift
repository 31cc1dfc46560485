/// Requirements, compiled: names are numbers, and only what concerns such pods is left.
struct Shape {
    let requirements: Requirements
    let profile: Int
    let requests: [Amount]
    let resourceScore: ResourceScore
    let filters: [any StaticFilter]
    /// Its own rules about other pods, by domain.
    let rules: [DomainRule]
    /// The counters of terms that such pods hold for or against others: raised where one is placed.
    let holds: [Int]
    /// How many pods have it.
    var uses = 0

    var hasRules: Bool { !rules.isEmpty }
}

/// What the pods in a node's domain mean for a pod.
struct DomainRule {
    enum Kind {
        /// Counted pods must be there; the first of its kind may go anywhere.
        case affinity(selector: PodSelector)
        /// Counted pods must not be there.
        case antiAffinity
        /// No more than `skew` above the smallest count.
        case spread(skew: Int, minDomains: Int, selector: PodSelector)
        /// Up to `weight`, less with each pod above the smallest count.
        case softSpread(skew: Int, minDomains: Int, weight: Double)
        /// Up to `weight`, more with each counted pod.
        case preference(weight: Double)
    }

    var kind: Kind
    /// The topology key.
    var key: Int
    var counter: Int
    /// Whether the pod itself is one of those it asks for.
    var countsItself = false
    /// Whether it comes from a term that other pods hold.
    var isOthers = false
}
