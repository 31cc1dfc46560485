/// The greatest of many scores, kept while single scores change.
///
/// A tree of eight children a node: changing one of n scores or finding the greatest touches one cache line per level,
/// log8(n) of them. The score of what is impossible is minus infinity. Among equals the lowest position wins.
struct BestNodeTree {
    static let impossible = -Double.infinity

    /// `levels[0]` holds the scores, eight to a block; each level above the greatest of each block below.
    private(set) var levels: [[SIMD8<Double>]]

    init(blocks leaves: [SIMD8<Double>]) {
        levels = [leaves.isEmpty ? [SIMD8(repeating: Self.impossible)] : leaves]
        while let below = levels.last, below.count > 1 {
            var level = Array(repeating: SIMD8(repeating: Self.impossible), count: (below.count + 7) / 8)
            for (index, block) in below.enumerated() { level[index >> 3][index & 7] = greatest(of: block) }
            levels.append(level)
        }
    }

    init(count: Int) {
        self.init(blocks: Array(repeating: SIMD8(repeating: Self.impossible), count: (count + 7) / 8))
    }

    subscript(_ position: Int) -> Double {
        get { levels[0][position >> 3][position & 7] }
        set {
            var position = position
            var value = newValue
            for level in levels.indices {
                let block = position >> 3
                levels[level][block][position & 7] = value
                guard level + 1 < levels.count else { return }
                value = greatest(of: levels[level][block])
                if levels[level + 1][block >> 3][block & 7] == value { return }
                position = block
            }
        }
    }

    /// The greatest score, minus infinity when nothing is possible.
    var best: Double { greatest(of: levels[levels.count - 1][0]) }

    /// The lowest position that has the greatest score.
    var bestPosition: Int? {
        guard best > Self.impossible else { return nil }
        var block = 0
        for level in stride(from: levels.count - 1, through: 0, by: -1) {
            block = block * 8 + lane(ofGreatestIn: levels[level][block])
        }
        return block
    }
}

/// The greatest of eight numbers.
@inline(__always)
func greatest(of block: SIMD8<Double>) -> Double {
    let four = block.lowHalf.replacing(with: block.highHalf, where: block.highHalf .> block.lowHalf)
    let two = four.lowHalf.replacing(with: four.highHalf, where: four.highHalf .> four.lowHalf)
    return two.y > two.x ? two.y : two.x
}

@inline(__always)
private func lane(ofGreatestIn block: SIMD8<Double>) -> Int {
    var lane = 0
    for other in 1..<8 where block[other] > block[lane] { lane = other }
    return lane
}
