/// The share of preferred node affinity, by weight, that a node meets.
struct PreferredNodesScore: StaticScore {
    static let name = "NodeAffinity"

    func concerns(_ requirements: Requirements, in layers: borrowing LayerIndex) -> Bool {
        !requirements.preferredNodes.isEmpty
    }

    func score(of requirements: Requirements, at node: Node, in layers: borrowing LayerIndex) -> Double {
        var (met, all) = (0, 0)
        for preference in requirements.preferredNodes {
            all += preference.weight
            if preference.term.matches(node.labels) { met += preference.weight }
        }
        return all > 0 ? 100 * Double(met) / Double(all) : 0
    }
}
