/// Which nodes' ports are taken.
struct PortIndex {
    private struct Number: Hashable {
        var port: Int
        var transport: String
    }

    /// By port, for each address it is taken on: the nodes.
    private var taken: [Number: [(address: String, nodes: Bitset, count: Int)]] = [:]

    func isTaken(_ port: HostPort, at node: Int) -> Bool {
        guard let entries = taken[Number(port: port.port, transport: port.transport)] else { return false }
        return entries.contains { entry in
            entry.nodes[node] && (entry.address == port.address || entry.address.isEmpty || port.address.isEmpty)
        }
    }

    /// The nodes where one of `ports` is taken, a set for each port and address.
    func holders(of ports: [HostPort]) -> [Bitset] {
        var holders: [Bitset] = []
        for port in ports {
            for entry in taken[Number(port: port.port, transport: port.transport)] ?? []
            where entry.address == port.address || entry.address.isEmpty || port.address.isEmpty {
                holders.append(entry.nodes)
            }
        }
        return holders
    }

    mutating func set(_ ports: [HostPort], at node: Int, taken isTaken: Bool) {
        for port in ports {
            let number = Number(port: port.port, transport: port.transport)
            var entries = taken[number] ?? []
            taken[number] = nil  // so that the bit set below has one owner and is changed in place
            if let index = entries.firstIndex(where: { $0.address == port.address }) {
                if entries[index].nodes[node] != isTaken { entries[index].count += isTaken ? 1 : -1 }
                entries[index].nodes[node] = isTaken
                if entries[index].count == 0 { entries.remove(at: index) }
            } else if isTaken {
                var nodes = Bitset()
                nodes[node] = true
                entries.append((port.address, nodes, 1))
            }
            if !entries.isEmpty { taken[number] = entries }
        }
    }
}
