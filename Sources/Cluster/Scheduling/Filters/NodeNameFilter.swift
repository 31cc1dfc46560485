/// A pod that names its node runs there or nowhere.
package struct NodeNameFilter: StaticFilter {
    package static let name = "NodeName"

    package init() {}

    package func concerns(_ requirements: Requirements) -> Bool { requirements.nodeName != nil }

    package func verdict(on requirements: Requirements, at node: Node) -> Verdict {
        requirements.nodeName == nil || requirements.nodeName == node.name ? .fits : .never(.otherNode)
    }

    package func narrow(_ nodes: inout Bitset, for requirements: Requirements, in index: borrowing NodeIndexes) {
        var one = Bitset()
        if let number = requirements.nodeName.flatMap({ index.numbers[$0] }) { one[number] = true }
        nodes.formIntersection(one)
    }
}
