/// A port of a node belongs to one pod.
package struct HostPortFilter: UseFilter {
    package static let name = "NodePorts"
    package static let retryAfter: PoolChanges = [.portsFreed, .nodeDescribed]

    package init() {}

    package func concerns(_ demand: Demand) -> Bool { !demand.requirements.hostPorts.isEmpty }

    package func verdict(on demand: Demand, at node: Int, in nodes: borrowing NodeTable) -> Verdict {
        for port in demand.requirements.hostPorts where nodes.ports.isTaken(port, at: node) {
            return .full(.hostPort(port.port))
        }
        return .fits
    }

    package func reject(
        from scores: inout [SIMD8<Double>], _ blocks: Range<Int>, for demand: Demand, in nodes: borrowing NodeTable
    ) {
        for holders in nodes.ports.holders(of: demand.requirements.hostPorts) {
            for block in blocks {
                let bits = holders.byte(block)
                guard bits != 0 else { continue }
                for lane in 0..<8 where bits & (1 << UInt8(lane)) != 0 { scores[block][lane] = BestNodeTree.impossible }
            }
        }
    }
}
