import LinuxKernel
import TestSupport
import Testing

/// Volumes of every driver and mode.
@Suite("volumes", .needs(.root), .serialized)
struct VolumeTests {
    private let run = ["run", "--rm", "--network", "none"]

    @Test("a folder of the user's is a volume, and stays when that goes")
    func usersFolder() async throws {
        try await withDaemon { daemon in
            let folder = "\(daemon.folder)/mine"
            #expect(try await daemon.pouch(["volume", "create", "-o", "mount=\(folder)", "v1"]).trimmed == "v1")
            let written = try await daemon.pouch(run + ["-v", "v1:/v", "busybox", "sh", "-c", "echo kept > /v/x"])
            #expect(written.status == 0, "\(written)")
            #expect(try await daemon.pouch(["volume", "inspect", "-f", "{{.Mountpoint}}", "v1"]).trimmed == folder)
            #expect(try await daemon.pouch(["volume", "rm", "v1"]).status == 0)
            #expect(try WholeFile.read("\(folder)/x") == Array("kept\n".utf8))
        }
    }

    @Test("tmpfs volumes and mounts by device are there while containers run")
    func mounted() async throws {
        try await withDaemon { daemon in
            #expect(try await daemon.pouch(["volume", "create", "-d", "tmpfs", "-o", "size=3m", "v1"]).status == 0)
            let options = ["-o", "type=tmpfs", "-o", "device=tmpfs", "-o", "o=size=5m,ro"]
            #expect(try await daemon.pouch(["volume", "create"] + options + ["v2"]).status == 0)
            let script =
                "df -k /a | awk 'END{print $2}'; df -k /b | awk 'END{print $2}'; touch /b/x 2>&1 | grep -c Read-only; touch /a/x && echo ok"
            let seen = try await daemon.pouch(run + ["-v", "v1:/a", "-v", "v2:/b", "busybox", "sh", "-c", script])
            #expect(seen.output == "3072\n5120\n1\nok\n", "\(seen)")
            #expect(mounts(below: daemon.folder) == [])
            #expect(try await daemon.pouch(["volume", "rm", "v1", "v2"]).status == 0)
            let bad = try await daemon.pouch(["volume", "create", "-o", "type=tmpfs", "v3"])
            #expect(bad.status != 0 && bad.errors.contains("device"), "\(bad)")
        }
    }

    @Test("one volume is behind many folders: dr and rr")
    func manyFolders() async throws {
        try await withDaemon { daemon in
            let script = "echo one > /a/b/x; echo two > /c/x; cat /a/b/x /c/x"
            let seen = try await daemon.pouch(
                run + ["-v", "v1:/a/b:dr", "-v", "v1:/c:rr", "busybox", "sh", "-c", script])
            #expect(seen.output == "one\ntwo\n", "\(seen)")
            let place = try await daemon.pouch(["volume", "inspect", "-f", "{{.Mountpoint}}", "v1"]).trimmed
            #expect(try WholeFile.read("\(place)/a/b/x") == Array("one\n".utf8))
            #expect(try Files.list(place).count == 2)
            let refused = try await daemon.pouch(run + ["-v", "/tmp:/c:dr", "busybox", "true"])
            #expect(refused.status == 125, "\(refused)")
        }
    }

    @Test("a volume in use stays, a read-only bind is so with all below it")
    func kept() async throws {
        try await withDaemon { daemon in
            _ = try await daemon.pouch(["create", "--name", "cc", "--network", "none", "-v", "v1:/v", "busybox"])
            let used = try await daemon.pouch(["volume", "rm", "v1"])
            #expect(used.status != 0 && used.errors.contains("in use"), "\(used)")
            _ = try await TestSupport.run(["mkdir", "-p", "\(daemon.folder)/tree/inner"])
            _ = try await TestSupport.run(["mount", "-t", "tmpfs", "tmpfs", "\(daemon.folder)/tree/inner"])
            let flags = ["--mount", "type=bind,src=\(daemon.folder)/tree,dst=/tree,ro"]
            let script = [
                "busybox", "sh", "-c",
                "touch /tree/x 2>/dev/null || echo no; touch /tree/inner/x 2>/dev/null || echo no",
            ]
            #expect(try await daemon.pouch(run + flags + script).output == "no\nno\n")
            let shallow = ["--mount", "type=bind,src=\(daemon.folder)/tree,dst=/tree,ro,bind-recursive=writable"]
            #expect(try await daemon.pouch(run + shallow + script).output == "no\n")
        }
    }

    @Test("an unknown driver is named")
    func unknownDriver() async throws {
        try await withDaemon { daemon in
            let refused = try await daemon.pouch(["volume", "create", "-d", "nope", "v1"])
            #expect(refused.status != 0 && refused.errors.contains("plugin \"nope\" not found"), "\(refused)")
            let run = try await daemon.pouch(run + ["--volume-driver", "nope", "-v", "v2:/v", "busybox", "true"])
            #expect(run.status == 125 && run.errors.contains("nope"), "\(run)")
            #expect(try await daemon.pouch(["volume", "ls", "-q"]).output == "")
        }
    }

    @Test("a plugin's volumes are made, mounted, let go and removed by the plugin")
    func plugin() async throws {
        try await withDaemon { daemon in
            let folder = "\(daemon.folder)/plugged"
            _ = try await TestSupport.run(["mkdir", "-p", folder, "/run/pouch/plugins"])
            let name = "test-\(daemon.folder.split(separator: "/").last ?? "x")"
            let socket = "/run/pouch/plugins/\(name).sock"
            let plugin = try ScriptedDaemon(at: socket) { request, channel in
                switch request.line {
                case "POST /Plugin.Activate": channel.answer(200, "{\"Implements\":[\"VolumeDriver\"]}")
                case "POST /VolumeDriver.Mount": channel.answer(200, "{\"Mountpoint\":\"\(folder)\",\"Err\":\"\"}")
                case "POST /VolumeDriver.Create" where request.text.contains("\"bad\""):
                    channel.answer(200, "{\"Err\":\"no such thing\"}")
                default: channel.answer(200, "{\"Err\":\"\"}")
                }
            }
            defer { try? Files.remove(socket) }
            let made = try await daemon.pouch(["volume", "create", "-d", name, "-o", "a=b", "v1"])
            #expect(made.status == 0, "\(made)")
            let written = try await daemon.pouch(run + ["-v", "v1:/v", "busybox", "sh", "-c", "echo there > /v/x"])
            #expect(written.status == 0, "\(written)")
            #expect(try WholeFile.read("\(folder)/x") == Array("there\n".utf8))
            #expect(try await daemon.pouch(["volume", "rm", "v1"]).status == 0)
            let bad = try await daemon.pouch(["volume", "create", "-d", name, "-o", "bad=1", "v2"])
            #expect(bad.status != 0 && bad.errors.contains("no such thing"), "\(bad)")
            let calls = plugin.requests.map(\.line).filter { $0 != "POST /Plugin.Activate" }
            #expect(
                calls == ["Create", "Mount", "Unmount", "Remove", "Create"].map { "POST /VolumeDriver.\($0)" },
                "\(calls)")
        }
    }
}
