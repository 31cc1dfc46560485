/// Which plugins decide, and how much each score counts.
package struct Profile: Sendable {
    package static let standardName = "default-scheduler"

    /// How the use of resources is scored.
    package enum Packing: Hashable, Sendable {
        /// The emptiest node is best.
        case spread
        /// The fullest node is best.
        case binPack
    }

    package var packing = Packing.spread
    package var packingWeight = 1.0
    /// Of leaving processor and memory equally used.
    package var balanceWeight = 1.0
    /// Of topology spread and of preferred pods.
    package var spreadWeight = 2.0
    package var affinityWeight = 2.0
    /// Filters that look at a node's description only.
    package var filters: [any StaticFilter] = [
        NodeNameFilter(), UnschedulableFilter(), NodeAffinityFilter(), TaintFilter(), VolumeNodesFilter(),
        AddressPoolFilter(),
    ]
    /// Scores that look at a node's description only, with their weights.
    package var scores: [(plugin: any StaticScore, weight: Double)] = [
        (PreferredNodesScore(), 2), (PreferredTaintsScore(), 3), (ImageLocalityScore(), 1), (NUMAScore(), 1),
    ]

    package init() {}
}
