internal import JSON
internal import LinuxKernel
internal import RuntimeSpec

/// `features`: what this runtime can do, as far as it was built and not as far as this machine goes.
///
/// Source: runtime-spec 1.2, features.md.
enum FeatureList {
    static let mountOptions = [
        "async", "atime", "bind", "defaults", "dev", "diratime", "dirsync", "exec", "idmap", "iversion", "lazytime",
        "loud", "mand", "noatime", "nodev", "nodiratime", "noexec", "noiversion", "nolazytime", "nomand",
        "norelatime", "nostrictatime", "nosuid", "nosymfollow", "private", "ratime", "rbind", "rdev", "rdiratime",
        "relatime", "remount", "rexec", "ridmap", "rnoatime", "rnodev", "rnodiratime", "rnoexec", "rnorelatime",
        "rnostrictatime", "rnosuid", "rnosymfollow", "ro", "rprivate", "rrelatime", "rro", "rrw", "rshared", "rslave",
        "rstrictatime", "rsuid", "rsymfollow", "runbindable", "rw", "shared", "silent", "slave", "strictatime", "suid",
        "symfollow", "sync", "tmpcopyup", "unbindable",
    ]

    static func print() {
        var features = RuntimeSpec.Features(ociVersionMin: "1.0.0", ociVersionMax: "1.2.1")
        features.hooks = [
            "prestart", "createRuntime", "createContainer", "startContainer", "poststart", "poststop",
        ]
        features.mountOptions = mountOptions
        var linux = RuntimeSpec.LinuxFeatures()
        linux.namespaces = RuntimeSpec.NamespaceType.allCases.map(\.rawValue).sorted()
        linux.capabilities = CapabilitySet.names.map { "CAP_\($0)" }
        linux.cgroup = RuntimeSpec.CgroupFeatures(v1: true, v2: true, systemd: false, systemdUser: false, rdma: true)
        linux.apparmor = RuntimeSpec.Feature(enabled: true)
        linux.selinux = RuntimeSpec.Feature(enabled: true)
        linux.intelRdt = RuntimeSpec.Feature(enabled: false)
        linux.mountExtensions = RuntimeSpec.MountExtensions(idmap: RuntimeSpec.Feature(enabled: true))
        linux.seccomp = seccomp
        features.linux = linux
        features.annotations = ["io.github.seccomp.libseccomp.version": "2.5.4"]
        Output.print(features.json, .pretty)
    }

    private static var seccomp: RuntimeSpec.SeccompFeatures {
        var seccomp = RuntimeSpec.SeccompFeatures()
        seccomp.enabled = true
        seccomp.actions = RuntimeSpec.Seccomp.Action.allCases.map(\.rawValue)
        seccomp.operators = RuntimeSpec.Seccomp.Operator.allCases.map(\.rawValue)
        seccomp.archs = RuntimeSpec.Seccomp.Arch.allCases.map(\.rawValue).filter {
            !["SCMP_ARCH_LOONGARCH64", "SCMP_ARCH_M68K", "SCMP_ARCH_SH", "SCMP_ARCH_SHEB"].contains($0)
        }
        let flags = [
            "SECCOMP_FILTER_FLAG_TSYNC", "SECCOMP_FILTER_FLAG_SPEC_ALLOW", "SECCOMP_FILTER_FLAG_LOG",
            "SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV",
        ]
        seccomp.knownFlags = flags
        seccomp.supportedFlags = flags
        return seccomp
    }
}
