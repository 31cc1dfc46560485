internal import Units

/// Nodes where the pod's processors fit into one NUMA node, for pods that prefer that.
package struct NUMAScore: StaticScore {
    package static let name = "NUMA"

    package init() {}

    package func concerns(_ requirements: Requirements, in layers: borrowing LayerIndex) -> Bool {
        requirements.prefersOneNUMANode
    }

    package func score(of requirements: Requirements, at node: Node, in layers: borrowing LayerIndex) -> Double {
        let share = node.allocatable.cpu.nano / Int64(max(1, node.numaNodes))
        return requirements.resources.cpu.nano <= share ? 100 : 0
    }
}
