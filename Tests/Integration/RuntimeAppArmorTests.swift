internal import Glibc
internal import JSON
internal import LinuxKernel
internal import TestSupport
internal import Testing

@Suite("pouch-runtime: AppArmor", .needs(.root, .appArmor, .tool("apparmor_parser")))
struct RuntimeAppArmorTests {
    /// Everything but one file.
    private static let profile = """
        profile pouch-test flags=(attach_disconnected) {
          file, capability, network, signal, mount, umount, pivot_root, ptrace, unix,
          deny /secret r,
        }

        """

    @Test("a program has the profile of its process, from create and from exec")
    func confined() async throws {
        try await RuntimeRig.use { rig in
            let file = "\(rig.folder)/profile"
            try WholeFile.replace(file, with: Array(Self.profile.utf8), mode: 0o600)
            let parser = try #require(Executables.tool("apparmor_parser"))
            let loaded = try await run([parser, "--skip-cache", "--replace", file], timeout: .seconds(60))
            #expect(loaded.status == 0, "\(loaded)")
            let script = "cat /proc/self/attr/current; echo s > /secret; cat /secret || echo denied"
            let result = try await rig.run(script) { $0["process.apparmorProfile"] = "pouch-test" }
            #expect(result.output == "pouch-test (enforce)\ndenied\n", "\(result)")
            let free = try await rig.run(script)
            #expect(free.output == "unconfined\ns\n", "\(free)")
            let wrong = try await rig.run("true") { $0["process.apparmorProfile"] = "no-such-profile" }
            #expect(wrong.status == 1 && wrong.errors.contains("security label exec no-such-profile"), "\(wrong)")

            try rig.bundle("exec sleep 100")
            let id = RuntimeRig.name()
            _ = try await rig.call("create", "--bundle", rig.bundlePath, id)
            let later = try await rig.call("exec", "--apparmor", "pouch-test", id, "cat", "/proc/self/attr/current")
            #expect(later.output == "pouch-test (enforce)\n", "\(later)")
        }
    }
}
