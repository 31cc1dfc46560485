/// Aligns tab-separated cells into columns.
///
/// A column is as wide as its widest cell plus `padding`, at least `minimum`, over consecutive lines that have it; the last cell
/// of a line belongs to no column.
///
/// Source: Go's text/tabwriter, as docker uses it.
struct TabWriter {
    var minimum = 10
    var padding = 3

    func aligned(_ text: String) -> String {
        var lines = text.split(separator: "\n", omittingEmptySubsequences: false).map {
            $0.split(separator: "\t", omittingEmptySubsequences: false).map(String.init)
        }
        align(&lines, 0..<lines.count, column: 0)
        return lines.map { $0.joined() }.joined(separator: "\n")
    }

    private func align(_ lines: inout [[String]], _ range: Range<Int>, column: Int) {
        var start = range.lowerBound
        while start < range.upperBound {
            guard lines[start].count > column + 1 else {
                start += 1
                continue
            }
            var end = start
            while end < range.upperBound, lines[end].count > column + 1 { end += 1 }
            let widest = (start..<end).map { lines[$0][column].count }.max() ?? 0
            let width = max(minimum, widest + padding)
            align(&lines, start..<end, column: column + 1)
            for line in start..<end {
                lines[line][column] += String(repeating: " ", count: width - lines[line][column].count)
            }
            start = end
        }
    }
}
