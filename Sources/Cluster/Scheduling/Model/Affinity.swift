/// A relation to pods in the same topology domain, such as the same zone.
package struct PodAffinityTerm: Hashable, Sendable {
    package enum Namespaces: Hashable, Sendable {
        /// The pod's own.
        case own
        case named(Set<String>)
        /// Namespaces whose labels match; an empty selector means all.
        case matching(LabelSelector)
        /// Named ones, and those whose labels match.
        case either(Set<String>, LabelSelector)
    }

    package var selector: LabelSelector
    package var namespaces: Namespaces
    package var topologyKey: String

    package init(_ selector: LabelSelector, in namespaces: Namespaces = .own, topologyKey: String) {
        self.selector = selector
        self.namespaces = namespaces
        self.topologyKey = topologyKey
    }
}

/// Something that adds to a score where it holds; a negative `weight` takes away.
package struct Preference<Term: Hashable & Sendable>: Hashable, Sendable {
    package var term: Term
    package var weight: Int

    package init(_ term: Term, weight: Int) {
        self.term = term
        self.weight = weight
    }
}

/// How evenly pods that match `selector` are to lie over the values of `topologyKey`.
///
/// The count of a domain may exceed the smallest count of all eligible domains by `maxSkew`.
///
/// Source: Kubernetes, "Pod Topology Spread Constraints".
package struct SpreadConstraint: Hashable, Sendable {
    package var topologyKey: String
    package var maxSkew: Int
    package var selector: LabelSelector
    /// Hard constraints keep a pod waiting, soft ones cost score.
    package var isHard: Bool
    /// With fewer eligible domains than this, the smallest count is taken as zero.
    package var minDomains: Int
    /// Whether only nodes that the pod's selector and affinity allow make a domain eligible.
    package var honorsNodeAffinity: Bool
    /// Whether only nodes whose taints are tolerated make a domain eligible.
    package var honorsTaints: Bool

    package init(
        topologyKey: String, maxSkew: Int = 1, selector: LabelSelector, isHard: Bool = true, minDomains: Int = 1,
        honorsNodeAffinity: Bool = true, honorsTaints: Bool = false
    ) {
        self.topologyKey = topologyKey
        self.maxSkew = maxSkew
        self.selector = selector
        self.isHard = isHard
        self.minDomains = minDomains
        self.honorsNodeAffinity = honorsNodeAffinity
        self.honorsTaints = honorsTaints
    }
}
