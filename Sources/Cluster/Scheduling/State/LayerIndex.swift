/// Which image layers are held where, and what else scores need to know of all nodes together.
package struct LayerIndex {
    static let rackKey = "topology.kubernetes.io/rack"

    private struct Holders {
        var nodes = 0
        var racks: [String: Int] = [:]
    }

    private var holders: [String: Holders] = [:]
    /// Nodes with a taint of effect `PreferNoSchedule`.
    private(set) var softlyTainted = 0
    /// Change when ``softlyTainted`` begins or ceases to be zero, and when a digest comes to or leaves a rack.
    private(set) var taintVersion = 0
    private(set) var layerVersion = 0

    func isHeld(_ digest: String) -> Bool { holders[digest] != nil }

    func isHeld(_ digest: String, inRackOf node: Node) -> Bool {
        guard let rack = node.labels[Self.rackKey] else { return false }
        return holders[digest]?.racks[rack] != nil
    }

    mutating func add(_ node: Node) { count(node, 1) }
    mutating func remove(_ node: Node) { count(node, -1) }

    private mutating func count(_ node: Node, _ sign: Int) {
        if node.taints.contains(where: { $0.effect == .preferNoSchedule }) {
            softlyTainted += sign
            if softlyTainted == max(0, sign) { taintVersion += 1 }
        }
        let rack = node.labels[Self.rackKey]
        for digest in node.layers {
            var entry = holders[digest] ?? Holders()
            entry.nodes += sign
            if let rack {
                entry.racks[rack, default: 0] += sign
                if entry.racks[rack] == max(0, sign) { layerVersion += 1 }
                if entry.racks[rack] == 0 { entry.racks[rack] = nil }
            }
            if entry.nodes == max(0, sign) { layerVersion += 1 }
            holders[digest] = entry.nodes > 0 ? entry : nil
        }
    }
}
