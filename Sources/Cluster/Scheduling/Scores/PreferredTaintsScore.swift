/// Fewer taints of effect `PreferNoSchedule` that are not tolerated are better.
package struct PreferredTaintsScore: StaticScore {
    package static let name = "TaintToleration"

    package init() {}

    package func concerns(_ requirements: Requirements, in layers: borrowing LayerIndex) -> Bool {
        layers.softlyTainted > 0
    }

    package func score(of requirements: Requirements, at node: Node, in layers: borrowing LayerIndex) -> Double {
        var disliked = 0
        for taint in node.taints where taint.effect == .preferNoSchedule {
            if !requirements.tolerations.contains(where: { $0.tolerates(taint) }) { disliked += 1 }
        }
        return 100 / Double(1 + disliked)
    }
}
