package import ImageSpec
package import JSON

/// Somewhere the bytes of blobs can be had: a registry, or the peers of a pool.
///
/// Called by whoever pulls, once per attempt, several blobs at once. A source does not verify: its caller does, and may tell it.
package protocol BlobSource: Sendable {
    /// Opens the bytes of `blob` from `offset` on, or from an earlier place when it cannot begin in the middle.
    func open(_ blob: ContentDescriptor, from offset: Int64) async throws(BlobSourceError) -> BlobStream

    /// Opens a part of `blob`; a source that cannot end early gives more, and one that cannot begin late begins earlier.
    func open(_ blob: ContentDescriptor, _ range: Range<Int64>) async throws(BlobSourceError) -> BlobStream

    /// The caller will hash all of `blob`, and say what it found by one call of ``verified(_:_:)``.
    func willVerify(_ blob: ContentDescriptor) async

    /// What the caller found; says whether it may get other bytes when it asks again.
    func verified(_ blob: ContentDescriptor, _ verdict: BlobVerdict) async -> Bool
}

/// Whether bytes are those of their digest.
package enum BlobVerdict: Sendable {
    case right
    case wrong
    /// They were not read to the end.
    case unknown
}

extension BlobSource {
    package func open(_ blob: ContentDescriptor, _ range: Range<Int64>) async throws(BlobSourceError) -> BlobStream {
        try await open(blob, from: range.lowerBound)
    }

    package func willVerify(_ blob: ContentDescriptor) async {}
    package func verified(_ blob: ContentDescriptor, _ verdict: BlobVerdict) async -> Bool { false }
}

/// Nodes that share blobs, so that a registry is asked once for all of them.
package protocol BlobPool: Sendable {
    /// What to pull from instead of `origin`, which the pool asks when nobody has a blob.
    ///
    /// `repository` is the name with its registry, such as `docker.io/library/busybox`; `credentials`, Docker's `AuthConfig` in
    /// JSON, prove to the pool's tracker that this node may have the blobs, and go nowhere else.
    /// A prewarm gives way to whoever waits.
    func source(
        _ repository: String, credentials: [UInt8], origin: any BlobSource, isPrewarm: Bool
    ) -> any BlobSource

    /// What a repository's tag or digest leads to, from the pool's memory or through it from the registry; nil when it cannot
    /// be had there. Its bytes are not verified.
    func document(_ name: String, of repository: String, credentials: [UInt8]) async -> PoolDocument?

    /// The blobs whose pieces take space here.
    func holdings() async -> [PoolHolding]

    /// Gives the space of these back, but for those that are on their way.
    func evict(_ blobs: Set<Digest>) async

    /// Who this node is in the pool and what travelled, for people.
    func status() -> JSONValue

    /// Where a blob's bytes came from; nil for one that did not come through the pool since this node started.
    func explanation(of blob: Digest) async -> JSONValue?
}

/// Pieces that take space.
package struct PoolHolding: Equatable, Sendable {
    package var blob: Digest
    /// On the disk.
    package var bytes: Int64
    /// In seconds since 1970.
    package var lastUse: Int64
    /// Bytes of it are on their way.
    package var isBusy: Bool
    /// The bytes are the content store's own.
    package var isShared: Bool

    package init(blob: Digest, bytes: Int64, lastUse: Int64, isBusy: Bool, isShared: Bool) {
        self.blob = blob
        self.bytes = bytes
        self.lastUse = lastUse
        self.isBusy = isBusy
        self.isShared = isShared
    }
}

/// An index or a manifest that a pool gave.
package struct PoolDocument: Equatable, Sendable {
    package var mediaType: MediaType
    package var bytes: [UInt8]

    package init(mediaType: MediaType, bytes: [UInt8]) {
        self.mediaType = mediaType
        self.bytes = bytes
    }
}

/// The bytes of a blob on their way; pulled, so a slow reader holds the sender back.
package struct BlobStream: Sendable {
    /// Where in the blob the first byte belongs.
    package let start: Int64
    /// Throws ``BlobSourceError``; may end too early.
    package let chunks: any AsyncSequence<[UInt8], any Error> & Sendable

    package init(start: Int64, chunks: any AsyncSequence<[UInt8], any Error> & Sendable) {
        self.start = start
        self.chunks = chunks
    }
}

/// Why a source gives no bytes, by what the caller can do.
package enum BlobSourceError: Error, Equatable, Sendable {
    /// It does not have the blob; another source may.
    case notFound(String)
    /// It will not give it, whoever asks again.
    case refused(String)
    /// It broke off; asking again may help, not before `after`.
    case interrupted(String, after: Duration?)
}

extension BlobSourceError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .notFound(let reason), .refused(let reason), .interrupted(let reason, _): reason
        }
    }
}
