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

@Suite("Image store", .needs(.root))
struct ImageStoreTests {
    private static let base = HandmadeArchive.of { layer in
        layer.directory("etc/", mode: 0o750)
        layer.file("etc/passwd", "root")
        layer.file("etc/gone", "x")
        layer.directory("opaque/")
        layer.file("opaque/old", "old")
    }

    private static let top = HandmadeArchive.of { layer in
        layer.file("etc/added", "new")  // no entry for etc itself
        layer.file("etc/.wh.gone", "")
        layer.file("opaque/.wh..wh..opq", "")
        layer.file("opaque/new", "new")
    }

    private static let sample = SampleImage(names: ["sample:one", "sample:two"], layers: [base, top])

    @Test("an archive of docker save, old form, becomes an image with its names", arguments: [1, 4096])
    func dockerArchive(chunk: Int) async throws {
        try await withStore { store, _ in
            let loaded = try await store.load(Chunks(SampleImage.dockerArchive([Self.sample]), chunk * 37))
            #expect(loaded.map(\.image) == [Self.sample.id])
            #expect(loaded[0].names.map(\.familiar) == ["sample:one", "sample:two"])
            let image = try store.image("sample:two")
            #expect(image.id == Self.sample.id)
            #expect(image.size == Int64("rootxoldnewnew".utf8.count))
            for name in ["sample:one", image.id.description, image.id.hex, image.id.short, "sha256:" + image.id.short] {
                #expect(try store.image(name).id == image.id)
            }
            #expect(throws: ImageError.notFound("sample")) { try store.image("sample") }
            #expect(image.steps.map(\.command) == ["step 1", "step 0"])
        }
    }

    @Test("an OCI layout is understood whatever the order of its files", arguments: [true, false])
    func layout(manifestFirst: Bool) async throws {
        try await withStore { store, _ in
            let bytes = SampleImage.layoutArchive([Self.sample], manifestFirst: manifestFirst)
            let loaded = try await store.load(Chunks(bytes))
            #expect(loaded.map(\.image) == [Self.sample.id])
            let image = try store.image("sample:one")
            #expect(image.manifest.digest == BlobHasher.digest(of: Self.sample.manifest))
        }
    }

    @Test("whiteouts become overlayfs's marks and implied directories look as below")
    func unpacked() async throws {
        try await withStore { store, root in
            _ = try await store.load(Chunks(SampleImage.dockerArchive([Self.sample])))
            let image = try store.image("sample:one")
            let diff = store.layers.diff(of: try #require(image.top))
            let gone = try Files.status(diff + "/etc/gone")
            #expect(gone.isCharacterDevice && gone.major == 0 && gone.minor == 0)
            #expect(try Files.status(diff + "/etc").mode & 0o7777 == 0o750)
            #expect(try Tree(path: diff).directory(try EntryPath("opaque".utf8)).isOpaque)
            #expect(!Files.exists(diff + "/opaque/.wh..wh..opq"))
        }
    }

    @Test("packed layers are the layers inside", arguments: ["gzip", "zstd", "xz"])
    func packed(program: String) async throws {
        guard let tool = Executables.tool(program) else { return }
        try await withStore { store, root in
            var image = Self.sample
            for index in image.layers.indices {
                try WholeFile.replace(root + "/layer", with: image.layers[index])
                let result = try await run([tool, "-k", "-f", root + "/layer"])
                #expect(result.status == 0)
                let name = try #require(try Files.list(root).first { $0.hasPrefix("layer.") })
                image.blobs[index] = try WholeFile.read(root + "/" + name)
                try Files.remove(root + "/" + name)
            }
            let loaded = try await store.load(Chunks(SampleImage.dockerArchive([image])))
            #expect(loaded.map(\.image) == [Self.sample.id])
            #expect(
                try store.image("sample:one").layers.map(\.blob.digest) == image.blobs.map { BlobHasher.digest(of: $0) }
            )
        }
    }

    @Test("a layer that occurs twice, and images that share layers, share their files")
    func shared() async throws {
        try await withStore { store, _ in
            let empty = HandmadeArchive.of { _ in }
            let twice = SampleImage(names: ["twice:1"], layers: [Self.base, empty, Self.top, empty])
            let loaded = try await store.load(Chunks(SampleImage.dockerArchive([Self.sample, twice])))
            #expect(loaded.map(\.image) == [Self.sample.id, twice.id])
            let one = try store.image("sample:one")
            let two = try store.image("twice:1")
            #expect(one.chain[0] == two.chain[0])
            #expect(Set(two.chain).count == 4)
        }
    }

    @Test("saving and loading gives the same ids, manifests and bytes")
    func saveAndLoad() async throws {
        let bytes = try await withStore { store, _ in
            let other = SampleImage(names: ["other:1"], layers: [Self.base])
            _ = try await store.load(Chunks(SampleImage.dockerArchive([Self.sample, other])))
            let first = try await collect(try store.save(["sample:one", "other:1"]))
            let second = try await collect(try store.save(["sample:one", "other:1"]))
            #expect(first == second)
            return (first, try store.image("sample:one").manifest)
        }
        try await withStore { store, _ in
            let loaded = try await store.load(Chunks(bytes.0))
            #expect(loaded.map(\.image).first == Self.sample.id)
            let image = try store.image("sample:one")
            #expect(image.manifest.digest == bytes.1.digest)
            #expect(image.tags.map(\.familiar) == ["sample:one"])
            #expect(try store.image("other:1").chain.first == image.chain.first)
            // Loading what is here already brings nothing new.
            _ = try await store.load(Chunks(bytes.0))
            #expect(store.all.count == 2)
        }
    }

    @Test("a layer whose content is not the promised one makes the whole load fail, and nothing stays")
    func wrongLayer() async throws {
        try await withStore { store, root in
            var image = Self.sample
            image.blobs[1] = HandmadeArchive.of { $0.file("evil", "evil") }
            await #expect(throws: ImageError.self) {
                try await store.load(Chunks(SampleImage.dockerArchive([image])))
            }
            await #expect(throws: ImageError.self) {
                try await store.load(Chunks(SampleImage.layoutArchive([image], manifestFirst: false)))
            }
            #expect(store.all.isEmpty)
            try store.collectNow()
            #expect(try Files.list(root + "/store/layers").isEmpty)
            #expect(try Files.list(root + "/store/tmp").isEmpty)
            #expect(try store.content.digests().isEmpty)
        }
    }

    @Test("what is no image archive gives one clear error", arguments: ["text", "tar", "cut", "json"])
    func unreadable(kind: String) async throws {
        try await withStore { store, _ in
            let whole = SampleImage.dockerArchive([Self.sample])
            let bytes =
                switch kind {
                case "text": Array(String(repeating: "no archive at all", count: 100).utf8)
                case "tar": HandmadeArchive.of { $0.file("README", "hello") }
                case "cut": Array(whole[..<(whole.count / 2)])
                default: HandmadeArchive.of { $0.file("manifest.json", "[{\"Config\": 7}]") }
                }
            await #expect(throws: ImageError.self) { try await store.load(Chunks(bytes)) }
            #expect(store.all.isEmpty)
        }
    }

    @Test("tags move, names go one by one, and the last takes the image with it")
    func names() async throws {
        try await withStore { store, root in
            let other = SampleImage(names: ["other:1"], layers: [Self.base])
            _ = try await store.load(Chunks(SampleImage.dockerArchive([Self.sample, other])))
            try await store.tag("other:1", as: try ImageReference(parsing: "sample:one"))
            #expect(try store.image("sample:one").id == other.id)
            #expect(try store.image("sample:two").tags.map(\.familiar) == ["sample:two"])
            let reopened = try ImageStore(root: root + "/store")
            #expect(try reopened.image("sample:one").id == other.id)
            #expect(reopened.all == store.all)
            await #expect(throws: ImageError.self) { try await store.remove(other.id.short) }
            #expect(try await store.remove("other:1") == [.untagged(try ImageReference(parsing: "other:1"))])
            let use = ImageUse(image: other.id, container: "abc", isRunning: true)
            await #expect(throws: ImageError.self) { try await store.remove("sample:one", force: true, uses: [use]) }
            let done = try await store.remove("sample:one", uses: [])
            #expect(done == [.untagged(try ImageReference(parsing: "sample:one")), .deleted(other.id)])
            _ = try await store.remove("sample:two")
            #expect(try Files.list(root + "/store/layers").isEmpty)
            #expect(try store.content.digests().isEmpty)
        }
    }

    @Test("listing filters by name, label, age and having no name")
    func filters() async throws {
        try await withStore { store, _ in
            var old = SampleImage(names: ["old:1"], layers: [Self.base])
            old.created = "2020-01-01T00:00:00Z"
            var young = SampleImage(names: [], layers: [Self.top])
            young.labels = ["team": "blue"]
            young.created = "2025-01-01T00:00:00Z"
            _ = try await store.load(Chunks(SampleImage.dockerArchive([Self.sample, old, young])))
            func ids(_ change: (inout ImageFilter) -> Void) throws -> [Digest] {
                var filter = ImageFilter()
                change(&filter)
                return try store.list(filter).map(\.id)
            }
            #expect(try ids { _ in } == [young.id, Self.sample.id, old.id])
            #expect(try ids { $0.isDangling = true } == [young.id])
            #expect(try ids { $0.references = ["sampl*"] } == [Self.sample.id])
            #expect(try ids { $0.labels = ["team=blue"] } == [young.id])
            #expect(try ids { $0.before = "sample:one" } == [old.id])
            #expect(try ids { $0.since = "old:1" } == [young.id, Self.sample.id])
            let pruned = try await store.prune()
            #expect(pruned.removals == [.deleted(young.id)])
        }
    }

    @Test("a root filesystem is imported with changes to its configuration")
    func importing() async throws {
        try await withStore { store, _ in
            var recipe = ImageRecipe()
            recipe.comment = "Imported from -"
            recipe.reference = try ImageReference(parsing: "imported")
            for change in ["CMD [\"/bin/sh\"]", "ENV A=1 B=\"two words\"", "EXPOSE 80", "WORKDIR srv", "LABEL x=y"] {
                recipe.changes.append(try ConfigChange(parsing: change))
            }
            let id = try await store.importRootFilesystem(Chunks(Self.base), recipe)
            let image = try store.image("imported:latest")
            #expect(image.id == id)
            #expect(image.config.rootfs.diffIDs == [BlobHasher.digest(of: Self.base)])
            let config = try #require(image.config.config)
            #expect(config.cmd == ["/bin/sh"] && config.env == ["A=1", "B=two words"] && config.workingDir == "/srv")
            #expect(config.exposedPorts == ["80/tcp"] && config.labels == ["x": "y"])
            #expect(image.steps.first?.comment == "Imported from -")
        }
    }

    @Test("layers that a power failure may have damaged are made again from their blobs")
    func powerFailure() async throws {
        try await withStore { store, root in
            _ = try await store.load(Chunks(SampleImage.dockerArchive([Self.sample])))
            let image = try store.image("sample:one")
            try store.layers.settle()
            let directory = root + "/store/layers/\(image.chain[0].hex)"
            let before = try TreePicture.of(directory + "/diff")
            var record = try JSONValue(parsing: try WholeFile.read(directory + "/layer.json"))
            if case .object(var object) = record {
                #expect(object["unsettledSince"] == nil)
                object["unsettledSince"] = "some earlier boot"
                record = .object(object)
            }
            try WholeFile.replace(directory + "/layer.json", with: record.encoded())
            try Files.remove(directory + "/diff/etc/passwd")
            let reopened = try ImageStore(root: root + "/store")
            #expect(reopened.broken.isEmpty)
            #expect(try TreePicture.of(directory + "/diff") == before)
            #expect(reopened.layers.contains(try #require(image.top)))
        }
    }

    @Test("a layout that is a directory is loaded like one in a tar")
    func layoutDirectory() async throws {
        try await withStore { store, root in
            let bytes = SampleImage.layoutArchive([Self.sample], manifestFirst: true)
            try Files.makeDirectory(root + "/layout", mode: 0o755)
            _ = try TreeExtractor.extract(ArraySource(bytes), into: try Tree(path: root + "/layout"), options: .plain)
            #expect(try await store.load(layout: root + "/layout").map(\.image) == [Self.sample.id])
            await #expect(throws: ImageError.self) { try await store.load(layout: root + "/none") }
        }
    }

    @Test("a check finds blobs that are damaged or gone")
    func check() async throws {
        try await withStore { store, _ in
            _ = try await store.load(Chunks(SampleImage.dockerArchive([Self.sample])))
            let image = try store.image("sample:one")
            #expect(try await store.check().isEmpty)
            let (first, second) = (image.layers[0].blob.digest, image.layers[1].blob.digest)
            try WholeFile.replace(store.content.path(of: first), with: [1, 2, 3])
            try Files.remove(store.content.path(of: second))
            #expect(
                try await store.check() == [
                    ImageProblem(image: image.id, blob: first, kind: .corrupted),
                    ImageProblem(image: image.id, blob: second, kind: .missing),
                ])
        }
    }

    @Test("an examination names what is damaged and who needs it, removes it on demand, and a load brings it again")
    func examined() async throws {
        try await withStore { store, _ in
            let archive = SampleImage.dockerArchive([Self.sample])
            _ = try await store.load(Chunks(archive))
            let image = try store.image("sample:one")
            let lease = store.content.lease()
            let pushed = try store.content.put([7, 7], lease: lease)
            try store.repositories.add(blob: pushed, to: "a/b")
            let sound = try await store.examine(repair: false)
            #expect(sound.problems.isEmpty && sound.blobs >= 4)
            let layer = image.layers[0].blob.digest
            for blob in [layer, pushed] { try WholeFile.replace(store.content.path(of: blob), with: [1, 2, 3]) }
            let found = try await store.examine(repair: false).problems
            #expect(Set(found.map(\.blob)) == [layer, pushed] && found.allSatisfy { $0.kind == .corrupted })
            #expect(found.first { $0.blob == layer }?.images == [image.id])
            #expect(found.first { $0.blob == pushed }?.repositories == ["a/b"])
            #expect(store.content.contains(layer))
            #expect(try await store.examine(repair: true).problems.allSatisfy(\.isRemoved))
            #expect(try await store.examine(repair: false).problems.allSatisfy { $0.kind == .missing })
            _ = try await store.load(Chunks(archive))
            #expect(try await store.examine(repair: false).problems.map(\.blob) == [pushed])
        }
    }

    @Test("what a crash left half made is gone after a restart")
    func leftovers() async throws {
        try await withStore { store, root in
            _ = try await store.load(Chunks(SampleImage.dockerArchive([Self.sample])))
            try Files.makeDirectory(root + "/store/tmp/layer-1-1", mode: 0o700)
            try Files.makeDirectory(root + "/store/layers/half", mode: 0o700)
            try Files.makeLink(root + "/store/l/dead", to: "../layers/nowhere/diff")
            try WholeFile.replace(root + "/store/content/ingest/new-1-1", with: [1])
            let reopened = try ImageStore(root: root + "/store")
            #expect(try Files.list(root + "/store/tmp").isEmpty)
            #expect(try Files.list(root + "/store/content/ingest").isEmpty)
            #expect(try Files.list(root + "/store/layers").count == 2)
            #expect(try Files.list(root + "/store/l").count == 2)
            #expect(try reopened.image("sample:one").id == Self.sample.id)
        }
    }

    @discardableResult
    private func withStore<Result>(_ body: (ImageStore, String) async throws -> Result) async throws -> Result {
        try await withScratchDirectory { root in try await body(try ImageStore(root: root + "/store"), root) }
    }

    private func collect(_ pipe: ChunkPipe) async throws -> [UInt8] {
        var bytes: [UInt8] = []
        for try await chunk in pipe { bytes += chunk }
        return bytes
    }
}

/// Bytes as a stream of chunks.
struct Chunks: AsyncSequence, Sendable {
    typealias Element = [UInt8]
    let bytes: [UInt8]
    let size: Int

    init(_ bytes: [UInt8], _ size: Int = 64 << 10) {
        self.bytes = bytes
        self.size = size
    }

    struct Iterator: AsyncIteratorProtocol {
        var rest: ArraySlice<UInt8>
        let size: Int

        mutating func next() async throws -> [UInt8]? {
            guard !rest.isEmpty else { return nil }
            defer { rest = rest.dropFirst(size) }
            return Array(rest.prefix(size))
        }
    }

    func makeAsyncIterator() -> Iterator { Iterator(rest: bytes[...], size: size) }
}
