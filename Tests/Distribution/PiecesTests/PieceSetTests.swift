import TestSupport
import Testing

@testable import Pieces

@Suite("piece sets and layouts")
struct PieceSetTests {
    @Test("agree with a set of numbers", arguments: UInt64(0)..<200)
    func model(seed: UInt64) {
        var random = SplitMix64(seed: seed)
        let capacity = Int.random(in: 0...300, using: &random)
        var set = PieceSet(capacity: capacity)
        var model: Set<Int> = []
        for _ in 0..<200 where capacity > 0 {
            let piece = Int.random(in: 0..<capacity, using: &random)
            if Bool.random(using: &random) {
                let isNew = set.insert(piece)
                #expect(isNew == model.insert(piece).inserted, "seed \(seed)")
            } else {
                let wasIn = set.remove(piece)
                #expect(wasIn == (model.remove(piece) != nil), "seed \(seed)")
            }
        }
        #expect(set.members == model.sorted(), "seed \(seed)")
        #expect(set.count == model.count)
        #expect(set.first == model.min())
        #expect(set.complement.members == (0..<capacity).filter { !model.contains($0) })
        #expect(set.runs.flatMap { Array($0) } == model.sorted())
        for start in stride(from: 0, to: capacity, by: 7) {
            let expected = (start..<capacity).first { !model.contains($0) }
            #expect(set.firstMissing(from: start) == expected, "seed \(seed)")
        }
    }

    @Test("what lies beyond the capacity is no member")
    func beyond() {
        var set = PieceSet(capacity: 5)
        let taken = [5, -1, 64].filter { set.insert($0) }
        #expect(taken.isEmpty && !set.contains(64))
        var larger = PieceSet.all(of: 70)
        larger.subtract(PieceSet(capacity: 70, [3]))
        set.formUnion(larger)
        #expect(set.members == [0, 1, 2, 4])
        #expect(PieceSet.all(of: 5).isFull && !set.isFull)
    }

    @Test(
        "a layout covers the blob, each byte once",
        arguments: [0, 1, 16 << 10, 128 << 10, (128 << 10) + 1, 64 << 20])
    func layout(length: Int64) {
        let layout = PieceLayout(length: length)
        var end: Int64 = 0
        for piece in 0..<layout.count {
            let bytes = layout.bytes(of: piece)
            #expect(bytes.lowerBound == end && !bytes.isEmpty)
            #expect(layout.length(of: piece) == Int64(bytes.count))
            #expect(layout.pieces(covering: bytes) == piece..<piece + 1)
            end = bytes.upperBound
        }
        #expect(end == length)
        #expect(layout.length(of: layout.count) == 0)
    }

    @Test("pieces grow with the blob and stay within their bounds")
    func sizes() {
        var last: Int32 = 0
        for power in 0...40 {
            let layout = PieceLayout(length: 1 << Int64(power))
            #expect(layout.pieceSize >= last)
            #expect((PieceLayout.smallestPiece...PieceLayout.largestPiece).contains(layout.pieceSize))
            #expect(layout.pieceSize == PieceLayout.largestPiece || layout.count <= 384)
            last = layout.pieceSize
        }
        #expect(PieceLayout(length: 64 << 20).pieceSize == 256 << 10)
        #expect(last == PieceLayout.largestPiece)
    }
}
