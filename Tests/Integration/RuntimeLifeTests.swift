internal import CLinux
internal import Glibc
internal import JSON
internal import LinuxKernel
internal import TestSupport
internal import Testing

@Suite("pouch-runtime: the life of a container", .needs(.root))
struct RuntimeLifeTests {
    @Test func createStartKillDelete() async throws {
        try await RuntimeRig.use { rig in
            try rig.bundle("exec sleep 100")
            let id = RuntimeRig.name()
            func status() async throws -> String? {
                let text = try await rig.call("state", id).output
                return try? JSONValue(parsing: text)["status"]?.stringValue
            }
            let made = try await rig.call(
                "create", "--bundle", rig.bundlePath, "--pid-file", "\(rig.folder)/pid", id)
            #expect(made.status == 0, "\(made)")
            #expect(try await status() == "created")
            #expect(try await rig.call("create", "--bundle", rig.bundlePath, id).errors.contains("exists"))
            #expect(try await rig.call("start", id).status == 0)
            #expect(try await status() == "running")
            #expect(try await rig.call("start", id).status == 1)
            #expect(try await rig.call("delete", id).errors.contains("it is running"))
            #expect(try await rig.call("pause", id).status == 0)
            #expect(try await status() == "paused")
            #expect(try await rig.call("exec", id, "true").errors.contains("paused container"))
            #expect(try await rig.call("resume", id).status == 0)
            let pid = String(decoding: try WholeFile.read("\(rig.folder)/pid"), as: UTF8.self)
            #expect(try await rig.call("ps", "-f", "json", id).trimmed == "[\(pid)]")
            #expect(try await rig.call("kill", id, "KILL").status == 0)
            for _ in 0..<100 where try await status() != "stopped" { usleep(20_000) }
            #expect(try await rig.call("exec", id, "true").errors.contains("it is stopped"))
            #expect(try await rig.call("delete", id).status == 0)
            #expect(try await rig.call("state", id).errors.contains("does not exist"))
            #expect(try await rig.call("delete", "--force", id).status == 0)
        }
    }

    @Test("exit codes are a shell's", arguments: [("exit 7", 7), ("kill -9 $$", 137), ("true", 0)])
    func exitCodes(script: String, code: Int32) async throws {
        try await RuntimeRig.use { rig in
            // The first process of a pid namespace cannot kill itself.
            let result = try await rig.run(code == 137 ? "sh -c '\(script)'; exit $?" : script)
            #expect(result.status == code, "\(result)")
        }
    }

    @Test func aProgramThatIsNotThereIs127AndOneThatCannotRunIs126() async throws {
        try await RuntimeRig.use { rig in
            for (program, code, words) in [
                ("nosuch", 127, "executable file not found in $PATH"), ("/nosuch", 127, "no such file or directory"),
                ("/etc/passwd", 126, "permission denied"), ("/bin", 126, "permission denied"),
            ] as [(String, Int32, String)] {
                let result = try await rig.run("", { $0["process.args"] = [.string(program)] })
                #expect(result.status == code && result.errors.contains(words), "\(program): \(result)")
            }
        }
    }

    @Test func execRunsWithWhatItWasGiven() async throws {
        try await RuntimeRig.use { rig in
            try rig.bundle("exec sleep 100")
            let id = RuntimeRig.name()
            let silent =
                "exec \(rig.runtime) --root \(rig.root) run -d --bundle \(rig.bundlePath) \(id) >/dev/null 2>&1"
            #expect(try await run(["sh", "-c", silent]).status == 0)
            let result = try await rig.call(
                "exec", "--user", "1000:1001", "-e", "A=b", "--cwd", "/tmp", "-g", "7", "--no-new-privs", id, "sh",
                "-c",
                "id -u; id -g; id -G; echo $A; pwd; grep NoNew /proc/self/status; cat /proc/1/comm; exit 9")
            #expect(
                result.output == "1000\n1001\n1001 7\nb\n/tmp\nNoNewPrivs:\t1\nsleep\n", "\(result)")
            #expect(result.status == 9)
            #expect(try await rig.call("exec", id, "nosuch").status == 255)
            let process = #"{"args":["id","-u"],"cwd":"/","user":{"uid":5,"gid":5},"env":["PATH=/bin"]}"#
            try WholeFile.replace("\(rig.folder)/process", with: Array(process.utf8))
            #expect(try await rig.call("exec", "--process", "\(rig.folder)/process", id).trimmed == "5")
            #expect(try await rig.call("exec", "-t", "-d", id, "true").errors.contains("console socket"))
        }
    }

    @Test func limitsReachTheGroupAndCanBeChanged() async throws {
        try await RuntimeRig.use { rig in
            try rig.bundle("exec sleep 100") {
                $0["linux.resources.pids.limit"] = 20
                $0["linux.resources.memory.limit"] = 67_108_864
            }
            let id = RuntimeRig.name()
            _ = try await rig.call("create", "--bundle", rig.bundlePath, id)
            func figure(_ path: String) async throws -> Int64? {
                let text = try await rig.call("events", "--stats", id).output
                let field = try JSONValue(parsing: text)
                return path.split(separator: ".").reduce(field as JSONValue?) { $0?[String($1)] }?.intValue
            }
            #expect(try await figure("data.pids.limit") == 20)
            #expect(try await figure("data.memory.usage.limit") == 67_108_864)
            #expect(try await rig.call("update", "--pids-limit", "30", "--memory", "100m", id).status == 0)
            let json = #"{"pids":{"limit":40}}"#
            #expect(try await rig.call(["update", "-r", "-", id], input: json).status == 0)
            #expect(try await figure("data.pids.limit") == 40)
            #expect(try await figure("data.memory.usage.limit") == 104_857_600)
        }
    }

    @Test func hooksRunInTheirOrderWithTheState() async throws {
        try await RuntimeRig.use { rig in
            let log = "\(rig.folder)/hooks"
            func hook(_ kind: String) -> JSONValue {
                [
                    [
                        "path": "/bin/sh",
                        "args": [
                            "sh", "-c", .string("echo \(kind) $(sed 's/.*\"status\":\"\\([a-z]*\\).*/\\1/') >> \(log)"),
                        ],
                    ]
                ]
            }
            let result = try await rig.run("cat /hook") { config in
                for kind in ["prestart", "createRuntime", "createContainer", "poststart", "poststop"] {
                    config["hooks.\(kind)"] = hook(kind)
                }
                config["hooks.startContainer"] = [["path": "/bin/sh", "args": ["sh", "-c", "echo inside > /hook"]]]
            }
            #expect(result.output == "inside\n", "\(result)")
            let lines = String(decoding: try WholeFile.read(log), as: UTF8.self)
            #expect(
                lines
                    == "prestart creating\ncreateRuntime creating\ncreateContainer created\npoststart running\npoststop stopped\n"
            )
            let failing = try await rig.run("true") {
                $0["hooks.createRuntime"] = [["path": "/bin/sleep", "args": ["sleep", "60"], "timeout": 1]]
            }
            #expect(failing.status == 1 && failing.errors.contains("timeout of 1 s"), "\(failing)")
            #expect(try await rig.call("list", "-q").output == "")
        }
    }

    @Test("hooks in the container find its files at relative paths, and have its filter")
    func hooksInTheContainer() async throws {
        try await RuntimeRig.use { rig in
            let filter: JSONValue = [
                "defaultAction": "SCMP_ACT_ALLOW", "architectures": ["SCMP_ARCH_X86_64"],
                "syscalls": [["names": ["mkdir", "mkdirat"], "action": "SCMP_ACT_KILL_PROCESS"]],
            ]
            let touched = try await rig.run("cat /made") {
                $0["hooks.createContainer"] = [
                    ["path": "/bin/sh", "args": ["sh", "-c", "test -x ./bin/busybox && echo here > ./made"]]
                ]
            }
            #expect(touched.output == "here\n", "\(touched)")
            for noNewPrivileges in [true, false] {
                let result = try await rig.run("echo never") {
                    $0["process.noNewPrivileges"] = .bool(noNewPrivileges)
                    $0["linux.seccomp"] = filter
                    $0["hooks.startContainer"] = [["path": "/bin/mkdir", "args": ["mkdir", "/tmp/x"]]]
                }
                #expect(result.status == 1 && result.output.isEmpty, "\(result)")
                #expect(result.errors.contains("startContainer /bin/mkdir: was killed by signal 31"), "\(result)")
            }
        }
    }

    /// The messages that came to a service manager's socket while `body` ran.
    private func messages(at path: String, _ body: () async throws -> Void) async throws -> [String] {
        let socket = Descriptor(owning: try checkNegative("bind", path) { clinux_bind_datagram(path) })
        try await body()
        var received: [String] = []
        var bytes = [UInt8](repeating: 0, count: 1024)
        while true {
            let count = recv(socket.raw, &bytes, bytes.count, 0)
            guard count > 0 else { return received }
            received.append(String(decoding: bytes[..<count], as: UTF8.self))
        }
    }

    /// busybox has no other program that sends datagrams to a path than its logger, to /dev/log.
    private static let readiness = "ln -s $NOTIFY_SOCKET /dev/log; logger \"$(printf 'x\\nREADY=1')\""

    @Test("a service manager hears that the program is ready, from a user namespace too", arguments: [false, true])
    func notification(inUserNamespace: Bool) async throws {
        try await RuntimeRig.use { rig in
            let manager = "\(rig.folder)/manager.sock"
            let runtime = "NOTIFY_SOCKET=\(manager) exec \(rig.runtime) --root \(rig.root)"
            func container(_ script: String) throws {
                try rig.bundle(script) { if inUserNamespace { $0.addUserNamespace() } }
            }
            try container("echo $NOTIFY_SOCKET; \(Self.readiness)")
            let inForeground = try await messages(at: manager) {
                let result = try await run(
                    ["sh", "-c", "\(runtime) run --bundle \(rig.bundlePath) \(RuntimeRig.name())"])
                #expect(result.output == "\(manager)/notify\n", "\(result)")
            }
            #expect(inForeground.count == 1 && inForeground.first?.hasSuffix("READY=1") == true, "\(inForeground)")

            unlink(manager)
            try container("usleep 200000; \(Self.readiness); exec sleep 100")
            let id = RuntimeRig.name()
            let started = try await messages(at: manager) {
                for command in ["create --bundle \(rig.bundlePath)", "start"] {
                    let result = try await run(["sh", "-c", "\(runtime) \(command) \(id) >/dev/null 2>&1"])
                    #expect(result.status == 0, "\(command): \(result)")
                }
            }
            let pid = try JSONValue(parsing: try await rig.call("state", id).output)["pid"]?.intValue ?? 0
            #expect(started.count == 2 && started.last == "MAINPID=\(pid)", "\(started)")
            #expect(try await rig.call("delete", "--force", id).status == 0)
            #expect(access("\(rig.root)/\(id)", F_OK) != 0)
        }
    }

    @Test("what no listener can answer is refused", arguments: ["sendmsg", "write", ""])
    func listenerlessCalls(call: String) async throws {
        try await RuntimeRig.use { rig in
            let result = try await rig.run("true") {
                $0["linux.seccomp"] = [
                    "defaultAction": call.isEmpty ? "SCMP_ACT_NOTIFY" : "SCMP_ACT_ALLOW",
                    "listenerPath": "/nowhere.sock",
                    "syscalls": [["names": [.string(call.isEmpty ? "mkdir" : call)], "action": "SCMP_ACT_NOTIFY"]],
                ]
            }
            #expect(result.status == 1 && result.errors.contains("SCMP_ACT_NOTIFY cannot be used"), "\(result)")
        }
    }

    @Test func labelsThatNobodyEnforcesAreRefused() async throws {
        try await RuntimeRig.use { rig in
            guard access("/sys/fs/selinux/enforce", F_OK) != 0 else { return }
            let label = JSONValue.string("system_u:system_r:container_t:s0")
            let result = try await rig.run("true") { $0["process.selinuxLabel"] = label }
            let refusal = "process.selinuxLabel: SELinux is not enabled in this kernel"
            #expect(result.status != 0 && result.errors.contains(refusal), "\(result)")
            // That of files confines nobody.
            let mounted = try await rig.run("true") { $0["linux.mountLabel"] = label }
            #expect(mounted.status == 0 && mounted.errors.contains("warning: linux.mountLabel"), "\(mounted)")
            try rig.bundle("exec sleep 100")
            let id = RuntimeRig.name()
            _ = try await rig.call("create", "--bundle", rig.bundlePath, id)
            let later = try await rig.call("exec", "--process-label", "a:b:c:d", id, "true")
            #expect(later.status == 255 && later.errors.contains("SELinux is not enabled"), "\(later)")
        }
    }

    @Test func ofManyCreatorsOneWinsAndNothingIsLeft() async throws {
        try await RuntimeRig.use { rig in
            try rig.bundle("exec sleep 100")
            let id = RuntimeRig.name()
            let results = try await withThrowingTaskGroup(of: CommandResult.self) { group in
                for _ in 0..<8 { group.addTask { try await rig.call("create", "--bundle", rig.bundlePath, id) } }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(results.count { $0.status == 0 } == 1, "\(results)")
            let deletes = try await withThrowingTaskGroup(of: CommandResult.self) { group in
                for _ in 0..<8 { group.addTask { try await rig.call("delete", "--force", id) } }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(deletes.allSatisfy { $0.status == 0 }, "\(deletes)")
            #expect(access("\(rig.root)/\(id)", F_OK) != 0)
            #expect(access("/sys/fs/cgroup/pids/pouch-runtime/\(id)", F_OK) != 0)
        }
    }

    @Test func aCreatorThatWasKilledLeavesWhatForceCanDelete() async throws {
        try await RuntimeRig.use { rig in
            try rig.bundle("exec sleep 100") {
                $0["hooks.createRuntime"] = [
                    ["path": "/bin/sh", "args": ["sh", "-c", "exec sleep 3 >/dev/null 2>&1"]]
                ]
            }
            let id = RuntimeRig.name()
            let creator = try RunningCommand(
                [rig.runtime, "--root", rig.root, "create", "--bundle", rig.bundlePath, id])
            for _ in 0..<100 where access("\(rig.root)/\(id)/state.json", F_OK) != 0 { usleep(20_000) }
            creator.signal(SIGKILL)
            let deleted = try await rig.call("delete", "--force", id)
            #expect(deleted.status == 0, "\(deleted)")
            #expect(access("/sys/fs/cgroup/pids/pouch-runtime/\(id)", F_OK) != 0)
            #expect(access("\(rig.root)/\(id)", F_OK) != 0)
            _ = creator.finish(timeout: .seconds(10))
        }
    }

    @Test("a runtime killed at any moment leaves nothing that force cannot delete", arguments: UInt64(0)..<4)
    func killedAtAnyMoment(seed: UInt64) async throws {
        try await RuntimeRig.use { rig in
            try rig.bundle("exec sleep 100")
            var random = SplitMix64(seed: seed)
            for _ in 0..<10 {
                let id = RuntimeRig.name()
                let creator = try RunningCommand([
                    "sh", "-c",
                    "exec \(rig.runtime) --root \(rig.root) run -d --bundle \(rig.bundlePath) \(id) >/dev/null 2>&1",
                ])
                usleep(UInt32.random(in: 0...40_000, using: &random))
                creator.signal(SIGKILL)
                _ = creator.finish(timeout: .seconds(10))
                let deleted = try await rig.call("delete", "--force", id)
                #expect(deleted.status == 0, "seed \(seed): \(deleted)")
                #expect(access("\(rig.root)/\(id)", F_OK) != 0, "seed \(seed)")
                for tree in ["pids", "memory", "unified", "."] {
                    #expect(access("/sys/fs/cgroup/\(tree)/pouch-runtime/\(id)", F_OK) != 0, "seed \(seed): \(tree)")
                }
            }
        }
    }

    @Test func eachStepIsToldToWhoAsks() async throws {
        try await RuntimeRig.use { rig in
            try rig.bundle("true")
            let made = try await rig.call("--debug", "run", "--bundle", rig.bundlePath, RuntimeRig.name())
            #expect(made.status == 0)
            for words in [
                "nsexec container setup", "child process in init()", "init: mount proc on /proc", "level=debug",
            ] {
                #expect(made.errors.contains(words), "\(made)")
            }
            let (log, id) = ("\(rig.folder)/log", RuntimeRig.name())
            try rig.bundle("exec sleep 100")
            let globals = ["--log", log, "--log-format", "json", "--debug"]
            let silent = try await run(
                ["sh", "-c", "exec \"$@\" >/dev/null 2>&1", "sh", rig.runtime, "--root", rig.root] + globals
                    + ["run", "-d", "--bundle", rig.bundlePath, id])
            #expect(silent.status == 0)
            let exec = try await rig.call(globals + ["exec", id, "true"])
            #expect(exec.status == 0 && exec.errors.isEmpty, "\(exec)")
            let lines = try String(decoding: WholeFile.read(log), as: UTF8.self).split(separator: "\n")
            let told = try lines.map { try JSONValue(parsing: String($0)) }
            #expect(told.allSatisfy { $0["level"]?.stringValue == "debug" && $0["time"] != nil })
            #expect(told.contains { $0["msg"]?.stringValue == "setns_init: about to exec /bin/true" }, "\(lines)")
        }
    }

    @Test func groupsWithProcessesOfOthersAreJoinedWithAWarningAndLeftAlone() async throws {
        try await RuntimeRig.use { rig in
            let (first, second) = (RuntimeRig.name(), RuntimeRig.name())
            var bundle = try rig.bundle("exec sleep 100") { $0["linux.cgroupsPath"] = .string("/\(first)") }
            /// The files stay: programs of the container run from them.
            func becomes(_ words: JSONValue) throws {
                var config = Config(bundle.config)
                config["process.args"] = words
                bundle.config = config.json
                try bundle.write()
            }
            func detached(_ id: String) async throws -> CommandResult {
                // Else the output would stay open as long as the container.
                let errors = "\(rig.folder)/errors"
                let words = ["run", "-d", "--bundle", rig.bundlePath, id]
                let script = "exec \"$@\" >/dev/null 2>\(errors)"
                var made = try await run(["sh", "-c", script, "sh", rig.runtime, "--root", rig.root] + words)
                made.errors = String(decoding: try WholeFile.read(errors), as: UTF8.self)
                return made
            }
            func status(_ id: String) async throws -> String? {
                try JSONValue(parsing: try await rig.call("state", id).output)["status"]?.stringValue
            }
            let quiet = try await detached(first)
            #expect(quiet.status == 0 && quiet.errors.isEmpty, "\(quiet)")
            let warned = try await detached(second)
            #expect(warned.status == 0 && warned.errors.contains("container's cgroup is not empty"), "\(warned)")
            // A failed third, and the end of the second, leave the first as it was.
            try becomes(["/nosuch"])
            #expect(try await rig.call("run", "--bundle", rig.bundlePath, RuntimeRig.name()).status == 127)
            #expect(try await rig.call("delete", "--force", second).status == 0)
            #expect(try await status(first) == "running")
            try becomes(["sleep", "100"])
            #expect(try await detached(second).status == 0)
            #expect(try await rig.call("delete", "--force", first).status == 0)
            #expect(try await status(second) == "running")
            #expect(try await rig.call("pause", second).status == 0)
            let frozen = try await rig.call("run", "--bundle", rig.bundlePath, first)
            #expect(frozen.status == 1 && frozen.errors.contains("frozen"), "\(frozen)")
            #expect(try await rig.call("delete", "--force", second).status == 0)
            #expect(access("/sys/fs/cgroup/pids/\(first)", F_OK) != 0 && access("/sys/fs/cgroup/\(first)", F_OK) != 0)
        }
    }

    @Test func aFurtherProcessGoesBelowTheContainersGroup() async throws {
        try await RuntimeRig.use { rig in
            try rig.bundle("exec sleep 100")
            let id = RuntimeRig.name()
            let silent =
                "exec \(rig.runtime) --root \(rig.root) run -d --bundle \(rig.bundlePath) \(id) >/dev/null 2>&1"
            #expect(try await run(["sh", "-c", silent]).status == 0)
            let isV1 = access("/sys/fs/cgroup/memory/tasks", F_OK) == 0
            let inside = "\(isV1 ? "/sys/fs/cgroup/memory" : "/sys/fs/cgroup")/pouch-runtime/\(id)/below"
            #expect(mkdir(inside, 0o755) == 0)
            let choice = isV1 ? "memory:below" : "below"
            // The container sees its own group as the root, if it has a namespace for that.
            let seen = try await rig.call("exec", "--cgroup", choice, id, "cat", "/proc/self/cgroup")
            let lines = seen.output.split(separator: "\n").filter { $0.hasSuffix("/below") }
            #expect(seen.status == 0 && lines.count == 1, "\(seen)")
            #expect(lines.allSatisfy { !isV1 || $0.contains(":memory:") }, "\(seen)")
            let nowhere = try await rig.call("exec", "--cgroup", "nosuch", id, "true")
            #expect(
                nowhere.status == 255 && nowhere.errors.contains("/nosuch/cgroup.procs: no such file"), "\(nowhere)")
        }
    }

    @Test func errorsGoToTheLogAsEnginesReadThem() async throws {
        try await RuntimeRig.use { rig in
            let log = "\(rig.folder)/log"
            let result = try await rig.call("--log", log, "--log-format", "json", "start", "nosuch")
            #expect(result.status == 1)
            let line = try JSONValue(parsing: try WholeFile.read(log))
            #expect(line["level"]?.stringValue == "error")
            #expect(line["msg"]?.stringValue == #"container "nosuch" does not exist"#)
            #expect(try await rig.call("--systemd-cgroup", "list").errors.contains("no systemd driver"))
            #expect(try await rig.call("run", "--nosuch", "x").errors.contains("unknown option --nosuch"))
            #expect(try await rig.call("features").status == 0)
            #expect(try await rig.call("--version").output.contains("spec: 1.2"))
        }
    }
}
