import DiskQuota
import Glibc
import LinuxKernel
import TestSupport
import Testing
import Units
import Volumes

/// What every quota driver must do, whatever the kernel's way.
struct DriverConformance {
    let driver: any QuotaDriver
    let root: String

    init(_ disk: Disk, _ root: String) throws {
        self.root = root
        let choice = QuotaChoice.make(for: root, templates: "\(root)/templates", maker: MkfsProgram())
        driver = try #require(choice.driver, "\(choice.reason)")
        #expect(driver.name == disk.driver)
    }

    private func space(_ id: UInt32) -> QuotaSpace { QuotaSpace(id: 1 << 24 + id, path: "\(root)/space\(id)") }

    /// Runs a shell's words without CAP_SYS_RESOURCE, with which ext4 lets a process pass its limits: as containers are.
    private func unprivileged(_ script: String) async throws -> CommandResult {
        try await run(["setpriv", "--bounding-set", "-sys_resource", "sh", "-c", script])
    }

    /// Writes so many bytes, or until the kernel refuses: what it took, and whether that was all.
    func fill(_ path: String, most: Int) async throws -> (bytes: Int64, fits: Bool) {
        let result = try await unprivileged(
            "exec dd if=/dev/zero of=\(path) bs=64k count=\(most >> 16) conv=fsync 2>&1")
        if result.status != 0 {
            let said = result.output.lowercased()
            #expect(said.contains("no space left") || said.contains("quota exceeded"), "\(result)")
        }
        return ((try? Files.status(path).size) ?? 0, result.status == 0)
    }

    func everything() async throws {
        try await limitHolds()
        try await limitGrows()
        try await spacesAreApart()
        if driver.abilities.inodes { try await filesAreCounted() }
        try removalLeavesNothing()
    }

    private func limitHolds() async throws {
        let space = space(1)
        try driver.make(space, limit: QuotaLimit(bytes: .mebibytes(16)))
        try driver.settle(space)
        try driver.attach(space)
        let filled = try await fill("\(space.content)/big", most: 32 << 20)
        #expect(!filled.fits, "\(filled)")
        #expect(filled.bytes <= 16 << 20 && filled.bytes > 12 << 20, "\(filled)")
        try settleDisk()
        let usage = try driver.usage(space)
        #expect(usage.limit.bytes == .mebibytes(16))
        #expect(usage.bytes <= 16 << 20 && usage.bytes > 12 << 20, "\(usage)")
    }

    /// CAP_SYS_RESOURCE, without which ext4 lets nobody grow it while it is mounted.
    private var mayGrow: Bool {
        let status = (try? WholeFile.read("/proc/self/status")).map { String(decoding: $0, as: UTF8.self) } ?? ""
        let line = status.split(separator: "\n").first { $0.hasPrefix("CapEff:") }
        let bits = line.flatMap { $0.split(separator: "\t").last }.flatMap { UInt64($0, radix: 16) } ?? 0
        return bits >> 24 & 1 == 1
    }

    private func limitGrows() async throws {
        let space = space(1)
        let isIdle = driver.name == "loop" && !mayGrow
        if isIdle {
            #expect(throws: QuotaError.self) {
                try driver.change(space, to: QuotaLimit(bytes: .mebibytes(40)), isIdle: false)
            }
        }
        try driver.change(space, to: QuotaLimit(bytes: .mebibytes(40)), isIdle: isIdle)
        #expect(try driver.usage(space).limit.bytes == .mebibytes(40))
        let filled = try await fill("\(space.content)/more", most: 18 << 20)
        #expect(filled.fits, "\(filled)")
        // Smaller, as long as it fits.
        _ = try Files.remove("\(space.content)/more")
        sync()
        try driver.change(space, to: QuotaLimit(bytes: .mebibytes(24)), isIdle: true)
        #expect(try driver.usage(space).limit.bytes == .mebibytes(24))
        #expect(try await !fill("\(space.content)/more", most: 18 << 20).fits)
        // Less than what is written already is refused, by whatever driver.
        #expect(throws: QuotaError.self) {
            try driver.change(space, to: QuotaLimit(bytes: .mebibytes(2)), isIdle: true)
        }
    }

    private func spacesAreApart() async throws {
        let other = space(2)
        try driver.make(other, limit: QuotaLimit(bytes: .mebibytes(4)))
        let filled = try await fill("\(other.content)/big", most: 8 << 20)
        #expect(!filled.fits && filled.bytes <= 4 << 20, "\(filled)")
        // Making it again replaces what was there.
        try driver.make(other, limit: QuotaLimit(bytes: .mebibytes(4)))
        #expect(try Files.list(other.content).filter { $0 != "lost+found" } == [])
        try driver.remove(other)
        try driver.remove(other)
    }

    private func filesAreCounted() async throws {
        let space = space(3)
        try driver.make(space, limit: QuotaLimit(bytes: .mebibytes(8), inodes: 64))
        let script =
            "cd \(space.content); i=0; while [ $i -lt 300 ] && (: > f$i) 2>/dev/null; do i=$((i+1)); done; echo $i"
        let made = try await Int(unprivileged(script).trimmed) ?? 0
        #expect(made >= 60 && made < 200, "\(made) files")
        try driver.remove(space)
    }

    private func removalLeavesNothing() throws {
        try driver.remove(space(1))
        #expect(!Files.exists(space(1).path))
        #expect(mounts(below: root).isEmpty)
        #expect(loopDevices(below: root).isEmpty)
    }

    private func settleDisk() throws { sync() }
}

@Suite("quota drivers", .needs(.root, .tool("mkfs.btrfs")), .serialized)
struct QuotaDriverTests {
    @Test("a driver limits, grows, keeps spaces apart and leaves nothing", arguments: [Disk.plain, .btrfs])
    func conformance(disk: Disk) async throws {
        try await disk.with { try await DriverConformance(disk, $0).everything() }
    }

    @Test("the loop driver finds the device that a file has already, and what is mounted")
    func attachesOnce() async throws {
        try await withScratchDirectory { folder in
            let driver = LoopQuota(templates: "\(folder)/templates", maker: MkfsProgram())
            let space = QuotaSpace(id: 1, path: "\(folder)/data")
            try driver.make(space, limit: QuotaLimit(bytes: .mebibytes(4)))
            try WholeFile.replace("\(space.content)/kept", with: [1])
            try driver.attach(space)
            #expect(mounts(below: folder).count == 1)
            // Held open elsewhere: the filesystem lives on, a second device for its file would ruin it.
            let held = try Mounts.copyTree(space.content)
            try Mounts.unmount(space.content)
            try driver.attach(space)
            #expect(loopDevices(below: folder).count == 1)
            #expect(try WholeFile.read("\(space.content)/kept") == [1])
            _ = held.raw
            try driver.remove(space)
        }
        // What is held by nobody is bound to nothing.
    }
}
