internal import Glibc
internal import JSON
internal import Lanes
internal import LinuxKernel
internal import RuntimeSpec
internal import Seccomp
internal import ShimProtocol

extension Container {
    /// A run as it is about to begin.
    struct Preparation: Sendable {
        var spec: RuntimeSpec
        var configuration: ShimConfiguration
    }

    /// Asks the machine all that the spec depends on, and compiles it.
    func preparation(_ directory: String) async throws(EngineError) -> Preparation {
        let rootfs = try await services.rootfs.rootfs(id, options: rootfsOptions)
        let host = record.hostConfig
        var input = SpecInput(record: record)
        input.rootfs = directory + "/rootfs"
        let layers = LayeredRoot(layers: rootfs.layers)
        let users = UserLookup(passwd: layers.read("/etc/passwd") ?? [], group: layers.read("/etc/group") ?? [])
        (input.user, input.home) = try users.resolve(record.config.user, groupAdd: host.groupAdd ?? [])
        input.mounts = try await resolvedMounts(rootfs)
        input.hostname = try await hostname()
        try await joinNamespaces(&input, directory)
        input.linkVariables = await linkVariables() + unwrittenVariables
        input.networkFiles = try await writeNetworkFiles(input.hostname)
        input.userMap = rootfsOptions.userMap
        input.groupMap = rootfsOptions.groupMap
        input.cgroupPath = cgroupPath
        input.canProtectBelow =
            externalRuntime == nil
            && (KernelVersion(text: services.machine.kernel) ?? KernelVersion(5, 10)) >= KernelVersion(5, 12)
        input.unifiedCgroups = services.machine.isUnified
        input.ulimits = services.configuration.ulimits
        input.shmSize = host.shmSize > 0 ? host.shmSize : services.configuration.shmSize
        if host.`init` ?? services.configuration.`init` {
            input.initExecutable = services.configuration.runtimeExecutable
        }
        try addDevices(&input)
        try addSecurity(&input)
        var spec = try SpecCompiler(input).compile()
        // Runtimes of others judge by the version: Debian's crun refuses all but 1.0, and ours needs nothing newer of them.
        if externalRuntime != nil { spec.ociVersion = "1.0.2" }
        return Preparation(spec: spec, configuration: try shimConfiguration(directory, rootfs))
    }

    var rootfsOptions: RootfsOptions {
        var options = RootfsOptions()
        options.volatile = record.hostConfig.autoRemove
        if let space = record.spaces?["/"] {
            options.place = EnginePaths.quota + "/\(space)/fs/c-\(id)"
        }
        guard record.hostConfig.usernsMode != "host", !record.hostConfig.privileged else { return options }
        let configuration = services.configuration
        if !configuration.userMap.isEmpty {
            options.userMap = configuration.userMap
            options.groupMap = configuration.groupMap
        } else if record.hostConfig.usernsMode == "private" {
            options.userMap = configuration.privateUserMap
            options.groupMap = configuration.privateUserMap
        }
        return options
    }

    private func hostname() async throws(EngineError) -> String {
        let host = record.hostConfig
        if host.uTSMode == "host" || (host.networkMode == "host" && record.config.hostname.isEmpty) {
            return services.machine.hostname
        }
        if !record.config.hostname.isEmpty { return record.config.hostname }
        return String(id.prefix(12))
    }

    private func joinNamespaces(_ input: inout SpecInput, _ directory: String) async throws(EngineError) {
        let host = record.hostConfig
        input.pid = host.pidMode == "host" ? .host : .own
        if let reference = Self.container(in: host.pidMode) {
            input.pid = .path(try await namespace("pid", of: reference, "pid"))
        }
        if host.uTSMode == "host" { input.uts = .host }
        try await joinNetwork(&input)
        switch host.ipcMode {
        case "host":
            input.ipc = .host
            input.sharedMemory = "/dev/shm"
        case "shareable":
            input.sharedMemory = try makeSharedMemory(directory)
        case let mode:
            guard let reference = Self.container(in: mode) else { break }
            input.ipc = .path(try await namespace("ipc", of: reference, "ipc"))
            let other = try await services.registry.find(reference)
            let folder = services.paths.run(other.id) + "/shm"
            guard Files.exists(folder) else {
                throw .conflict(
                    "cannot join IPC of a non-shareable container \(reference): non-shareable IPC (hint: use IpcMode:shareable for the donor container)"
                )
            }
            input.sharedMemory = folder
        }
    }

    private func joinNetwork(_ input: inout SpecInput) async throws(EngineError) {
        let host = record.hostConfig
        if let reference = Self.container(in: host.networkMode) {
            input.network = .path(try await namespace("network", of: reference, "net"))
            return
        }
        let began = ContinuousClock.now
        let attachment = try await services.networks.attach(record)
        networkTime = began.duration(to: .now)
        input.network = attachment.join
        network = attachment.settings
    }

    static func container(in mode: String) -> String? {
        mode.hasPrefix("container:") ? String(mode.dropFirst(10)) : nil
    }

    private func namespace(_ kind: String, of reference: String, _ file: String) async throws(EngineError) -> String {
        let other = try await services.registry.find(reference)
        guard let process = other.seen.machine.process else {
            throw .conflict(
                "cannot join \(kind) namespace of a non running container: container \(reference) is not running")
        }
        return "/proc/\(process.pid)/ns/\(file)"
    }

    /// A tmpfs of the host that several containers can see.
    private func makeSharedMemory(_ directory: String) throws(EngineError) -> String {
        let size = record.hostConfig.shmSize > 0 ? record.hostConfig.shmSize : services.configuration.shmSize
        let folder = directory + "/shm"
        do throws(SyscallError) {
            try Folders.make(folder, mode: 0o700)
            try Mounts.mount(
                "shm", on: folder, type: "tmpfs", flags: [.noSUID, .noDevices, .noExec], data: "mode=1777,size=\(size)")
        } catch {
            throw .system(doing: "make shared memory of \(id)", error)
        }
        return folder
    }

    // MARK: files

    private func writeNetworkFiles(_ hostname: String) async throws(EngineError) -> SpecInput.NetworkFiles? {
        if record.config.disableNetworkFiles == true { return nil }
        if let reference = Self.container(in: record.hostConfig.networkMode) {
            let other = try await services.registry.find(reference)
            return networkFiles(of: other.id)
        }
        let files = networkFiles(of: id)
        let texts = [
            (files.hostname, hostname + "\n"), (files.hosts, await hostsText(hostname)),
            (files.resolvConf, resolvText()),
        ]
        do throws(SyscallError) {
            try Folders.make(services.paths.container(id), mode: 0o711)
            for (path, text) in texts {
                try Descriptor.open(path, O_WRONLY | O_CREAT | O_TRUNC, mode: 0o644).writeAll(Array(text.utf8))
            }
        } catch {
            throw .system(doing: "write network files of \(id)", error)
        }
        return files
    }

    nonisolated func networkFiles(of id: String) -> SpecInput.NetworkFiles {
        let folder = services.paths.container(id)
        return SpecInput.NetworkFiles(
            hostname: folder + "/hostname", hosts: folder + "/hosts", resolvConf: folder + "/resolv.conf")
    }

    // MARK: devices, security

    private func addDevices(_ input: inout SpecInput) throws(EngineError) {
        let host = record.hostConfig
        if host.privileged {
            input.devices = HostDevices.all()
        } else {
            for mapping in host.devices ?? [] { input.devices += try HostDevices.resolve(mapping) }
        }
        let paths =
            (host.blkioWeightDevice ?? []).map(\.path)
            + [
                host.blkioDeviceReadBps, host.blkioDeviceWriteBps, host.blkioDeviceReadIOps, host.blkioDeviceWriteIOps,
            ].flatMap { ($0 ?? []).map(\.path) }
        for path in paths {
            guard let number = HostDevices.blockNumber(path) else { throw .invalid("\(path): no such block device") }
            input.blockDevices[path] = number
        }
    }

    private func addSecurity(_ input: inout SpecInput) throws(EngineError) {
        let host = record.hostConfig
        let options = try SecurityOptions(
            host.securityOpt ?? [], noNewPrivilegesByDefault: services.configuration.noNewPrivileges)
        input.noNewPrivileges = options.noNewPrivileges
        input.systemPathsUnconfined = options.systemPathsUnconfined
        input.appArmor = options.appArmor == "unconfined" ? nil : options.appArmor
        let capabilities = try CapabilityNames.resolved(
            add: host.capAdd?.words ?? [], drop: host.capDrop?.words ?? [], privileged: host.privileged)
        let kernel = KernelVersion(text: services.machine.kernel) ?? KernelVersion(5, 10)
        switch options.seccomp {
        case .unconfined: input.seccomp = nil
        case .profile(let text):
            input.seccomp = try SeccompRules.parse(text, capabilities: capabilities, kernel: kernel)
        case .standard:
            switch services.configuration.seccompProfile {
            case "unconfined": input.seccomp = nil
            case let text?: input.seccomp = try SeccompRules.parse(text, capabilities: capabilities, kernel: kernel)
            case nil: input.seccomp = SeccompRules.standard(capabilities: capabilities, kernel: kernel)
            }
        }
    }

    // MARK: the shim

    /// Nil when the shim runs the container itself.
    var externalRuntime: ShimConfiguration.ExternalRuntime? {
        let name = record.hostConfig.runtime.flatMap { $0.isEmpty ? nil : $0 } ?? services.configuration.defaultRuntime
        guard let runtime = services.configuration.runtimes[name], let path = runtime.path else { return nil }
        return ShimConfiguration.ExternalRuntime(
            path: path, arguments: runtime.arguments, root: services.paths.runtimeState + "-" + name)
    }

    /// The control group that all shims share.
    var shimCgroup: String { PathText.cleaned("/" + services.configuration.cgroupParent + "/shims") }

    private func shimConfiguration(_ directory: String, _ rootfs: Rootfs) throws(EngineError) -> ShimConfiguration {
        var configuration = ShimConfiguration(id: id, bundle: directory)
        configuration.requestID = RequestTrace.id
        configuration.runtime = externalRuntime
        configuration.stateRoot = services.paths.runtimeState
        configuration.rootfsMounts = rootfsOptions.userMap.isEmpty ? rootfs.mounts : []
        configuration.stdinOpen = record.config.openStdin
        configuration.stdinOnce = record.config.stdinOnce
        configuration.shimCgroup = shimCgroup
        if let file = try LogOption(record.hostConfig.logConfig).file {
            var log = ShimConfiguration.Log(
                path: services.paths.log(record), maxSize: file.maxSize, maxFile: file.maxFile)
            let attributes = LogOption.attributes(record.hostConfig.logConfig, of: record.config)
            log.attributes = JSONObject(attributes.map { ($0.0, JSONValue.string($0.1)) })
            log.isCRI = file.place != nil
            configuration.log = log
        }
        return configuration
    }
}
