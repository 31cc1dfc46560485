import Glibc
import LinuxKernel
import TestSupport
import Testing

/// Root filesystems that are no overlay of plain layers.
@Suite("storage drivers", .needs(.root))
struct StorageDriverTests {
    @Test(
        "btrfs: containers start from snapshots of their image, and keep what they wrote", .needs(.tool("mkfs.btrfs")))
    func btrfs() async throws {
        try await Disk.btrfs.with { place in
            let daemon = try await Daemon.start(in: place, flags: ["--storage-driver", "btrfs"])
            do {
                try await daemon.importBusybox()
                func must(_ words: String...) async throws -> String {
                    let result = try await daemon.pouch(words)
                    #expect(result.status == 0, "\(words): \(result)")
                    return result.trimmed
                }
                #expect(try await must("info", "-f", "{{.Driver}}") == "btrfs")
                #expect(try await must("image", "inspect", "-f", "{{.GraphDriver.Name}}", "busybox") == "btrfs")
                #expect(
                    try await must("run", "--rm", "--network", "none", "busybox", "stat", "-f", "-c", "%T", "/") != "")
                _ = try await must(
                    "run", "-d", "--name", "kept", "--network", "none", "busybox", "sh", "-c",
                    "echo new >/new; rm /bin/tty; sleep 600")
                try await eventually { try await daemon.pouch("diff", "kept").output.contains("D /bin/tty") }
                #expect(
                    try await must("diff", "kept").split(separator: "\n").sorted() == [
                        "A /new", "C /bin", "D /bin/tty",
                    ])
                await daemon.end(signal: SIGKILL)
                try await daemon.start()
                #expect(try await must("exec", "kept", "cat", "/new") == "new")
                _ = try await must("commit", "kept", "made")
                _ = try await must("restart", "-t", "0", "kept")
                let made = try await must("run", "--rm", "--network", "none", "made", "sh", "-c", "cat /new; ls /bin")
                #expect(made.hasPrefix("new") && made.contains("busybox") && !made.contains("\ntty\n"), "\(made)")
                let mapped = try await must(
                    "run", "--rm", "--network", "none", "--userns", "private", "busybox", "stat", "-c", "%u", "/bin")
                #expect(mapped == "0", "its files belong to the container's root")
                let limited = try await daemon.pouch(
                    "run", "--rm", "--network", "none", "--disk-quota", "8m", "busybox", "sh", "-c",
                    "dd if=/dev/zero of=/big bs=1M count=32; sync")
                #expect(
                    limited.output.contains("ota exceeded") || limited.errors.contains("ota exceeded"), "\(limited)")
                // Another driver would not find its files: it refuses, and nothing is lost.
                await daemon.end(signal: SIGTERM)
                let other = try await run([
                    Executables.daemon, "--data-root", "\(place)/data", "--exec-root", "\(place)/exec", "--pidfile",
                    "\(place)/other.pid", "-H", "unix://\(place)/other.sock", "--storage-driver", "overlay2",
                ])
                #expect(other.status == 1 && other.errors.contains("has containers of btrfs"), "\(other)")
                try await daemon.start()
                #expect(try await must("exec", "kept", "cat", "/new") == "new")
                _ = try await must("rm", "-f", "kept")
                #expect(try Files.list("\(place)/data/containers-btrfs") == [])
                try await daemon.stop()
            } catch {
                try? await daemon.stop()
                throw error
            }
        }
    }

    @Test("where files cannot be shown with other owners a container in a user namespace has a copy, and is told so")
    func copies() async throws {
        try await withScratchDirectory { folder in
            // A file system that no kernel maps owners of.
            let mounted = try await run(["mount", "-t", "ramfs", "ramfs", folder])
            #expect(mounted.status == 0, "\(mounted)")
            let daemon = try await Daemon.start(in: folder)
            do {
                try await daemon.importBusybox()
                let made = try await daemon.pouch(
                    "create", "--name", "mapped", "--userns", "private", "--network", "none", "busybox", "sh", "-c",
                    "stat -c %u:%g /bin/busybox && echo mine >/own && cat /own")
                #expect(made.status == 0 && made.errors.contains("has a copy"), "\(made)")
                for _ in 1...2 {
                    let ran = try await daemon.pouch("start", "-a", "mapped")
                    #expect(ran.status == 0 && ran.output == "0:0\nmine\n", "\(ran)")
                }
                #expect(try await daemon.pouch("diff", "mapped").output == "A /own\n")
                try await daemon.stop()
            } catch {
                try? await daemon.stop()
                throw error
            }
            _ = try await run(["umount", folder])
        }
    }
}
