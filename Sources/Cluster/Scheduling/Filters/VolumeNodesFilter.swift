/// Volumes that can be reached from some nodes only.
struct VolumeNodesFilter: StaticFilter {
    static let name = "VolumeNodeAffinity"

    func concerns(_ requirements: Requirements) -> Bool { !requirements.volumes.isEmpty }

    func verdict(on requirements: Requirements, at node: Node) -> Verdict {
        requirements.volumes.allSatisfy { $0.matches(node.labels) } ? .fits : .never(.volumeNodes)
    }

    func narrow(_ nodes: inout Bitset, for requirements: Requirements, in index: borrowing NodeIndexes) {
        for volume in requirements.volumes { index.labels.narrow(&nodes, to: volume) }
    }
}
