/// The node selector and the required node affinity.
package struct NodeAffinityFilter: StaticFilter {
    package static let name = "NodeAffinity"

    package init() {}

    package func concerns(_ requirements: Requirements) -> Bool {
        !requirements.nodeSelector.isEmpty || requirements.nodeAffinity != nil
    }

    package func verdict(on requirements: Requirements, at node: Node) -> Verdict {
        let isSelected = requirements.nodeSelector.allSatisfy { node.labels[$0.key] == $0.value }
        return isSelected && requirements.nodeAffinity?.matches(node.labels) ?? true ? .fits : .never(.nodeAffinity)
    }

    package func narrow(_ nodes: inout Bitset, for requirements: Requirements, in index: borrowing NodeIndexes) {
        for (key, value) in requirements.nodeSelector {
            index.labels.narrow(&nodes, to: LabelCondition(key, .isOneOf([value])))
        }
        if let affinity = requirements.nodeAffinity { index.labels.narrow(&nodes, to: affinity) }
    }
}
