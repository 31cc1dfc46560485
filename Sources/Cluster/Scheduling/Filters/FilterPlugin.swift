/// What a filter says of one pod at one node.
package enum Verdict: Hashable, Sendable {
    case fits
    /// Not now: evicting pods from the node could help.
    case full(Reason)
    /// Not while the node is as it is: no eviction helps.
    case never(Reason)
}

/// Why a node was not possible; counted to explain what is pending.
package enum Reason: Hashable, Sendable {
    case otherNode, unschedulable, nodeAffinity, volumeNodes
    case taint(String)
    case addressPool(String)
    case insufficient(String)
    case hostPort(Int)
    case podAffinity, podAntiAffinity, existingAntiAffinity
    case missingTopologyKey(String)
    case topologySpread(String)
}

/// Changes of the pool, by what they could help.
package struct PoolChanges: OptionSet, Sendable {
    package let rawValue: Int
    package static let nodeDescribed = PoolChanges(rawValue: 1)
    package static let resourcesFreed = PoolChanges(rawValue: 2)
    package static let domainCounted = PoolChanges(rawValue: 4)

    package init(rawValue: Int) { self.rawValue = rawValue }
}

/// Says whether one pod may run on one node.
///
/// It sees the state only: no I/O, no clock, nothing of its own.
package protocol FilterPlugin: Sendable {
    /// The name in configuration and explanations; never reused for another meaning.
    static var name: String { get }
    /// The changes after which a pod that it rejected is worth another try.
    static var retryAfter: PoolChanges { get }
}

/// A filter that looks at nothing but the node's description.
///
/// Asked once per class of equal pods and node, and again when the description changes.
package protocol StaticFilter: FilterPlugin {
    /// Whether it could reject such pods anywhere; where not, it is not asked again.
    func concerns(_ requirements: Requirements) -> Bool
    func verdict(on requirements: Requirements, at node: Node) -> Verdict
    /// Removes from `nodes` all those for which the verdict is not `.fits`.
    func narrow(_ nodes: inout Bitset, for requirements: Requirements, in index: borrowing NodeIndexes)
}

extension StaticFilter {
    package static var retryAfter: PoolChanges { .nodeDescribed }
}
