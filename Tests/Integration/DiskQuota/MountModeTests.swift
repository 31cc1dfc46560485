import LinuxKernel
import TestSupport
import Testing

/// The modes of `-v` and `--mount`, as containers see them.
@Suite("modes of mounts", .needs(.root))
struct MountModeTests {
    private func must(_ daemon: Daemon, _ words: String...) async throws -> String {
        let result = try await daemon.pouch(words)
        #expect(result.status == 0, "\(words): \(result)")
        return result.trimmed
    }

    @Test("an empty volume gets what the image has there, owners and all, unless nocopy; nothing else does")
    func copying() async throws {
        try await withDaemon { daemon in
            let context = "\(daemon.folder)/context"
            let text =
                "FROM busybox\nRUN mkdir /data && echo image >/data/f && chown 5:6 /data/f && chmod 750 /data && ln -s f /data/l\n"
            _ = try await run(["mkdir", "-p", context, "\(daemon.folder)/bound"])
            try WholeFile.replace("\(context)/Dockerfile", with: Array(text.utf8))
            _ = try await must(daemon, "build", "-q", "--network", "none", "-t", "with-data", context)
            func seen(_ words: String..., script: String) async throws -> String {
                let result = try await daemon.pouch(
                    ["run", "--rm", "--network", "none"] + words + ["with-data", "sh", "-c", script])
                #expect(result.status == 0, "\(words): \(result)")
                return result.trimmed
            }
            let show = "stat -c '%a' /data; stat -c '%u:%g' /data/f; cat /data/l"
            #expect(try await seen("-v", "v1:/data", script: show) == "750\n5:6\nimage")
            #expect(try await seen("-v", "/data", script: show) == "750\n5:6\nimage")
            #expect(try await seen("--mount", "src=v2,dst=/data", script: show) == "750\n5:6\nimage")
            // What is in a volume is the volume's.
            #expect(try await seen("-v", "v1:/data", script: "echo mine >/data/f; rm /data/l") == "")
            #expect(try await seen("-v", "v1:/data", script: "cat /data/f; ls /data") == "mine\nf")
            #expect(try await seen("-v", "v3:/data:nocopy", script: "ls /data") == "")
            #expect(try await seen("--mount", "src=v4,dst=/data,volume-nocopy", script: "ls /data") == "")
            #expect(try await seen("-v", "\(daemon.folder)/bound:/data", script: "ls /data") == "")
            #expect(try await seen("--tmpfs", "/data", script: "ls /data") == "")
            #expect(try Files.list("\(daemon.folder)/bound") == [])
        }
    }

    @Test("ro, rw, z and Z; a missing folder is made for -v and refused for --mount")
    func access() async throws {
        try await withDaemon { daemon in
            let folder = "\(daemon.folder)/bound"
            _ = try await run(["mkdir", folder])
            for (mode, says) in [
                ("", "yes"), (":rw", "yes"), (":z", "yes"), (":Z", "yes"), (":ro", "no"), (":ro,z", "no"),
            ] {
                let script = "touch /b/x 2>/dev/null && echo yes || echo no"
                let seen = try await must(
                    daemon, "run", "--rm", "--network", "none", "-v", "\(folder):/b\(mode)", "busybox", "sh", "-c",
                    script)
                #expect(seen == says, "\(mode)")
            }
            #expect(Files.exists("\(folder)/x"))
            _ = try await must(daemon, "run", "--rm", "--network", "none", "-v", "\(folder)/new:/b", "busybox", "true")
            #expect(Files.exists("\(folder)/new"))
            let refused = try await daemon.pouch(
                "run", "--rm", "--network", "none", "--mount", "type=bind,src=\(folder)/none,dst=/b", "busybox", "true")
            #expect(refused.status == 125 && refused.errors.contains("\(folder)/none"), "\(refused)")
            for mode in [":what", ":ro,rw", ":rshared,rslave", ":nocopy,copy"] {
                let odd = try await daemon.pouch(
                    "run", "--rm", "--network", "none", "-v", "\(folder):/b\(mode)", "busybox", "true")
                #expect(odd.status == 125, "\(mode): \(odd)")
            }
        }
    }

    @Test("mounts spread as far as the mode says: not, into the container, and both ways")
    func propagation() async throws {
        try await withDaemon { daemon in
            let folder = "\(daemon.folder)/shared"
            for words in [
                ["mkdir", "-p", "\(folder)/below", "\(folder)/inside"], ["mount", "--bind", folder, folder],
                ["mount", "--make-shared", folder],
            ] { _ = try await run(words) }
            _ = try await run(["mkdir", "-p", "\(folder)/below", "\(folder)/inside"])
            for (name, mode) in [("private", ""), ("slave", ":rslave"), ("both", ":rshared")] {
                _ = try await must(
                    daemon, "run", "-d", "--privileged", "--network", "none", "--name", name, "-v",
                    "\(folder):/s\(mode)", "busybox", "sleep", "600")
            }
            _ = try await run(["mount", "-t", "tmpfs", "tmpfs", "\(folder)/below"])
            for (name, count) in [("private", "0"), ("slave", "1"), ("both", "1")] {
                let mounted = try await must(
                    daemon, "exec", name, "sh", "-c", "grep -c ' /s/below ' /proc/mounts || true")
                #expect(mounted == count, "\(name)")
                _ = try await must(daemon, "exec", name, "mount", "-t", "tmpfs", "tmpfs", "/s/inside")
                let here = mounts(below: daemon.folder).contains("\(folder)/inside")
                #expect(here == (name == "both"), "\(name)")
            }
            _ = try await run(["umount", "\(folder)/below"])
            let gone = try await must(daemon, "exec", "slave", "sh", "-c", "grep -c ' /s/below ' /proc/mounts || true")
            #expect(gone == "0")
            // A folder that is no shared mount cannot give what rshared asks for.
            _ = try await run(["mkdir", "\(daemon.folder)/plain"])
            _ = try await run([
                "sh", "-c", "mount --bind \"$0\" \"$0\" && mount --make-private \"$0\"", "\(daemon.folder)/plain",
            ])
            let refused = try await daemon.pouch(
                "run", "--rm", "--network", "none", "-v", "\(daemon.folder)/plain:/s:rshared", "busybox", "true")
            #expect(refused.status != 0 && refused.errors.contains("shared"), "\(refused)")
            for name in ["private", "slave", "both"] { _ = try await must(daemon, "rm", "-f", name) }
            _ = try await run(["umount", "-R", folder])
            _ = try await run(["umount", "\(daemon.folder)/plain"])
        }
    }

    @Test("volumes from another container, with its modes or less; rm -v takes what has no name and nothing else")
    func inherited() async throws {
        try await withDaemon { daemon in
            let folder = "\(daemon.folder)/bound"
            _ = try await run(["mkdir", folder])
            _ = try await must(
                daemon, "run", "--network", "none", "--name", "from", "-v", "named:/n", "-v", "/anonymous", "-v",
                "\(folder):/b:ro", "busybox", "sh", "-c", "echo n >/n/f; echo a >/anonymous/f")
            let script =
                "cat /n/f /anonymous/f; for p in n anonymous b; do touch /$p/x 2>/dev/null && echo $p; done; true"
            for (flag, says) in [("from", "n\na\nn\nanonymous"), ("from:ro", "n\na")] {
                let seen = try await must(
                    daemon, "run", "--rm", "--network", "none", "--volumes-from", flag, "busybox", "sh", "-c", script)
                #expect(seen == says, "\(flag)")
            }
            #expect(try await must(daemon, "volume", "ls", "-q").split(separator: "\n").count == 2)
            _ = try await must(daemon, "rm", "-v", "from")
            #expect(try await must(daemon, "volume", "ls", "-q") == "named")
            #expect(Files.exists(folder))
        }
    }
}
