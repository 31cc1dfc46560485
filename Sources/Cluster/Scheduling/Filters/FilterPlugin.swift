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
    /// No volume of the class is free and can be reached.
    case noVolume(String)
    case podAffinity, podAntiAffinity, existingAntiAffinity
    case missingTopologyKey(String)
    case topologySpread(String)
    /// What its tenant may use is used up.
    case quota(String)
    /// It names a profile (`schedulerName`) that this scheduler does not have.
    case unknownProfile(String)
    /// What a plugin from elsewhere says.
    case other(String)
}

/// Changes of the pool, by what they could help.
package struct PoolChanges: OptionSet, Hashable, Sendable {
    package let rawValue: Int
    /// A node is new, or its description is.
    package static let nodeDescribed = PoolChanges(rawValue: 1)
    /// A pod left a node.
    package static let resourcesFreed = PoolChanges(rawValue: 2)
    /// A pod that held host ports left a node.
    package static let portsFreed = PoolChanges(rawValue: 4)
    /// A pod that rules ask about came or went.
    package static let domainCounted = PoolChanges(rawValue: 8)
    /// A volume is new, or was given back.
    package static let volumesFreed = PoolChanges(rawValue: 16)

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

/// A filter that looks at what is in use at a node.
///
/// Asked again whenever a pod comes to the node or leaves it. Only ``verdict(on:at:in:)`` must be written; the others
/// are the same question asked faster.
package protocol UseFilter: FilterPlugin {
    /// Whether it could reject such pods anywhere; where not, it is not asked again.
    func concerns(_ demand: Demand) -> Bool
    /// `.full` where evicting pods could help, `.never` where nothing does but a new description.
    func verdict(on demand: Demand, at node: Int, in nodes: borrowing NodeTable) -> Verdict
    /// All that is wrong at one node, for explanations.
    func reasons(for demand: Demand, at node: Int, in nodes: borrowing NodeTable) -> [Reason]
    func fits(_ demand: Demand, at node: Int, in nodes: borrowing NodeTable) -> Bool
    /// Makes the scores of nodes that do not fit impossible, in `blocks` of eight nodes.
    func reject(
        from scores: inout [SIMD8<Double>], _ blocks: Range<Int>, for demand: Demand, in nodes: borrowing NodeTable)
}

extension UseFilter {
    package func reasons(for demand: Demand, at node: Int, in nodes: borrowing NodeTable) -> [Reason] {
        switch verdict(on: demand, at: node, in: nodes) {
        case .fits: []
        case .full(let reason), .never(let reason): [reason]
        }
    }

    package func fits(_ demand: Demand, at node: Int, in nodes: borrowing NodeTable) -> Bool {
        verdict(on: demand, at: node, in: nodes) == .fits
    }

    package func reject(
        from scores: inout [SIMD8<Double>], _ blocks: Range<Int>, for demand: Demand, in nodes: borrowing NodeTable
    ) {
        for block in blocks {
            for lane in 0..<8 where scores[block][lane] > BestNodeTree.impossible {
                if !fits(demand, at: block * 8 + lane, in: nodes) { scores[block][lane] = BestNodeTree.impossible }
            }
        }
    }
}
