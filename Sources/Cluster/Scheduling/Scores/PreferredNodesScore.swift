/// The share of preferred node affinity, by weight, that a node meets.
package struct PreferredNodesScore: StaticScore {
    package static let name = "NodeAffinity"

    package init() {}

    package func concerns(_ requirements: Requirements, in layers: borrowing LayerIndex) -> Bool {
        !requirements.preferredNodes.isEmpty
    }

    package func score(of requirements: Requirements, at node: Node, in layers: borrowing LayerIndex) -> Double {
        var (met, all) = (0, 0)
        for preference in requirements.preferredNodes {
            all += preference.weight
            if preference.term.matches(node.labels) { met += preference.weight }
        }
        return all > 0 ? 100 * Double(met) / Double(all) : 0
    }
}
