internal import LinuxKernel
import TestSupport
import Testing

/// Our engine over others' runtimes, and our runtime under others' engines.
///
/// Serialized, as dockerd wants the machine to itself.
@Suite("runtimes and engines of others", .needs(.root), .serialized)
struct ForeignRuntimeTests {
    @Test("pouchd drives any OCI runtime by name", arguments: ["runc", "crun"])
    func otherRuntimes(name: String) async throws {
        let program = try #require(Executables.tool(name))
        try await withScratchDirectory { folder in
            // crun refuses a hybrid cgroup layout, so it runs in a mount namespace without the unified tree.
            let script = "umount /sys/fs/cgroup/unified 2>/dev/null; exec \(program) \"$@\""
            let wrapper = "#!/bin/sh\nexec unshare --mount sh -c '\(script)' sh \"$@\"\n"
            try WholeFile.replace("\(folder)/\(name)", with: Array(wrapper.utf8), mode: 0o755)
            try await drive(name, at: "\(folder)/\(name)")
        }
    }

    private func drive(_ name: String, at path: String) async throws {
        try await withDaemon(flags: ["--add-runtime", "\(name)=\(path)"]) { daemon in
            let words = ["--runtime", name, "--network", "none", "busybox"]
            func pouch(_ more: [String], input: String? = nil) async throws -> CommandResult {
                try await run([Executables.client, "-H", daemon.host] + more, input: input)
            }
            let hello = try await pouch(["run", "--rm"] + words + ["sh", "-c", "echo hello; exit 6"])
            #expect(hello.output == "hello\n", "\(hello)")
            #expect(hello.status == 6)
            _ = try await pouch(["run", "-d", "--name", "dd"] + words + ["sleep", "600"])
            #expect(try await pouch(["exec", "-i", "dd", "cat"], input: "x\n").output == "x\n")
            #expect(try await pouch(["exec", "dd", "sh", "-c", "exit 4"]).status == 4)
            #expect(try await pouch(["stop", "-t", "1", "dd"]).status == 0)
            #expect(try await pouch(["rm", "dd"]).status == 0)
            let traces = try await Traces.left(by: daemon)
            #expect(traces.isEmpty, "\(traces)")
        }
    }

    @Test("docker runs containers with our runtime", .needs(.tool("dockerd")))
    func underDocker() async throws {
        try await withScratchDirectory { folder in
            let host = "unix://\(folder)/docker.sock"
            let daemon = try await withThread { () throws(SyscallError) in
                try RunningCommand([
                    "/bin/sh", "-c", "exec \"$@\" >\(folder)/log 2>&1", "sh", "dockerd", "--data-root",
                    "\(folder)/data", "--exec-root",
                    "\(folder)/exec", "-p", "\(folder)/pid", "-H", host, "--bridge", "none", "--iptables=false",
                    "--ip6tables=false",
                    "--add-runtime", "pouch=\(Executables.runtime)",
                ])
            }
            func docker(_ words: String...) async throws -> CommandResult {
                try await run(["docker", "-H", host] + words)
            }
            defer {
                daemon.signal(15)
                _ = daemon.finish(timeout: .seconds(30))
            }
            var ready = false
            for _ in 0..<200 where !ready {
                ready = try await docker("version").status == 0
                if !ready { try await Task.sleep(for: .milliseconds(100)) }
            }
            let log = String(decoding: (try? WholeFile.read("\(folder)/log"))?.suffix(1500) ?? [], as: UTF8.self)
            try #require(ready, "dockerd: \(log)")
            try Bundle.makeRootfs("\(folder)/rootfs")
            _ = try await run(["tar", "-C", "\(folder)/rootfs", "-cf", "\(folder)/rootfs.tar", "."])
            #expect(try await docker("import", "\(folder)/rootfs.tar", "busybox").status == 0)
            let hello = try await docker(
                "run", "--rm", "--runtime", "pouch", "--network", "none", "busybox", "sh", "-c", "echo hello; exit 3")
            #expect(hello.output == "hello\n", "\(hello)")
            #expect(hello.status == 3)
            #expect(
                try await docker(
                    "run", "-d", "--name", "dd", "--runtime", "pouch", "--network", "none", "-m", "64m", "busybox",
                    "sleep", "600"
                ).status == 0)
            #expect(try await docker("exec", "dd", "echo", "inside").output == "inside\n")
            #expect(try await docker("pause", "dd").status == 0)
            #expect(try await docker("unpause", "dd").status == 0)
            #expect(try await docker("update", "-m", "96m", "--memory-swap", "-1", "dd").status == 0)
            #expect(try await docker("rm", "-f", "dd").status == 0)
        }
    }

    @Test("podman runs containers with our runtime", .needs(.tool("podman")))
    func underPodman() async throws {
        try await withScratchDirectory { folder in
            let words = [
                "podman", "--root", "\(folder)/root", "--runroot", "\(folder)/run", "--runtime", Executables.runtime,
                "--cgroup-manager",
                "cgroupfs", "--events-backend", "none", "--storage-driver", "vfs",
            ]
            try Bundle.makeRootfs("\(folder)/rootfs")
            let hello = try await run(
                words + [
                    "run", "--rm", "--network", "none", "--rootfs", "\(folder)/rootfs", "/bin/sh", "-c",
                    "echo hello; exit 5",
                ])
            #expect(hello.output == "hello\n", "\(hello)")
            #expect(hello.status == 5, "\(hello)")
        }
    }
}
