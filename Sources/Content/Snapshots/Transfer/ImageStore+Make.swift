internal import Archives
internal import ContentStore
internal import Glibc
package import ImageSpec
internal import JSON
internal import Lanes

/// What a new image is made of besides a layer.
package struct ImageRecipe: Sendable {
    /// The image it builds on; nil starts anew.
    package var parent: Digest?
    /// How it is run; nil takes the parent's.
    package var config: ImageConfig.Execution?
    /// Applied on top, in order.
    package var changes: [ConfigChange] = []
    package var author = ""
    package var comment = ""
    /// The command that made the layer.
    package var createdBy = ""
    package var platform: Platform = .host
    /// The name it gets.
    package var reference: ImageReference?

    package init() {}
}

extension ImageStore {
    /// Makes an image of one layer out of the tar of a root filesystem that streams in, compressed or not; gives its id.
    package func importRootFilesystem<Chunks: AsyncSequence & Sendable>(
        _ chunks: Chunks, _ recipe: ImageRecipe
    ) async throws(ImageError) -> Digest where Chunks.Element == [UInt8] {
        try await feeding(chunks) { [self] (source) throws(ImageError) in
            try make(recipe) { (unpacker, lease) throws(ImageError) in try unpacker.unpack(source, lease: lease) }
        }
    }

    /// Makes an image out of what a container changed: its snapshot's difference becomes one more layer; gives its id.
    ///
    /// The container's processes should not write meanwhile: the engine pauses them if it was asked to.
    package func commit(_ snapshot: String, of snapshotter: any Snapshotter, _ recipe: ImageRecipe)
        async throws(ImageError) -> Digest
    {
        try await lanes.run { [self] () throws(ImageError) in
            try make(recipe) { (unpacker, lease) throws(ImageError) in
                let blob = try keepLayer(of: snapshot, snapshotter, lease)
                let file = try keeping { () throws(ContentError) in BlobFile(try content.open(blob)) }
                return try unpacker.unpack(file.source, lease: lease)
            }
        }
    }

    /// Writes a snapshot's difference into the content store.
    func keepLayer(of snapshot: String, _ snapshotter: any Snapshotter, _ lease: Lease)
        throws(ImageError) -> Digest
    {
        let ingest = try keeping { () throws(ContentError) in try content.ingest() }
        do throws(SnapshotError) {
            try snapshotter.writeLayer(of: snapshot, to: IngestSink(ingest))
        } catch {
            switch error {
            case .archive(let reason): throw .archive(reason)
            case .kernel(let reason): throw .kernel(reason)
            default: throw .malformed(error.description)
            }
        }
        return try keeping { () throws(ContentError) in try ingest.commit(lease: lease) }
    }

    private func make(
        _ recipe: ImageRecipe, layer: (LayerUnpacker, Lease) throws(ImageError) -> UnpackedLayer
    ) throws(ImageError) -> Digest {
        let lease = content.lease()
        let layerLease = layers.lease()
        defer { withExtendedLifetime((lease, layerLease)) {} }
        var parent: Image?
        if let id = recipe.parent {
            guard let found = image(id) else { throw .notFound(id.description) }
            for blob in found.blobs { lease.pin(blob) }
            for chainID in found.chain { layerLease.pin(chainID) }
            parent = found
        }
        let unpacker = LayerUnpacker(content: content, layers: layers)
        let unpacked = try layer(unpacker, lease)
        _ = try unpacker.commit(unpacked, on: parent?.top, lease: layerLease)
        let stack =
            (parent?.layers ?? [])
            + [Image.Layer(diffID: unpacked.diffID, blob: unpacked.blob, size: unpacked.report.bytes)]
        let config = try recipe.config(on: parent, diffIDs: stack.map(\.diffID))
        var made = try image(config: config.encoded(), config, stack, manifest: nil, lease)
        made.parent = parent?.id
        let complete = made
        try changeNow { () throws(ImageError) in
            try add(complete, names: recipe.reference.map { [$0] } ?? [])
        }
        settleSoon()
        return made.id
    }
}

extension ImageRecipe {
    /// The config of the image: the parent's with one more step.
    func config(on parent: Image?, diffIDs: [Digest]) throws(ImageError) -> ImageConfig {
        var made = ImageConfig(
            architecture: platform.architecture, os: platform.os, rootfs: ImageConfig.RootFS(diffIDs: diffIDs))
        made.variant = platform.variant
        if let base = parent?.config {
            (made.architecture, made.os, made.variant) = (base.architecture, base.os, base.variant)
            (made.osVersion, made.osFeatures) = (base.osVersion, base.osFeatures)
        }
        let now = FileTime.now().rfc3339
        made.created = now
        made.author = author.isEmpty ? nil : author
        var execution = config ?? parent?.config.config ?? ImageConfig.Execution()
        for change in changes { try change.apply(to: &execution) }
        made.config = execution
        made.history =
            (parent?.config.history ?? [])
            + [
                ImageConfig.History(
                    created: now, createdBy: createdBy.isEmpty ? nil : createdBy,
                    author: author.isEmpty ? nil : author, comment: comment.isEmpty ? nil : comment)
            ]
        return made
    }
}

extension FileTime {
    /// In UTC with nanoseconds, such as `2024-05-06T07:08:09.000000001Z`.
    package var rfc3339: String {
        var time = time_t(seconds)
        var parts = tm()
        gmtime_r(&time, &parts)
        func padded(_ number: some BinaryInteger, _ width: Int) -> String {
            let text = String(number)
            return String(repeating: "0", count: max(0, width - text.count)) + text
        }
        let date = "\(padded(parts.tm_year + 1900, 4))-\(padded(parts.tm_mon + 1, 2))-\(padded(parts.tm_mday, 2))"
        let clock = "\(padded(parts.tm_hour, 2)):\(padded(parts.tm_min, 2)):\(padded(parts.tm_sec, 2))"
        return "\(date)T\(clock).\(padded(nanoseconds, 9))Z"
    }
}

/// Writes into the content store.
final class IngestSink: BlockSink {
    private let ingest: Ingest

    init(_ ingest: Ingest) { self.ingest = ingest }

    func write(_ bytes: UnsafeRawBufferPointer) throws(ArchiveError) {
        try keepingBlob { () throws(ContentError) in try ingest.write(bytes) }
    }
}
