/// Says how well a node suits a pod by what is in use there.
///
/// Of that node only, as ``StaticScore``; it brings its own weight. Asked again whenever a pod comes to the node or
/// leaves it.
package protocol UseScore: Sendable {
    static var name: String { get }
    /// What it brings together, by the names that configurations know, with their weights; empty where nobody may weigh it.
    var weights: [String: Double] { get set }
    func score(of demand: Demand, at node: Int, in nodes: borrowing NodeTable) -> Double
    /// Adds the score of each node in `blocks` of eight: the same numbers as ``score(of:at:in:)``, faster.
    func add(
        to scores: inout [SIMD8<Double>], _ blocks: Range<Int>, for demand: Demand, in nodes: borrowing NodeTable)
}

extension UseScore {
    package var weights: [String: Double] {
        get { [:] }
        set {}
    }

    package func add(
        to scores: inout [SIMD8<Double>], _ blocks: Range<Int>, for demand: Demand, in nodes: borrowing NodeTable
    ) {
        for block in blocks {
            for lane in 0..<8 where scores[block][lane] > BestNodeTree.impossible {
                scores[block][lane] += score(of: demand, at: block * 8 + lane, in: nodes)
            }
        }
    }
}
