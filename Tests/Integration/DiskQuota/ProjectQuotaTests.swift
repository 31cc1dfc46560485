import DiskQuota
import Glibc
import LinuxKernel
import TestSupport
import Testing
import Units

/// Project quota, where the kernel has it: in the virtual machine.
@Suite("project quota", .enabled(if: getenv("POUCH_VM") != nil, "only the virtual machine's kernel has project quota"))
struct ProjectQuotaTests {
    @Test("a driver limits, grows, keeps spaces apart and leaves nothing", arguments: Disk.allCases)
    func conformance(disk: Disk) async throws {
        try await disk.with { try await DriverConformance(disk, $0).everything() }
    }

    @Test(
        "a folder that was there is counted with what is in it, and let go", arguments: [Disk.ext4Project, .xfsProject])
    func takesIn(disk: Disk) async throws {
        try await disk.with { folder in
            let rig = try DriverConformance(disk, folder)
            let space = QuotaSpace(id: 17_000_000, path: "\(folder)/space")
            try rig.driver.make(space, limit: QuotaLimit(bytes: .mebibytes(8)))
            _ = try await run(["mkdir", "-p", "\(folder)/old/sub"])
            #expect(try await rig.fill("\(folder)/old/sub/before", most: 4 << 20).fits)
            try rig.driver.takeIn("\(folder)/old", to: space)
            sync()
            #expect(try rig.driver.usage(space).bytes >= 4 << 20)
            #expect(try await !rig.fill("\(folder)/old/sub/after", most: 8 << 20).fits)
            try rig.driver.letGo("\(folder)/old", of: space)
            #expect(try await rig.fill("\(folder)/old/sub/free", most: 16 << 20).fits)
            try rig.driver.remove(space)
        }
    }

    @Test("a container's limit holds and df shows it", arguments: [Disk.ext4Project, .xfsProject])
    func container(disk: Disk) async throws {
        try await disk.with { folder in
            let daemon = try await Daemon.start(in: folder)
            try await daemon.importBusybox()
            let script = DiskQuotaTests.fill + "; df -k / | awk 'END{print $2}'"
            let full = try await daemon.pouch(
                ["run", "--rm", "--network", "none", "--disk-quota", "20m", "busybox", "sh", "-c", script])
            #expect(full.output.hasSuffix("\n20480\n"), "\(full)")
            #expect(full.output.contains("o space left") || full.output.contains("uota exceeded"), "\(full)")
            try await daemon.stop()
        }
    }
}
