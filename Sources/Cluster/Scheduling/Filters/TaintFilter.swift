/// Taints that forbid, unless all of them are tolerated.
struct TaintFilter: StaticFilter {
    static let name = "TaintToleration"

    func concerns(_ requirements: Requirements) -> Bool { true }

    func verdict(on requirements: Requirements, at node: Node) -> Verdict {
        let unbearable = node.taints.first { taint in
            taint.effect != .preferNoSchedule && !requirements.tolerations.contains { $0.tolerates(taint) }
        }
        return unbearable.map { .never(.taint($0.key)) } ?? .fits
    }

    func narrow(_ nodes: inout Bitset, for requirements: Requirements, in index: borrowing NodeIndexes) {
        for (taints, tainted) in index.taints {
            let isBearable = taints.allSatisfy { taint in
                taint.effect == .preferNoSchedule || requirements.tolerations.contains { $0.tolerates(taint) }
            }
            if !isBearable { nodes.subtract(tainted) }
        }
    }
}
