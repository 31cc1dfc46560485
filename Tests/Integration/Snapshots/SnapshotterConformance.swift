import Archives
import ContentStore
import Glibc
import ImageSpec
import Lanes
import LinuxKernel
import Snapshots
import TestSupport
import Testing

/// The checks of ``SnapshotterConformance``, whichever driver they are of.
protocol SnapshotterChecks {
    func showsTheImage() async throws
    func keepsWhatWasWritten() async throws
    func tellsWhatChanged() async throws
    func becomesALayer() async throws
    func keepsItsLayers() async throws
    func startsFromNothing() async throws
    func isMountedAgain() async throws
    func leavesNoMount() async throws
}

/// What every snapshotter must do; a driver's suite calls each of these.
struct SnapshotterConformance<Driver: Snapshotter>: SnapshotterChecks {
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

func paths(of tree: Tree) throws(ArchiveError) -> [String] {
    let sink = ArraySink()
    try TreeArchiver(to: sink).archive(tree)
    let reader = try TarReader(ArraySource(sink.bytes))
    var paths: [String] = []
    while let entry = try reader.nextEntry() { paths.append(try EntryPath(entry.path).description) }
    return paths
}
