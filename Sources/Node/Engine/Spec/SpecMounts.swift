internal import RuntimeSpec

/// The mounts of a container, in the order in which they are made.
struct SpecMounts {
    private let input: SpecInput
    private var host: HostConfig { input.record.hostConfig }

    init(_ input: SpecInput) { self.input = input }

    func all() -> [RuntimeSpec.Mount] {
        let chosen = Set(input.mounts.map(\.plan.destination))
        // What the user mounts over a default takes its place.
        var mounts = standard().filter { !chosen.contains($0.destination) }
        mounts += files().filter { !chosen.contains($0.destination) }
        mounts += input.mounts.map(mount)
        if let executable = input.initExecutable {
            mounts.append(
                RuntimeSpec.Mount(
                    destination: SpecCompiler.initPath, type: "bind", source: executable,
                    options: ["bind", "ro", "nosuid", "nodev"]))
        }
        return mounts
    }

    private func standard() -> [RuntimeSpec.Mount] {
        var mounts: [RuntimeSpec.Mount] = []
        func add(_ destination: String, _ type: String, _ source: String, _ options: [String]) {
            mounts.append(RuntimeSpec.Mount(destination: destination, type: type, source: source, options: options))
        }
        let quiet = ["nosuid", "noexec", "nodev"]
        let access = host.privileged ? ["rw"] : ["ro"]
        add("/proc", "proc", "proc", quiet)
        add("/dev", "tmpfs", "tmpfs", ["nosuid", "strictatime", "mode=755", "size=65536k"])
        add("/dev/pts", "devpts", "devpts", ["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5"])
        if !input.userMap.isEmpty, input.network != .own {
            // The kernel lets a user namespace mount sysfs only together with a network namespace of its own.
            add("/sys", "bind", "/sys", ["rbind"] + quiet + access)
        } else {
            add("/sys", "sysfs", "sysfs", quiet + access)
        }
        add("/sys/fs/cgroup", "cgroup", "cgroup", quiet + access)
        if input.ipc == .host {
            add("/dev/mqueue", "bind", "/dev/mqueue", ["rbind"] + quiet)
        } else {
            add("/dev/mqueue", "mqueue", "mqueue", quiet)
        }
        if let folder = input.sharedMemory {
            add("/dev/shm", "bind", folder, ["rbind", "rprivate"] + quiet)
        } else if host.ipcMode != "none" {
            add("/dev/shm", "tmpfs", "shm", quiet + ["mode=1777", "size=\(input.shmSize)"])
        }
        return mounts
    }

    private func files() -> [RuntimeSpec.Mount] {
        guard let files = input.networkFiles else { return [] }
        let pairs = [
            (files.resolvConf, "/etc/resolv.conf"), (files.hostname, "/etc/hostname"), (files.hosts, "/etc/hosts"),
        ]
        return pairs.map { source, destination in
            RuntimeSpec.Mount(
                destination: destination, type: "bind", source: source,
                options: ["rbind", "rprivate"] + (host.readonlyRootfs ? ["ro"] : []))
        }
    }

    private func mount(_ resolved: SpecInput.ResolvedMount) -> RuntimeSpec.Mount {
        let plan = resolved.plan
        if plan.kind == .tmpfs {
            var options = ["noexec", "nosuid", "nodev"]
            for option in plan.options {
                // `exec` takes `noexec` back, and so on.
                options.removeAll { $0 == "no" + option || "no" + $0 == option }
                options.append(option)
            }
            return RuntimeSpec.Mount(destination: plan.destination, type: "tmpfs", source: "tmpfs", options: options)
        }
        var options = [plan.recursive ? "rbind" : "bind"]
        options.append(plan.propagation.isEmpty ? "rprivate" : plan.propagation)
        // Read-only holds for what is mounted below a bind, too, unless it is wished otherwise.
        let isDeep = plan.kind == .bind && plan.recursive && plan.writableBelow != true && input.canProtectBelow
        if !resolved.subpath.isEmpty { options.append("X-mount.subdir=\(resolved.subpath)") }
        if plan.readOnly { options.append(plan.forceRecursiveReadOnly || isDeep ? "rro" : "ro") }
        return RuntimeSpec.Mount(destination: plan.destination, type: "bind", source: resolved.source, options: options)
    }
}
