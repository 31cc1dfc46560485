/// How a blob is cut into pieces: all of one size, the last one shorter.
///
/// Every node derives the same layout from the blob's length, which the manifest states, so no layout travels.
package struct PieceLayout: Hashable, Sendable {
    /// The blob's length in bytes.
    package let length: Int64
    /// In bytes, a power of two.
    package let pieceSize: Int32

    /// Up to this length a blob travels inline with the tracker's answer.
    package static let inlineLimit: Int64 = 16 << 10
    package static let smallestPiece: Int32 = 128 << 10
    /// A piece is held in memory until its bytes match: four of these at once fit into what a node may use.
    package static let largestPiece: Int32 = 4 << 20
    /// A layer is at most this long; what a message claims beyond it is refused.
    package static let longestBlob: Int64 = 1 << 40

    /// The layout of a blob of `length` bytes.
    ///
    /// A piece must be forwarded before the next can follow it, once per generation of nodes (log2 of the pool), so small
    /// pieces end the tail sooner; each costs a request and a signature, so there should not be many thousands.
    /// About 256 pieces in a blob lose 4 % at 500 nodes (`make bench-distribution` prints the figures).
    ///
    /// - Precondition: `length` is not negative.
    package init(length: Int64) {
        precondition(length >= 0, "a blob has no negative length")
        var size = Self.smallestPiece
        while size < Self.largestPiece, length / Int64(size) >= 384 { size *= 2 }
        self.init(length: length, pieceSize: size)
    }

    /// A layout with pieces of a size of one's own, for measurements.
    package init(length: Int64, pieceSize: Int32) {
        self.length = length
        self.pieceSize = pieceSize
    }

    /// How many pieces there are; an empty blob has none.
    package var count: Int { Int((length + Int64(pieceSize) - 1) / Int64(pieceSize)) }

    /// Whether the blob is small enough to come with the tracker's answer.
    package var isInline: Bool { length <= Self.inlineLimit }

    /// The bytes of the blob that are `piece`.
    ///
    /// - Precondition: `piece` is one of the blob's.
    package func bytes(of piece: Int) -> Range<Int64> {
        precondition(piece >= 0 && piece < count, "piece \(piece) of \(count)")
        let start = Int64(piece) * Int64(pieceSize)
        return start..<min(start + Int64(pieceSize), length)
    }

    /// How many bytes `piece` has; zero beyond the end.
    package func length(of piece: Int) -> Int64 {
        max(0, min(Int64(pieceSize), length - Int64(piece) * Int64(pieceSize)))
    }

    /// The pieces that any of `bytes` lie in.
    package func pieces(covering bytes: Range<Int64>) -> Range<Int> {
        let inside = bytes.clamped(to: 0..<length)
        guard !inside.isEmpty else { return 0..<0 }
        return Int(inside.lowerBound / Int64(pieceSize))..<Int((inside.upperBound - 1) / Int64(pieceSize)) + 1
    }
}
