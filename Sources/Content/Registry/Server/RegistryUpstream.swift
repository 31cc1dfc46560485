package import ContentStore
package import ImageSpec

/// Where a registry gets what it has not, for the client that asks: it is a mirror then.
///
/// Asked from any thread for what a client wants. Nil is a clean "not found", soon: the client then goes on to the registry itself.
/// Nothing is given to a client that the registry would not give it.
package protocol RegistryUpstream: Sendable {
    /// Brings an index or a manifest into the content store.
    func manifest(_ name: String, _ reference: ManifestReference, for caller: UpstreamCaller) async
        -> ContentDescriptor?
    func blob(_ digest: Digest, in name: String, for caller: UpstreamCaller) async -> UpstreamBlob?
}

/// Who asks a mirror, and for which registry.
package struct UpstreamCaller: Hashable, Sendable {
    /// The host that the client thinks it pulls from, where it said so.
    package var namespace: String?
    /// The value of `Authorization`.
    package var authorization: String?
}

/// A blob that a mirror may give.
package struct UpstreamBlob: Sendable {
    /// In bytes.
    package var size: Int64
    /// Opens its bytes, or those from an earlier place; nil when the content store has it.
    package var open: (@Sendable (Int64) async throws(BlobSourceError) -> BlobStream)?

    package init(
        size: Int64, open: (@Sendable (Int64) async throws(BlobSourceError) -> BlobStream)? = nil
    ) {
        self.size = size
        self.open = open
    }
}
