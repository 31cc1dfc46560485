/// What is asked for must be free: processors, memory, disk, places for pods, and counted things.
package struct ResourceFilter: UseFilter {
    package static let name = "NodeResourcesFit"
    package static let retryAfter: PoolChanges = [.resourcesFreed, .nodeDescribed]

    package init() {}

    package func concerns(_ demand: Demand) -> Bool { !demand.amounts.isEmpty }

    /// What even an empty node does not have, no eviction gives.
    package func verdict(on demand: Demand, at node: Int, in nodes: borrowing NodeTable) -> Verdict {
        var verdict = Verdict.fits
        for (index, request) in demand.amounts.enumerated() where nodes[free: node, request.dimension] < request.value {
            let reason = Reason.insufficient(demand.names[index])
            if nodes.capacity(of: node, request.dimension) < request.value { return .never(reason) }
            if verdict == .fits { verdict = .full(reason) }
        }
        return verdict
    }

    package func reasons(for demand: Demand, at node: Int, in nodes: borrowing NodeTable) -> [Reason] {
        var reasons: [Reason] = []
        for (index, request) in demand.amounts.enumerated() where nodes[free: node, request.dimension] < request.value {
            reasons.append(.insufficient(demand.names[index]))
        }
        return reasons
    }

    package func fits(_ demand: Demand, at node: Int, in nodes: borrowing NodeTable) -> Bool {
        for request in demand.amounts where nodes.free[request.dimension][node >> 3][node & 7] < request.value {
            return false
        }
        return true
    }

    package func reject(
        from scores: inout [SIMD8<Double>], _ blocks: Range<Int>, for demand: Demand, in nodes: borrowing NodeTable
    ) {
        for request in demand.amounts {
            for block in blocks {
                scores[block].replace(
                    with: BestNodeTree.impossible, where: nodes.free[request.dimension][block] .< request.value)
            }
        }
    }
}
