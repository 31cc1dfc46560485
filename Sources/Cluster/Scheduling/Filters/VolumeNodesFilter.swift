/// Volumes that can be reached from some nodes only.
package struct VolumeNodesFilter: StaticFilter {
    package static let name = "VolumeNodeAffinity"

    package init() {}

    package func concerns(_ requirements: Requirements) -> Bool { !requirements.volumes.isEmpty }

    package func verdict(on requirements: Requirements, at node: Node) -> Verdict {
        requirements.volumes.allSatisfy { $0.matches(node.labels) } ? .fits : .never(.volumeNodes)
    }

    package func narrow(_ nodes: inout Bitset, for requirements: Requirements, in index: borrowing NodeIndexes) {
        for volume in requirements.volumes { index.labels.narrow(&nodes, to: volume) }
    }
}
