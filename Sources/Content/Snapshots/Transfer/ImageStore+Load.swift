package import Archives
internal import ContentStore
package import ImageSpec
internal import JSON
internal import Lanes

/// An image that an archive brought.
package struct LoadedImage: Equatable, Sendable {
    package var image: Digest
    /// The names that the archive gave it.
    package var names: [ImageReference]

    package init(image: Digest, names: [ImageReference]) {
        self.image = image
        self.names = names
    }
}

extension ImageStore {
    /// Loads the images of an archive that streams in: what `docker save` writes, old or new, or an OCI layout, as a tar,
    /// compressed or not.
    ///
    /// All of its images appear, or none. Returns when they are durable.
    ///
    /// - Throws: `malformed`, `layerMismatch`, `archive` for what is wrong with the archive.
    package func load<Chunks: AsyncSequence & Sendable>(_ chunks: Chunks) async throws(ImageError) -> [LoadedImage]
    where Chunks.Element == [UInt8] {
        try await feeding(chunks) { [self] (source) throws(ImageError) in try loadNow(source) }
    }

    /// Loads the images of an OCI layout that is a directory.
    package func load(layout directory: String) async throws(ImageError) -> [LoadedImage] {
        try await lanes.run { [self] () throws(ImageError) in
            let pipe = ChunkPipe()
            let reading = DedicatedThread.start { () throws(ArchiveError) in
                do throws(ArchiveError) {
                    let sink = PipeSink(pipe)
                    try TreeArchiver(to: sink).archive(try Tree(path: directory))
                    try sink.flush()
                    pipe.finish()
                } catch {
                    pipe.fail(error)
                    throw error
                }
            }
            defer { _ = try? reading.wait() }
            return try loadNow(PipeSource(pipe))
        }
    }

    /// The same for a source that blocks, on a lane.
    package func loadNow(_ source: any BlockSource) throws(ImageError) -> [LoadedImage] {
        let lease = content.lease()
        let layerLease = layers.lease()
        defer { withExtendedLifetime((lease, layerLease)) {} }
        let unpacker = LayerUnpacker(content: content, layers: layers)
        let reader = ImageArchiveReader(unpacker: unpacker, lease: lease) { [self] digest in
            presentLayer(digest, lease, layerLease)
        }
        let archive = try reader.read(source)
        let contents = try archive.contents()
        guard !contents.isEmpty else { throw .malformed("the archive holds no image for any platform") }
        var assembled: [(image: Image, names: [ImageReference])] = []
        for content in contents {
            assembled.append((try assemble(content, unpacker, lease, layerLease), content.names))
        }
        try changeNow { () throws(ImageError) in
            for (image, names) in assembled { try add(image, names: names) }
        }
        settleSoon()
        return assembled.map { LoadedImage(image: $0.image.id, names: $0.names) }
    }

    /// A layer that is here with its blob, held from now on.
    func presentLayer(_ blob: Digest, _ lease: Lease, _ layerLease: LayerLease) -> Image.Layer? {
        lease.pin(blob)
        guard content.contains(blob) else { return nil }
        for image in read({ Array($0.images.values) }) {
            guard let place = image.layers.firstIndex(where: { $0.blob.digest == blob }) else { continue }
            layerLease.pin(image.chain[place])
            if layers.contains(image.chain[place]) { return image.layers[place] }
        }
        return nil
    }

    /// Verifies one image and makes its layers and blobs visible to whoever holds the leases.
    func assemble(
        _ content: ImageArchive.Content, _ unpacker: LayerUnpacker, _ lease: Lease, _ layerLease: LayerLease
    ) throws(ImageError) -> Image {
        let config = try Self.parse(config: content.config)
        let expected = config.rootfs.diffIDs
        guard expected.count == content.layers.count else {
            throw .malformed("the config names \(expected.count) layers, the archive has \(content.layers.count)")
        }
        var layers: [Image.Layer] = []
        var parent: Digest?
        for (file, diffID) in zip(content.layers, expected) {
            let layer: Image.Layer
            switch file {
            case .text: throw .malformed("layer \(diffID) is no archive")
            case .present(let present):
                guard present.diffID == diffID else {
                    throw .layerMismatch(expected: diffID, actual: present.diffID)
                }
                parent = try share(present, on: parent, layerLease)
                layer = present
            case .layer(let unpacked):
                guard unpacked.diffID == diffID else {
                    throw .layerMismatch(expected: diffID, actual: unpacked.diffID)
                }
                parent = try unpacker.commit(unpacked, on: parent, lease: layerLease)
                layer = Image.Layer(diffID: diffID, blob: unpacked.blob, size: unpacked.report.bytes)
            }
            layers.append(layer)
        }
        return try image(content, config, layers, lease)
    }

    /// Makes a layer that is here visible on top of `parent` too.
    private func share(_ layer: Image.Layer, on parent: Digest?, _ lease: LayerLease) throws(ImageError) -> Digest {
        let chainID = LayerStore.chainID(of: layer.diffID, on: parent)
        lease.pin(chainID)
        if layers.contains(chainID) { return chainID }
        return try layers.commitTwin(of: layer.diffID, on: parent, lease: lease)
    }

    private func image(
        _ content: ImageArchive.Content, _ config: ImageConfig, _ layers: [Image.Layer], _ lease: Lease
    ) throws(ImageError) -> Image {
        if let manifest = content.manifest, let bytes = content.manifestBytes {
            try verify(layers, against: bytes)
            return try image(config: content.config, config, layers, manifest: (manifest, bytes), lease)
        }
        return try image(config: content.config, config, layers, manifest: nil, lease)
    }

    private func verify(_ layers: [Image.Layer], against bytes: [UInt8]) throws(ImageError) {
        let promised = (try? ImageManifest(parsing: bytes))?.layers.map(\.digest) ?? []
        for (layer, digest) in zip(layers, promised) where digest.algorithm == .sha256 && layer.blob.digest != digest {
            throw .content(.mismatch(expected: digest, actual: layer.blob.digest))
        }
    }

    /// Keeps config and manifest; an image that came without a manifest gets one that follows from its parts.
    func image(
        config bytes: [UInt8], _ config: ImageConfig, _ layers: [Image.Layer],
        manifest: (ContentDescriptor, [UInt8])?, _ lease: Lease
    ) throws(ImageError) -> Image {
        let id = try keeping { () throws(ContentError) in try content.put(bytes, lease: lease) }
        let made = manifest ?? Self.manifest(config: id, size: bytes.count, layers)
        try keeping { () throws(ContentError) in
            _ = try content.put(made.1, lease: lease, made.0.digest.algorithm)
        }
        let now = FileTime.now()
        return Image(
            id: id, tags: [], digests: [], config: config, manifest: made.0, layers: layers, parent: nil,
            lastTagged: now, arrived: now, chain: BlobHasher.chainIDs(of: config.rootfs.diffIDs))
    }

    private static func manifest(config: Digest, size: Int, _ layers: [Image.Layer]) -> (ContentDescriptor, [UInt8]) {
        let manifest = ImageManifest(
            mediaType: .ociManifest,
            config: ContentDescriptor(mediaType: .ociConfig, digest: config, size: Int64(size)),
            layers: layers.map(\.blob))
        let bytes = manifest.encoded()
        let descriptor = ContentDescriptor(
            mediaType: .ociManifest, digest: BlobHasher.digest(of: bytes), size: Int64(bytes.count))
        return (descriptor, bytes)
    }

    /// Makes an image known under `names`, beside those it has.
    ///
    /// What is made from a reserved image is reserved, and stays so whatever it is called, until a registry is seen to give
    /// it to anybody (`isPublic`). Only within a change.
    func add(_ image: Image, names: [ImageReference], isPublic: Bool = false) throws(ImageError) {
        var image = image
        if let parent = image.parent.flatMap({ self.image($0) }), parent.isReserved { image.isReserved = true }
        if let known = self.image(image.id) {
            image.tags = known.tags
            image.digests = known.digests
            image.parent = image.parent ?? known.parent
            image.arrived = known.arrived
            image.manifest = known.manifest
            image.layers = known.layers
            image.isReserved = known.isReserved
        }
        if isPublic { image.isReserved = false }
        for name in names {
            if name.digest == nil {
                if !image.tags.contains(name) { image.tags.append(name) }
            } else if !image.digests.contains(name) {
                image.digests.append(name)
            }
        }
        image.lastTagged = .now()
        try put(image)
    }

    /// Runs `body` on a lane with a source that gives what `chunks` brings; a failure of either ends both.
    func feeding<Chunks: AsyncSequence & Sendable, Result: Sendable>(
        _ chunks: Chunks, _ body: @escaping @Sendable (any BlockSource) throws(ImageError) -> Result
    ) async throws(ImageError) -> Result where Chunks.Element == [UInt8] {
        let pipe = ChunkPipe()
        async let fed: Void = Self.feed(chunks, into: pipe)
        do throws(ImageError) {
            let result = try await lanes.run { () throws(ImageError) in
                defer { pipe.close() }
                return try body(PipeSource(pipe))
            }
            await fed
            return result
        } catch {
            await fed
            throw error
        }
    }

    private static func feed<Chunks: AsyncSequence>(_ chunks: Chunks, into pipe: ChunkPipe) async
    where Chunks.Element == [UInt8] {
        do {
            for try await chunk in chunks { try await pipe.send(chunk) }
            pipe.finish()
        } catch {
            pipe.fail(error)
        }
    }
}
