internal import Cgroups
internal import Glibc
internal import JSON
internal import LinuxKernel
package import RuntimeSpec

/// `spec`: a configuration to start from, the same that runc writes.
package enum SpecTemplate {
    /// Writes `config.json` into `bundle`; one that is there stays.
    static func write(to bundle: String, rootless: Bool) throws(RuntimeError) {
        let path = "\(bundle)/config.json"
        guard !Files.exists(path) else {
            throw .invalid("file \(path) exists: remove it first")
        }
        let isUnified = (try? CgroupTree.detect())?.layout == .unified
        try step("write \(path)") { () throws(SyscallError) in
            try WholeFile.replace(
                path, with: config(rootless: rootless, isUnified: isUnified).encoded(.pretty), mode: 0o666 & ~0o022)
        }
    }

    /// With hierarchies of cgroup v1, as runc has it, the container sees its groups by their full paths.
    package static func config(rootless: Bool, isUnified: Bool = true) -> RuntimeSpec {
        var spec = RuntimeSpec(ociVersion: "1.2.1")
        spec.process = process()
        spec.root = RuntimeSpec.Root(path: "rootfs", readonly: true)
        spec.hostname = "pouch"
        spec.mounts = mounts(rootless: rootless)
        var linux = RuntimeSpec.Linux()
        linux.namespaces = [.pid, .network, .ipc, .uts, .mount].map { RuntimeSpec.Namespace(type: $0) }
        if isUnified { linux.namespaces?.append(.init(type: .cgroup)) }
        linux.maskedPaths = [
            "/proc/acpi", "/proc/asound", "/proc/kcore", "/proc/keys", "/proc/latency_stats", "/proc/timer_list",
            "/proc/timer_stats", "/proc/sched_debug", "/sys/firmware", "/proc/scsi",
        ]
        linux.readonlyPaths = [
            "/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger",
        ]
        if rootless {
            linux.namespaces = [.pid, .ipc, .uts, .mount, .cgroup, .user].map { RuntimeSpec.Namespace(type: $0) }
            linux.uidMappings = [RuntimeSpec.IDMapping(containerID: 0, hostID: geteuid(), size: 1)]
            linux.gidMappings = [RuntimeSpec.IDMapping(containerID: 0, hostID: getegid(), size: 1)]
        } else {
            linux.resources = RuntimeSpec.Resources(
                devices: [RuntimeSpec.Resources.DeviceCgroup(allow: false, access: "rwm")])
        }
        spec.linux = linux
        return spec
    }

    private static func process() -> RuntimeSpec.Process {
        var process = RuntimeSpec.Process(cwd: "/")
        process.terminal = true
        process.args = ["sh"]
        process.env = ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "TERM=xterm"]
        let capabilities = ["CAP_AUDIT_WRITE", "CAP_KILL", "CAP_NET_BIND_SERVICE"]
        process.capabilities = RuntimeSpec.Capabilities(
            bounding: capabilities, effective: capabilities, permitted: capabilities)
        process.rlimits = [RuntimeSpec.Rlimit(type: "RLIMIT_NOFILE", soft: 1024, hard: 1024)]
        process.noNewPrivileges = true
        return process
    }

    private static func mounts(rootless: Bool) -> [RuntimeSpec.Mount] {
        func mount(_ destination: String, _ type: String, _ source: String, _ options: [String]?) -> RuntimeSpec.Mount {
            RuntimeSpec.Mount(destination: destination, type: type, source: source, options: options)
        }
        let sys =
            rootless
            ? mount("/sys", "none", "/sys", ["rbind", "nosuid", "noexec", "nodev", "ro"])
            : mount("/sys", "sysfs", "sysfs", ["nosuid", "noexec", "nodev", "ro"])
        let group = rootless ? [] : ["gid=5"]
        return [
            mount("/proc", "proc", "proc", nil),
            mount("/dev", "tmpfs", "tmpfs", ["nosuid", "strictatime", "mode=755", "size=65536k"]),
            mount(
                "/dev/pts", "devpts", "devpts",
                ["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620"] + group),
            mount("/dev/shm", "tmpfs", "shm", ["nosuid", "noexec", "nodev", "mode=1777", "size=65536k"]),
            mount("/dev/mqueue", "mqueue", "mqueue", ["nosuid", "noexec", "nodev"]),
            sys,
            mount(
                "/sys/fs/cgroup", "cgroup", "cgroup", ["nosuid", "noexec", "nodev", "relatime", "ro"]),
        ]
    }
}
