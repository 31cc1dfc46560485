import LinuxKernel
import TestSupport
import Testing

/// `pouch update --disk-quota`, on containers that run and that do not.
@Suite("disk quota, updated", .needs(.root, .tool("mkfs.btrfs")), .serialized)
struct QuotaUpdateTests {
    private static let write =
        "dd if=/dev/zero of=/more bs=1M count=24 conv=fsync 2>/dev/null && echo fits || echo full"

    @Test("a stopped container gets its first limit, with what it has written", arguments: [Disk.plain, .btrfs])
    func firstLimit(disk: Disk) async throws {
        try await DiskQuotaTests.quotaDaemon(disk) { daemon in
            let script =
                "if [ -e /kept ]; then cat /kept /link; ls -l /bin/ls 2>&1 | grep -c No; \(Self.write); else "
                + "echo kept > /kept; ln /kept /link; chown 5:6 /kept; rm -f /bin/ls; fi"
            _ = try await daemon.pouch(["run", "--name", "cc", "--network", "none", "busybox", "sh", "-c", script])
            let before = try await daemon.pouch(["diff", "cc"]).output
            let updated = try await daemon.pouch(["update", "--disk-quota", "/=20m", "cc"])
            #expect(updated.status == 0, "\(updated)")
            #expect(try await daemon.pouch(["diff", "cc"]).output == before)
            let again = try await daemon.pouch(["start", "-a", "cc"])
            #expect(again.output.hasPrefix("kept\nkept\n") && again.output.hasSuffix("full\n"), "\(again)")
            let larger = try await daemon.pouch(["update", "--disk-quota", "/=60m", "cc"])
            #expect(larger.status == 0, "\(larger)")
            #expect(try await daemon.pouch(["start", "-a", "cc"]).output.hasSuffix("fits\n"))
            // Less than is written does not fit, and changes nothing.
            let small = try await daemon.pouch(["update", "--disk-quota", "/=2m", "cc"])
            #expect(small.status != 0 && small.errors.contains("written already"), "\(small)")
            #expect(try await daemon.pouch(["start", "-a", "cc"]).output.hasSuffix("fits\n"))
        }
    }

    @Test("a running container's limit changes as far as the driver can, else it is refused by name")
    func running() async throws {
        try await DiskQuotaTests.quotaDaemon(.btrfs) { daemon in
            let run = ["run", "-d", "--network", "none"]
            _ = try await daemon.pouch(run + ["--name", "cc", "--disk-quota", "20m", "busybox", "sleep", "600"])
            #expect(try await daemon.pouch(["exec", "cc", "sh", "-c", Self.write]).output == "full\n")
            let updated = try await daemon.pouch(["update", "--disk-quota", "60m", "cc"])
            #expect(updated.status == 0, "\(updated)")
            #expect(try await daemon.pouch(["exec", "cc", "sh", "-c", Self.write]).output == "fits\n")
            _ = try await daemon.pouch(run + ["--name", "free", "busybox", "sleep", "600"])
            let refused = try await daemon.pouch(["update", "--disk-quota", "60m", "free"])
            #expect(refused.status != 0 && refused.errors.contains("stop it"), "\(refused)")
        }
        try await DiskQuotaTests.quotaDaemon(.plain) { daemon in
            _ = try await daemon.pouch([
                "run", "-d", "--network", "none", "--name", "cc", "--disk-quota", "20m", "busybox", "sleep", "600",
            ])
            let shrunk = try await daemon.pouch(["update", "--disk-quota", "10m", "cc"])
            #expect(shrunk.status != 0 && shrunk.errors.contains("stop the container"), "\(shrunk)")
            #expect(
                try await daemon.pouch(["exec", "cc", "sh", "-c", "df -k / | awk 'END{print $2}'"]).output == "20480\n")
        }
    }
}
