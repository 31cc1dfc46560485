/// Some of a blob's pieces, one bit each.
package struct PieceSet: Hashable, Sendable {
    /// Of how many pieces this is a subset.
    package let capacity: Int
    package private(set) var words: [UInt64]

    package init(capacity: Int) {
        self.capacity = capacity
        words = Array(repeating: 0, count: (capacity + 63) / 64)
    }

    package init(capacity: Int, _ pieces: some Sequence<Int>) {
        self.init(capacity: capacity)
        for piece in pieces { insert(piece) }
    }

    package static func all(of capacity: Int) -> PieceSet {
        PieceSet(capacity: capacity, 0..<capacity)
    }

    package func contains(_ piece: Int) -> Bool {
        piece >= 0 && piece < capacity && words[piece >> 6] & (1 << UInt64(piece & 63)) != 0
    }

    /// Adds `piece` unless it lies beyond the capacity; says whether it is new.
    @discardableResult
    package mutating func insert(_ piece: Int) -> Bool {
        guard piece >= 0, piece < capacity else { return false }
        let bit: UInt64 = 1 << UInt64(piece & 63)
        let isNew = words[piece >> 6] & bit == 0
        words[piece >> 6] |= bit
        return isNew
    }

    @discardableResult
    package mutating func remove(_ piece: Int) -> Bool {
        guard contains(piece) else { return false }
        words[piece >> 6] &= ~(1 << UInt64(piece & 63))
        return true
    }

    package var count: Int { words.reduce(0) { $0 + $1.nonzeroBitCount } }
    package var isEmpty: Bool { words.allSatisfy { $0 == 0 } }
    package var isFull: Bool { count == capacity }

    /// The lowest piece that is in it.
    package var first: Int? {
        for (index, word) in words.enumerated() where word != 0 { return index * 64 + word.trailingZeroBitCount }
        return nil
    }

    /// The lowest piece from `start` on that is not in it.
    package func firstMissing(from start: Int = 0) -> Int? {
        var piece = start
        while piece < capacity {
            let rest = ~words[piece >> 6] >> UInt64(piece & 63)
            if rest != 0 {
                let found = piece + rest.trailingZeroBitCount
                return found < capacity ? found : nil
            }
            piece = (piece >> 6 + 1) << 6
        }
        return nil
    }

    package mutating func formUnion(_ other: PieceSet) {
        for index in words.indices where index < other.words.count { words[index] |= other.words[index] }
        trim()
    }

    package mutating func subtract(_ other: PieceSet) {
        for index in words.indices where index < other.words.count { words[index] &= ~other.words[index] }
    }

    package mutating func formIntersection(_ other: PieceSet) {
        for index in words.indices { words[index] &= index < other.words.count ? other.words[index] : 0 }
    }

    package func subtracting(_ other: PieceSet) -> PieceSet {
        var result = self
        result.subtract(other)
        return result
    }

    package func intersection(_ other: PieceSet) -> PieceSet {
        var result = self
        result.formIntersection(other)
        return result
    }

    /// Those that are not in it.
    package var complement: PieceSet { PieceSet.all(of: capacity).subtracting(self) }

    /// Whether it has a piece that `other` lacks.
    package func hasMore(than other: PieceSet) -> Bool {
        for index in words.indices {
            let theirs = index < other.words.count ? other.words[index] : 0
            if words[index] & ~theirs != 0 { return true }
        }
        return false
    }

    /// Calls `body` with each piece, lowest first.
    @inline(__always)
    package func forEach(_ body: (Int) -> Void) {
        for (index, word) in words.enumerated() {
            var rest = word
            while rest != 0 {
                body(index * 64 + rest.trailingZeroBitCount)
                rest &= rest - 1
            }
        }
    }

    package var members: [Int] {
        var found: [Int] = []
        forEach { found.append($0) }
        return found
    }

    /// The pieces as runs of neighbours, lowest first.
    package var runs: [Range<Int>] {
        var found: [Range<Int>] = []
        forEach { piece in
            if let last = found.last, last.upperBound == piece {
                found[found.count - 1] = last.lowerBound..<piece + 1
            } else {
                found.append(piece..<piece + 1)
            }
        }
        return found
    }

    /// Replaces all 64-bit groups; bits beyond the capacity are dropped.
    mutating func setWords(_ new: [UInt64]) {
        for index in words.indices { words[index] = index < new.count ? new[index] : 0 }
        trim()
    }

    private mutating func trim() {
        if capacity & 63 != 0, let last = words.indices.last { words[last] &= (1 << UInt64(capacity & 63)) - 1 }
    }
}

extension PieceSet: CustomStringConvertible {
    /// `0-12,17 of 64`.
    package var description: String {
        let parts = runs.map { $0.count == 1 ? "\($0.lowerBound)" : "\($0.lowerBound)-\($0.upperBound - 1)" }
        return "\(parts.joined(separator: ",")) of \(capacity)"
    }
}
