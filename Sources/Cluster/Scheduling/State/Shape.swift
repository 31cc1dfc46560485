/// Requirements, compiled: names are numbers, and only what concerns such pods is left.
struct Shape {
    let demand: Demand
    let profile: Int
    let filters: [any StaticFilter]
    let useFilters: [any UseFilter]
    let useScores: [any UseScore]
    /// Its own rules about other pods, by domain.
    let rules: [DomainRule]
    /// The counters of terms that such pods hold: raised where one is placed.
    let holds: [Int]
    /// What must be free, and which ports: empty where the profile does not ask.
    let needed: [Amount]
    let neededPorts: [HostPort]
    /// A filter that preemption knows nothing of: victims are found by trial.
    let isOpaque: Bool
    /// How many pods have it.
    var uses = 0

    var requirements: Requirements { demand.requirements }
    /// What is charged to the node and the tenant.
    var requests: [Amount] { demand.amounts }
    var hasRules: Bool { !rules.isEmpty }
    /// The counters that it needs.
    var counters: [Int] { rules.map(\.counter) + holds }

    init(_ demand: Demand, number: Int, of profile: Profile, rules: [DomainRule], holds: [Int]) {
        self.demand = demand
        self.profile = number
        filters = profile.filters.filter { $0.concerns(demand.requirements) }
        useFilters = profile.useFilters.filter { $0.concerns(demand) }
        useScores = profile.useScores
        self.rules = rules
        self.holds = holds
        needed = profile.useFilters.contains { $0 is ResourceFilter } ? demand.amounts : []
        neededPorts = profile.useFilters.contains { $0 is HostPortFilter } ? demand.requirements.hostPorts : []
        isOpaque = useFilters.contains { !($0 is ResourceFilter) && !($0 is HostPortFilter) }
    }
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
