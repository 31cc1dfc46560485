import Glibc
import LinuxKernel
import TestSupport
import Testing

@Suite("devices and their limits", .needs(.root))
struct EngineDeviceTests {
    @Test("a device of the host is mapped with the access that was given, and no other is reached")
    func mapping() async throws {
        try await withDaemon { daemon in
            let script = """
                head -c 3 /dev/mine | wc -c; (echo x > /dev/mine) 2>/dev/null && echo WROTE
                mknod /tmp/full c 1 7 && (echo x > /tmp/full) 2>&1; mknod /tmp/kmsg c 1 11 && head -c 1 /tmp/kmsg
                ls -l /dev/mine | awk '{ print $5 $6 }'
                """
            let seen = try await daemon.pouch(
                "run", "--rm", "--network", "none", "--device", "/dev/full:/dev/mine:rm", "busybox", "sh", "-c", script)
            #expect(seen.output.hasPrefix("3\n") && seen.output.hasSuffix("1,7\n"), "\(seen)")
            #expect(!seen.output.contains("WROTE"), "\(seen)")
            #expect(seen.errors.contains("kmsg") && seen.errors.contains("not permitted"), "\(seen)")
            for (rule, says) in [("b 7:0 r", "OPENED"), ("b 7:1 r", "")] {
                let ruled = try await daemon.pouch(
                    "run", "--rm", "--network", "none", "--device-cgroup-rule", rule, "busybox", "sh", "-c",
                    "mknod /tmp/loop b 7 0 && (: < /tmp/loop) && echo OPENED")
                #expect(ruled.trimmed == says, "\(rule): \(ruled)")
            }
            let missing = try await daemon.pouch(
                "run", "--rm", "--network", "none", "--device", "/dev/nosuch", "busybox", "true")
            // As docker's client ends when a file is missing.
            #expect(missing.status == 127 && missing.errors.contains("/dev/nosuch"), "\(missing)")
        }
    }

    @Test("blkio limits reach the container's group, by device", .needs(.cgroupV1))
    func throttling() async throws {
        try await withDaemon { daemon in
            try await withLoop(in: daemon.folder) { device, number in
                _ = try await daemon.pouch(
                    "run", "-d", "--name", "slow", "--network", "none", "--device-read-bps", "\(device):1mb",
                    "--device-write-iops", "\(device):9", "busybox", "sleep", "600")
                let id = try await daemon.pouch("inspect", "-f", "{{.Id}}", "slow").trimmed
                let group = "/sys/fs/cgroup/blkio\(daemon.cgroupParent)/\(id)"
                func limit(_ name: String) throws -> String {
                    String(decoding: try WholeFile.read("\(group)/blkio.throttle.\(name)_device"), as: UTF8.self)
                }
                #expect(try limit("read_bps") == "\(number) 1048576\n")
                #expect(try limit("write_iops") == "\(number) 9\n")
            }
        }
    }

    /// Calls `body` with a loop device and its `major:minor`.
    private func withLoop(in folder: String, _ body: (String, String) async throws -> Void) async throws {
        let made = try await run(["sh", "-c", "truncate -s 1M \(folder)/disk && losetup --find --show \(folder)/disk"])
        let device = made.trimmed
        try #require(made.status == 0, "\(made)")
        let name = device.split(separator: "/").last ?? ""
        let number = String(decoding: try WholeFile.read("/sys/block/\(name)/dev"), as: UTF8.self)
        do { try await body(device, String(number.dropLast())) } catch {
            _ = try await run(["losetup", "-d", device])
            throw error
        }
        _ = try await run(["losetup", "-d", device])
    }
}
