internal import ContentStore
internal import ImageSpec
internal import LinuxKernel
internal import Logging
internal import Peer
internal import Pieces
internal import Transfer

/// The pool as a place where blobs come from: pieces in order, each verified, as soon as they are here.
struct PoolSource: BlobSource {
    let node: PoolNode
    let repository: String
    let credentials: [UInt8]
    let origin: any BlobSource
    let urgency: Urgency

    /// Whether the pool takes part in a blob of that size.
    private static func isPooled(_ blob: ContentDescriptor) -> Bool {
        (1...PieceLayout.longestBlob).contains(blob.size)
    }

    func willVerify(_ blob: ContentDescriptor) async {
        guard Self.isPooled(blob), let pooled = try? await node.pooled(blob) else { return }
        pooled.progress.verifierCame()
    }

    func verified(_ blob: ContentDescriptor, _ verdict: BlobVerdict) async -> Bool {
        guard let pooled = node.blob(blob.digest) else { return false }
        return await node.judged(pooled, verdict)
    }

    func open(_ blob: ContentDescriptor, from offset: Int64) async throws(BlobSourceError) -> BlobStream {
        guard Self.isPooled(blob) else { return try await origin.open(blob, from: offset) }
        do throws(PoolError) {
            try await node.tracker.prove(
                AccessClaim(repository: repository, blob: blob.digest, size: blob.size, credentials: credentials))
        } catch {
            switch error {
            case .transfer(.refused(status: 403, let reason)): throw .refused(reason)
            case .transfer(.refused(status: 404, let reason)): throw .notFound(reason)
            // Without a tracker the peer goes on with whom it knows, and in the end with the registry.
            default: node.logger.info("the tracker is away", metadata: ["error": "\(error)"])
            }
        }
        let wish = BlobWish(node, blob.digest)
        do throws(SyscallError) {
            let pooled = try await node.begin(blob, origin, urgency)
            return BlobStream(start: offset, chunks: PoolChunks(node: node, blob: pooled, offset: offset, wish: wish))
        } catch {
            throw .refused("pool: \(error)")
        }
    }
}

/// A blob's bytes in order.
struct PoolChunks: AsyncSequence, Sendable {
    typealias Element = [UInt8]
    typealias Failure = any Error

    let node: PoolNode
    let blob: PoolBlob
    let offset: Int64
    /// Held by it and by whoever iterates.
    let wish: BlobWish

    /// What one step gives at most.
    private static let step: Int64 = 1 << 20

    struct Iterator: AsyncIteratorProtocol {
        let node: PoolNode
        let blob: PoolBlob
        var offset: Int64
        let wish: BlobWish

        @concurrent mutating func next() async throws -> [UInt8]? {
            guard offset < blob.length else { return nil }
            let piece = Int(offset / Int64(blob.layout.pieceSize))
            node.tell(.awaits(blob.digest, piece: piece))
            guard await blob.progress.wait(for: piece) else {
                throw blob.progress.readFailure
            }
            let end = Swift.min(blob.layout.bytes(of: piece).upperBound, offset + PoolChunks.step)
            do throws(SyscallError) {
                let bytes = try await blob.read(offset..<end)
                offset = end
                return bytes
            } catch {
                throw BlobSourceError.interrupted("pool: \(error)", after: nil)
            }
        }
    }

    func makeAsyncIterator() -> Iterator { Iterator(node: node, blob: blob, offset: offset, wish: wish) }
}
