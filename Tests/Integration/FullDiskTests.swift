import LinuxKernel
import TestSupport
import Testing

/// A data root without room: each verb says so in one line, leaves nothing half made, and does its work once there is room.
@Suite("a full disk", .needs(.root, .tool("docker-registry"), .tool("curl")))
struct FullDiskTests {
    private func withFullDisk(_ body: (KillRig) async throws -> Void) async throws {
        try await withScratchDirectory { folder in
            _ = try await run(["mkdir", "\(folder)/data"])
            _ = try await run(["mount", "-t", "tmpfs", "-o", "size=72m", "tmpfs", "\(folder)/data"])
            let daemon = try await Daemon.start(in: folder)
            let registry = try await DebianRegistry(in: folder, offset: 11)
            let result: Result<Void, any Error>
            do {
                try await daemon.importBusybox()
                let rig = KillRig(daemon: daemon, registry: registry)
                try await rig.prepare()
                result = .success(try await body(rig))
            } catch { result = .failure(error) }
            await registry.stop()
            try? await daemon.stop()
            try result.get()
        }
    }

    /// Leaves about this many bytes.
    private func fill(_ rig: KillRig, leaving kilobytes: Int) async throws {
        let filler = "\(rig.daemon.folder)/data/filler"
        _ = try await run([
            "sh", "-c", "dd if=/dev/zero of=\"$0\" bs=64k 2>/dev/null; truncate -s -\(kilobytes)K \"$0\"", filler,
        ])
    }

    private func free(_ rig: KillRig) async throws { _ = try await run(["rm", "\(rig.daemon.folder)/data/filler"]) }

    @Test("pull, load, build, commit, cp and a container's own writes")
    func verbs() async throws {
        try await withFullDisk { rig in
            let daemon = rig.daemon
            for work in [KilledWork.pull, .load, .build, .commit] {
                let command = try await rig.command(work, 1)
                if work == .pull { try await rig.must(["rmi", "-f", rig.big]) }
                let before = try await rig.must(["images", "-aq"])
                try await fill(rig, leaving: 1000)
                let failed = try await daemon.pouch(command)
                #expect(failed.status != 0 && failed.errors.contains("No space left on device"), "\(work): \(failed)")
                #expect(failed.errors.split(separator: "\n").count <= 2, "\(work): \(failed)")
                try await free(rig)
                #expect(try await rig.must(["images", "-aq"]) == before, "\(work)")
                #expect(try await rig.faults().isEmpty, "\(work)")
                let again = try await daemon.pouch(command)
                #expect(again.status == 0, "\(work): \(again)")
                if work != .build { try await rig.must(["rmi", "-f", work == .commit ? "committed:1" : rig.big]) }
            }
        }
    }

    @Test("containers, volumes and networks are made whole or not at all")
    func records() async throws {
        try await withFullDisk { rig in
            let daemon = rig.daemon
            try await fill(rig, leaving: 0)
            var refused = 0
            for number in 0..<12 {
                for words in [
                    ["create", "--network", "none", "--name", "box-\(number)", "-v", "v\(number):/v", "busybox"],
                    ["network", "create", "--subnet", "10.9.\(number).0/24", "n\(number)"],
                    ["volume", "create", "w\(number)"], ["tag", "busybox", "t\(number):1"],
                ] {
                    let result = try await daemon.pouch(words)
                    guard result.status != 0 else { continue }
                    refused += 1
                    let says = result.errors.contains("No space left") || result.errors.contains("disk is full")
                    #expect(says, "\(words): \(result)")
                }
            }
            #expect(refused > 0)
            // What stands is what was acknowledged, also after a crash.
            let listed = try await rig.must(["ps", "-aq"]).split(separator: "\n").count
            await daemon.end(signal: 9)
            try await free(rig)
            try await daemon.start()
            #expect(try await rig.must(["ps", "-aq"]).split(separator: "\n").count == listed)
            for number in 0..<12 {
                if try await daemon.pouch("inspect", "box-\(number)").status == 0 {
                    try await rig.must(["start", "box-\(number)"])
                } else {
                    try await rig.must(["run", "-d", "--network", "none", "--name", "box-\(number)", "busybox", "true"])
                }
            }
            #expect(try await rig.faults().isEmpty)
        }
    }
}
