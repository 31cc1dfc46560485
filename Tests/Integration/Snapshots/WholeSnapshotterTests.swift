import Archives
import ContentStore
import Glibc
import ImageSpec
import Lanes
import LinuxKernel
import Snapshots
import TestSupport
import Testing

/// Drivers whose snapshots share nothing with their layers.
@Suite("Snapshotters of whole trees", .needs(.root, .tool("mkfs.btrfs")))
struct WholeSnapshotterTests {
    static var copies: SnapshotterConformance<CopySnapshotter> {
        SnapshotterConformance { try CopySnapshotter(layers: $0) }
    }
    static var subvolumes: SnapshotterConformance<BtrfsSnapshotter> {
        SnapshotterConformance(disk: .btrfs) { try BtrfsSnapshotter(layers: $0) }
    }

    enum Kind: CaseIterable {
        case copies, subvolumes

        var checks: any SnapshotterChecks {
            switch self {
            case .copies: WholeSnapshotterTests.copies
            case .subvolumes: WholeSnapshotterTests.subvolumes
            }
        }
    }

    @Test("a snapshot shows the image's layers as one tree", arguments: Kind.allCases)
    func shows(kind: Kind) async throws {
        try await kind.checks.showsTheImage()
    }

    @Test("what is written stays in its snapshot, also after a restart", arguments: Kind.allCases)
    func keeps(kind: Kind) async throws {
        try await kind.checks.keepsWhatWasWritten()
    }

    @Test("changes are told as docker diff tells them", arguments: Kind.allCases)
    func changes(kind: Kind) async throws {
        try await kind.checks.tellsWhatChanged()
    }

    @Test("a snapshot becomes a layer of a new image", arguments: Kind.allCases)
    func layer(kind: Kind) async throws {
        try await kind.checks.becomesALayer()
    }

    @Test("a snapshot keeps its layers when the image goes", arguments: Kind.allCases)
    func layers(kind: Kind) async throws {
        try await kind.checks.keepsItsLayers()
    }

    @Test("a snapshot can start from nothing", arguments: Kind.allCases)
    func empty(kind: Kind) async throws {
        try await kind.checks.startsFromNothing()
    }

    @Test("a snapshot can be mounted again and again", arguments: Kind.allCases)
    func again(kind: Kind) async throws {
        try await kind.checks.isMountedAgain()
    }

    @Test("looking inside leaves no mount behind", arguments: Kind.allCases)
    func mounts(kind: Kind) async throws {
        try await kind.checks.leavesNoMount()
    }

    @Test("in a user namespace files are copied with their owners' numbers outside, and a layer has those inside")
    func userNamespace() async throws {
        try await Self.copies.with { driver, _, image, _ in
            let range = [SnapshotMount.IDRange(container: 0, host: 100_000, count: 65536)]
            let options = SnapshotOptions(idMap: SnapshotMount.IDMap(users: range, groups: range))
            let mount = try driver.prepare("one", from: image.top, options: options)
            #expect(mount.type == "bind" && mount.joinedOptions == ["bind"])
            #expect(try Files.status(mount.source + "/etc/passwd").owner == 100_000)
            #expect(try Files.status(mount.source + "/etc").owner == 100_000)
            #expect(try driver.changes(of: "one").isEmpty)
            let owners = try #require(driver.ownerMap(of: "one"))
            try driver.withRoot(of: "one", writable: true) { (tree) throws(ArchiveError) in
                var options = ExtractionOptions.plain
                options.ownership = .fixed(owner: 7, group: 7)
                options.ownerMap = owners
                _ = try TreeExtractor.extract(
                    ArraySource(HandmadeArchive.of { $0.file("mine", "x") }), into: tree, options: options)
            }
            let sink = ArraySink()
            try driver.writeLayer(of: "one", to: sink)
            let entry = try #require(try TarReader(ArraySource(sink.bytes)).nextEntry())
            #expect(entry.name == "mine" && entry.owner == 7)
        }
    }

    @Test("hard links, holes, devices, attributes and times are those of the image")
    func faithful() async throws {
        try await withScratchDirectory { root in
            let store = try ImageStore(root: root + "/store")
            try Files.makeDirectory(root + "/tree", mode: 0o755)
            let script = """
                set -e; cd '\(root)/tree'; echo data >one; ln one two; truncate -s 8M hole; printf x >>hole
                mknod pipe p; mknod null c 1 3; ln -s nowhere link; touch -d 2001-02-03T04:05:06.789 one
                chmod 4755 hole; tar -Scf '\(root)/layer.tar' .
                """
            let made = try await run(["/bin/sh", "-c", script])
            try #require(made.status == 0, "\(made)")
            let layer = try WholeFile.read(root + "/layer.tar")
            _ = try await store.load(
                Chunks(SampleImage.dockerArchive([SampleImage(names: ["faithful"], layers: [layer])])))
            let image = try store.image("faithful")
            let driver = try CopySnapshotter(layers: store.layers)
            let mount = try driver.prepare("one", from: image.top, options: SnapshotOptions())
            let top = try #require(image.top)
            #expect(try TreePicture.of(mount.source) == TreePicture.of(store.layers.diff(of: top)))
            #expect(try Files.status(mount.source + "/one").inode == Files.status(mount.source + "/two").inode)
            #expect(try driver.changes(of: "one").isEmpty)
            let usage = try driver.usage(of: "one")
            #expect(usage.bytes < 1 << 20, "a hole stays a hole: \(usage)")
        }
    }

    @Test("an image is put together once, and goes with its layers; snapshots go with what was made inside")
    func subvolumes() async throws {
        try await Self.subvolumes.with { driver, store, image, root in
            // The root of a subvolume has inode 256.
            func isSubvolume(_ path: String) throws -> Bool { try Files.status(path).inode == 256 }
            let one = try driver.prepare("one", from: image.top, options: SnapshotOptions())
            let images = try Files.list("\(root)/btrfs-images")
            #expect(images == [image.top?.hex ?? ""])
            // Each subvolume has a device number of its own.
            let first = try Files.status("\(root)/btrfs-images/\(images[0])").device
            let two = try driver.prepare("two", from: image.top, options: SnapshotOptions())
            #expect(try isSubvolume(one.source) && isSubvolume(two.source))
            #expect(try Files.status("\(root)/btrfs-images/\(images[0])").device == first)
            let inner = try await run(["btrfs", "subvolume", "create", "\(one.source)/inner"])
            #expect(inner.status == 0, "\(inner)")
            try driver.remove("one")
            try driver.remove("two")
            #expect(try Files.list("\(root)/containers-btrfs") == [])
            _ = try await store.remove("sample")
            _ = try store.collectNow()
            #expect(try Files.list("\(root)/btrfs-images") == [])
        }
    }

    @Test("another file system is refused by name")
    func elsewhere() async throws {
        try await withScratchDirectory { root in
            let store = try ImageStore(root: root + "/store")
            let error = #expect(throws: SnapshotError.self) { try BtrfsSnapshotter(layers: store.layers) }
            #expect(error?.description.contains("\(root)/store is not on btrfs") == true, "\(error as Any)")
        }
    }
}
