internal import RuntimeSpec

/// Turns what a client asked for into a runtime spec.
///
/// Pure: the same input gives the same bytes.
struct SpecCompiler {
    private let input: SpecInput
    private let config: ContainerConfig
    private let host: HostConfig

    /// Where the init of `--init` is seen in the container, as Docker has it.
    static let initPath = "/sbin/docker-init"

    init(_ input: SpecInput) {
        self.input = input
        config = input.record.config
        host = input.record.hostConfig
    }

    /// - Throws: ``EngineError/invalid(_:)`` for what cannot be put into a spec.
    func compile() throws(EngineError) -> RuntimeSpec {
        var spec = RuntimeSpec(ociVersion: RuntimeSpec.version)
        spec.root = RuntimeSpec.Root(path: input.rootfs, readonly: host.readonlyRootfs ? true : nil)
        spec.process = try process()
        if input.uts == .own {
            spec.hostname = input.hostname
            spec.domainname = config.domainname.isEmpty ? nil : config.domainname
        }
        spec.mounts = SpecMounts(input).all()
        spec.linux = try linux()
        var annotations = host.annotations ?? [:]
        annotations["org.pouch.container"] = input.record.name
        spec.annotations = annotations
        return spec
    }

    private func process() throws(EngineError) -> RuntimeSpec.Process {
        let command = input.record.command
        guard !command.isEmpty else { throw .invalid("no command specified") }
        var process = RuntimeSpec.Process(
            user: input.user, cwd: config.workingDir.isEmpty ? "/" : PathText.cleaned(config.workingDir))
        process.args = (input.initExecutable == nil ? [] : [Self.initPath, "init", "--"]) + command
        process.terminal = config.tty ? true : nil
        if config.tty, host.consoleSize.count == 2, host.consoleSize != [0, 0], host.consoleSize.allSatisfy({ $0 >= 0 })
        {
            process.consoleSize = RuntimeSpec.ConsoleSize(
                height: UInt(host.consoleSize[0]), width: UInt(host.consoleSize[1]))
        }
        process.env = Environment.of(
            config, hostname: input.hostname, home: input.home, links: input.linkVariables)
        let capabilities = try CapabilityNames.resolved(
            add: host.capAdd?.words ?? [], drop: host.capDrop?.words ?? [], privileged: host.privileged)
        process.capabilities = Self.capabilities(capabilities, uid: input.user.uid)
        process.rlimits = rlimits()
        process.noNewPrivileges = input.noNewPrivileges
        process.apparmorProfile = host.privileged && input.appArmor == nil ? nil : input.appArmor
        process.oomScoreAdj = host.oomScoreAdj
        return process
    }

    /// Who is not root gets none of them in effect, only the right to gain them by a set-user-id program.
    static func capabilities(_ names: [String], uid: UInt32) -> RuntimeSpec.Capabilities {
        uid == 0
            ? RuntimeSpec.Capabilities(bounding: names, effective: names, permitted: names)
            : RuntimeSpec.Capabilities(bounding: names)
    }

    func rlimits() -> [RuntimeSpec.Rlimit]? {
        var byName: [String: Ulimit] = [:]
        for limit in input.ulimits { byName[limit.name] = limit }
        for limit in host.ulimits ?? [] { byName[limit.name] = limit }
        guard !byName.isEmpty else { return nil }
        return byName.values.sorted { $0.name < $1.name }.map { limit in
            RuntimeSpec.Rlimit(
                type: "RLIMIT_" + limit.name.uppercased(), soft: UInt64(bitPattern: limit.soft),
                hard: UInt64(bitPattern: limit.hard))
        }
    }

    private func linux() throws(EngineError) -> RuntimeSpec.Linux {
        var linux = RuntimeSpec.Linux()
        linux.cgroupsPath = input.cgroupPath
        linux.namespaces = namespaces()
        linux.resources = try SpecResources(host, blockDevices: input.blockDevices, devices: input.devices).all()
        linux.devices = input.devices.isEmpty ? nil : input.devices.map(\.node)
        linux.seccomp = host.privileged ? nil : input.seccomp
        linux.sysctl = (host.sysctls ?? [:]).isEmpty ? nil : host.sysctls
        if !input.userMap.isEmpty {
            linux.uidMappings = input.userMap.map(\.mapping)
            linux.gidMappings = input.groupMap.map(\.mapping)
        }
        let open = host.privileged || input.systemPathsUnconfined
        linux.maskedPaths = host.maskedPaths ?? (open ? nil : Self.maskedPaths)
        linux.readonlyPaths = host.readonlyPaths ?? (open ? nil : Self.readonlyPaths)
        linux.rootfsPropagation = rootfsPropagation
        return linux
    }

    /// A shared mount inside needs parents that pass it on.
    private var rootfsPropagation: String? {
        let modes = Set(input.mounts.map(\.plan.propagation))
        if modes.contains("shared") || modes.contains("rshared") { return "shared" }
        if modes.contains("slave") || modes.contains("rslave") { return "rslave" }
        return nil
    }

    private func namespaces() -> [RuntimeSpec.Namespace] {
        var result = [RuntimeSpec.Namespace(type: .mount)]
        func add(_ type: RuntimeSpec.NamespaceType, _ join: SpecInput.Join) {
            switch join {
            case .own: result.append(RuntimeSpec.Namespace(type: type))
            case .path(let path): result.append(RuntimeSpec.Namespace(type: type, path: path))
            case .host: break
            }
        }
        add(.network, input.network)
        add(.uts, input.uts)
        add(.pid, input.pid)
        add(.ipc, input.ipc)
        if host.cgroupnsMode == "private" { result.append(RuntimeSpec.Namespace(type: .cgroup)) }
        if !input.userMap.isEmpty { result.append(RuntimeSpec.Namespace(type: .user)) }
        return result
    }

    /// What tells about, or reaches, the host through /proc and /sys.
    static let maskedPaths = [
        "/proc/acpi", "/proc/asound", "/proc/interrupts", "/proc/kcore", "/proc/keys", "/proc/latency_stats",
        "/proc/sched_debug", "/proc/scsi", "/proc/timer_list", "/proc/timer_stats", "/sys/devices/virtual/powercap",
        "/sys/firmware",
    ]
    static let readonlyPaths = ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"]
}

extension EngineConfiguration.IDMap {
    var mapping: RuntimeSpec.IDMapping { RuntimeSpec.IDMapping(containerID: container, hostID: host, size: size) }
}

extension SpecInput.HostDevice {
    var node: RuntimeSpec.Device {
        RuntimeSpec.Device(
            type: isBlock ? .block : .character, path: path, major: major, minor: minor, fileMode: mode & 0o777,
            uid: uid,
            gid: gid)
    }
}

/// The environment of a container's program.
enum Environment {
    static let path = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

    static func of(
        _ config: ContainerConfig, hostname: String, home: String, links: [String] = []
    ) -> [String] {
        var base = [path]
        if !hostname.isEmpty { base.append("HOSTNAME=" + hostname) }
        if config.tty { base.append("TERM=xterm") }
        let merged = Self.merge(base + links, with: config.env ?? [])
        return merged.contains { $0.hasPrefix("HOME=") } ? merged : merged + ["HOME=" + home]
    }

    /// Later settings replace earlier ones where those stand; a bare name removes the variable.
    static func merge(_ base: [String], with changes: [String]) -> [String] {
        var result = base
        for change in changes {
            let name = change.prefix { $0 != "=" }
            let index = result.firstIndex { $0.prefix { $0 != "=" } == name }
            if name.count == change.count {
                if let index { result.remove(at: index) }
            } else if let index {
                result[index] = change
            } else {
                result.append(change)
            }
        }
        return result
    }
}
