/// Which bytes of a blob a client wants.
///
/// Source: RFC 9110, section 14.
enum ByteRange: Equatable {
    /// All of them: none were named, or in a way that may be passed over (another unit, several ranges).
    case whole
    case part(ClosedRange<Int64>)
    /// Nothing that is there.
    case unsatisfiable

    /// Reads a `Range` field for a blob of `size` bytes.
    ///
    /// A range that ends before it begins is refused like one outside the blob: whoever sent it is mistaken, and would take
    /// the whole blob for its part.
    init(_ field: String?, size: Int64) {
        guard let field, let equals = field.firstIndex(of: "="), field[..<equals] == "bytes" else {
            self = .whole
            return
        }
        let spec = field[field.index(after: equals)...].filter { $0 != " " }
        guard !spec.contains(",") else {
            self = .whole
            return
        }
        self = Self.one(spec, size: size)
    }

    private static func one(_ spec: String, size: Int64) -> ByteRange {
        let halves = spec.split(separator: "-", maxSplits: 1, omittingEmptySubsequences: false)
        guard halves.count == 2, halves.allSatisfy({ $0.utf8.allSatisfy { (48...57).contains($0) } }) else {
            return .unsatisfiable
        }
        // A number that is too large for us lies behind every blob.
        let first = halves[0].isEmpty ? nil : Int64(halves[0]) ?? .max
        let last = halves[1].isEmpty ? nil : Int64(halves[1]) ?? .max
        switch (first, last) {
        case (let first?, let last?):
            return first <= last && first < size ? .part(first...min(last, size - 1)) : .unsatisfiable
        case (let first?, nil): return first < size ? .part(first...(size - 1)) : .unsatisfiable
        case (nil, let count?): return count > 0 && size > 0 ? .part(max(0, size - count)...(size - 1)) : .unsatisfiable
        case (nil, nil): return .unsatisfiable
        }
    }
}

/// Where a chunk of an upload goes: `0-99`, both ends included.
///
/// Source: distribution-spec 1.1, "Pushing a blob in chunks".
struct ChunkRange: Equatable {
    var first: Int64
    var last: Int64

    /// - Throws: `rangeInvalid` for what is no range; nil when there is none.
    init?(_ field: String?) throws(RegistryError) {
        guard let field else { return nil }
        // Some clients send the form that answers have: `bytes 0-99/*`.
        var text = field[...]
        if text.hasPrefix("bytes ") { text = text.dropFirst(6) }
        text = text.prefix { $0 != "/" }
        let halves = text.split(separator: "-", omittingEmptySubsequences: false)
        guard halves.count == 2, halves.allSatisfy({ $0.utf8.allSatisfy { (48...57).contains($0) } }),
            let first = Int64(halves[0]), let last = Int64(halves[1])
        else { throw .rangeInvalid("chunk range \(field): not FIRST-LAST") }
        // Of an empty chunk clients write `0-0` or what comes before its first byte.
        guard first <= last || first == last + 1 else {
            throw .rangeInvalid("chunk range \(field): ends before it begins")
        }
        self.first = first
        self.last = last
    }

    var count: Int64 { last - first + 1 }
}
