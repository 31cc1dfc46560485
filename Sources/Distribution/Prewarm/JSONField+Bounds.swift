package import JSON

/// Numbers that other nodes wrote.
///
/// Each is held within bounds where it is read, so that whoever sums, scales or compares them cannot overflow.
extension JSONField {
    /// More bytes than any pool moves, and later than any clock says in milliseconds.
    package static var largestAmount: Int64 { 1 << 50 }

    /// - Throws: ``JSONError`` for what is missing, no integer, or not in `range`.
    package func int(in range: ClosedRange<Int64>) throws(JSONError) -> Int64 {
        guard let number = try intIfPresent(in: range) else { throw .missing(path: path) }
        return number
    }

    /// Nil where there is none.
    package func intIfPresent(in range: ClosedRange<Int64>) throws(JSONError) -> Int64? {
        guard let number = try intIfPresent(Int64.self) else { return nil }
        guard range.contains(number) else {
            throw invalid("expected a number from \(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }
}
