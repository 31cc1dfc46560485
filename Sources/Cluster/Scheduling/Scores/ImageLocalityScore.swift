/// Fewer bytes to fetch are better: what the node holds counts whole, what only its rack peers hold counts half.
package struct ImageLocalityScore: StaticScore {
    package static let name = "ImageLocality"

    package init() {}

    package func concerns(_ requirements: Requirements, in layers: borrowing LayerIndex) -> Bool {
        requirements.layers.contains { layers.isHeld($0.key) }
    }

    package func score(of requirements: Requirements, at node: Node, in layers: borrowing LayerIndex) -> Double {
        var (near, all) = (0.0, 0.0)
        for (digest, bytes) in requirements.layers.sorted(by: { $0.key < $1.key }) {
            all += Double(bytes)
            if node.layers.contains(digest) {
                near += Double(bytes)
            } else if layers.isHeld(digest, inRackOf: node) {
                near += Double(bytes) / 2
            }
        }
        return all > 0 ? 100 * near / all : 0
    }
}
