import LinuxKernel
import TestSupport
import Testing

/// The known ways out of a container, tried from inside through the engine.
@Suite("ways out of a container", .needs(.root))
struct EngineEscapeTests {
    /// Runs `script` in a fresh container with the default options.
    private func inside(_ script: String, _ options: String..., check: (CommandResult) throws -> Void) async throws {
        try await withDaemon { daemon in
            let words = ["run", "--rm", "--network", "none"] + options + ["busybox", "sh", "-c", script]
            try check(try await run([Executables.client, "-H", daemon.host] + words))
        }
    }

    @Test("CVE-2019-5736: the runtime's executable cannot be opened for writing through a process of the container")
    func runtimeOverwrite() async throws {
        try await withDaemon { daemon in
            let before = try WholeFile.read(Executables.runtime)
            _ = try await daemon.pouch("run", "-d", "--name", "evil", "--network", "none", "busybox", "sleep", "600")
            let script =
                "i=0; while [ $i -lt 400 ]; do for p in /proc/[0-9]*; do echo pwned 2>/dev/null > $p/exe; done; i=$((i+1)); done"
            let attack = Task { try await daemon.pouch("exec", "evil", "sh", "-c", script) }
            for _ in 0..<20 { #expect(try await daemon.pouch("exec", "evil", "true").status == 0) }
            _ = try await attack.value
            #expect(try WholeFile.read(Executables.runtime) == before)
        }
    }

    @Test("CVE-2024-21626: no descriptor of the host is inherited, and none can be a working directory")
    func leakedDescriptors() async throws {
        try await inside("ls /proc/self/fd") { #expect($0.output.split(separator: "\n").count <= 4, "\($0)") }
        for descriptor in [3, 5, 7, 8, 9] {
            try await inside("pwd; ls ../../../../../etc/hostname", "-w", "/proc/self/fd/\(descriptor)") {
                #expect($0.status != 0, "\($0)")
            }
        }
    }

    @Test("CVE-2022-0492: no way to a release_agent")
    func releaseAgent() async throws {
        let script =
            "mkdir /tmp/c; mount -t cgroup -o memory cgroup /tmp/c && echo MOUNTED; unshare -UrmC sh -c 'mount -t cgroup -o memory c /tmp/c && echo MOUNTED'; find / -name release_agent -writable 2>/dev/null"
        try await inside(script) {
            #expect(!$0.output.contains("MOUNTED") && !$0.output.contains("release_agent"), "\($0)")
        }
    }

    @Test("CVE-2022-29162: nothing is inheritable, no group comes along")
    func capabilitiesAndGroups() async throws {
        try await inside("grep CapInh /proc/self/status; grep Groups /proc/self/status") {
            #expect($0.output.contains("CapInh:\t0000000000000000"), "\($0)")
        }
        try await inside("id -G", "-u", "1000:1000") { #expect($0.trimmed == "1000", "\($0)") }
    }

    @Test("CVE-2020-15257: no socket of the host is reachable, not even with the host's network")
    func shimSocket() async throws {
        try await inside("cat /proc/net/unix", "--network", "host") {
            #expect(!$0.output.contains("@"), "an abstract socket of ours: \($0)")
        }
    }

    @Test(
        "masked and read-only paths of /proc and /sys stay so",
        arguments: ["/proc/kcore", "/proc/keys", "/proc/timer_list", "/sys/firmware"])
    func masked(path: String) async throws {
        try await inside(
            "if [ -d \(path) ]; then ls \(path) | wc -l; else cat \(path) 2>/dev/null | wc -c; fi; umount \(path) 2>&1"
        ) {
            #expect($0.output.hasPrefix("0\n"), "\($0)")
            #expect(
                $0.output.contains("not permitted") || $0.output.contains("denied")
                    || $0.output.contains("Invalid argument"), "\($0)")
        }
    }

    @Test("sysctls of the host, its devices and its kernel log are out of reach")
    func reach() async throws {
        let script =
            "echo 1 > /proc/sys/kernel/panic && echo WROTE; echo h > /proc/sysrq-trigger && echo WROTE; mknod /tmp/sda b 8 0 && cat /tmp/sda && echo READ; mknod /tmp/mem c 1 1 && cat /tmp/mem && echo READ; ls /dev"
        try await inside(script) {
            #expect(!$0.output.contains("WROTE") && !$0.output.contains("READ"), "\($0)")
            let devices = Set($0.output.split(separator: "\n").map(String.init))
            #expect(devices.isDisjoint(with: ["sda", "vda", "kmsg", "mem", "kvm", "loop0"]), "\($0)")
        }
    }

    @Test("a volume's target that is a symbolic link stays inside the container")
    func symlinkedTarget() async throws {
        try await withDaemon { daemon in
            _ = try await daemon.pouch(
                "run", "--name", "maker", "--network", "none", "busybox", "sh", "-c",
                "ln -s /../../../../../../tmp /trap; ln -s ../../../../etc /up")
            _ = try await daemon.pouch("commit", "maker", "trap")
            let source = "\(daemon.folder)/source"
            _ = try await run(["sh", "-c", "mkdir \(source); touch \(source)/mark-\(daemon.cgroupParent.dropFirst())"])
            let seen = try await daemon.pouch(
                "run", "--rm", "--network", "none", "-v", "\(source):/trap/inner", "trap", "ls", "/tmp/inner")
            #expect(seen.output.contains("mark-"), "resolved inside: \(seen)")
            #expect(try await run(["ls", "/tmp/inner"]).status != 0, "nothing appeared on the host")
        }
    }

    @Test("CVE-2018-15664: cp follows links inside the container only")
    func copyThroughLinks() async throws {
        try await withDaemon { daemon in
            _ = try await daemon.pouch(
                "run", "-d", "--name", "links", "--network", "none", "busybox", "sh", "-c",
                "ln -s /etc/passwd /stolen; ln -s /../../../../../../../tmp /out; sleep 600")
            _ = try await daemon.pouch("exec", "links", "sh", "-c", "while [ ! -e /out ]; do sleep 0.01; done")
            let host = try WholeFile.read("/etc/passwd")
            _ = try await daemon.pouch("cp", "-L", "links:/stolen", "\(daemon.folder)/got")
            #expect(try WholeFile.read("\(daemon.folder)/got") != host)
            try WholeFile.replace("\(daemon.folder)/planted", with: [1])
            _ = try await daemon.pouch(
                "cp", "\(daemon.folder)/planted", "links:/out/planted-\(daemon.cgroupParent.dropFirst())")
            #expect(try await run(["ls", "/tmp/planted-\(daemon.cgroupParent.dropFirst())"]).status != 0)
        }
    }

    @Test("CVE-2019-14271: cp never loads what the container calls a library")
    func copyLoadsNothing() async throws {
        try await withDaemon { daemon in
            // Who opens one of them for reading waits for ever.
            let traps = [
                "/etc/nsswitch.conf", "/etc/ld.so.cache", "/etc/ld.so.preload", "/lib64/libnss_files.so.2",
                "/lib/x86_64-linux-gnu/libnss_files.so.2", "/lib/x86_64-linux-gnu/libnss_dns.so.2",
                "/usr/lib/x86_64-linux-gnu/libnss_compat.so.2",
            ]
            let script = traps.map { "f=\($0); mkdir -p ${f%/*}; rm -f $f; mkfifo $f" }
            _ = try await daemon.pouch(
                "run", "-d", "--name", "trap", "--network", "none", "busybox", "sh", "-c",
                script.joined(separator: "; ") + "; echo loot > /loot; exec sleep 600")
            _ = try await daemon.pouch("exec", "trap", "sh", "-c", "while [ ! -e /loot ]; do sleep 0.01; done")
            let all = traps.joined(separator: " ")
            let found = try await daemon.pouch(
                "exec", "trap", "sh", "-c", "for f in \(all); do [ -p $f ] || echo $f; done")
            #expect(found.status == 0 && found.output.isEmpty, "\(found)")
            for flags in [[], ["-a"]] as [[String]] {
                let out = try await daemon.pouch(
                    ["cp"] + flags + ["trap:/loot", "\(daemon.folder)/loot"], timeout: .seconds(20))
                #expect(out.status == 0, "\(out)")
                let into = try await daemon.pouch(
                    ["cp"] + flags + ["\(daemon.folder)/loot", "trap:/tmp/back"], timeout: .seconds(20))
                #expect(into.status == 0, "\(into)")
            }
            #expect(try WholeFile.read("\(daemon.folder)/loot") == Array("loot\n".utf8))
            // Stopped, the files are reached another way.
            _ = try await daemon.pouch("kill", "trap")
            let stopped = try await daemon.pouch(
                "cp", "trap:/tmp/back", "\(daemon.folder)/again", timeout: .seconds(20))
            #expect(stopped.status == 0, "\(stopped)")
        }
    }

    @Test("a privileged container may, an ordinary one may not")
    func privileged() async throws {
        try await inside(
            "mount -t tmpfs tmpfs /mnt 2>&1 || mkdir -p /mnt && mount -t tmpfs tmpfs /mnt && echo MOUNTED",
            "--privileged"
        ) {
            #expect($0.output.contains("MOUNTED"), "\($0)")
        }
        try await inside("mkdir -p /mnt; mount -t tmpfs tmpfs /mnt && echo MOUNTED") {
            #expect(!$0.output.contains("MOUNTED"), "\($0)")
        }
    }
}
