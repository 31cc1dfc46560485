/// A fixed address can be reached only from the nodes of its pool.
package struct AddressPoolFilter: StaticFilter {
    package static let name = "AddressPool"

    package init() {}

    package func concerns(_ requirements: Requirements) -> Bool { requirements.addressPool != nil }

    package func verdict(on requirements: Requirements, at node: Node) -> Verdict {
        guard let pool = requirements.addressPool, !node.addressPools.contains(pool) else { return .fits }
        return .never(.addressPool(pool))
    }

    package func narrow(_ nodes: inout Bitset, for requirements: Requirements, in index: borrowing NodeIndexes) {
        guard let pool = requirements.addressPool else { return }
        nodes.formIntersection(index.addressPools[pool] ?? Bitset())
    }
}
