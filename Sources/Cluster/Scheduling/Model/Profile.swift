/// Which plugins decide, and how much each score counts; a pod picks its profile by `schedulerName`.
package struct Profile: Sendable {
    package static let standardName = "default-scheduler"

    /// How the use of resources is scored.
    package enum Packing: Hashable, Sendable {
        /// The emptiest node is best.
        case spread
        /// The fullest node is best.
        case binPack
    }

    /// For queues that do not say it themselves (``Band/packing``).
    package var packing = Packing.spread
    /// Filters that look at a node's description only.
    package var filters: [any StaticFilter] = [
        NodeNameFilter(), UnschedulableFilter(), NodeAffinityFilter(), TaintFilter(), VolumeNodesFilter(),
        AddressPoolFilter(),
    ]
    /// Filters that look at what is in use at a node.
    package var useFilters: [any UseFilter] = [ResourceFilter(), HostPortFilter()]
    /// Rules about other pods.
    package var podRules: [any PodRulePlugin] = [PodAffinityRules(), TopologySpreadRules()]
    /// Scores that look at a node's description only, with their weights.
    package var scores: [(plugin: any StaticScore, weight: Double)] = [
        (PreferredNodesScore(), 2), (PreferredTaintsScore(), 3), (ImageLocalityScore(), 1), (NUMAScore(), 1),
    ]
    /// Scores that look at what is in use at a node.
    package var useScores: [any UseScore] = [ResourceScore()]

    package init() {}

    /// How much preferences that placed pods hold count; `nil` when pods of the profile heed nobody.
    var othersWeight: Double? { podRules.first { type(of: $0).heedsOthers }?.weight }
}
