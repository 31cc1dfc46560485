/// Scores how full, and how evenly full, a node would be with the pod on it.
///
/// The use of a kind of resource is the part of the node's capacity that is taken, from 0 to 1. Emptiness (or fullness,
/// when packing) is the mean over processor and memory, from 0 to 100; balance is 100 less the difference of the two. When
/// packing, balance counts a quarter: pods of mostly processor or memory would else be spread in its name.
/// Written for eight nodes at a time; one node goes through the same operations in the same order, so that both give
/// the same number.
package struct ResourceScore: UseScore {
    package static let name = "NodeResources"
    /// Of fullness or emptiness.
    package var packingWeight: Double
    /// Of leaving processor and memory equally used.
    package var balanceWeight: Double

    package init(packingWeight: Double = 1, balanceWeight: Double = 1) {
        self.packingWeight = packingWeight
        self.balanceWeight = balanceWeight
    }

    package var weights: [String: Double] {
        get { ["NodeResourcesFit": packingWeight, "NodeResourcesBalancedAllocation": balanceWeight] }
        set {
            packingWeight = newValue["NodeResourcesFit"] ?? 0
            balanceWeight = newValue["NodeResourcesBalancedAllocation"] ?? 0
        }
    }

    package func add(
        to scores: inout [SIMD8<Double>], _ blocks: Range<Int>, for demand: Demand, in nodes: borrowing NodeTable
    ) {
        let (base, fullness, balance) = factors(demand.packing)
        for block in blocks {
            let cpuUsed = 1 - (nodes.free[Dimensions.cpu][block] - demand.cpu) * nodes.inverse[Dimensions.cpu][block]
            let memoryUsed =
                1 - (nodes.free[Dimensions.memory][block] - demand.memory) * nodes.inverse[Dimensions.memory][block]
            let difference = cpuUsed - memoryUsed
            let distance = difference.replacing(with: -difference, where: difference .< 0)
            scores[block] += (base + (cpuUsed + memoryUsed) * fullness) - distance * balance
        }
    }

    package func score(of demand: Demand, at node: Int, in nodes: borrowing NodeTable) -> Double {
        let (base, fullness, balance) = factors(demand.packing)
        let (block, lane) = (node >> 3, node & 7)
        let cpuUsed =
            1 - (nodes.free[Dimensions.cpu][block][lane] - demand.cpu) * nodes.inverse[Dimensions.cpu][block][lane]
        let memoryUsed =
            1 - (nodes.free[Dimensions.memory][block][lane] - demand.memory)
            * nodes.inverse[Dimensions.memory][block][lane]
        let difference = cpuUsed - memoryUsed
        let distance = difference < 0 ? -difference : difference
        return (base + (cpuUsed + memoryUsed) * fullness) - distance * balance
    }

    private func factors(_ packing: Profile.Packing) -> (base: Double, fullness: Double, balance: Double) {
        packing == .spread
            ? (100 * (packingWeight + balanceWeight), -50 * packingWeight, 100 * balanceWeight)
            : (25 * balanceWeight, 50 * packingWeight, 25 * balanceWeight)
    }
}
