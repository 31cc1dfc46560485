import Archives
import ContentStore
import Glibc
import ImageSpec
import JSON
import Lanes
import LinuxKernel
import Snapshots
import TestSupport
import Testing

@Suite("Image store under stress", .needs(.root))
struct ImageStressTests {
    private static func image(_ number: Int) -> SampleImage {
        let shared = HandmadeArchive.of { layer in for file in 0..<20 { layer.file("s\(file)", "shared") } }
        let own = HandmadeArchive.of { layer in layer.file("own", "\(number)") }
        return SampleImage(names: ["image\(number):1"], layers: [shared, own])
    }

    @Test("loads, removals and prunes at once never take what is in use", arguments: UInt64(0)..<6)
    func concurrent(seed: UInt64) async throws {
        try await withScratchDirectory { root in
            let store = try ImageStore(root: root + "/store")
            let snapshots = try OverlaySnapshotter(layers: store.layers)
            try await withThrowingTaskGroup(of: Void.self) { group in
                for worker in 0..<4 {
                    group.addTask {
                        var random = SplitMix64(seed: seed &* 100 &+ UInt64(worker))
                        for turn in 0..<12 {
                            let number = Int.random(in: 0..<3, using: &random)
                            _ = try await store.load(Chunks(SampleImage.dockerArchive([Self.image(number)])))
                            // Another worker may have removed it by now; what we get we can use.
                            let id = "c\(worker)-\(turn)"
                            if let image = try? store.image("image\(number):1"),
                                (try? snapshots.prepare(id, from: image.top, options: SnapshotOptions())) != nil
                            {
                                let count = try await Lanes.shared.run { () throws(SnapshotError) in
                                    try snapshots.withRoot(of: id, writable: true) { (tree) throws(ArchiveError) in
                                        try TreeItem.all(in: tree.root).count
                                    }
                                }
                                #expect(count == 21, "seed \(seed)")
                                try snapshots.remove(id)
                            }
                            if Bool.random(using: &random) { _ = try? await store.remove("image\(number):1") }
                        }
                    }
                }
                group.addTask { for _ in 0..<20 { _ = try await store.prune(all: true) } }
                try await group.waitForAll()
            }
            _ = try await store.prune(all: true)
            #expect(store.all.isEmpty, "seed \(seed)")
            #expect(try Files.list(root + "/store/layers").isEmpty, "seed \(seed)")
            #expect(try Files.list(root + "/store/tmp").isEmpty, "seed \(seed)")
            #expect(try store.content.digests().isEmpty, "seed \(seed)")
            #expect(store.layersSize == 0)
        }
    }

    /// What two images have in common is one transfer, and whoever is second must find it.
    @Test("pulls of the same layers at once all come through, beside removals and prunes", arguments: UInt64(0)..<6)
    func pulls(seed: UInt64) async throws {
        try await withScratchDirectory { root in
            let store = try ImageStore(root: root + "/store")
            let images = (0..<2).map { Self.image($0) }
            try await withThrowingTaskGroup(of: Void.self) { group in
                for worker in 0..<6 {
                    group.addTask {
                        for turn in 0..<20 {
                            let order = try images[worker % 2].order("pulled\(worker % 2):1")
                            let image = try await store.pull(order) { _, _ in }
                            #expect(image.id == images[worker % 2].id, "seed \(seed), turn \(turn)")
                            _ = try? await store.remove("pulled\(worker % 2):1", force: true)
                        }
                    }
                }
                group.addTask { for _ in 0..<20 { _ = try await store.prune(all: true) } }
                try await group.waitForAll()
            }
            // What a pull held is let go of a moment after it was told to be through.
            try await eventually {
                _ = try await store.prune(all: true)
                return try Files.list(root + "/store/layers").isEmpty && store.content.digests().isEmpty
            }
            #expect(try Files.list(root + "/store/layers").isEmpty, "seed \(seed)")
            #expect(try store.content.digests().isEmpty, "seed \(seed)")
            #expect(try Files.list(root + "/store/content/reserved").isEmpty, "seed \(seed)")
        }
    }

    @Test("what a failed pull keeps for the next one goes with that one's success")
    func reservations() async throws {
        try await withScratchDirectory { root in
            let store = try ImageStore(root: root + "/store")
            let image = Self.image(1)
            for _ in 0..<3 {
                var order = try image.order("pulled:1")
                // The second layer never comes.
                order.source = BlobsInMemory(Array(image.blobs.prefix(1)))
                await #expect(throws: ImageError.self) { try await store.pull(order) { _, _ in } }
            }
            #expect(try await store.prune(all: true).bytes == 0)
            #expect(try store.content.digests().count == 1, "the first layer is kept")
            _ = try await store.pull(image.order("pulled:1")) { _, _ in }
            _ = try await store.remove("pulled:1", force: true)
            _ = try await store.prune(all: true)
            #expect(try store.content.digests().isEmpty)
        }
    }

    @Test("damaged archives give an error or a whole image, and leave nothing else", arguments: UInt64(0)..<60)
    func damaged(seed: UInt64) async throws {
        try await withScratchDirectory { root in
            let store = try ImageStore(root: root + "/store")
            var random = SplitMix64(seed: seed)
            let form = Int.random(in: 0..<2, using: &random)
            let sample = Self.image(1)
            var bytes =
                form == 0
                ? SampleImage.dockerArchive([sample]) : SampleImage.layoutArchive([sample], manifestFirst: false)
            for _ in 0..<Int.random(in: 1...6, using: &random) {
                bytes[Int.random(in: 0..<bytes.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
            }
            if Int.random(in: 0..<4, using: &random) == 0 {
                bytes.removeLast(Int.random(in: 1..<bytes.count, using: &random))
            }
            let loaded = (try? await store.load(Chunks(bytes, 3000))) ?? []
            #expect(store.all.count == Set(loaded.map(\.image)).count, "seed \(seed)")
            #expect(try await store.check().isEmpty, "seed \(seed)")
            if loaded.isEmpty {
                try store.collectNow()
                #expect(try Files.list(root + "/store/layers").isEmpty, "seed \(seed)")
                #expect(try store.content.digests().isEmpty, "seed \(seed)")
            }
            #expect(try Files.list(root + "/store/tmp").isEmpty, "seed \(seed)")
            #expect(try Files.list(root + "/store/content/ingest").isEmpty, "seed \(seed)")
        }
    }

    @Test("a full disk is one clear error that loses nothing")
    func fullDisk() async throws {
        try await withScratchDirectory { root in
            try await DedicatedThread.run { () throws in
                try Namespaces.unshare(.mount)
                try Mounts.setPropagation(.private, of: "/", recursive: true)
                try Mounts.mount("tmpfs", on: root, type: "tmpfs", data: "size=6m")
                let store = try ImageStore(root: root + "/store")
                let small = Self.image(1)
                _ = try store.loadNow(ArraySource(SampleImage.dockerArchive([small])))
                let large = SampleImage(
                    names: ["large:1"],
                    layers: [HandmadeArchive.of { $0.file("big", [UInt8](repeating: 7, count: 12 << 20)) }])
                let failure = #expect(throws: ImageError.self) {
                    try store.loadNow(ArraySource(SampleImage.dockerArchive([large])))
                }
                #expect(failure?.description.contains("No space left on device") == true)
                try store.collectNow()
                #expect(store.all.map(\.id) == [small.id])
                #expect(try Files.list(root + "/store/tmp").isEmpty)
                #expect(try Files.list(root + "/store/content/ingest").isEmpty)
                let again = try ImageStore(root: root + "/store")
                #expect(again.all.map(\.id) == [small.id] && again.broken.isEmpty)
                _ = try again.loadNow(ArraySource(SampleImage.dockerArchive([Self.image(2)])))
            }
        }
    }
}

/// Gives the blobs that it was made of.
private struct BlobsInMemory: BlobSource {
    private let blobs: [Digest: [UInt8]]

    init(_ blobs: [[UInt8]]) {
        self.blobs = Dictionary(blobs.map { (BlobHasher.digest(of: $0), $0) }, uniquingKeysWith: { first, _ in first })
    }

    func open(_ blob: ContentDescriptor, from offset: Int64) async throws(BlobSourceError) -> BlobStream {
        guard let bytes = blobs[blob.digest] else { throw .notFound("no blob \(blob.digest)") }
        let rest = Array(bytes[Int(offset)...])
        return BlobStream(
            start: offset,
            chunks: AsyncThrowingStream { continuation in
                for start in stride(from: 0, to: rest.count, by: 1000) {
                    continuation.yield(Array(rest[start..<min(start + 1000, rest.count)]))
                }
                continuation.finish()
            })
    }
}

extension SampleImage {
    /// An order to pull it from memory.
    fileprivate func order(_ name: String) throws -> PullOrder {
        let parsed = try ImageManifest(parsing: manifest)
        let descriptor = ContentDescriptor(
            mediaType: .ociManifest, digest: BlobHasher.digest(of: manifest), size: Int64(manifest.count))
        return PullOrder(
            manifest: descriptor, manifestBytes: manifest, config: config, layers: parsed.layers,
            names: [try ImageReference(parsing: name)], source: BlobsInMemory(blobs))
    }
}
