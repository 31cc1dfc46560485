internal import ContentStore
internal import ImageSpec
internal import Lanes

/// Brings the bytes of one blob from a source into a pipe, however often the way breaks.
struct BlobFeed: Sendable {
    let blob: ContentDescriptor
    let source: any BlobSource
    let policy: RetryPolicy
    /// Told how many bytes of the whole are there, and of a wait in seconds before another try.
    let report: @Sendable (Progress) -> Void

    enum Progress: Sendable {
        case bytes(Int64)
        case retrying(seconds: Int64)
    }

    /// Sends from `offset` on; the pipe is finished, or failed with what is thrown.
    ///
    /// - Throws: what the source said last.
    func run(from offset: Int64, into pipe: ChunkPipe) async throws(BlobSourceError) {
        var flow = Flow(position: offset)
        var failures = 0
        var random = SystemRandomNumberGenerator()
        while flow.position < blob.size {
            let before = flow.position
            do throws(BlobSourceError) {
                try await send(&flow, into: pipe)
                if flow.isClosed { return }
                guard flow.position == blob.size else {
                    throw .interrupted(
                        "blob \(blob.digest): \(flow.position) of \(blob.size) bytes arrived", after: nil)
                }
            } catch {
                failures = flow.position > before ? 1 : failures + 1
                guard case .interrupted(_, let asked) = error, !Task.isCancelled,
                    let delay = policy.delay(after: failures, asked: asked, using: &random)
                else {
                    pipe.fail(error)
                    throw error
                }
                report(.retrying(seconds: max(1, delay.components.seconds)))
                do {
                    try await Task.sleep(for: delay)
                } catch is CancellationError {
                    pipe.fail(Self.cancelled)
                    throw Self.cancelled
                } catch {
                    continue
                }
            }
        }
        report(.bytes(flow.position))
        pipe.finish()
    }

    private static let cancelled = BlobSourceError.interrupted("cancelled", after: nil)

    private struct Flow {
        var position: Int64
        var isClosed = false
        var told = ContinuousClock.now
    }

    /// One attempt: opens the source where we are and sends what it gives.
    private func send(_ flow: inout Flow, into pipe: ChunkPipe) async throws(BlobSourceError) {
        let stream = try await source.open(blob, from: flow.position)
        guard stream.start <= flow.position else {
            throw .refused("blob \(blob.digest): the source begins at \(stream.start) instead of \(flow.position)")
        }
        var skip = flow.position - stream.start
        do {
            for try await var chunk in stream.chunks {
                if skip > 0 {
                    let dropped = min(skip, Int64(chunk.count))
                    chunk.removeFirst(Int(dropped))
                    skip -= dropped
                    if chunk.isEmpty { continue }
                }
                guard flow.position + Int64(chunk.count) <= blob.size else {
                    throw BlobSourceError.refused("blob \(blob.digest): more than its \(blob.size) bytes arrived")
                }
                try await pipe.send(chunk)
                flow.position += Int64(chunk.count)
                if ContinuousClock.now - flow.told > .milliseconds(100) {
                    flow.told = .now
                    report(.bytes(flow.position))
                }
            }
        } catch let error as BlobSourceError {
            throw error
        } catch is PipeClosed {
            // Who unpacks has failed, or the task was cancelled: the reason is told there.
            flow.isClosed = true
        } catch {
            throw .interrupted("blob \(blob.digest): \(error)", after: nil)
        }
    }
}
