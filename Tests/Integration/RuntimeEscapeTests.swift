internal import Glibc
internal import JSON
internal import LinuxKernel
internal import TestSupport
internal import Testing

/// The known ways out of a container, tried against `pouch-runtime`.
@Suite("pouch-runtime: escapes", .needs(.root))
struct RuntimeEscapeTests {
    @Test("CVE-2019-5736: the runtime's file cannot be written through /proc/PID/exe")
    func executable() async throws {
        try await RuntimeRig.use { rig in
            let before = try WholeFile.read(rig.runtime)
            let bundle = try rig.bundle("") { $0["process.args"] = ["/evil"] }
            // The kernel takes our own process's program for the interpreter.
            try WholeFile.replace("\(bundle.rootfs)/evil", with: Array("#!/proc/self/exe\n".utf8), mode: 0o755)
            chmod("\(bundle.rootfs)/evil", 0o755)
            _ = try await rig.call("run", "--bundle", rig.bundlePath, RuntimeRig.name())
            // Whoever enters is met by a loop that writes to every executable it can see, with all capabilities.
            try rig.bundle(
                """
                while :; do for p in /proc/[0-9]*; do
                  case $(readlink $p/exe) in */busybox) ;; *) echo x 2>>/errors >>$p/exe; readlink $p/exe >>/seen ;; esac
                done; done
                """
            ) { $0.grant("CAP_SYS_PTRACE", "CAP_DAC_OVERRIDE", "CAP_SYS_ADMIN") }
            let id = RuntimeRig.name()
            _ = try await rig.call("create", "--bundle", rig.bundlePath, id)
            _ = try await rig.call("start", id)
            for _ in 0..<50 { _ = try await rig.call("exec", id, "true") }
            #expect(try WholeFile.read(rig.runtime) == before)
            #expect(Files.exists(rig.runtime))
        }
    }

    @Test("CVE-2019-5736: our processes run from a read-only mount")
    func readOnlyCopy() async throws {
        try await RuntimeRig.use { shared in
            // A file of its own: while any process runs from it, the answer is ETXTBSY.
            let rig = RuntimeRig(folder: shared.folder, runtime: "\(shared.folder)/runtime")
            // Copied by another process: a child that some test forks meanwhile would hold our descriptor for writing.
            #expect(try await run(["cp", shared.runtime, rig.runtime]).status == 0)
            try rig.bundle("exec sleep 100")
            let id = RuntimeRig.name()
            _ = try await rig.call("create", "--bundle", rig.bundlePath, id)
            let state = try JSONValue(parsing: try await rig.call("state", id).output)
            let pid = try #require(state["pid"]?.intValue)
            // It waits for start and is still our program; whoever holds the link may hold it for as long as they like.
            let link = try Descriptor.open("/proc/\(pid)/exe", Descriptor.pathOnly)
            _ = try await rig.call("delete", "--force", id)
            let path = "/proc/self/fd/\(link.raw)"
            #expect(throws: SyscallError("open", errno: EROFS, subject: path)) {
                _ = try Descriptor.open(path, O_WRONLY)
            }
        }
    }

    @Test("CVE-2024-21626: no descriptor is a way out", arguments: 3...20)
    func workingDirectory(number: Int) async throws {
        try await RuntimeRig.use { rig in
            for path in ["/proc/self/fd/\(number)", "/proc/self/fd/\(number)/../..", "/proc/1/fd/\(number)"] {
                try rig.bundle("pwd; ls") { $0["process.cwd"] = .string(path) }
                let command =
                    "exec 9</; exec 17</etc; exec \(rig.runtime) --root \(rig.root) run --bundle \(rig.bundlePath) "
                let result = try await run(["sh", "-c", command + RuntimeRig.name()])
                #expect(result.status != 0 || !result.output.contains("lost+found"), "\(path): \(result)")
            }
        }
    }

    @Test("links in the image never lead a mount to the host")
    func linkedTargets() async throws {
        try await RuntimeRig.use { rig in
            let victim = "\(rig.folder)/victim"
            mkdir(victim, 0o755)
            let bundle = try rig.bundle("cat /proc/self/mounts; ls -la /") {
                for target in ["/link/a", "/up/b", "/link"] {
                    $0.append(["destination": .string(target), "type": "tmpfs", "source": "tmpfs"], to: "mounts")
                }
            }
            symlink(victim, "\(bundle.rootfs)/link")
            symlink("../../../../../..\(victim)", "\(bundle.rootfs)/up")
            let result = try await rig.call("run", "--bundle", rig.bundlePath, RuntimeRig.name())
            #expect(result.status == 0, "\(result)")
            #expect(try Files.list(victim).isEmpty)
            // Where the links lead in the container, there the mounts are.
            #expect(result.output.contains(" \(victim)/a tmpfs") && result.output.contains(" \(victim)/b tmpfs"))
        }
    }

    @Test("CVE-2025-31133: what masks a file is the host's null device, not the container's")
    func maskedByNull() async throws {
        try await RuntimeRig.use { rig in
            let bundle = try rig.bundle("cat /secret; echo x > /secret; ls -l /secret | cut -c1; cat /decoy") {
                $0["linux.maskedPaths"] = ["/secret", "/secret2", "/nothing"]
                $0["mounts"] = [["destination": "/proc", "type": "proc", "source": "proc"]]
            }
            for name in ["secret", "secret2", "decoy"] {
                try WholeFile.replace("\(bundle.rootfs)/\(name)", with: Array("\(name)\n".utf8), mode: 0o666)
            }
            symlink("/decoy", "\(bundle.rootfs)/dev/null")
            let result = try await rig.call("run", "--bundle", rig.bundlePath, RuntimeRig.name())
            // A link where the null device should be is an error, or is not followed.
            #expect(!result.output.contains("secret\n"), "\(result)")
            if result.status == 0 { #expect(result.output == "c\ndecoy\n", "\(result)") }
        }
    }

    @Test("CVE-2019-19921: a /proc that is a link is no place for procfs")
    func linkedProc() async throws {
        try await RuntimeRig.use { rig in
            let bundle = try rig.bundle("true")
            rmdir("\(bundle.rootfs)/proc")
            symlink("/tmp", "\(bundle.rootfs)/proc")
            let result = try await rig.call("run", "--bundle", rig.bundlePath, RuntimeRig.name())
            #expect(result.status == 1 && result.errors.contains("/proc"), "\(result)")
        }
    }

    @Test("only a procfs may be bound over /proc")
    func falseProc() async throws {
        try await RuntimeRig.use { rig in
            mkdir("\(rig.folder)/false", 0o755)
            let result = try await rig.run("true") {
                $0.append(
                    ["destination": "/proc", "source": .string("\(rig.folder)/false"), "options": ["bind"]],
                    to: "mounts")
            }
            #expect(result.status == 1 && result.errors.contains("only a procfs"), "\(result)")
        }
    }

    @Test("CVE-2022-29162: nothing is inheritable unless asked for")
    func inheritable() async throws {
        try await RuntimeRig.use { rig in
            let result = try await rig.run("grep CapInh /proc/self/status | cut -f2")
            #expect(result.output == "0000000000000000\n", "\(result)")
            try rig.bundle("exec sleep 100")
            let id = RuntimeRig.name()
            _ = try await rig.call("create", "--bundle", rig.bundlePath, id)
            let added = try await rig.call(
                "exec", "--cap", "CAP_SYS_ADMIN", id, "grep", "-E", "CapInh|CapAmb", "/proc/self/status")
            #expect(added.output == "CapInh:\t0000000000000000\nCapAmb:\t0000000000000000\n", "\(added)")
        }
    }

    @Test("CVE-2022-0492: no release_agent, and groups cannot be written", .needs(.cgroupV1))
    func releaseAgent() async throws {
        try await RuntimeRig.use { rig in
            let result = try await rig.run(
                "ls /sys/fs/cgroup/*/release_agent 2>/dev/null; for d in /sys/fs/cgroup/*; do mkdir $d/x 2>/dev/null && echo made; done; ls /sys/fs/cgroup | grep -c pids"
            ) {
                $0.append(["type": "cgroup"], to: "linux.namespaces")
                $0.append(
                    ["destination": "/sys/fs/cgroup", "type": "cgroup", "source": "cgroup", "options": ["ro"]],
                    to: "mounts")
            }
            #expect(result.output == "1\n", "\(result)")
        }
    }

    @Test("devices and kernel parameters of the machine are out of reach")
    func machine() async throws {
        try await RuntimeRig.use { rig in
            let result = try await rig.run(
                "mknod /dev/sda b 8 0 && head -c1 /dev/sda 2>/dev/null && echo read; mknod /dev/m c 1 1 && head -c1 /dev/m 2>/dev/null && echo read; echo 1 > /proc/sysrq-trigger; echo 1 > /proc/sys/kernel/panic; echo end"
            ) { $0.grant("CAP_MKNOD", "CAP_SYS_ADMIN", "CAP_DAC_OVERRIDE") }
            #expect(result.output == "end\n", "\(result)")
        }
    }

    @Test("CVE-2025-52565: a terminal comes from the container's devpts alone")
    func falseTerminal() async throws {
        try await RuntimeRig.use { rig in
            try rig.bundle("true") {
                $0["process.terminal"] = true
                $0["mounts"] = .array(
                    ($0["mounts"]?.arrayValue ?? []).filter { $0["destination"]?.stringValue != "/dev/pts" }
                        + [["destination": "/dev/pts", "type": "tmpfs", "source": "tmpfs"]])
            }
            let result = try await rig.call("run", "--bundle", rig.bundlePath, RuntimeRig.name())
            #expect(result.status == 1 && result.errors.contains("no devpts"), "\(result)")
        }
    }
}
