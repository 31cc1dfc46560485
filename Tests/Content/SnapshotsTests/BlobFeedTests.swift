import ContentStore
import ImageSpec
import Lanes
import Synchronization
import TestSupport
import Testing

@testable import Snapshots

/// A source whose connections break, that begins where it likes, and that keeps count.
private final class FragileSource: BlobSource {
    let bytes: [UInt8]
    private let random: Mutex<SplitMix64>
    private let opened = Mutex<[Int64]>([])
    /// Gives everything after so many breaks.
    let breaks: Int
    let ignoresRanges: Bool

    init(_ bytes: [UInt8], seed: UInt64, breaks: Int, ignoresRanges: Bool) {
        self.bytes = bytes
        self.breaks = breaks
        self.ignoresRanges = ignoresRanges
        random = Mutex(SplitMix64(seed: seed))
    }

    var offsets: [Int64] { opened.withLock { $0 } }

    func open(_ blob: ContentDescriptor, from offset: Int64) async throws(BlobSourceError) -> BlobStream {
        let attempt = opened.withLock { opened in
            opened.append(offset)
            return opened.count
        }
        let start = ignoresRanges ? 0 : Int(offset)
        let isLast = attempt > breaks
        let end = isLast ? bytes.count : random.withLock { Int.random(in: start...bytes.count, using: &$0) }
        let chunks = AsyncThrowingStream<[UInt8], any Error> { stream in
            for place in stride(from: start, to: end, by: 100) {
                stream.yield(Array(bytes[place..<min(end, place + 100)]))
            }
            stream.finish(throwing: isLast ? nil : BlobSourceError.interrupted("cut", after: nil))
        }
        return BlobStream(start: Int64(start), chunks: chunks)
    }
}

@Suite("bringing a blob's bytes here")
struct BlobFeedTests {
    private static let policy = RetryPolicy(attempts: 4, first: .microseconds(1), longest: .microseconds(4))

    private func feed(_ source: any BlobSource, size: Int, from offset: Int64 = 0) async -> (
        bytes: [UInt8], failure: BlobSourceError?
    ) {
        let blob = ContentDescriptor(
            mediaType: .ociLayer, digest: BlobHasher.digest(of: [UInt8](repeating: 1, count: 3)), size: Int64(size))
        let pipe = ChunkPipe()
        let feed = BlobFeed(blob: blob, source: source, policy: Self.policy) { _ in }
        async let received: [UInt8] = {
            var bytes: [UInt8] = []
            while let chunk = try? await pipe.next() { bytes += chunk }
            return bytes
        }()
        do throws(BlobSourceError) {
            try await feed.run(from: offset, into: pipe)
            return (await received, nil)
        } catch {
            return (await received, error)
        }
    }

    @Test("however the way breaks, the bytes are whole and in order", arguments: UInt64(0)..<200)
    func whole(seed: UInt64) async {
        var random = SplitMix64(seed: seed)
        let bytes = (0..<Int.random(in: 0...3000, using: &random)).map { UInt8(truncatingIfNeeded: $0 &* 7) }
        let source = FragileSource(
            bytes, seed: seed, breaks: Int.random(in: 0...3, using: &random), ignoresRanges: Bool.random(using: &random)
        )
        let offset = Int.random(in: 0...bytes.count, using: &random)
        let (received, failure) = await feed(source, size: bytes.count, from: Int64(offset))
        #expect(failure == nil, "seed \(seed)")
        #expect(received == Array(bytes[offset...]), "seed \(seed)")
        #expect(source.offsets.allSatisfy { $0 >= Int64(offset) }, "seed \(seed): what was here was asked for again")
    }

    @Test("a source that gives nothing is given up after as many tries as the policy has")
    func givesUp() async {
        let source = FragileSource([], seed: 1, breaks: 1000, ignoresRanges: false)
        let (_, failure) = await feed(source, size: 10)
        #expect(failure == .interrupted("cut", after: nil))
        #expect(source.offsets.count == 4)
    }

    @Test("more bytes than were promised are refused")
    func tooMany() async {
        let source = FragileSource([UInt8](repeating: 0, count: 500), seed: 1, breaks: 0, ignoresRanges: false)
        let (received, failure) = await feed(source, size: 450)
        #expect(received.count == 400)
        guard case .refused = failure else {
            Issue.record("\(String(describing: failure))")
            return
        }
    }
}
