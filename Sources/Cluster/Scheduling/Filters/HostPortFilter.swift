/// A port of a node belongs to one pod.
struct HostPortFilter: FilterPlugin {
    static let name = "NodePorts"
    static let retryAfter: PoolChanges = [.resourcesFreed, .nodeDescribed]

    static func conflict(_ ports: [HostPort], at node: Int, in index: borrowing PortIndex) -> HostPort? {
        ports.first { index.isTaken($0, at: node) }
    }
}
