internal import ContentStore
internal import ImageSpec
internal import NIOCore
internal import Peer
internal import Pieces
internal import Synchronization
internal import Transfer

/// Where a blob comes from when nobody in the pool has it.
struct PoolOrigin: Sendable {
    let blob: ContentDescriptor
    let source: any BlobSource
}

/// What limits bytes from a registry, and how urgent they are, at this moment.
typealias OriginPace = (limit: RateLimit, urgency: Pacer.Urgency)

/// Pieces that this node fetches from the registry for the whole pool, until they are there or it is told to stop.
final class OriginRun: Sendable {
    let digest: Digest
    let pieces: PieceSet
    private let stopped = Mutex(false)

    init(_ digest: Digest, _ pieces: PieceSet) {
        self.digest = digest
        self.pieces = pieces
    }

    var isStopped: Bool { stopped.withLock { $0 } }
    func stop() { stopped.withLock { $0 = true } }

    /// Fetches run by run; `keep` gets each piece as soon as its bytes are there, and says whether to go on.
    ///
    /// `pace` is asked for each portion that may pass at once.
    func fetch(
        _ origin: PoolOrigin, _ layout: PieceLayout, pace: () -> OriginPace, keep: (Int, ByteBuffer) async -> Bool
    ) async -> OriginEnd {
        for run in pieces.runs {
            do throws(BlobSourceError) {
                let bytes =
                    layout.bytes(of: run.lowerBound).lowerBound..<layout.bytes(of: run.upperBound - 1).upperBound
                guard try await fetch(bytes, run, origin, layout, pace, keep) else { return .done }
            } catch {
                switch error {
                case .notFound(let reason), .refused(let reason): return .refused(reason)
                case .interrupted(_, let after): return .interrupted(after: after.map { Span($0) })
                }
            }
        }
        return .done
    }

    private func fetch(
        _ range: Range<Int64>, _ run: Range<Int>, _ origin: PoolOrigin, _ layout: PieceLayout,
        _ pace: () -> OriginPace, _ keep: (Int, ByteBuffer) async -> Bool
    ) async throws(BlobSourceError) -> Bool {
        let stream = try await origin.source.open(origin.blob, range)
        var skip = range.lowerBound - stream.start
        guard skip >= 0 else { throw .refused("blob \(digest): the source begins too late") }
        var piece = run.lowerBound
        var waiting = ByteBuffer()
        do {
            for try await chunk in stream.chunks {
                if isStopped { return false }
                try await pass(chunk.count, pace)
                var rest = chunk[...]
                let dropped = Int(min(skip, Int64(rest.count)))
                rest = rest.dropFirst(dropped)
                skip -= Int64(dropped)
                while !rest.isEmpty, piece < run.upperBound {
                    let length = Int(layout.length(of: piece))
                    if waiting.capacity == 0 { waiting = ByteBufferAllocator().buffer(capacity: length) }
                    let part = rest.prefix(length - waiting.readableBytes)
                    waiting.writeBytes(part)
                    rest = rest.dropFirst(part.count)
                    guard waiting.readableBytes == length else { break }
                    guard await keep(piece, waiting) else { return false }
                    waiting = ByteBuffer()
                    piece += 1
                }
                if piece == run.upperBound { return true }
            }
        } catch let error as BlobSourceError {
            throw error
        } catch {
            throw .interrupted("blob \(digest): \(error)", after: nil)
        }
        throw .interrupted("blob \(digest): the registry ended after piece \(piece)", after: nil)
    }

    /// In portions that the limit can spread over a second.
    private func pass(_ bytes: Int, _ pace: () -> OriginPace) async throws {
        var left = bytes
        while left > 0, !isStopped {
            let (limit, urgency) = pace()
            let portion = limit.portion(of: left)
            try await limit.pass(portion, urgency)
            left -= portion
        }
    }
}
