/// What is asked for must be free: processors, memory, disk, places for pods, and counted things.
struct ResourceFilter: FilterPlugin {
    static let name = "NodeResourcesFit"
    static let retryAfter: PoolChanges = [.resourcesFreed, .nodeDescribed]

    /// Which of eight nodes have enough.
    @inline(__always)
    static func fitting(_ requests: [Amount], _ block: Int, in nodes: borrowing NodeTable) -> SIMDMask<SIMD8<Int64>> {
        var fits = SIMDMask<SIMD8<Int64>>(repeating: true)
        for request in requests { fits = fits .& (nodes.free[request.dimension][block] .>= request.value) }
        return fits
    }

    @inline(__always)
    static func fits(_ requests: [Amount], at node: Int, in nodes: borrowing NodeTable) -> Bool {
        for request in requests where nodes.free[request.dimension][node >> 3][node & 7] < request.value {
            return false
        }
        return true
    }
}
