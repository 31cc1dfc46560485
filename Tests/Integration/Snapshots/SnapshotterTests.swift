import Archives
import ContentStore
import Glibc
import ImageSpec
import Lanes
import LinuxKernel
import Snapshots
import TestSupport
import Testing

/// What every snapshotter must do; a new driver calls each of these.
struct SnapshotterConformance<Driver: Snapshotter> {
    /// What the data root lies on.
    var disk = Disk.plain
    let make: (LayerStore) throws -> Driver

    static var base: [UInt8] {
        HandmadeArchive.of { layer in
            layer.directory("etc/", mode: 0o755)
            layer.file("etc/hosts-of-image", "image")
            layer.file("etc/passwd", "root")
            layer.directory("var/")
            layer.directory("var/lib/")
            layer.file("var/lib/data", "data")
            layer.link("link", to: "etc/passwd")
        }
    }

    func with(_ body: (Driver, ImageStore, Image, String) async throws -> Void) async throws {
        try await disk.with { root in
            let store = try ImageStore(root: root + "/store")
            let upper = HandmadeArchive.of { layer in
                layer.file("etc/second", "2")
                layer.file("var/lib/.wh.data", "")
            }
            let sample = SampleImage(names: ["sample"], layers: [Self.base, upper])
            _ = try await store.load(Chunks(SampleImage.dockerArchive([sample])))
            try await body(try make(store.layers), store, try store.image("sample"), root + "/store")
        }
    }

    func showsTheImage() async throws {
        try await with { driver, _, image, _ in
            _ = try driver.prepare("one", from: image.top, options: SnapshotOptions())
            let seen = try driver.withRoot(of: "one", writable: true) { (tree) throws(ArchiveError) in
                try paths(of: tree)
            }
            #expect(seen == ["etc", "etc/hosts-of-image", "etc/passwd", "etc/second", "link", "var", "var/lib"])
        }
    }

    func keepsWhatWasWritten() async throws {
        try await with { driver, store, image, _ in
            _ = try driver.prepare("one", from: image.top, options: SnapshotOptions())
            _ = try driver.prepare("two", from: image.top, options: SnapshotOptions())
            #expect(throws: SnapshotError.exists("one")) {
                try driver.prepare("one", from: image.top, options: SnapshotOptions())
            }
            try write(driver, "one") { tar in
                tar.file("etc/passwd", "changed")
                tar.file("new/file", "new")
            }
            #expect(try read(driver, "one", "/etc/passwd") == "changed")
            #expect(try read(driver, "two", "/etc/passwd") == "root")
            let again = try make(store.layers)
            #expect(try again.ids() == ["one", "two"])
            #expect(try again.mount("one") == driver.mount("one"))
            #expect(try read(again, "one", "/new/file") == "new")
            #expect(try again.usage(of: "one").inodes >= 3)
        }
    }

    func tellsWhatChanged() async throws {
        try await with { driver, _, image, _ in
            _ = try driver.prepare("one", from: image.top, options: SnapshotOptions())
            #expect(try driver.changes(of: "one").isEmpty)
            try write(driver, "one") { tar in
                tar.file("etc/passwd", "changed")
                tar.file("new/file", "new")
            }
            try remove(driver, "one", "link")
            try remove(driver, "one", "var/lib")
            #expect(
                try driver.changes(of: "one").map { "\("CAD".map { String($0) }[$0.kind.rawValue]) \($0.path)" }
                    == ["C /etc", "C /etc/passwd", "D /link", "A /new", "A /new/file", "C /var", "D /var/lib"])
        }
    }

    func becomesALayer() async throws {
        try await with { driver, store, image, _ in
            _ = try driver.prepare("one", from: image.top, options: SnapshotOptions())
            try write(driver, "one") { tar in
                tar.file("etc/passwd", "changed")
                tar.file("new/file", "new")
            }
            try remove(driver, "one", "link")
            var recipe = ImageRecipe()
            recipe.parent = image.id
            recipe.reference = try ImageReference(parsing: "committed")
            recipe.comment = "why"
            let id = try await store.commit("one", of: driver, recipe)
            let committed = try store.image("committed")
            #expect(committed.id == id && committed.parent == image.id && committed.layers.count == 3)
            #expect(committed.config.config?.cmd == ["sh"])
            _ = try driver.prepare("two", from: committed.top, options: SnapshotOptions())
            #expect(try read(driver, "two", "/etc/passwd") == "changed")
            #expect(try read(driver, "two", "/new/file") == "new")
            #expect(throws: (any Error).self) { try read(driver, "two", "/link") }
            let (first, second) = (ArraySink(), ArraySink())
            try driver.writeLayer(of: "one", to: first)
            try driver.writeLayer(of: "one", to: second)
            let isSame = first.bytes == second.bytes
            #expect(isSame, "a layer is written the same way each time")
            await #expect(throws: ImageError.self) { try await store.remove(image.id.short) }
        }
    }

    func keepsItsLayers() async throws {
        try await with { driver, store, image, _ in
            _ = try driver.prepare("one", from: image.top, options: SnapshotOptions())
            let use = ImageUse(image: image.id, container: "one", isRunning: false)
            await #expect(throws: ImageError.self) { try await store.remove("sample", uses: [use]) }
            let removed = try await store.remove("sample", force: true, uses: [use])
            #expect(removed.last == .deleted(image.id))
            #expect(try read(driver, "one", "/etc/passwd") == "root")
            try driver.remove("one")
            try driver.remove("one")
            try store.collectNow()
            #expect(!store.layers.contains(try #require(image.top)))
            #expect(throws: SnapshotError.self) {
                try driver.prepare("late", from: image.top, options: SnapshotOptions())
            }
            #expect(try driver.ids().isEmpty)
        }
    }

    func startsFromNothing() async throws {
        try await with { driver, _, _, _ in
            _ = try driver.prepare("empty", from: nil, options: SnapshotOptions(isVolatile: true))
            try write(driver, "empty") { $0.file("only", "x") }
            #expect(try read(driver, "empty", "/only") == "x")
            #expect(try driver.changes(of: "empty") == [SnapshotChange(path: "/only", kind: .added)])
        }
    }

    func isMountedAgain() async throws {
        try await with { driver, _, image, _ in
            for (id, isVolatile) in [("kept", false), ("passing", true)] {
                _ = try driver.prepare(id, from: image.top, options: SnapshotOptions(isVolatile: isVolatile))
                for round in 0..<3 { try write(driver, id) { $0.file("round", "\(round)") } }
                #expect(try read(driver, id, "/round") == "2")
            }
        }
    }

    func leavesNoMount() async throws {
        try await with { driver, _, image, root in
            _ = try driver.prepare("one", from: image.top, options: SnapshotOptions())
            _ = try driver.withRoot(of: "one", writable: true) { (tree) throws(ArchiveError) in try paths(of: tree) }
            let mounts = String(decoding: try WholeFile.read("/proc/self/mountinfo"), as: UTF8.self)
            #expect(!mounts.contains(root))
        }
    }

    // MARK: looking inside

    private func write(_ driver: Driver, _ id: String, _ files: (inout HandmadeArchive) -> Void) throws {
        let bytes = HandmadeArchive.of(files)
        try driver.withRoot(of: id, writable: true) { (tree) throws(ArchiveError) in
            try ContainerFiles(root: tree).extract(ArraySource(bytes), into: "/", CopyOptions())
        }
    }

    private func remove(_ driver: Driver, _ id: String, _ path: String) throws {
        try driver.withRoot(of: id, writable: true) { (tree) throws(ArchiveError) in
            do throws(SyscallError) {
                try Tree.remove(Array(path.utf8), at: tree.root.raw)
            } catch {
                throw .kernel(error)
            }
        }
    }

    private func read(_ driver: Driver, _ id: String, _ path: String) throws -> String {
        try driver.withRoot(of: id, writable: false) { (tree) throws(ArchiveError) in
            let sink = ArraySink()
            try ContainerFiles(root: tree).archive(path, to: sink)
            let reader = try TarReader(ArraySource(sink.bytes))
            guard let entry = try reader.nextEntry() else { return "" }
            return String(decoding: try reader.body(of: entry).readAll(), as: UTF8.self)
        }
    }
}

private func paths(of tree: Tree) throws(ArchiveError) -> [String] {
    let sink = ArraySink()
    try TreeArchiver(to: sink).archive(tree)
    let reader = try TarReader(ArraySource(sink.bytes))
    var paths: [String] = []
    while let entry = try reader.nextEntry() { paths.append(try EntryPath(entry.path).description) }
    return paths
}

@Suite("Copying snapshotter", .needs(.root))
struct CopySnapshotterTests {
    private let conformance = SnapshotterConformance { try CopySnapshotter(layers: $0) }

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

    @Test("looking inside leaves no mount behind") func mounts() async throws {
        try await conformance.leavesNoMount()
    }

    @Test("in a user namespace files are copied with their owners' numbers outside, and a layer has those inside")
    func userNamespace() async throws {
        try await conformance.with { driver, _, image, _ in
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
}

@Suite("Snapshotter of btrfs", .needs(.root, .tool("mkfs.btrfs")))
struct BtrfsSnapshotterTests {
    private let conformance = SnapshotterConformance(disk: .btrfs) { try BtrfsSnapshotter(layers: $0) }

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

    @Test("looking inside leaves no mount behind") func mounts() async throws {
        try await conformance.leavesNoMount()
    }

    @Test("an image is put together once, and goes with its layers; snapshots go with what was made inside")
    func subvolumes() async throws {
        try await conformance.with { driver, store, image, root in
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
