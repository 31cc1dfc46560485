/// Taints that forbid, unless all of them are tolerated.
package struct TaintFilter: StaticFilter {
    package static let name = "TaintToleration"

    package init() {}

    package func concerns(_ requirements: Requirements) -> Bool { true }

    package func verdict(on requirements: Requirements, at node: Node) -> Verdict {
        let unbearable = node.taints.first { taint in
            taint.effect != .preferNoSchedule && !requirements.tolerations.contains { $0.tolerates(taint) }
        }
        return unbearable.map { .never(.taint($0.key)) } ?? .fits
    }

    package func narrow(_ nodes: inout Bitset, for requirements: Requirements, in index: borrowing NodeIndexes) {
        for (taints, tainted) in index.taints {
            let isBearable = taints.allSatisfy { taint in
                taint.effect == .preferNoSchedule || requirements.tolerations.contains { $0.tolerates(taint) }
            }
            if !isBearable { nodes.subtract(tainted) }
        }
    }
}
