/// Scores how full, and how evenly full, a node would be with the pod on it.
///
/// The use of a kind of resource is the part of the node's capacity that is taken, from 0 to 1. Emptiness (or fullness,
/// when packing) is the mean over processor and memory, from 0 to 100; balance is 100 less the difference of the two.
/// Written for eight nodes at a time; one node goes through the same operations in the same order, so that both give
/// the same number.
struct ResourceScore {
    private let fullness: Double
    private let base: Double
    private let balance: Double
    private let cpu: Double
    private let memory: Double

    init(requests: [Amount], profile: Profile) {
        let sign: Double = profile.packing == .spread ? -1 : 1
        fullness = sign * 50 * profile.packingWeight
        balance = 100 * profile.balanceWeight
        base = (profile.packing == .spread ? 100 * profile.packingWeight : 0) + balance
        cpu = requests.first { $0.dimension == Dimensions.cpu }?.value ?? 0
        memory = requests.first { $0.dimension == Dimensions.memory }?.value ?? 0
    }

    /// The scores of the eight nodes of `block`.
    @inline(__always)
    func scores(_ block: Int, in nodes: borrowing NodeTable) -> SIMD8<Double> {
        let cpuUsed = 1 - (nodes.free[Dimensions.cpu][block] - cpu) * nodes.inverse[Dimensions.cpu][block]
        let memoryUsed = 1 - (nodes.free[Dimensions.memory][block] - memory) * nodes.inverse[Dimensions.memory][block]
        let difference = cpuUsed - memoryUsed
        let distance = difference.replacing(with: -difference, where: difference .< 0)
        return (base + (cpuUsed + memoryUsed) * fullness) - distance * balance
    }

    @inline(__always)
    func score(at node: Int, in nodes: borrowing NodeTable) -> Double {
        let (block, lane) = (node >> 3, node & 7)
        let cpuUsed =
            1 - (nodes.free[Dimensions.cpu][block][lane] - cpu) * nodes.inverse[Dimensions.cpu][block][lane]
        let memoryUsed =
            1 - (nodes.free[Dimensions.memory][block][lane] - memory) * nodes.inverse[Dimensions.memory][block][lane]
        let difference = cpuUsed - memoryUsed
        let distance = difference < 0 ? -difference : difference
        return (base + (cpuUsed + memoryUsed) * fullness) - distance * balance
    }
}
