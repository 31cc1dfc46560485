internal import Archives
package import ContentStore
package import ImageSpec
internal import JSON
internal import Lanes

/// An image that is to come here: its documents, which are here already, and where its layers are.
package struct PullOrder: Sendable {
    /// The manifest of one platform, verified.
    package var manifest: ContentDescriptor
    package var manifestBytes: [UInt8]
    /// The config, verified.
    package var config: [UInt8]
    package var layers: [ContentDescriptor]
    /// What it will be called.
    package var names: [ImageReference]
    package var source: any BlobSource
    /// The registry gives it to anybody; of what it gave for credentials the image remembers it.
    package var isPublic = false
    /// Layers that are fetched at the same time.
    package var parallel = 3
    package var retry = RetryPolicy()

    package init(
        manifest: ContentDescriptor, manifestBytes: [UInt8], config: [UInt8], layers: [ContentDescriptor],
        names: [ImageReference], source: any BlobSource
    ) {
        self.manifest = manifest
        self.manifestBytes = manifestBytes
        self.config = config
        self.layers = layers
        self.names = names
        self.source = source
    }
}

extension ImageStore {
    /// Fetches an image: its layers are hashed, decompressed and unpacked while they arrive, several at once.
    ///
    /// It appears when every digest fits, or not at all. Whole layers that arrived before a failure are kept for a day and not
    /// fetched again; of the others the bytes that arrived. `report` is told of every layer's progress, from any task. Returns
    /// when the image is durable.
    package func pull(
        _ order: PullOrder, report: @escaping @Sendable (ContentDescriptor, LayerStage) -> Void
    ) async throws(ImageError) -> Image {
        let content = content
        let lease = content.lease()
        let layerLease = layers.lease()
        defer { withExtendedLifetime((lease, layerLease)) {} }
        let config = try Self.parse(config: order.config)
        guard config.rootfs.diffIDs.count == order.layers.count else {
            throw .malformed(
                "the config names \(config.rootfs.diffIDs.count) layers, the manifest \(order.layers.count)")
        }
        // Another pull may make a layer visible that both wait for: it must not go before this one has used it.
        for chainID in BlobHasher.chainIDs(of: config.rootfs.diffIDs) { layerLease.pin(chainID) }
        let reservation = content.reservation(for: order.manifest.digest)
        defer { reservation.leave() }
        try await lanes.run { () throws(ImageError) in
            try keeping { () throws(ContentError) in try reservation.make(order.layers.map(\.digest)) }
        }
        let files = try await fetch(order, lease, layerLease, report)
        let parts = ImageArchive.Content(
            config: order.config, manifest: order.manifest, manifestBytes: order.manifestBytes,
            layers: order.layers.compactMap { files[$0.digest] }, names: order.names)
        return try await lanes.run { [self] () throws(ImageError) in
            let unpacker = LayerUnpacker(content: content, layers: layers)
            var image = try assemble(parts, unpacker, lease, layerLease)
            image.isReserved = !order.isPublic
            let complete = image
            try changeNow { () throws(ImageError) in try add(complete, names: parts.names, isPublic: order.isPublic) }
            reservation.end()
            settleSoon()
            return self.image(image.id) ?? image
        }
    }

    /// Every layer once, the largest first, so that none is left to the end.
    private func fetch(
        _ order: PullOrder, _ lease: Lease, _ layerLease: LayerLease,
        _ report: @escaping @Sendable (ContentDescriptor, LayerStage) -> Void
    ) async throws(ImageError) -> [Digest: ImageArchive.File] {
        var seen: Set<Digest> = []
        let wanted = order.layers.filter { seen.insert($0.digest).inserted }.sorted { $0.size > $1.size }
        var waiting = wanted[...]
        var files: [Digest: ImageArchive.File] = [:]
        let result = await withTaskGroup(
            of: (Digest, Result<ImageArchive.File, ImageError>).self, returning: ImageError?.self
        ) { group in
            func startNext() {
                guard let blob = waiting.popFirst() else { return }
                group.addTask {
                    do throws(ImageError) {
                        return (blob.digest, .success(try await self.fetch(blob, order, lease, layerLease, report)))
                    } catch {
                        return (blob.digest, .failure(error))
                    }
                }
            }
            for blob in wanted { report(blob, .waiting) }
            for _ in 0..<max(1, order.parallel) { startNext() }
            var failure: ImageError?
            for await (digest, outcome) in group {
                switch outcome {
                case .success(let file):
                    files[digest] = file
                    if failure == nil { startNext() }
                case .failure(let error):
                    // The first failure is the reason; those that follow it are its consequence.
                    if failure == nil { failure = error }
                    group.cancelAll()
                }
            }
            return failure
        }
        if let result { throw result }
        return files
    }

    private func fetch(
        _ blob: ContentDescriptor, _ order: PullOrder, _ lease: Lease, _ layerLease: LayerLease,
        _ report: @escaping @Sendable (ContentDescriptor, LayerStage) -> Void
    ) async throws(ImageError) -> ImageArchive.File {
        let present = await lanes.run { [self] in presentLayer(blob.digest, lease, layerLease) }
        if let present {
            report(blob, .known)
            return .present(present)
        }
        let layer = try await arrivals.fetch(blob.digest, watcher: { report(blob, $0) }) {
            (tell) async throws(ImageError) in
            try await arrive(blob, order, lease, tell)
        }
        lease.pin(blob.digest)
        report(blob, .complete)
        return .layer(layer)
    }

    /// Brings one layer here: from the disk if its blob is there, else from the source.
    private func arrive(
        _ blob: ContentDescriptor, _ order: PullOrder, _ lease: Lease, _ tell: @escaping LayerArrivals.Watcher
    ) async throws(ImageError) -> UnpackedLayer {
        lease.pin(blob.digest)
        let unpacker = LayerUnpacker(content: content, layers: layers)
        let onDisk = await lanes.run { [content] in
            content.contains(blob.digest) ? nil : Self.usablePart(of: blob, in: content)
        }
        guard let onDisk else {
            tell(.downloaded)
            return try await lanes.run { () throws(ImageError) in try unpacker.unpack(present: blob) }
        }
        await order.source.willVerify(blob)
        do throws(ImageError) {
            let layer = try await stream(blob, from: onDisk, order, lease, tell)
            _ = await order.source.verified(blob, .right)
            return layer
        } catch {
            let mayDiffer = await order.source.verified(blob, error.isAboutBytes ? .wrong : .unknown)
            // What an earlier attempt left may be damaged, or what the source kept: then everything is fetched once more.
            guard onDisk > 0 || mayDiffer, error.isAboutBytes, !Task.isCancelled else { throw error }
            return try await stream(blob, from: 0, order, lease, tell)
        }
    }

    /// How many bytes of a blob can be kept; a file that cannot be its beginning is removed.
    private static func usablePart(of blob: ContentDescriptor, in content: ContentStore) -> Int64 {
        let size = content.partialSize(of: blob.digest)
        guard size > blob.size else { return size }
        content.discardPartial(blob.digest)
        return 0
    }

    private func stream(
        _ blob: ContentDescriptor, from offset: Int64, _ order: PullOrder, _ lease: Lease,
        _ tell: @escaping LayerArrivals.Watcher
    ) async throws(ImageError) -> UnpackedLayer {
        let unpacker = LayerUnpacker(content: content, layers: layers)
        let pipe = ChunkPipe(capacity: 1 << 20)
        let feed = BlobFeed(blob: blob, source: order.source, policy: order.retry) { progress in
            switch progress {
            case .bytes(let count): tell(count == blob.size ? .downloaded : .downloading(count))
            case .retrying(let seconds): tell(.retrying(seconds: seconds))
            }
        }
        async let fed = Self.failure(of: feed, from: offset, into: pipe)
        do throws(ImageError) {
            let content = content
            let layer = try await lanes.run { () throws(ImageError) in
                defer { pipe.close() }
                if offset == 0 { content.discardPartial(blob.digest) }
                do throws(ImageError) {
                    return try unpacker.unpack(blob, continuing: PipeSource(pipe), lease: lease)
                } catch {
                    // No use in going on with bytes that cannot be unpacked.
                    if error.isAboutBytes { content.discardPartial(blob.digest) }
                    throw error
                }
            }
            _ = await fed
            return layer
        } catch {
            if let reason = await fed, !error.isAboutBytes { throw .source(reason) }
            throw error
        }
    }

    private static func failure(
        of feed: BlobFeed, from offset: Int64, into pipe: ChunkPipe
    ) async -> BlobSourceError? {
        do throws(BlobSourceError) {
            try await feed.run(from: offset, into: pipe)
            return nil
        } catch {
            return error
        }
    }
}

extension ImageError {
    /// Whether the bytes themselves are wrong, and not the way they came.
    fileprivate var isAboutBytes: Bool {
        switch self {
        case .archive(.interrupted), .archive(.kernel), .kernel, .source, .content(.kernel): false
        default: true
        }
    }
}
