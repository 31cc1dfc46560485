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

    /// Writes until the kernel refuses; bytes that it took.
    func fill(_ path: String, most: Int) -> (bytes: Int, errno: Int32) {
        let file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        guard file >= 0 else { return (0, errno) }
        defer { close(file) }
        let chunk = [UInt8](repeating: 0x5a, count: 1 << 16)
        var written = 0
        while written < most {
            let count = write(file, chunk, chunk.count)
            if count < 0 { return (written, errno) }
            written += count
            // btrfs counts what has reached the disk, or is reserved for it.
        }
        return fsync(file) < 0 ? (written, errno) : (written, 0)
    }

    func everything() throws {
        try limitHolds()
        try limitGrows()
        try spacesAreApart()
        if driver.abilities.inodes { try filesAreCounted() }
        try removalLeavesNothing()
    }

    private func limitHolds() throws {
        let space = space(1)
        try driver.make(space, limit: QuotaLimit(bytes: .mebibytes(16)))
        try driver.settle(space)
        try driver.attach(space)
        let filled = fill("\(space.content)/big", most: 32 << 20)
        #expect(filled.errno == ENOSPC || filled.errno == EDQUOT, "\(filled)")
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

    private func limitGrows() throws {
        let space = space(1)
        let isIdle = driver.name == "loop" && !mayGrow
        if isIdle {
            #expect(throws: QuotaError.self) {
                try driver.change(space, to: QuotaLimit(bytes: .mebibytes(40)), isIdle: false)
            }
        }
        try driver.change(space, to: QuotaLimit(bytes: .mebibytes(40)), isIdle: isIdle)
        #expect(try driver.usage(space).limit.bytes == .mebibytes(40))
        let filled = fill("\(space.content)/more", most: 18 << 20)
        #expect(filled.errno == 0, "\(filled)")
        // Smaller, as long as it fits.
        _ = try Files.remove("\(space.content)/more")
        sync()
        try driver.change(space, to: QuotaLimit(bytes: .mebibytes(24)), isIdle: true)
        #expect(try driver.usage(space).limit.bytes == .mebibytes(24))
        #expect(fill("\(space.content)/more", most: 18 << 20).errno != 0)
        // Less than what is written already is refused, by whatever driver.
        #expect(throws: QuotaError.self) {
            try driver.change(space, to: QuotaLimit(bytes: .mebibytes(2)), isIdle: true)
        }
    }

    private func spacesAreApart() throws {
        let other = space(2)
        try driver.make(other, limit: QuotaLimit(bytes: .mebibytes(4)))
        let filled = fill("\(other.content)/big", most: 8 << 20)
        #expect(filled.errno != 0 && filled.bytes <= 4 << 20, "\(filled)")
        // Making it again replaces what was there.
        try driver.make(other, limit: QuotaLimit(bytes: .mebibytes(4)))
        #expect(try Files.list(other.content).filter { $0 != "lost+found" } == [])
        try driver.remove(other)
        try driver.remove(other)
    }

    private func filesAreCounted() throws {
        let space = space(3)
        try driver.make(space, limit: QuotaLimit(bytes: .mebibytes(8), inodes: 64))
        var made = 0
        while made < 2000, let file = try? Descriptor.open("\(space.content)/f\(made)", O_WRONLY | O_CREAT, mode: 0o644)
        {
            _ = file.raw
            made += 1
        }
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
        try await disk.with { try DriverConformance(disk, $0).everything() }
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
