package import Archives
internal import ContentStore
package import ImageSpec
internal import JSON
internal import Lanes

/// An image that is being built: layers that are there, and a configuration that may still change.
package struct ImageDraft: Equatable, Sendable {
    /// The lowest first.
    package var layers: [Image.Layer] = []
    /// Everything but the layers, which ``ImageStore/make(_:names:holding:)`` puts in.
    package var config: ImageConfig
    /// The image it goes on from.
    package var parent: Digest?

    package init(config: ImageConfig) { self.config = config }

    package init(from image: Image) {
        layers = image.layers
        config = image.config
        parent = image.id
    }

    /// What a snapshot of it is prepared from; nil when it has no layers.
    package var top: Digest? { BlobHasher.chainIDs(of: layers.map(\.diffID)).last }
}

/// Keeps what a build has made from being collected until it goes away, even when its images are removed meanwhile.
package final class ImageHold: Sendable {
    let lease: Lease
    let layers: LayerLease

    init(lease: Lease, layers: LayerLease) {
        self.lease = lease
        self.layers = layers
    }

    /// Holds the layers and blobs of `image`.
    package func keep(_ image: Image) {
        for blob in image.blobs { lease.pin(blob) }
        for chainID in image.chain { layers.pin(chainID) }
    }
}

extension ImageStore {
    package func hold() -> ImageHold { ImageHold(lease: content.lease(), layers: layers.lease()) }

    /// Makes what a snapshot wrote one more layer of `draft`; nil when it wrote nothing.
    ///
    /// No file is said to be younger than `latest`.
    package func addLayer(
        of snapshot: String, _ snapshotter: any Snapshotter, to draft: ImageDraft, latest: FileTime?,
        holding hold: ImageHold
    ) async throws(ImageError) -> Image.Layer? {
        try await lanes.run { [self] () throws(ImageError) in
            var blob = try keepLayer(of: snapshot, snapshotter, hold.lease)
            if blob == BlobHasher.digest(of: TarEncoder.end) { return nil }
            if let latest { blob = try rewritten(blob, latest: latest, hold.lease) }
            let unpacker = LayerUnpacker(content: content, layers: layers)
            let file = try keeping { () throws(ContentError) in BlobFile(try content.open(blob)) }
            let unpacked = try unpacker.unpack(file.source, lease: hold.lease)
            _ = try unpacker.commit(unpacked, on: draft.top, lease: hold.layers)
            settleSoon()
            return Image.Layer(diffID: unpacked.diffID, blob: unpacked.blob, size: unpacked.report.bytes)
        }
    }

    private func rewritten(_ blob: Digest, latest: FileTime, _ lease: Lease) throws(ImageError) -> Digest {
        let file = try keeping { () throws(ContentError) in BlobFile(try content.open(blob)) }
        let ingest = try keeping { () throws(ContentError) in try content.ingest() }
        try translating { () throws(ArchiveError) in
            try TarRewriter.rewrite(file.source, to: IngestSink(ingest)) { entry in
                entry.modified = min(entry.modified, latest)
            }
        }
        return try keeping { () throws(ContentError) in try ingest.commit(lease: lease) }
    }

    /// Makes an image of what was built so far.
    package func make(
        _ draft: ImageDraft, names: [ImageReference] = [], holding hold: ImageHold
    ) async throws(ImageError) -> Image {
        try await lanes.run { [self] () throws(ImageError) in
            var config = draft.config
            config.rootfs = ImageConfig.RootFS(diffIDs: draft.layers.map(\.diffID))
            var made = try image(config: config.encoded(), config, draft.layers, manifest: nil, hold.lease)
            hold.keep(made)
            if let parent = draft.parent, parent != made.id, self.image(parent) != nil { made.parent = parent }
            let complete = made
            try changeNow { () throws(ImageError) in try add(complete, names: names) }
            return self.image(made.id) ?? made
        }
    }
}
