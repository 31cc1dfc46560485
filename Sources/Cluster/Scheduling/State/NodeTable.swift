/// The nodes as columns: one array per property, a node is a position in all of them.
///
/// What a filter or score reads of thousands of nodes lies side by side.
package struct NodeTable {
    /// Eight nodes to a block.
    typealias Column = [SIMD8<Double>]

    private(set) var count = 0
    private(set) var specs: [Node] = []
    private(set) var isPresent = Bitset()
    private(set) var numbers: [String: Int] = [:]
    /// By dimension: what may still be given away; below zero where more is used than there is.
    private(set) var free: [Column] = []
    /// By dimension: one over the capacity, zero where there is none.
    private(set) var inverse: [Column] = []
    private(set) var capacity: [Column] = []
    /// First pod of each node's list.
    var pods: [PodList] = []
    var ports = PortIndex()
    var volumes = VolumeIndex()
    private var vacant: [Int] = []

    subscript(free node: Int, dimension: Int) -> Double {
        get { dimension < free.count ? free[dimension][node >> 3][node & 7] : 0 }
        set { free[dimension][node >> 3][node & 7] = newValue }
    }

    func capacity(of node: Int, _ dimension: Int) -> Double {
        dimension < capacity.count ? capacity[dimension][node >> 3][node & 7] : 0
    }

    /// The description of the node at `position`, for plugins.
    package func description(at position: Int) -> Node { specs[position] }
    /// How many pods are on the node at `position`, for plugins.
    package func podCount(at position: Int) -> Int { Int(pods[position].count) }

    /// Gives a new node a position.
    mutating func add(_ node: Node) -> Int {
        let number: Int
        if let reused = vacant.popLast() {
            number = reused
            specs[number] = node
        } else {
            number = count
            count += 1
            specs.append(node)
            pods.append(PodList())
            if number & 7 == 0 {
                let zero = SIMD8<Double>(repeating: 0)
                for dimension in free.indices {
                    free[dimension].append(zero)
                    inverse[dimension].append(zero)
                    capacity[dimension].append(zero)
                }
            }
        }
        numbers[node.name] = number
        isPresent[number] = true
        return number
    }

    mutating func replace(_ number: Int, with node: Node) {
        specs[number] = node
    }

    mutating func remove(_ number: Int) {
        numbers[specs[number].name] = nil
        isPresent[number] = false
        setCapacity(number, [])
        vacant.append(number)
    }

    /// Sets what there is, leaving what is used as it was.
    mutating func setCapacity(_ number: Int, _ amounts: [Amount]) {
        widen(to: (amounts.map(\.dimension).max() ?? 0) + 1)
        for dimension in free.indices {
            let new = amounts.first { $0.dimension == dimension }?.value ?? 0
            let old = capacity[dimension][number >> 3][number & 7]
            free[dimension][number >> 3][number & 7] += new - old
            capacity[dimension][number >> 3][number & 7] = new
            inverse[dimension][number >> 3][number & 7] = new > 0 ? 1 / new : 0
        }
    }

    /// Makes sure that there are so many dimensions.
    mutating func widen(to dimensions: Int) {
        while free.count < max(4, dimensions) {
            let blocks = Array(repeating: SIMD8<Double>(repeating: 0), count: (count + 7) / 8)
            free.append(blocks)
            inverse.append(blocks)
            capacity.append(blocks)
        }
    }

    @inline(__always)
    mutating func take(_ amounts: [Amount], from node: Int, sign: Double = 1) {
        for amount in amounts { free[amount.dimension][node >> 3][node & 7] -= amount.value * sign }
    }
}
