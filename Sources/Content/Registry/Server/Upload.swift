internal import ContentStore
internal import ImageSpec
internal import Lanes
internal import LinuxKernel
internal import NIOCore

/// A blob on its way in: one request at a time adds to it.
actor Upload: LaneBound {
    nonisolated let lane = BlockingLane()
    nonisolated let id: String
    nonisolated let name: String
    private let content: ContentStore
    private let algorithm: Digest.Algorithm
    private var ingest: Ingest?
    private var isBusy = false

    init(id: String, name: String, content: ContentStore, algorithm: Digest.Algorithm) {
        self.id = id
        self.name = name
        self.content = content
        self.algorithm = algorithm
    }

    private func opened() throws -> Ingest {
        if let ingest { return ingest }
        let opened = try content.ingest(upload: id, algorithm)
        ingest = opened
        return opened
    }

    /// Bytes so far.
    func offset() throws -> Int64 { try opened().offset }

    /// Appends what `body` brings.
    ///
    /// What came before a connection broke stays, since the client may go on behind it; a chunk that is not as long as its
    /// range says goes.
    ///
    /// - Throws: `rangeInvalid` unless `range` begins where the bytes end, `sizeInvalid`, `uploadInvalid`.
    func append(_ body: some AsyncSequence<ByteBuffer, any Error> & Sendable, range: ChunkRange?) async throws {
        guard !isBusy else { throw RegistryError.uploadInvalid("upload: another request is adding to it") }
        isBusy = true
        defer { isBusy = false }
        let ingest = try opened()
        let mark = ingest.mark
        let start = ingest.offset
        if let range, range.first != start {
            throw RegistryError.rangeInvalid("chunk: begins at \(range.first), expected \(start)")
        }
        for try await buffer in body {
            try buffer.withUnsafeReadableBytes { try ingest.write($0) }
        }
        let isEmpty = ingest.offset == start
        if let range, ingest.offset - start != range.count, !isEmpty || range.count > 1 {
            let count = ingest.offset - start
            try ingest.rewind(to: mark)
            throw RegistryError.sizeInvalid("chunk: has \(count) bytes, its range \(range.count)")
        }
    }

    /// Makes the blob visible.
    ///
    /// - Throws: `digestInvalid`, after which the upload is gone: its bytes are not what the client means.
    func finish(as digest: Digest, lease: Lease) throws {
        let ingest = try opened()
        do throws(ContentError) {
            try ingest.commit(as: digest, lease: lease)
        } catch {
            guard case .mismatch(_, let actual) = error else { throw error }
            ingest.discard()
            self.ingest = nil
            throw RegistryError.digestInvalid("blob: its digest is \(actual), not \(digest)")
        }
        self.ingest = nil
    }

    func cancel() {
        if let ingest = try? opened() { ingest.discard() }
        ingest = nil
    }
}
