internal import Archives
internal import ContentStore
internal import ImageSpec
internal import JSON
internal import Lanes
internal import LinuxKernel
internal import Synchronization

/// A layer that was unpacked and verified in itself, before it is known what it lies on.
final class UnpackedLayer: Sendable {
    let blob: ContentDescriptor
    let diffID: Digest
    let report: ExtractionReport
    /// Until the first image that uses the layer has made it visible.
    private let build: Mutex<LayerBuild?>

    init(blob: ContentDescriptor, diffID: Digest, report: ExtractionReport, build: LayerBuild) {
        self.blob = blob
        self.diffID = diffID
        self.report = report
        self.build = Mutex(build)
    }

    /// Gives the files to `body`, or nil when another image's pull has made them visible.
    ///
    /// Who comes while that happens waits: between the two the layer is nowhere to be found. Files that could not be made visible
    /// stay for the next. Blocks, on lanes.
    func using(
        _ body: (LayerBuild?) throws(ImageError) -> Digest
    ) throws(ImageError) -> Digest {
        try build.withLock { (build) throws(ImageError) in
            let made = try body(build)
            build = nil
            return made
        }
    }
}

/// Hashes, keeps and unpacks layers in one pass over their bytes; blocking.
struct LayerUnpacker {
    let content: ContentStore
    let layers: LayerStore

    /// Reads a layer, compressed or not: its blob goes into the content store, its files into a build.
    ///
    /// Both digests are over all bytes, also those after the archive's end.
    func unpack(_ source: any BlockSource, lease: Lease) throws(ImageError) -> UnpackedLayer {
        let ingest = try keeping { () throws(ContentError) in try content.ingest() }
        let build = try layers.begin()
        var head: [UInt8] = []
        let kept = WatchedSource(source) { (bytes) throws(ArchiveError) in
            if head.count < 8 { head += bytes.prefix(8 - head.count) }
            try keepingBlob { () throws(ContentError) in try ingest.write(bytes) }
        }
        let (diffID, report) = try extract(kept, into: build, options: .layer)
        let blob = try keeping { () throws(ContentError) in try ingest.commit(lease: lease) }
        return UnpackedLayer(
            blob: ContentDescriptor(mediaType: Self.mediaType(of: head), digest: blob, size: ingest.offset),
            diffID: diffID, report: report, build: build)
    }

    /// The same for a blob whose digest is known, and whose bytes `source` gives from ``ContentStore/partialSize(of:)`` on; those
    /// that are here already are read from the disk.
    ///
    /// - Throws: `content(.mismatch)` when the bytes are not the blob's; they are forgotten then.
    func unpack(
        _ blob: ContentDescriptor, continuing source: any BlockSource, lease: Lease
    ) throws(ImageError) -> UnpackedLayer {
        let ingest = try keeping { () throws(ContentError) in
            try content.ingest(resuming: blob.digest, size: blob.size)
        }
        let build = try layers.begin()
        let here = ingest.offset
        let arriving = WatchedSource(source) { (bytes) throws(ArchiveError) in
            try keepingBlob { () throws(ContentError) in try ingest.write(bytes) }
        }
        let whole: any BlockSource =
            here == 0
            ? arriving
            : try translating { () throws(ArchiveError) in
                LimitedSource(
                    try DescriptorSource(path: content.partial(blob.digest)), count: here, then: arriving)
            }
        let (diffID, report) = try extract(whole, into: build, options: .layer)
        try keeping { () throws(ContentError) in _ = try ingest.commit(lease: lease) }
        return UnpackedLayer(blob: blob, diffID: diffID, report: report, build: build)
    }

    /// The same for a blob that is here as a whole.
    func unpack(present blob: ContentDescriptor) throws(ImageError) -> UnpackedLayer {
        let build = try layers.begin()
        let file = try keeping { () throws(ContentError) in BlobFile(try content.open(blob.digest)) }
        let (diffID, report) = try extract(file.source, into: build, options: .layer)
        return UnpackedLayer(blob: blob, diffID: diffID, report: report, build: build)
    }

    /// Unpacks all of `source` into `build`; gives the digest of the uncompressed bytes.
    ///
    /// This thread reads and decompresses, another one writes files: each takes about half of the time.
    func extract(
        _ source: any BlockSource, into build: LayerBuild, options: ExtractionOptions
    ) throws(ImageError) -> (diffID: Digest, report: ExtractionReport) {
        let pipe = ChunkPipe(capacity: 2 << 20)
        let diff = build.diff
        let writing = DedicatedThread.start { () throws(ArchiveError) in
            let plain = PipeSource(pipe)
            let extractor = TreeExtractor(into: try Tree(path: diff), options: options)
            let report = try extractor.extract(try TarReader(plain, decompressing: false))
            try plain.drain()
            return report
        }
        var hasher = BlobHasher()
        let reading = decompress(source, into: pipe, &hasher)
        return try translating { () throws(ArchiveError) in
            // Whoever failed first tells why; the other only lost its partner.
            if case .failure(let error) = reading, error != Self.partnerLost {
                _ = try? writing.wait()
                throw error
            }
            let report = try writing.wait()
            build.describesRoot = report.describesRoot
            return (hasher.digest, report)
        }
    }

    private static let partnerLost = ArchiveError.interrupted("unpacking has stopped")

    private func decompress(_ source: any BlockSource, into pipe: ChunkPipe, _ hasher: inout BlobHasher)
        -> Result<Void, ArchiveError>
    {
        do throws(ArchiveError) {
            let plain = try DecompressedSource(source)
            while let block = try plain.nextBlock() {
                hasher.update(block)
                do throws(PipeClosed) {
                    try pipe.write(Array(block))
                } catch {
                    throw Self.partnerLost
                }
            }
            try source.drain()
            pipe.finish()
            return .success(())
        } catch {
            pipe.fail(error)
            return .failure(error)
        }
    }

    /// Makes a layer visible on top of `parent`.
    ///
    /// A layer that occurs twice in an image, or that another image has on other ground, shares its files.
    func commit(
        _ layer: UnpackedLayer, on parent: Digest?, lease: LayerLease
    ) throws(ImageError) -> Digest {
        let chainID = LayerStore.chainID(of: layer.diffID, on: parent)
        lease.pin(chainID)
        if layers.contains(chainID) { return chainID }
        return try layer.using { (build) throws(ImageError) in
            if let build {
                return try layers.commit(
                    build, diffID: layer.diffID, on: parent, size: layer.report.bytes,
                    implied: layer.report.impliedDirectories, lease: lease)
            }
            if layers.contains(chainID) { return chainID }
            return try layers.commitTwin(of: layer.diffID, on: parent, lease: lease)
        }
    }

    /// Unpacks from their blobs the layers of `image` that are not there.
    ///
    /// - Throws: `content(.notFound)` when a blob is gone, `layerMismatch` when it is damaged.
    func ensureLayers(of image: Image) throws(ImageError) {
        let lease = layers.lease()
        var parent: Digest?
        for (layer, chainID) in zip(image.layers, image.chain) {
            lease.pin(chainID)
            if !layers.contains(chainID) {
                let build = try layers.begin()
                let blob = try keeping { () throws(ContentError) in BlobFile(try content.open(layer.blob.digest)) }
                let (diffID, report) = try extract(blob.source, into: build, options: .layer)
                guard diffID == layer.diffID else { throw .layerMismatch(expected: layer.diffID, actual: diffID) }
                _ = try layers.commit(
                    build, diffID: diffID, on: parent, size: report.bytes, implied: report.impliedDirectories,
                    lease: lease)
            }
            parent = chainID
        }
    }

    private static func mediaType(of head: [UInt8]) -> MediaType {
        if head.starts(with: [0x1f, 0x8b]) { return .ociLayerGzip }
        if head.starts(with: [0x28, 0xb5, 0x2f, 0xfd]) { return .ociLayerZstd }
        return .ociLayer
    }
}

/// Gives errors of writing a blob the type that streams have.
func keepingBlob(_ body: () throws(ContentError) -> Void) throws(ArchiveError) {
    do throws(ContentError) {
        try body()
    } catch {
        if case .kernel(let reason) = error { throw .kernel(reason) }
        throw .interrupted(error.description)
    }
}

/// An open blob as a source.
struct BlobFile {
    let source: DescriptorSource

    init(_ descriptor: consuming Descriptor) { source = DescriptorSource(descriptor) }
}
