import Archives
import ContentStore
import Glibc
import ImageSpec
import Lanes
import LinuxKernel
import Snapshots
import TestSupport
import Testing

@Suite("Image store after kill -9", .needs(.root))
struct ImageStoreCrashTests {
    @Test("whatever was acknowledged is there, and nothing half made is visible", arguments: UInt64(0)..<25)
    func killed(seed: UInt64) async throws {
        try await withScratchDirectory { root in
            try Files.makeDirectory(root + "/acknowledged", mode: 0o700)
            for round in 0..<4 {
                await #expect(processExitsWith: .signal(SIGKILL)) {
                    [root = root as String, seed = seed &* 10 &+ UInt64(round) as UInt64] in
                    try await workUntilKilled(in: root, seed: seed)
                }
                try await inspect(root, seed)
            }
        }
    }

    private func inspect(_ root: String, _ seed: UInt64) async throws {
        let store = try ImageStore(root: root + "/store")
        let snapshots = try OverlaySnapshotter(layers: store.layers)
        try store.collectNow()
        #expect(store.broken.isEmpty, "seed \(seed)")
        #expect(try await store.check().isEmpty, "seed \(seed)")
        #expect(try Files.list(root + "/store/tmp").isEmpty, "seed \(seed)")
        #expect(try Files.list(root + "/store/content/ingest").isEmpty, "seed \(seed)")
        // What is still being written under another name was not said yet.
        for name in try Files.list(root + "/acknowledged") where !name.hasSuffix(".new") {
            #expect(throws: Never.self, "seed \(seed): \(name)") { try store.image(name + ":1") }
        }
        // Every layer is whole, of images and of containers whose image is gone: one can look into them.
        let containers = try snapshots.ids()
        for image in store.all {
            _ = try snapshots.prepare("look-\(image.id.short)", from: image.top, options: SnapshotOptions())
        }
        for id in try snapshots.ids() {
            let count = try snapshots.withRoot(of: id, writable: false) { (tree) throws(ArchiveError) in
                try TreeItem.all(in: tree.root).count
            }
            // A copy into a container that was killed may have taken the old file away and not yet written the new one.
            #expect(count == 51 || count == 50 && !id.hasPrefix("look-"), "seed \(seed): \(id)")
            try snapshots.remove(id)
        }
        try store.collectNow()
        let needed = Set(store.all.flatMap(\.chain).map(\.hex))
        #expect(Set(try Files.list(root + "/store/layers")) == needed, "seed \(seed): \(containers)")
        #expect(Set(try store.content.digests()) == Set(store.all.flatMap { blobs(of: $0) }), "seed \(seed)")
    }

    private func blobs(of image: Image) -> [Digest] {
        [image.id, image.manifest.digest] + image.layers.map(\.blob.digest)
    }
}

/// Loads, commits, collects and removes images until it is killed at a random moment; says on disk what was acknowledged.
private func workUntilKilled(in root: String, seed: UInt64) async throws {
    var random = SplitMix64(seed: seed)
    let moment = UInt32.random(in: 2_000...150_000, using: &random)
    Lanes.shared.start {
        usleep(moment)
        kill(getpid(), SIGKILL)
    }
    let store = try ImageStore(root: root + "/store")
    let snapshots = try OverlaySnapshotter(layers: store.layers)
    // Collecting goes on beside everything else.
    Lanes.shared.start { while true { _ = try? store.collectNow() } }
    var number = Int(seed) * 1000
    while true {
        number += 1
        let name = "image\(number)"
        let layers = (0..<2).map { layer in
            HandmadeArchive.of { archive in
                for file in 0..<50 { archive.file("f\(file)", "\(number) \(layer)") }
                archive.file("shared", "the same")
            }
        }
        _ = try await store.load(Chunks(SampleImage.dockerArchive([SampleImage(names: ["\(name):1"], layers: layers)])))
        try WholeFile.replace(root + "/acknowledged/" + name, with: [])
        let image = try store.image(name + ":1")
        _ = try snapshots.prepare(name, from: image.top, options: SnapshotOptions())
        if number % 4 == 1 {
            let bytes = HandmadeArchive.of { $0.file("f0", "changed") }
            try snapshots.withRoot(of: name, writable: true) { (tree) throws(ArchiveError) in
                try ContainerFiles(root: tree).extract(ArraySource(bytes), into: "/", CopyOptions())
            }
            var recipe = ImageRecipe()
            recipe.parent = image.id
            recipe.reference = try ImageReference(parsing: "made-\(name):1")
            _ = try await store.commit(name, of: snapshots, recipe)
            try WholeFile.replace(root + "/acknowledged/made-" + name, with: [])
        }
        if number % 3 == 0 {
            try Files.remove(root + "/acknowledged/" + name)
            _ = try await store.remove(name + ":1", force: true)
        }
        if number % 2 == 0 { try snapshots.remove(name) }
    }
}
