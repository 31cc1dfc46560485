import LinuxKernel
import TestSupport
import Testing

/// `--disk-quota` as a container sees it, on every disk that this kernel can limit.
@Suite("disk quota", .needs(.root, .tool("mkfs.btrfs")), .serialized)
struct DiskQuotaTests {
    static let fill = "dd if=/dev/zero of=/big bs=1M count=40 conv=fsync 2>&1; ls -l /big | awk '{print $5}'"

    static func quotaDaemon(_ disk: Disk, _ body: (Daemon) async throws -> Void) async throws {
        try await disk.with { folder in
            let daemon = try await Daemon.start(in: folder)
            do {
                try await daemon.importBusybox()
                try await body(daemon)
                try await daemon.stop()
            } catch {
                try? await daemon.stop()
                throw error
            }
            #expect(loopDevices(below: folder) == [])
            #expect(mounts(below: folder) == [])
        }
    }

    @Test("writing past the limit fails, and only then", arguments: [Disk.plain, .btrfs])
    func limitHolds(disk: Disk) async throws {
        try await Self.quotaDaemon(disk) { daemon in
            let run = ["run", "--rm", "--network", "none"]
            let full = try await daemon.pouch(run + ["--disk-quota", "20m", "busybox", "sh", "-c", Self.fill])
            #expect(full.output.contains("No space left") || full.output.contains("quota exceeded"), "\(full)")
            let size = full.output.split(separator: "\n").last.flatMap { Int($0) } ?? 0
            #expect(size > 16 << 20 && size <= 20 << 20, "\(full)")
            let free = try await daemon.pouch(run + ["busybox", "sh", "-c", Self.fill])
            #expect(free.output.hasSuffix("\(40 << 20)\n"), "\(free)")
            let alias = try await daemon.pouch(
                run + ["--storage-opt", "size=20m", "busybox", "sh", "-c", Self.fill])
            #expect(!alias.output.hasSuffix("\(40 << 20)\n"), "\(alias)")
        }
    }

    @Test("what is deleted goes back to the disk, though the limit's file was filled")
    func trimmed() async throws {
        try await Self.quotaDaemon(.plain) { daemon in
            let started = try await daemon.pouch(
                "run", "-d", "--name", "held", "--network", "none", "--disk-quota", "100m", "busybox", "sleep", "600")
            #expect(started.status == 0, "\(started)")
            func taken() async throws -> Int {
                let files = try await run(["find", "\(daemon.folder)/data", "-name", "disk.img", "-printf", "%k\n"])
                return Int(files.trimmed) ?? -1
            }
            let filled = try await daemon.pouch("exec", "held", "sh", "-c", Self.fill)
            #expect(filled.output.hasSuffix("\(40 << 20)\n"), "\(filled)")
            #expect(try await taken() > 40 << 10)
            #expect(try await daemon.pouch("exec", "held", "sh", "-c", "rm /big && sync").status == 0)
            try await eventually { try await taken() < 8 << 10 }
        }
    }

    @Test("df in the container shows the limit, of each form")
    func shownByDf() async throws {
        try await Self.quotaDaemon(.plain) { daemon in
            let script = "for p in / /a /b; do df -k $p | awk -v p=$p 'END{print p,$2}'; done"
            let expected: [([String], String)] = [
                (["10m"], "/ 10240\n/a 10240\n/b 10240\n"), ([".*=12m"], "/ 12288\n/a 12288\n/b 12288\n"),
                (["/=10m", "/a=11m", "/b=12m"], "/ 10240\n/a 11264\n/b 12288\n"),
                (["/&/a=13m,/b.*=14m"], "/ 13312\n/a 13312\n/b 14336\n"),
            ]
            for (quotas, lines) in expected {
                let flags = quotas.flatMap { ["--disk-quota", $0] }
                let words = ["run", "--rm", "--network", "none", "-v", "/a", "-v", "/b"] + flags
                let shown = try await daemon.pouch(words + ["busybox", "sh", "-c", script])
                #expect(shown.output == lines, "\(quotas): \(shown)")
            }
            #expect(try await daemon.pouch(["volume", "ls", "-q"]).output == "")
        }
    }

    @Test("a shared limit is shared, own limits are not", arguments: [Disk.plain, .btrfs])
    func sharing(disk: Disk) async throws {
        try await Self.quotaDaemon(disk) { daemon in
            let script =
                "dd if=/dev/zero of=/a/x bs=1M count=15 conv=fsync 2>/dev/null && dd if=/dev/zero of=/x bs=1M count=15 conv=fsync 2>/dev/null"
            for (quota, fits) in [("20m", false), ("/&/a=20m", false), (".*=20m", true)] {
                let words = [
                    "run", "--rm", "--network", "none", "-v", "/a", "--disk-quota", quota, "busybox", "sh", "-c",
                ]
                let result = try await daemon.pouch(words + [script])
                #expect((result.status == 0) == fits, "\(quota): \(result)")
            }
        }
    }

    @Test("a volume with a size of its own keeps it", arguments: [Disk.plain, .btrfs])
    func sizedVolume(disk: Disk) async throws {
        try await Self.quotaDaemon(disk) { daemon in
            #expect(try await daemon.pouch(["volume", "create", "-o", "size=20m", "v1"]).status == 0)
            let words = [
                "run", "--rm", "--network", "none", "--disk-quota", "100m", "-v", "v1:/v", "busybox", "sh", "-c",
            ]
            let full = try await daemon.pouch(words + ["dd if=/dev/zero of=/v/x bs=1M count=40 conv=fsync"])
            #expect(full.status != 0, "\(full)")
            #expect(try await daemon.pouch(["volume", "rm", "v1"]).status == 0)
            let bad = try await daemon.pouch(["volume", "create", "-o", "size=0", "v2"])
            #expect(bad.status != 0 && bad.errors.contains("size"), "\(bad)")
        }
    }

    @Test("a limit that cannot be enforced is an error, or a warning when that is wanted")
    func unenforceable() async throws {
        try await Self.quotaDaemon(.plain) { daemon in
            let words = ["run", "--rm", "--network", "none", "-v", "\(daemon.folder):/host"]
            let refused = try await daemon.pouch(words + ["--disk-quota", "10m", "busybox", "true"])
            #expect(refused.status == 125)
            #expect(refused.errors.contains("loop quota driver cannot limit \(daemon.folder)"), "\(refused)")
            let ignored = try await daemon.pouch(
                words + ["--disk-quota", "10m", "--disk-quota-fallback=ignore", "busybox", "echo", "ran"])
            #expect(ignored.output == "ran\n" && ignored.errors.contains("without a disk quota"), "\(ignored)")
            for (quota, why) in [
                ("/nope=1m", "/nope"), ("900t", "more than the disk"), ("1k", "1m or more"), ("/(=1m", "regular"),
            ] {
                let result = try await daemon.pouch(
                    ["run", "--rm", "--network", "none", "--disk-quota", quota, "busybox", "true"])
                #expect(result.status == 125 && result.errors.contains(why), "\(result)")
            }
            #expect(try await daemon.pouch(["ps", "-aq"]).output == "")
            #expect(try Files.list("\(daemon.folder)/data/quota") == [])
        }
    }

    @Test(
        "limits outlive a killed daemon, and leave nothing behind with their containers",
        arguments: [Disk.plain, .btrfs])
    func killedDaemon(disk: Disk) async throws {
        try await Self.quotaDaemon(disk) { daemon in
            #expect(
                try await daemon.pouch([
                    "run", "-d", "--name", "runs", "--network", "none", "--disk-quota", "20m", "busybox", "sleep",
                    "600",
                ]).status == 0)
            #expect(
                try await daemon.pouch([
                    "create", "--name", "idle", "--network", "none", "--disk-quota", "20m", "busybox", "sh", "-c",
                    Self.fill,
                ]).status == 0)
            await daemon.end(signal: 9)
            // What a crash in the middle of a creation leaves: a folder that no record names.
            _ = try await TestSupport.run(["mkdir", "-p", "\(daemon.folder)/data/quota/17000000"])
            try await daemon.start()
            #expect(!Files.exists("\(daemon.folder)/data/quota/17000000"))
            let inside = try await daemon.pouch(["exec", "runs", "sh", "-c", Self.fill])
            #expect(inside.output.contains("No space left") || inside.output.contains("quota exceeded"), "\(inside)")
            let idle = try await daemon.pouch(["start", "-a", "idle"])
            #expect(idle.output.contains("No space left") || idle.output.contains("quota exceeded"), "\(idle)")
            #expect(try await daemon.pouch(["rm", "-f", "runs", "idle"]).status == 0)
            #expect(try Files.list("\(daemon.folder)/data/quota") == [])
        }
    }

    @Test("a daemon that is killed at any moment of making and removing leaves no device, mount or folder")
    func killedAnywhere() async throws {
        try await Self.quotaDaemon(.plain) { daemon in
            for seed in UInt64(0)..<8 {
                var random = SplitMix64(seed: seed)
                let pause = Duration.milliseconds(Int.random(in: 1...60, using: &random))
                async let making: Void = {
                    for number in 0..<20 {
                        let made = try await daemon.pouch([
                            "create", "--name", "c\(seed)-\(number)", "--network", "none", "--disk-quota", ".*=4m",
                            "-v",
                            "v\(seed)-\(number):/v", "busybox",
                        ])
                        if made.status != 0 { return }
                        _ = try await daemon.pouch(["rm", "-v", "c\(seed)-\(number)"])
                    }
                }()
                // Chosen moments, not a wait for something to happen.
                try await Task.sleep(for: pause)
                await daemon.end(signal: 9)
                try await making
                try await daemon.start()
                let left = try await daemon.pouch(["ps", "-aq"]).output.split(separator: "\n").map(String.init)
                if !left.isEmpty { #expect(try await daemon.pouch(["rm", "-f"] + left).status == 0, "seed \(seed)") }
                let volumes = try await daemon.pouch(["volume", "ls", "-q"]).output.split(separator: "\n").map(
                    String.init)
                if !volumes.isEmpty {
                    #expect(try await daemon.pouch(["volume", "rm"] + volumes).status == 0, "seed \(seed)")
                }
                #expect(try Files.list("\(daemon.folder)/data/quota") == [], "seed \(seed)")
                #expect(loopDevices(below: daemon.folder) == [], "seed \(seed)")
                #expect(mounts(below: daemon.folder) == [], "seed \(seed)")
            }
        }
    }

    @Test("stats, ps and df tell what is written and how much may be", arguments: [Disk.plain, .btrfs])
    func shown(disk: Disk) async throws {
        try await Self.quotaDaemon(disk) { daemon in
            _ = try await daemon.pouch([
                "run", "-d", "--name", "cc", "--network", "none", "--disk-quota", "/=20m", "busybox", "sh", "-c",
                "dd if=/dev/zero of=/x bs=1M count=8 2>/dev/null; sync; echo done; sleep 600",
            ])
            _ = try await daemon.pouch(["exec", "cc", "sh", "-c", "while ! [ -e /x ]; do :; done; sync"])
            let socket = String(daemon.host.dropFirst("unix://".count))
            let stats = try await run([
                "curl", "-s", "--unix-socket", socket, "http://d/v1.43/containers/cc/stats?stream=false&one-shot=true",
            ])
            #expect(stats.output.contains("\"byte_limit\":\(20 << 20)"), "\(stats)")
            let info = try await daemon.pouch(["info"])
            #expect(info.output.contains("Disk Quota Driver: \(disk.driver)"), "\(info)")
            let inspected = try await daemon.pouch(["inspect", "-f", "{{json .Config.DiskQuota}}", "cc"])
            #expect(inspected.output.contains("20m"), "\(inspected)")
        }
    }

    @Test("a bind shares a btrfs limit when it is a subvolume's root, and is let go with its container")
    func subvolume() async throws {
        try await Self.quotaDaemon(.btrfs) { daemon in
            let (plain, own) = ("\(daemon.folder)/plain", "\(daemon.folder)/own")
            _ = try await run(["mkdir", plain])
            #expect(try await run(["btrfs", "subvolume", "create", own]).status == 0)
            let words = ["run", "--rm", "--network", "none", "--disk-quota", "20m"]
            let refused = try await daemon.pouch(words + ["-v", "\(plain):/x", "busybox", "true"])
            #expect(refused.status == 125 && refused.errors.contains("root of a btrfs subvolume"), "\(refused)")
            let script =
                "dd if=/dev/zero of=/x/a bs=1M count=12 conv=fsync 2>/dev/null && dd if=/dev/zero of=/b bs=1M count=12 conv=fsync"
            let shared = try await daemon.pouch(words + ["-v", "\(own):/x", "busybox", "sh", "-c", script])
            #expect(shared.status != 0 && shared.errors.contains("uota exceeded"), "\(shared)")
            #expect(try Files.status("\(own)/a").size == 12 << 20)
            #expect(
                try await run(["dd", "if=/dev/zero", "of=\(own)/b", "bs=1M", "count=30", "conv=fsync"]).status == 0)
        }
    }
}
