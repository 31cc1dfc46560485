package import Archives
package import ImageSpec

/// An image as it is known here; a value, read from memory.
package struct Image: Equatable, Sendable {
    /// One layer as it was delivered.
    package struct Layer: Equatable, Sendable {
        package var diffID: Digest
        /// The blob it came as, compressed or not.
        package var blob: ContentDescriptor
        /// Bytes of file content when unpacked.
        package var size: Int64

        package init(diffID: Digest, blob: ContentDescriptor, size: Int64) {
            self.diffID = diffID
            self.blob = blob
            self.size = size
        }
    }

    /// The digest of its config.
    package var id: Digest
    /// Tags, in the order they were given.
    package var tags: [ImageReference]
    /// Names by digest, of images that came from a registry.
    package var digests: [ImageReference]
    package var config: ImageConfig
    /// The blob of its manifest, which we made when it came without one.
    package var manifest: ContentDescriptor
    /// The lowest first.
    package var layers: [Layer]
    /// The image it was made from by commit or build, if that is known.
    package var parent: Digest?
    package var lastTagged: FileTime
    /// When it came to this machine.
    package var arrived: FileTime
    /// It came with somebody's credentials, or was made from one that did: not for everybody who can reach this machine.
    package var isReserved = false

    /// The chain IDs of its layers, the lowest first.
    package var chain: [Digest]

    /// What a snapshot of this image is prepared from; nil when it has no layers.
    package var top: Digest? { chain.last }
    /// Bytes of file content in all layers.
    package var size: Int64 { layers.reduce(0) { $0 + $1.size } }
    package var platform: Platform {
        Platform(os: config.os, architecture: config.architecture, variant: config.variant)
    }
    /// No name leads to it.
    package var isDangling: Bool { tags.isEmpty && digests.isEmpty }

    /// The blobs it cannot do without.
    var blobs: [Digest] { [id, manifest.digest] + layers.map(\.blob.digest) }
    /// The same, each once.
    package var contentDigests: Set<Digest> { Set(blobs) }
}
