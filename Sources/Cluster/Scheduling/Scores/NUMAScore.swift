internal import Units

/// Nodes where the pod's processors fit into one NUMA node, for pods that prefer that.
struct NUMAScore: StaticScore {
    static let name = "NUMA"

    func concerns(_ requirements: Requirements, in layers: borrowing LayerIndex) -> Bool {
        requirements.prefersOneNUMANode
    }

    func score(of requirements: Requirements, at node: Node, in layers: borrowing LayerIndex) -> Double {
        let share = node.allocatable.cpu.nano / Int64(max(1, node.numaNodes))
        return requirements.resources.cpu.nano <= share ? 100 : 0
    }
}
