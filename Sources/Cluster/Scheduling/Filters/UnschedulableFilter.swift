/// A cordoned node takes only pods that tolerate it.
struct UnschedulableFilter: StaticFilter {
    static let name = "NodeUnschedulable"

    func concerns(_ requirements: Requirements) -> Bool {
        !requirements.tolerations.contains { $0.tolerates(.unschedulable) }
    }

    func verdict(on requirements: Requirements, at node: Node) -> Verdict {
        node.isUnschedulable && concerns(requirements) ? .never(.unschedulable) : .fits
    }

    func narrow(_ nodes: inout Bitset, for requirements: Requirements, in index: borrowing NodeIndexes) {
        nodes.subtract(index.unschedulable)
    }
}
