extension RuntimeSpec {
    /// The version of the specification that new bundles follow.
    package static let version = "1.2.1"

    /// The identity of a user who is not root, for a bundle that this user runs.
    package struct Rootless: Equatable, Sendable {
        package let uid: UInt32
        package let gid: UInt32

        package init(uid: UInt32, gid: UInt32) {
            self.uid = uid
            self.gid = gid
        }
    }

    /// The bundle to start from, as `runc spec` prints it: a shell on a terminal in a read-only root filesystem.
    ///
    /// With `rootless` there is a user namespace with that user as root, no network namespace, and the `/sys` of the
    /// host. Where cgroups are unified, a cgroup namespace belongs to it.
    package static func standard(rootless: Rootless? = nil, cgroupNamespace: Bool = false) -> RuntimeSpec {
        var spec = RuntimeSpec(ociVersion: version)
        spec.process = .shell
        spec.root = Root(path: "rootfs", readonly: true)
        spec.hostname = "pouch"
        spec.mounts = Mount.standard
        var linux = Linux()
        linux.resources = Resources(devices: [.init(allow: false, access: "rwm")])
        linux.namespaces = [NamespaceType.pid, .network, .ipc, .uts, .mount].map { Namespace(type: $0) }
        if cgroupNamespace { linux.namespaces?.append(Namespace(type: .cgroup)) }
        linux.maskedPaths = Linux.standardMaskedPaths
        linux.readonlyPaths = Linux.standardReadonlyPaths
        spec.linux = linux
        if let rootless { spec.becomeRootless(rootless) }
        return spec
    }

    private mutating func becomeRootless(_ user: Rootless) {
        mounts = mounts?.map { mount in
            var mount = mount
            if mount.destination == "/sys" {
                mount.type = "none"
                mount.source = "/sys"
                mount.options = ["rbind", "nosuid", "noexec", "nodev", "ro"]
            }
            mount.options?.removeAll { $0.hasPrefix("gid=") || $0.hasPrefix("uid=") }
            return mount
        }
        linux?.resources = nil
        linux?.namespaces?.removeAll { $0.type == .network }
        linux?.namespaces?.append(Namespace(type: .user))
        linux?.uidMappings = [IDMapping(containerID: 0, hostID: user.uid, size: 1)]
        linux?.gidMappings = [IDMapping(containerID: 0, hostID: user.gid, size: 1)]
    }
}

extension RuntimeSpec.Process {
    /// `sh` on a terminal as root, with next to no capability.
    fileprivate static var shell: RuntimeSpec.Process {
        let kept = ["CAP_AUDIT_WRITE", "CAP_KILL", "CAP_NET_BIND_SERVICE"]
        var process = RuntimeSpec.Process(cwd: "/")
        process.terminal = true
        process.args = ["sh"]
        process.env = ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "TERM=xterm"]
        process.capabilities = .init(bounding: kept, effective: kept, permitted: kept, ambient: kept)
        process.rlimits = [.init(type: "RLIMIT_NOFILE", soft: 1024, hard: 1024)]
        process.noNewPrivileges = true
        return process
    }
}

extension RuntimeSpec.Mount {
    /// The mounts that nearly every program expects.
    package static let standard = [
        RuntimeSpec.Mount(destination: "/proc", type: "proc", source: "proc"),
        RuntimeSpec.Mount(
            destination: "/dev", type: "tmpfs", source: "tmpfs",
            options: ["nosuid", "strictatime", "mode=755", "size=65536k"]),
        RuntimeSpec.Mount(
            destination: "/dev/pts", type: "devpts", source: "devpts",
            options: ["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5"]),
        RuntimeSpec.Mount(
            destination: "/dev/shm", type: "tmpfs", source: "shm",
            options: ["nosuid", "noexec", "nodev", "mode=1777", "size=65536k"]),
        RuntimeSpec.Mount(
            destination: "/dev/mqueue", type: "mqueue", source: "mqueue", options: ["nosuid", "noexec", "nodev"]),
        RuntimeSpec.Mount(
            destination: "/sys", type: "sysfs", source: "sysfs", options: ["nosuid", "noexec", "nodev", "ro"]),
        RuntimeSpec.Mount(
            destination: "/sys/fs/cgroup", type: "cgroup", source: "cgroup",
            options: ["nosuid", "noexec", "nodev", "relatime", "ro"]),
    ]
}

extension RuntimeSpec.Linux {
    /// What tells about the host more than a container should know.
    package static let standardMaskedPaths = [
        "/proc/acpi", "/proc/asound", "/proc/kcore", "/proc/keys", "/proc/latency_stats", "/proc/timer_list",
        "/proc/timer_stats", "/proc/sched_debug", "/sys/firmware", "/sys/devices/virtual/powercap", "/proc/scsi",
    ]

    /// What changes the host when it is written.
    package static let standardReadonlyPaths = [
        "/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger",
    ]
}
