/// Says how well a node suits a pod by the node's description alone.
///
/// From 0 to 100, and of that node only: no score depends on which other nodes are possible, so that scores stay valid
/// while the pool changes elsewhere.
package protocol StaticScore: Sendable {
    static var name: String { get }
    /// Whether it could differ between nodes for such pods; where not, it counts as zero everywhere.
    func concerns(_ requirements: Requirements, in layers: borrowing LayerIndex) -> Bool
    func score(of requirements: Requirements, at node: Node, in layers: borrowing LayerIndex) -> Double
}
