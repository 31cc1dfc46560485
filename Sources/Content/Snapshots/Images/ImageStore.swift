internal import Archives
package import ContentStore
internal import Glibc
package import ImageSpec
internal import JSON
package import Lanes
internal import LinuxKernel
internal import Synchronization

/// The images of a machine: their blobs, their unpacked layers, and what they are called.
///
/// Finding and listing read memory only and may be called from anywhere. What changes something is async and works on lanes;
/// it is durable when it returns. Containers hold layers through their snapshots, not through the image: removing an image
/// that is in use is refused, or with force takes the name and leaves the layers.
package final class ImageStore: Sendable {
    package let content: ContentStore
    package let layers: LayerStore
    /// What was pushed to this machine's registry; their blobs are kept like the images'.
    package let repositories: RepositoryStore
    /// What registries said that names lead to.
    package let documents: DocumentShelf
    let root: String
    let lanes: Lanes
    private let table = Mutex(ImageTable())
    /// One change at a time; held on lanes, across disk writes.
    private let changing = Mutex(())
    /// Layers on their way, each fetched once for all who wait for it.
    let arrivals = LayerArrivals()
    /// Images whose layers could not be made again at start, with the reason.
    package let broken: [(id: Digest, reason: String)]

    /// Opens or makes the store below `root`; blocks.
    ///
    /// Layers that a power failure may have damaged are unpacked again from their blobs.
    package init(root: String, lanes: Lanes = .shared) throws(ImageError) {
        self.root = root
        self.lanes = lanes
        try kernel { () throws(SyscallError) in
            try LayerStore.ensureDirectory(root)
            try LayerStore.ensureDirectory("\(root)/images")
        }
        content = try keeping { () throws(ContentError) in try ContentStore(root: "\(root)/content") }
        repositories = try keeping { [content] () throws(ContentError) in
            try RepositoryStore(root: "\(root)/repositories", content: content)
        }
        documents = try keeping { [content] () throws(ContentError) in
            try DocumentShelf(root: "\(root)/documents", content: content)
        }
        layers = try LayerStore(root: root)
        var broken: [(id: Digest, reason: String)] = []
        for record in try Self.records(in: root) {
            do throws(ImageError) {
                let image = try Self.open(record, content: content, layers: layers)
                table.withLock { $0.put(image) }
            } catch {
                broken.append((record.image, error.description))
            }
        }
        self.broken = broken
        // What a crash left behind; layers wait for ``collectNow()``, as snapshots have yet to say which they hold.
        try keeping { () throws(ContentError) in
            // Of a broken image's blobs those that are there may be all that can be saved of it.
            if broken.isEmpty { _ = try content.collect { read { Set($0.images.values.flatMap(\.blobs)) } } }
        }
    }

    // MARK: finding

    /// The image that `name` leads to: a reference, an id, or the start of one.
    package func image(_ name: String) throws(ImageError) -> Image {
        try table.withLock { (table) throws(ImageError) in try table.find(name) }
    }

    package func image(_ id: Digest) -> Image? { table.withLock { $0[id] } }

    /// Every image, the newest first.
    package var all: [Image] {
        table.withLock { Array($0.images.values) }.sorted {
            ($1.config.created ?? "", $1.id) < ($0.config.created ?? "", $0.id)
        }
    }

    /// How many bytes of file content unpacked layers hold, each layer counted once.
    package var layersSize: Int64 { layers.size }

    func read<Result>(_ body: (ImageTable) -> Result) -> Result { table.withLock { body($0) } }

    // MARK: changing

    /// Runs `body` on a lane, alone among changes.
    func change<Result: Sendable>(
        _ body: @escaping @Sendable () throws(ImageError) -> Result
    ) async throws(ImageError) -> Result {
        try await lanes.run { [self] () throws(ImageError) in
            try changing.withLock { (_) throws(ImageError) in try body() }
        }
    }

    /// The same for a caller that is on a lane already.
    func changeNow<Result>(_ body: () throws(ImageError) -> Result) throws(ImageError) -> Result {
        try changing.withLock { (_) throws(ImageError) in try body() }
    }

    /// Writes an image down and makes it known; names it takes are lost to their former holders.
    ///
    /// Only within a change.
    func put(_ image: Image) throws(ImageError) {
        let robbed = read { table in
            Set((image.tags + image.digests).compactMap { table.id(of: $0) }).subtracting([image.id])
        }
        try write(image)
        table.withLock { $0.put(image) }
        for id in robbed {
            guard var loser = self.image(id) else { continue }
            loser.tags.removeAll { image.tags.contains($0) }
            loser.digests.removeAll { image.digests.contains($0) }
            try write(loser)
            table.withLock { $0.put(loser) }
        }
    }

    /// Forgets an image.
    ///
    /// Only within a change; its blobs and layers go with the next ``collect()``.
    func forget(_ id: Digest) throws(ImageError) {
        try kernel { () throws(SyscallError) in
            try Files.remove(file(of: id))
            let directory = try Descriptor.open("\(root)/images", O_RDONLY | O_DIRECTORY)
            let number = directory.raw
            try LinuxKernel.check("fsync", root) { fsync(number) }
        }
        table.withLock { _ = $0.remove(id) }
    }

    /// Removes blobs and layers that no image, repository, snapshot or work under way needs; gives the bytes that came back.
    ///
    /// Only after the snapshotter has been opened: until then nobody knows which layers snapshots hold.
    @discardableResult
    package func collectNow() throws(ImageError) -> Int64 {
        let (_, bytes) = try layers.collect { read { Set($0.images.values.flatMap(\.chain)) } }
        let blobs = try keeping { () throws(ContentError) in
            try content.collectCounting { read { Set($0.images.values.flatMap(\.blobs)) } }
        }
        return bytes + blobs.bytes
    }

    /// Lets the unpacked files reach the disk without making anybody wait.
    func settleSoon() {
        lanes.start { [layers] in try? layers.settle() }
    }

    // MARK: records

    private func file(of id: Digest) -> String { "\(root)/images/\(id.hex).json" }

    private func write(_ image: Image) throws(ImageError) {
        let known = read { $0[image.id]?.tags ?? [] }
        let record = ImageRecord(
            image: image.id,
            tags: image.tags.map { tag in
                .init(reference: tag, time: known.contains(tag) ? tagTime(tag) : image.lastTagged)
            },
            digests: image.digests, manifest: image.manifest, layers: image.layers, parent: image.parent,
            arrived: image.arrived, isReserved: image.isReserved)
        for tag in record.tags { tagTimes.withLock { $0[tag.reference] = tag.time } }
        try kernel { () throws(SyscallError) in
            try WholeFile.replace(file(of: image.id), with: record.encoded(), durable: true)
        }
    }

    /// When each tag was given.
    private let tagTimes = Mutex<[ImageReference: FileTime]>([:])

    private func tagTime(_ tag: ImageReference) -> FileTime {
        tagTimes.withLock { $0[tag] } ?? FileTime(seconds: 0)
    }

    private static func records(in root: String) throws(ImageError) -> [ImageRecord] {
        var records: [ImageRecord] = []
        let names = try kernel { () throws(SyscallError) in try Files.list("\(root)/images") }
        for name in names where name.hasSuffix(".json") {
            let bytes = try kernel { () throws(SyscallError) in try WholeFile.read("\(root)/images/\(name)") }
            guard let record = try? ImageRecord(parsing: bytes) else { continue }
            records.append(record)
        }
        // After a crash in the middle of moving a tag both images claim it: the later claim holds.
        var newest: [ImageReference: FileTime] = [:]
        for tag in records.flatMap(\.tags) { newest[tag.reference] = max(newest[tag.reference] ?? tag.time, tag.time) }
        return records.map { record in
            var record = record
            record.tags.removeAll { $0.time < newest[$0.reference] ?? $0.time }
            return record
        }
    }

    private static func open(
        _ record: ImageRecord, content: ContentStore, layers: LayerStore
    ) throws(ImageError) -> Image {
        let bytes = try keeping { () throws(ContentError) in try content.readAll(record.image) }
        let config = try parse(config: bytes)
        let image = Image(
            id: record.image, tags: record.tags.map(\.reference), digests: record.digests, config: config,
            manifest: record.manifest, layers: record.layers, parent: record.parent,
            lastTagged: record.tags.map(\.time).max() ?? record.arrived, arrived: record.arrived,
            isReserved: record.isReserved, chain: BlobHasher.chainIDs(of: config.rootfs.diffIDs))
        try LayerUnpacker(content: content, layers: layers).ensureLayers(of: image)
        return image
    }

    static func parse(config bytes: [UInt8]) throws(ImageError) -> ImageConfig {
        do throws(JSONError) {
            return try ImageConfig(parsing: bytes)
        } catch {
            throw .malformed("config: \(error)")
        }
    }
}
