/// A cordoned node takes only pods that tolerate it.
package struct UnschedulableFilter: StaticFilter {
    package static let name = "NodeUnschedulable"

    package init() {}

    package func concerns(_ requirements: Requirements) -> Bool {
        !requirements.tolerations.contains { $0.tolerates(.unschedulable) }
    }

    package func verdict(on requirements: Requirements, at node: Node) -> Verdict {
        node.isUnschedulable && concerns(requirements) ? .never(.unschedulable) : .fits
    }

    package func narrow(_ nodes: inout Bitset, for requirements: Requirements, in index: borrowing NodeIndexes) {
        nodes.subtract(index.unschedulable)
    }
}
