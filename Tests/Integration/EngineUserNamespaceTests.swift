import LinuxKernel
import TestSupport
import Testing

/// Containers whose root is nobody on the host.
@Suite("user namespaces", .needs(.root))
struct EngineUserNamespaceTests {
    @Test("a private user namespace: root inside, nobody outside, files as the image has them")
    func privateNamespace() async throws {
        try await withDaemon { daemon in
            let options = ["--userns", "private", "--network", "none"]
            func inside(_ script: String) async throws -> CommandResult {
                try await run(
                    [Executables.client, "-H", daemon.host, "run", "--rm"] + options + ["busybox", "sh", "-c", script])
            }
            #expect(try await inside("id -u; stat -c %u:%g /bin/busybox /etc").output == "0\n0:0\n0:0\n")
            let map = try await inside("cat /proc/self/uid_map").trimmed.split(separator: " ").compactMap { Int($0) }
            #expect(map.count == 3 && map[0] == 0 && map[1] >= 65536, "\(map)")
            #expect(try await inside("mknod /tmp/null c 1 3").status != 0)
            #expect(try await inside("mount -t tmpfs none /mnt").status != 0)
            #expect(try await inside("echo x > /proc/sys/kernel/hostname").status != 0)
        }
    }

    @Test("what such a container writes is everybody's: cp, exec, commit, export, restart")
    func lifeInside() async throws {
        try await withDaemon { daemon in
            _ = try await daemon.pouch(
                "run", "-d", "--name", "mapped", "--userns", "private", "--network", "none", "busybox", "sh", "-c",
                "echo own >/own; mkdir /data; chown 7:8 /data; echo up; sleep 600")
            _ = try await run([
                "sh", "-c", "until \"$0\" -H \"$1\" logs mapped | grep -q up; do sleep 0.02; done", Executables.client,
                daemon.host,
            ])
            let process = try await daemon.pouch("inspect", "-f", "{{.State.Pid}}", "mapped").trimmed
            let owner = try await run(["stat", "-c", "%u", "/proc/\(process)"]).trimmed
            #expect(Int(owner) ?? 0 >= 65536)
            #expect(
                try await daemon.pouch("exec", "mapped", "stat", "-c", "%u:%g", "/own", "/data").output == "0:0\n7:8\n")
            try WholeFile.replace("\(daemon.folder)/in", with: Array("from outside".utf8))
            #expect(try await daemon.pouch("cp", "\(daemon.folder)/in", "mapped:/in").status == 0)
            #expect(try await daemon.pouch("exec", "mapped", "stat", "-c", "%u", "/in").trimmed == "0")
            #expect(try await daemon.pouch("cp", "mapped:/own", "\(daemon.folder)/own").status == 0)
            #expect(try await run(["stat", "-c", "%u", "\(daemon.folder)/own"]).trimmed == "0")
            #expect(try await daemon.pouch("commit", "mapped", "kept:latest").status == 0)
            let kept = try await daemon.pouch(
                "run", "--rm", "--network", "none", "kept", "stat", "-c", "%u:%g", "/own", "/data", "/in")
            #expect(kept.output == "0:0\n7:8\n0:0\n", "\(kept)")
            let exported = try await run([
                "sh", "-c",
                "\"$0\" -H \"$1\" export mapped | tar --numeric-owner -tvf - own data | awk '{ print $2 }' | sort",
                Executables.client, daemon.host,
            ])
            #expect(exported.output == "0/0\n7/8\n", "\(exported)")
            #expect(try await daemon.pouch("restart", "-t", "0", "mapped").status == 0)
            #expect(try await daemon.pouch("exec", "mapped", "cat", "/own").trimmed == "own")
        }
    }

    @Test("--userns-remap gives every container the user's subordinate ids, except who wants the host's")
    func remapped() async throws {
        try await withScratchDirectory { folder in
            for (file, text) in [
                ("passwd", "root:x:0:0::/root:/bin/sh\nremap:x:4000:4000::/:/bin/false\n"),
                ("group", "root:x:0:\nremap:x:4000:\n"), ("subuid", "remap:300000:65536\n"),
                ("subgid", "remap:400000:65536\n"),
            ] {
                try WholeFile.replace("\(folder)/\(file)", with: Array(text.utf8))
                _ = try await run(["touch", "/etc/\(file)"])
                try #require(try await run(["mount", "--bind", "\(folder)/\(file)", "/etc/\(file)"]).status == 0)
            }
            defer { for file in ["passwd", "group", "subuid", "subgid"] { try? Mounts.unmount("/etc/\(file)") } }
            _ = try await run(["mkdir", "\(folder)/d"])
            let daemon = try await Daemon.start(in: "\(folder)/d", flags: ["--userns-remap", "remap"])
            try await daemon.importBusybox()
            let maps = ["run", "--rm", "--network", "none"]
            func words(_ options: [String]) async throws -> [Int] {
                let result = try await run(
                    [Executables.client, "-H", daemon.host] + maps + options
                        + ["busybox", "sh", "-c", "cat /proc/self/uid_map /proc/self/gid_map"])
                return result.output.split(whereSeparator: \.isWhitespace).compactMap { Int($0) }
            }
            #expect(try await words([]) == [0, 300_000, 65536, 0, 400_000, 65536])
            #expect(try await words(["--userns", "host"]).prefix(2) == [0, 0])
            #expect(try await daemon.pouch("info", "-f", "{{.SecurityOptions}}").output.contains("name=userns"))
            try await daemon.stop()
        }
    }
}
