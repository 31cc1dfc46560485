import Archives
import ContentStore
import Glibc
import ImageSpec
import Lanes
import LinuxKernel
import Snapshots
import TestSupport
import Testing

@Suite("Overlay snapshotter", .needs(.root))
struct OverlaySnapshotterTests {
    private let conformance = SnapshotterConformance { try OverlaySnapshotter(layers: $0) }

    @Test("a snapshot shows the image's layers as one tree") func shows() async throws {
        try await conformance.showsTheImage()
    }

    @Test("what is written stays in its snapshot, also after a restart") func keeps() async throws {
        try await conformance.keepsWhatWasWritten()
    }

    @Test("changes are told as docker diff tells them") func changes() async throws {
        try await conformance.tellsWhatChanged()
    }

    @Test("a snapshot becomes a layer of a new image") func layer() async throws {
        try await conformance.becomesALayer()
    }

    @Test("a snapshot keeps its layers when the image goes") func layers() async throws {
        try await conformance.keepsItsLayers()
    }

    @Test("a snapshot can start from nothing") func empty() async throws {
        try await conformance.startsFromNothing()
    }

    @Test("a snapshot can be mounted again and again") func again() async throws {
        try await conformance.isMountedAgain()
    }

    @Test("a volatile mount can follow another in one boot")
    func volatile() async throws {
        try await conformance.with { driver, _, image, root in
            _ = try driver.prepare("one", from: image.top, options: SnapshotOptions(isVolatile: true))
            for _ in 0..<3 {
                let mount = try driver.mount("one")
                #expect(mount.options.contains("volatile"))
                try DedicatedThread.runBlocking { () throws(SyscallError) in
                    try Namespaces.unshare(.mount)
                    try Mounts.setPropagation(.private, of: "/", recursive: true)
                    try Mounts.mount(
                        "overlay", on: root + "/empty", type: "overlay",
                        data: mount.joinedOptions.joined(separator: ","))
                    try WholeFile.replace(root + "/empty/file", with: [1])
                }
            }
        }
    }

    @Test("looking inside leaves no mount behind") func mounts() async throws {
        try await conformance.leavesNoMount()
    }

    @Test("what the runtime made to mount on is no change, and goes into no layer")
    func mountPoints() async throws {
        try await conformance.with { driver, _, image, root in
            _ = try driver.prepare("one", from: image.top, options: SnapshotOptions())
            try driver.withRoot(of: "one", writable: true) { (tree) throws(ArchiveError) in
                let bytes = HandmadeArchive.of { tar in
                    tar.directory("proc/")
                    tar.directory("dev/pts/")
                    tar.file("dev/console", "")
                    tar.file("etc/hosts", "")
                    tar.file("etc/resolv.conf", "")
                    tar.file(".dockerenv", "")
                    tar.directory("volume/")
                }
                try ContainerFiles(root: tree).extract(ArraySource(bytes), into: "/", CopyOptions())
            }
            #expect(try driver.changes(of: "one") == [SnapshotChange(path: "/volume", kind: .added)])
            let sink = ArraySink()
            try driver.writeLayer(of: "one", to: sink)
            let reader = try TarReader(ArraySource(sink.bytes))
            #expect(try reader.nextEntry()?.name == "volume/")
            #expect(try reader.nextEntry() == nil)
        }
    }

    @Test("120 layers fit into the options of one mount", .needs(.root))
    func manyLayers() async throws {
        try await withScratchDirectory { root in
            let store = try ImageStore(root: root + "/store")
            let layers = (0..<120).map { number in HandmadeArchive.of { $0.file("file\(number)", "\(number)") } }
            _ = try await store.load(Chunks(SampleImage.dockerArchive([SampleImage(names: ["many"], layers: layers)])))
            let driver = try OverlaySnapshotter(layers: store.layers)
            let mount = try driver.prepare("one", from: try store.image("many").top, options: SnapshotOptions())
            #expect(mount.lower.count == 120)
            #expect(mount.relativeOptions.joined(separator: ",").utf8.count <= SnapshotMount.longestData)
            let seen = try driver.withRoot(of: "one", writable: true) { (tree) throws(ArchiveError) in
                try paths(of: tree).count
            }
            #expect(seen == 120)
        }
    }

    @Test("a user namespace sees the layers' files as its own")
    func userNamespace() async throws {
        try await conformance.with { driver, store, image, _ in
            // Linux 5.12 and a file system that takes part; tmpfs does since 6.3.
            guard driver.canMapIDs() else { return }
            let range = [SnapshotMount.IDRange(container: 0, host: 100_000, count: 65536)]
            let map = SnapshotMount.IDMap(users: range, groups: range)
            _ = try driver.prepare("one", from: image.top, options: SnapshotOptions(idMap: map))
            let seen = try driver.withRoot(of: "one", writable: true) { (tree) throws(ArchiveError) in
                let sink = ArraySink()
                try TreeArchiver(to: sink).archive(tree, includingRoot: true)
                let reader = try TarReader(ArraySource(sink.bytes))
                var owners: Set<UInt32> = []
                while let entry = try reader.nextEntry() { owners.insert(entry.owner) }
                return owners
            }
            #expect(seen == [100_000])
            #expect(try make(driver, store).mount("one").idMap == map)
            let owners = try #require(driver.ownerMap(of: "one"))
            try driver.withRoot(of: "one", writable: true) { (tree) throws(ArchiveError) in
                let bytes = HandmadeArchive.of { $0.file("mine", "x") }
                var options = ExtractionOptions.plain
                options.ownership = .fixed(owner: 7, group: 7)
                options.ownerMap = owners
                _ = try TreeExtractor.extract(ArraySource(bytes), into: tree, options: options)
                options.ownership = .fixed(owner: 70_000, group: 0)
                #expect(throws: ArchiveError.self) {
                    try TreeExtractor.extract(ArraySource(bytes), into: tree, options: options)
                }
            }
            let sink = ArraySink()
            try driver.writeLayer(of: "one", to: sink)
            #expect(try TarReader(ArraySource(sink.bytes)).nextEntry()?.owner == 7)
            let exported = try driver.withRoot(of: "one", writable: false) { (tree) throws(ArchiveError) in
                let sink = ArraySink()
                var options = ArchivingOptions()
                options.owners = owners.inside
                try TreeArchiver(to: sink, options: options).archive(tree)
                let reader = try TarReader(ArraySource(sink.bytes))
                var found: [String: UInt32] = [:]
                while let entry = try reader.nextEntry() { found[entry.name] = entry.owner }
                return found
            }
            #expect(exported["mine"] == 7 && exported["etc/passwd"] == 0)
        }
    }

    @Test("the mount value has a form for each way of mounting")
    func forms() {
        let mount = SnapshotMount(
            root: "/data", lower: ["l/aa", "l/bb"], upper: "rw/upper", work: "rw/work",
            options: ["index=off", "volatile"])
        #expect(
            mount.joinedOptions
                == [
                    "lowerdir=/data/l/aa:/data/l/bb", "upperdir=/data/rw/upper", "workdir=/data/rw/work", "index=off",
                    "volatile",
                ])
        #expect(mount.relativeOptions.first == "lowerdir=l/aa:l/bb")
        #expect(
            mount.appendedOptions.map { "\($0.key)=\($0.value ?? "-")" }
                == [
                    "lowerdir+=/data/l/aa", "lowerdir+=/data/l/bb", "upperdir=/data/rw/upper", "workdir=/data/rw/work",
                    "index=off", "volatile=-",
                ])
    }

    private func make(_ driver: OverlaySnapshotter, _ store: ImageStore) throws -> OverlaySnapshotter {
        try OverlaySnapshotter(layers: store.layers)
    }
}

@Suite("Overlay with copies for user namespaces", .needs(.root))
struct LayeredSnapshotterTests {
    private let conformance = SnapshotterConformance {
        try LayeredSnapshotter(layers: $0, mapsOwners: { false })
    }

    @Test("changes are told as docker diff tells them") func changes() async throws {
        try await conformance.tellsWhatChanged()
    }

    @Test("where owners cannot be mapped a container in a user namespace has a copy; others have overlays")
    func fallsBack() async throws {
        try await conformance.with { driver, store, image, _ in
            let range = [SnapshotMount.IDRange(container: 0, host: 100_000, count: 65536)]
            let options = SnapshotOptions(idMap: SnapshotMount.IDMap(users: range, groups: range))
            let mapped = try driver.prepare("mapped", from: image.top, options: options)
            #expect(mapped.kind == .bind)
            #expect(try Files.status(mapped.source + "/etc/passwd").owner == 100_000)
            #expect(driver.remark(on: "mapped")?.contains("copy") == true)
            #expect(try driver.prepare("plain", from: image.top, options: SnapshotOptions()).kind == .overlay)
            #expect(driver.remark(on: "plain") == nil)
            #expect(try driver.ids().sorted() == ["mapped", "plain"])
            #expect(try driver.usage(of: "mapped").inodes > driver.usage(of: "plain").inodes)
            // Another life, in which the kernel can: what is a copy stays one.
            let later = try LayeredSnapshotter(layers: store.layers, mapsOwners: { true })
            #expect(try later.mount("mapped") == mapped)
            #expect(try later.prepare("third", from: image.top, options: options).kind == .overlay)
            for id in ["mapped", "plain", "third"] { try later.remove(id) }
            #expect(try later.ids() == [])
        }
    }
}
