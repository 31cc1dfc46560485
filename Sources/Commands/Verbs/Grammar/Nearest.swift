/// The candidate that differs from `word` by few letters, if there is one.
///
/// One that `word` begins, else one at two edits, or one for short words.
func nearest(_ word: String, in candidates: [String]) -> String? {
    if word.count >= 3, let longer = candidates.first(where: { $0.hasPrefix(word) }) { return longer }
    let limit = word.count <= 3 ? 1 : 2
    let ranked = candidates.map { ($0, editDistance(word, $0)) }.filter { $0.1 <= limit }
    return ranked.min { $0.1 < $1.1 }?.0
}

/// The least number of letters to insert, delete, replace or swap with their neighbour.
///
/// Source: optimal string alignment distance.
func editDistance(_ left: String, _ right: String) -> Int {
    let (left, right) = (Array(left), Array(right))
    var rows = [Array(0...right.count)]
    for row in 0..<left.count {
        var current = [row + 1]
        for column in 0..<right.count {
            let isSame = left[row] == right[column]
            var best = min(rows[row][column + 1] + 1, current[column] + 1, rows[row][column] + (isSame ? 0 : 1))
            if row > 0, column > 0, left[row] == right[column - 1], left[row - 1] == right[column] {
                best = min(best, rows[row - 1][column - 1] + 1)
            }
            current.append(best)
        }
        rows.append(current)
    }
    return rows[left.count][right.count]
}
