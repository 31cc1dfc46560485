internal import LinuxKernel
internal import TestSupport
internal import Testing

@Suite("seccomp profiles of a user's own", .needs(.root))
struct EngineSeccompTests {
    /// In Docker's format: rules that apply to some containers only.
    private static let profile = """
        {
          "defaultAction": "SCMP_ACT_ALLOW",
          "archMap": [{"architecture": "SCMP_ARCH_X86_64", "subArchitectures": ["SCMP_ARCH_X86"]}],
          "syscalls": [
            {"names": ["mkdir", "mkdirat"], "action": "SCMP_ACT_ERRNO", "errnoRet": 28,
             "excludes": {"caps": ["CAP_SYS_ADMIN"]}},
            {"names": ["chmod", "fchmod", "fchmodat"], "action": "SCMP_ACT_ERRNO", "errnoRet": 28,
             "includes": {"caps": ["CAP_SYS_ADMIN"]}},
            {"names": ["symlink", "symlinkat"], "action": "SCMP_ACT_ERRNO", "includes": {"minKernel": "99.0"}},
            {"names": ["link", "linkat"], "action": "SCMP_ACT_ERRNO", "includes": {"arches": ["arm64"]}},
            {"name": "rmdir", "action": "SCMP_ACT_ERRNO", "errnoRet": 28, "comment": "the old spelling"}
          ]
        }
        """

    private static let script = """
        cd /tmp; mkdir a 2>/dev/null && echo mkdir; touch f; chmod 700 f 2>/dev/null && echo chmod
        ln -s f s && echo symlink; ln f l && echo link; rmdir /tmp/a /media 2>&1 | grep -c 'No space'
        """

    @Test("apply to a container by its capabilities, the kernel and the architecture")
    func conditions() async throws {
        try await withDaemon { daemon in
            try await withScratchDirectory { folder in
                let file = "\(folder)/profile.json"
                try WholeFile.replace(file, with: Array(Self.profile.utf8), mode: 0o600)
                let words = ["run", "--rm", "--network", "none", "--security-opt", "seccomp=\(file)"]
                func outcome(_ more: String...) async throws -> CommandResult {
                    try await run(
                        [Executables.client, "-H", daemon.host] + words + more + ["busybox", "sh", "-c", Self.script])
                }
                let plain = try await outcome()
                #expect(plain.output == "chmod\nsymlink\nlink\n2\n", "\(plain)")
                let administrator = try await outcome("--cap-add", "SYS_ADMIN")
                #expect(administrator.output == "mkdir\nsymlink\nlink\n2\n", "\(administrator)")
            }
        }
    }

    @Test("are refused when they are none, and nothing runs without one")
    func refusals() async throws {
        try await withDaemon { daemon in
            try await withScratchDirectory { folder in
                for (text, words) in [
                    ("{", "seccomp"), (#"{"defaultAction":"SCMP_ACT_NOSUCH"}"#, "SCMP_ACT_NOSUCH"),
                    (#"{"syscalls":[]}"#, "defaultAction"),
                ] {
                    try WholeFile.replace("\(folder)/profile", with: Array(text.utf8), mode: 0o600)
                    let result = try await daemon.pouch(
                        "run", "--rm", "--network", "none", "--security-opt", "seccomp=\(folder)/profile", "busybox",
                        "echo", "ran")
                    #expect(result.status == 125 && result.output.isEmpty, "\(result)")
                    #expect(result.errors.contains(words), "\(result)")
                }
            }
        }
    }
}
