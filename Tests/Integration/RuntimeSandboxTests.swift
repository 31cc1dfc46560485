internal import Glibc
internal import JSON
internal import LinuxKernel
internal import TestSupport
internal import Testing

@Suite("pouch-runtime: what a container is made of", .needs(.root))
struct RuntimeSandboxTests {
    /// One container: what is asked of it, and what it must print or say.
    struct Case: CustomStringConvertible, Sendable {
        var name: String
        var script: String
        var expected: String
        var change: @Sendable (inout Config) -> Void
        var description: String { name }

        init(_ name: String, _ script: String, _ expected: String, _ change: @escaping @Sendable (inout Config) -> Void)
        {
            self.name = name
            self.script = script
            self.expected = expected
            self.change = change
        }
    }

    static let cases: [Case] = [
        Case("hostname and domainname", "hostname; cat /proc/sys/kernel/domainname", "abc\ndom\n") {
            $0["hostname"] = "abc"
            $0["domainname"] = "dom"
        },
        Case("groups are reset, others added", "id -u; id -g; id -G", "1000\n1001\n1001 5 6\n") {
            $0["process.user"] = ["uid": 1000, "gid": 1001, "additionalGids": [5, 6]]
        },
        Case("no groups of the caller", "grep Groups: /proc/self/status | tr -d '[:space:]'", "Groups:") { _ in },
        Case(
            "a user has no capabilities but ambient ones", "grep -E 'Cap(Eff|Amb)' /proc/self/status | cut -f2",
            "0000000000000400\n0000000000000400\n"
        ) {
            $0["process.user"] = ["uid": 1000, "gid": 1000]
            for set in ["bounding", "effective", "permitted", "inheritable", "ambient"] {
                $0["process.capabilities.\(set)"] = ["CAP_NET_BIND_SERVICE"]
            }
        },
        Case("umask", "umask", "0077\n") { $0["process.user.umask"] = 63 },
        Case("rlimits", "ulimit -n; ulimit -Hn", "77\n88\n") {
            $0["process.rlimits"] = [["type": "RLIMIT_NOFILE", "soft": 77, "hard": 88]]
        },
        Case("oom_score_adj", "cat /proc/self/oom_score_adj", "123\n") { $0["process.oomScoreAdj"] = 123 },
        Case("sysctl", "cat /proc/sys/net/ipv4/ip_forward /proc/sys/kernel/shmmax", "1\n12345\n") {
            $0["linux.sysctl"] = ["net.ipv4.ip_forward": "1", "kernel.shmmax": "12345"]
        },
        Case("personality", "uname -m", "i686\n") { $0["linux.personality"] = ["domain": "LINUX32"] },
        Case("scheduler", "cut -d' ' -f 19,41 /proc/self/stat", "3 3\n") {
            $0["process.scheduler"] = ["policy": "SCHED_BATCH", "nice": 3]
        },
        Case("a working directory is made", "pwd", "/a/b/c\n") { $0["process.cwd"] = "/a/b/c" },
        Case("home from the container's own passwd", "echo $HOME", "/root\n") { _ in },
        Case(
            "lo is up",
            "cat /sys/class/net/lo/operstate; ping -c1 -W1 127.0.0.1 >/dev/null 2>&1; ip a | grep -c 127.0.0.1",
            "unknown\n1\n"
        ) { _ in },
        Case("a device", "stat -c '%a %u %g %t %T' /dev/x", "600 3 4 a e5\n") {
            $0["linux.devices"] = [
                ["path": "/dev/x", "type": "c", "major": 10, "minor": 229, "fileMode": 384, "uid": 3, "gid": 4]
            ]
        },
        Case("a read-only root", "touch /x 2>/dev/null || echo ro", "ro\n") { $0["root.readonly"] = true },
        Case("the time namespace", "tr -s ' ' < /proc/self/timens_offsets", "monotonic 3 0\nboottime 100 0\n") {
            $0.append(["type": "time"], to: "linux.namespaces")
            $0["linux.timeOffsets"] = ["boottime": ["secs": 100], "monotonic": ["secs": 3]]
        },
        Case(
            "a user namespace",
            "tr -s ' ' < /proc/self/uid_map; id -u; echo x > /dev/null; test -c /dev/null && echo c",
            " 0 100000 65536\n0\nc\n"
        ) {
            $0.addUserNamespace()
        },
        Case(
            "a device in a user namespace", "stat -c '%u %g %t' /dev/x; dd if=/dev/x bs=4 count=1 2>/dev/null | wc -c",
            "10 11 1\n4\n"
        ) {
            $0.addUserNamespace()
            $0["linux.devices"] = [
                ["path": "/dev/x", "type": "c", "major": 1, "minor": 5, "fileMode": 438, "uid": 10, "gid": 11]
            ]
        },
        Case("tmpcopyup", "wc -l < /etc/passwd; grep -c ' /etc ' /proc/mounts", "2\n1\n") {
            $0.append(
                ["destination": "/etc", "type": "tmpfs", "source": "tmpfs", "options": ["tmpcopyup"]], to: "mounts")
        },
        Case(
            "root propagation",
            "grep ' / ' /proc/self/mountinfo | grep -c shared", "1\n"
        ) {
            $0["linux.rootfsPropagation"] = "shared"
        },
    ]

    @Test("has", arguments: cases)
    func has(_ one: Case) async throws {
        try await RuntimeRig.use { rig in
            let result = try await rig.run(one.script, one.change)
            #expect(result.output == one.expected, "\(result)")
        }
    }

    @Test(
        "bind mounts", arguments: [["rbind", "ro"], ["rbind", "rro"], ["bind", "ro", "nosuid", "nodev", "noexec"]])
    func binds(options: [String]) async throws {
        try await RuntimeRig.use { rig in
            mkdir("\(rig.folder)/source", 0o755)
            try WholeFile.replace("\(rig.folder)/source/file", with: Array("hi\n".utf8), mode: 0o644)
            let result = try await rig.run("cat /mnt/in/file; touch /mnt/in/x 2>/dev/null || echo ro") {
                $0.append(
                    [
                        "destination": "/mnt/in", "type": "bind", "source": .string("\(rig.folder)/source"),
                        "options": .array(options.map { .string($0) }),
                    ], to: "mounts")
            }
            #expect(result.output == "hi\nro\n", "\(result)")
            #expect(access("\(rig.folder)/source/x", F_OK) != 0)
        }
    }

    @Test(
        "what is mounted at a shared bind mount reaches the host, at any other it does not", arguments: [true, false])
    func sharedMounts(shared: Bool) async throws {
        try await RuntimeRig.use { rig in
            mkdir("\(rig.folder)/source", 0o755)
            let source = "\(rig.folder)/source"
            try Mounts.mount(source, on: source, flags: .bind)
            try Mounts.setPropagation(.shared, of: source, recursive: false)
            let result = try await rig.run(
                "mkdir /in/x && mount -t tmpfs x /in/x && touch /in/x/y && grep -c ' /in .* shared:' /proc/self/mountinfo"
            ) {
                $0.grant("CAP_SYS_ADMIN")
                let options: JSONValue = ["rbind", shared ? "rshared" : "rslave"]
                $0.append(["destination": "/in", "source": .string(source), "options": options], to: "mounts")
            }
            #expect(result.output == (shared ? "1\n" : "0\n"), "\(result)")
            #expect((access("\(source)/x/y", F_OK) == 0) == shared)
        }
    }

    @Test("a mount with a propagation of its own starts a group where the host has none")
    func newPeerGroup() async throws {
        try await RuntimeRig.use { rig in
            mkdir("\(rig.folder)/source", 0o755)
            let source = "\(rig.folder)/source"
            try Mounts.mount(source, on: source, flags: .bind)
            try Mounts.setPropagation(.private, of: source, recursive: false)
            let result = try await rig.run("grep -c ' /in .* shared:' /proc/self/mountinfo") {
                $0.append(
                    ["destination": "/in", "source": .string(source), "options": ["bind", "shared"]], to: "mounts")
            }
            #expect(result.output == "1\n", "\(result)")
        }
    }

    @Test func idmappedMountsShowTheContainersIds() async throws {
        try await RuntimeRig.use { rig in
            // Of a filesystem that can be idmapped since Linux 5.12; the scratch folder may be a tmpfs, which needs 6.3.
            try LoopFilesystem.mount(in: rig.folder, on: "\(rig.folder)/source")
            let source = JSONValue.string("\(rig.folder)/source")
            let mapped = try await rig.run("stat -c %u /tmp; touch /tmp/new; stat -c %u /tmp/new") {
                $0.addUserNamespace()
                $0.append(["destination": "/tmp", "source": source, "options": ["rbind", "idmap"]], to: "mounts")
            }
            #expect(mapped.output == "0\n0\n", "\(mapped)")
            var status = stat()
            stat("\(rig.folder)/source/new", &status)
            #expect(status.st_uid == 0)
            let own = try await rig.run("stat -c %u /mnt") {
                let maps: JSONValue = [["containerID": 0, "hostID": 7, "size": 10]]
                $0.append(
                    [
                        "destination": "/mnt", "source": source, "options": ["rbind", "ridmap"], "uidMappings": maps,
                        "gidMappings": maps,
                    ], to: "mounts")
            }
            #expect(own.output == "7\n", "\(own)")
        }
    }

    @Test func namespacesOfAnotherContainerAreJoined() async throws {
        try await RuntimeRig.use { rig in
            try rig.bundle("exec sleep 100") { $0.addUserNamespace() }
            let id = RuntimeRig.name()
            _ = try await rig.call("create", "--bundle", rig.bundlePath, id)
            let state = try JSONValue(parsing: try await rig.call("state", id).output)
            let pid = try #require(state["pid"]?.intValue)
            let kinds = ["user", "net", "ipc", "pid", "uts"]
            var wanted = ""
            for kind in kinds { wanted += try Files.readLink("/proc/\(pid)/ns/\(kind)") + "\n" }
            let joined = try await rig.run(
                "for n in \(kinds.joined(separator: " ")); do readlink /proc/self/ns/$n; done"
            ) {
                let names = ["user": "user", "net": "network", "ipc": "ipc", "pid": "pid", "uts": "uts"]
                $0["linux.namespaces"] = .array(
                    kinds.map { kind in
                        ["type": .string(names[kind] ?? kind), "path": .string("/proc/\(pid)/ns/\(kind)")]
                    } + [["type": "mount"]])
                $0["hostname"] = nil
                $0["mounts"] = .array(
                    ($0["mounts"]?.arrayValue ?? []).filter { $0["type"]?.stringValue != "sysfs" })
            }
            #expect(joined.output == wanted, "\(joined)")
        }
    }

    @Test("a container in the pid namespace of another is killed as a whole, and alone")
    func joinedProcesses() async throws {
        try await RuntimeRig.use { rig in
            try rig.bundle("exec sleep 100")
            let host = RuntimeRig.name()
            #expect(try await rig.call("create", "--bundle", rig.bundlePath, host).status == 0)
            let pid = try #require(try JSONValue(parsing: try await rig.call("state", host).output)["pid"]?.intValue)
            let guest = RuntimeRig.name()
            try rig.bundle("sleep 100 & sleep 100 & exec sleep 100") {
                $0["linux.namespaces"] = [
                    ["type": "pid", "path": .string("/proc/\(pid)/ns/pid")], ["type": "mount"], ["type": "ipc"],
                ]
                $0["hostname"] = nil
                $0["mounts"] = .array(
                    ($0["mounts"]?.arrayValue ?? []).filter { $0["type"]?.stringValue != "sysfs" })
            }
            let silent =
                "exec \(rig.runtime) --root \(rig.root) run -d --bundle \(rig.bundlePath) \(guest) >/dev/null 2>&1"
            #expect(try await run(["sh", "-c", silent]).status == 0)
            func members() async throws -> [JSONValue] {
                try JSONValue(parsing: try await rig.call("ps", "-f", "json", guest).output).arrayValue ?? []
            }
            for _ in 0..<200 where try await members().count < 3 { usleep(10_000) }
            let all = try await members().compactMap(\.intValue)
            #expect(all.count == 3)
            #expect(try await rig.call("kill", guest, "KILL").status == 0)
            func areAlive() -> Bool { all.contains { Processes.startTime(of: Int32($0)) != nil } }
            for _ in 0..<200 where areAlive() { usleep(10_000) }
            #expect(!areAlive())
            #expect(try await rig.call("state", host).output.contains("\"created\""))
        }
    }

    @Test func seccompFiltersWithAndWithoutPrivileges() async throws {
        let filter: JSONValue = [
            "defaultAction": "SCMP_ACT_ALLOW", "architectures": ["SCMP_ARCH_X86_64"],
            "syscalls": [["names": ["mkdir", "mkdirat"], "action": "SCMP_ACT_ERRNO", "errnoRet": 99]],
        ]
        try await RuntimeRig.use { rig in
            for noNewPrivileges in [true, false] {
                for user in [0, 1000] as [Int64] {
                    let result = try await rig.run(
                        "grep -E 'Seccomp:|CapEff' /proc/self/status | cut -f2; mkdir /tmp/x 2>&1 | grep -c assign"
                    ) {
                        $0["linux.seccomp"] = filter
                        $0["process.noNewPrivileges"] = .bool(noNewPrivileges)
                        $0["process.user"] = ["uid": .integer(user), "gid": .integer(user)]
                    }
                    let capabilities = user == 0 ? "0000000020000420" : "0000000000000000"
                    #expect(result.output == "\(capabilities)\n2\n1\n", "\(noNewPrivileges) \(user): \(result)")
                }
            }
        }
    }

    @Test func descriptorsArePassedOnWhenAskedFor() async throws {
        try await RuntimeRig.use { rig in
            try rig.bundle("cat <&3; ls /proc/self/fd | wc -l")
            let command = "exec 3<<X\nhello\nX\nexec 9</etc/passwd; exec \(rig.runtime) --root \(rig.root) run "
            let kept = try await run(
                ["sh", "-c", command + "--preserve-fds 1 --bundle \(rig.bundlePath) \(RuntimeRig.name())"])
            // 0, 1, 2, 3 and the one of ls itself.
            #expect(kept.output == "hello\n5\n", "\(kept)")
            try rig.bundle("ls /proc/self/fd | wc -l")
            let closed = try await run(
                ["sh", "-c", command + "--bundle \(rig.bundlePath) \(RuntimeRig.name())"])
            #expect(closed.output == "4\n", "\(closed)")
        }
    }
}
