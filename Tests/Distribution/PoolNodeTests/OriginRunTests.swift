import ContentStore
import ImageSpec
import NIOCore
import NIOPosix
import Peer
import Pieces
import Synchronization
import Testing
import Transfer

@testable import PoolNode

@Suite("pieces from the registry", .timeLimit(.minutes(1)))
struct OriginRunTests {
    /// Gives zeros at once.
    private struct Zeros: BlobSource {
        func open(_ blob: ContentDescriptor, from offset: Int64) async throws(BlobSourceError) -> BlobStream {
            let count = Int(blob.size - offset)
            return BlobStream(
                start: offset,
                chunks: AsyncThrowingStream { continuation in
                    continuation.yield([UInt8](repeating: 0, count: count))
                    continuation.finish()
                })
        }
    }

    @Test("a fetch that begins slowly goes on at full speed once somebody waits for it")
    func hurries() async throws {
        let loop = MultiThreadedEventLoopGroup.singleton.any()
        let (slow, free) = (RateLimit(rate: 1000, loop: loop), RateLimit(rate: nil, loop: loop))
        let length: Int64 = 1 << 20
        let layout = PieceLayout(length: length)
        let digest = Digest(hash: Array(repeating: 5, count: 32))
        let origin = PoolOrigin(
            blob: ContentDescriptor(mediaType: .ociLayer, digest: digest, size: length), source: Zeros())
        let asked = Mutex(0)
        let kept = Mutex<[Int]>([])
        let pace = { () -> OriginPace in
            let turn = asked.withLock { count in
                count += 1
                return count
            }
            return turn < 5 ? (slow, .background) : (free, .foreground)
        }
        let end = await OriginRun(digest, .all(of: layout.count)).fetch(origin, layout, pace: pace) { piece, bytes in
            kept.withLock { $0.append(piece) }
            return true
        }
        #expect(end == .done && kept.withLock { $0 } == Array(0..<layout.count))
    }
}
