internal import JSON
internal import LinuxKernel
internal import Logging
internal import Networking
internal import Units

extension Engine {
    /// Registers a container; nothing of it runs yet.
    package func create(_ request: CreateRequest, name: String?, platform: String? = nil)
        async throws(EngineError) -> CreateResponse
    {
        let wanted = try name.flatMap { $0.isEmpty ? nil : $0 }.map(ContainerName.validated)
        guard request.hostConfig.annotations?[Self.buildAnnotation] == nil else {
            throw .invalid("annotation \(Self.buildAnnotation) is for the containers of builds")
        }
        let image = try await services.rootfs.image(request.config.image)
        var request = request
        request.config = try ImageMerge.merge(request.config, image: image.config)
        return try await register(request, image, name: wanted)
    }

    /// Registers a container whose configuration is its own already.
    func register(_ request: CreateRequest, _ image: ImageFacts, name wanted: String?)
        async throws(EngineError) -> CreateResponse
    {
        var stopwatch = Stopwatch()
        var request = request
        try await complete(&request)
        let validation = OptionValidation(
            processors: services.machine.processors,
            runtimes: Set(configuration.runtimes.keys).union(["pouch", configuration.defaultRuntime]))
        var warnings = try validation.check(request)
        stopwatch.lap("check")
        let id = RandomID.make()
        let reserved = try await services.registry.reserve(wanted, for: id)
        let container: Container
        var made = HalfMade()
        do throws(EngineError) {
            container = try await make(id, reserved, request, image, &made, &stopwatch)
        } catch {
            try? await services.rootfs.release(id)
            try? await services.networks.release(id, from: nil)
            await undo(made, of: id)
            await services.registry.release(reserved, of: id)
            throw error
        }
        await services.registry.add(container)
        await container.announce("create")
        stopwatch.lap("announce")
        services.logger.debug("created", metadata: ["container": "\(id)", "timings": "\(stopwatch)"])
        warnings += made.warnings
        settle(container.seen.record.spaces)
        var response = CreateResponse()
        response.id = id
        response.warnings = warnings
        return response
    }

    /// Puts in what the request leaves to the daemon.
    private func complete(_ request: inout CreateRequest) async throws(EngineError) {
        var host = request.hostConfig
        if host.networkMode.isEmpty || host.networkMode == "default" {
            host.networkMode = services.networks.defaultMode
        }
        if request.config.networkDisabled == true { host.networkMode = "none" }
        if host.networkMode.hasPrefix("container:") {
            let other = try await services.registry.find(String(host.networkMode.dropFirst(10)))
            guard request.config.hostname.isEmpty else {
                throw .invalid("conflicting options: hostname and the network mode")
            }
            host.networkMode = "container:" + other.id
        } else {
            host.networkMode = try await networkName(host.networkMode)
        }
        request.networkingConfig = try await namedNetworks(request.networkingConfig, mode: host.networkMode)
        if let rate = host.netRate, !rate.isEmpty {
            do throws(ParseError) { _ = try NetworkRate(parsing: rate) } catch { throw .invalid("\(error)") }
        }
        if host.restartPolicy.name.isEmpty { host.restartPolicy.name = "no" }
        if host.logConfig.type.isEmpty {
            host.logConfig.type = configuration.logConfig.type
            if host.logConfig.config.isEmpty { host.logConfig.config = configuration.logConfig.config }
        }
        if host.ipcMode.isEmpty { host.ipcMode = "private" }
        if host.cgroupnsMode.isEmpty {
            host.cgroupnsMode = host.privileged && !services.machine.isUnified ? "host" : "private"
        }
        if host.shmSize == 0 { host.shmSize = configuration.shmSize }
        if (host.runtime ?? "").isEmpty { host.runtime = configuration.defaultRuntime }
        if host.memory > 0, host.memorySwap == 0 { host.memorySwap = host.memory * 2 }
        if host.consoleSize.isEmpty { host.consoleSize = [0, 0] }
        if host.privileged
            || ((try? SecurityOptions(host.securityOpt ?? [], noNewPrivilegesByDefault: false))?
                .systemPathsUnconfined ?? false)
        {
            host.maskedPaths = host.maskedPaths ?? []
            host.readonlyPaths = host.readonlyPaths ?? []
        } else {
            host.maskedPaths = host.maskedPaths ?? SpecCompiler.maskedPaths
            host.readonlyPaths = host.readonlyPaths ?? SpecCompiler.readonlyPaths
        }
        request.hostConfig = host
    }

    /// The name of a network, however it is referred to.
    ///
    /// One that is missing is a bad request here: clients take "not found" for the image, and pull it.
    private func networkName(_ reference: String) async throws(EngineError) -> String {
        do throws(EngineError) {
            return try await services.networks.find(reference).name
        } catch {
            guard case .notFound(let why) = error else { throw error }
            throw .invalid(why)
        }
    }

    /// What is asked of each network, by its name.
    private func namedNetworks(_ asked: NetworkingConfig, mode: String) async throws(EngineError) -> NetworkingConfig {
        var named = NetworkingConfig()
        for (key, settings) in asked.endpointsConfig.sorted(by: { $0.key < $1.key }) {
            let name = key == "default" ? mode : try await networkName(key)
            named.endpointsConfig[name] = settings
        }
        guard Container.container(in: mode) == nil else {
            guard named.endpointsConfig.isEmpty else {
                throw .invalid("conflicting options: a container in another's network joins no network of its own")
            }
            return named
        }
        if mode == PredefinedNetworks.host || mode == PredefinedNetworks.none {
            guard named.endpointsConfig.keys.allSatisfy({ $0 == mode }) else {
                throw .invalid("conflicting options: network \(mode) goes with no other network")
            }
            if let settings = named.endpointsConfig[mode]?.wrappedValue, settings.asksForItsOwn {
                throw .invalid("conflicting options: network \(mode) has no addresses or names to choose")
            }
        }
        return named
    }

    private func make(
        _ id: String, _ name: String, _ request: CreateRequest, _ image: ImageFacts, _ made: inout HalfMade,
        _ stopwatch: inout Stopwatch
    ) async throws(EngineError) -> Container {
        var record = ContainerRecord(
            id: id, name: name, created: .now, imageID: image.id, config: request.config,
            hostConfig: request.hostConfig, networkingConfig: request.networkingConfig)
        if record.config.hostname.isEmpty, record.hostConfig.networkMode != "host",
            Container.container(in: record.hostConfig.networkMode) == nil
        {
            record.config.hostname = String(id.prefix(12))
        }
        _ = try PortRequests.wishes(of: record)
        try await services.networks.reserve(record)
        record.mounts = try await mounts(of: record)
        try await limit(&record, &made)
        try await obtainVolumes(&record, &made)
        let machine = ContainerMachine(
            policy: record.hostConfig.restartPolicy, autoRemove: record.hostConfig.autoRemove)
        let container = Container(record, machine: machine, services: services)
        let rootfs = try await services.rootfs.prepare(id, image: image.id, options: await container.rootfsOptions)
        if let remark = rootfs.remark { made.warnings.append(remark) }
        stopwatch.lap("layer")
        do throws(SyscallError) {
            try Folders.make(services.paths.container(id), mode: 0o711)
        } catch {
            throw .system(doing: "make \(services.paths.container(id))", error)
        }
        try await services.database.insert(record, durable: !record.hostConfig.autoRemove)
        stopwatch.lap("record")
        return container
    }

    /// What of a container is there when its making fails.
    struct HalfMade {
        var volumes: [String] = []
        var warnings: [String] = []
    }

    private func undo(_ made: HalfMade, of id: String) async {
        for name in made.volumes { try? await services.volumes.remove(name) }
        await leaveSpaces(of: id)
    }

    private func obtainVolumes(_ record: inout ContainerRecord, _ made: inout HalfMade) async throws(EngineError) {
        for (index, mount) in record.mounts.enumerated() where mount.kind == .volume {
            if services.volumes.record(mount.source) == nil { made.volumes.append(mount.source) }
            let volume = try await services.volumes.obtain(
                mount.source, driver: mount.driver, options: mount.driverOptions, labels: mount.labels,
                anonymous: mount.anonymous, space: record.spaces?[mount.destination])
            record.mounts[index].driver = volume.driver
        }
    }

    /// The planned mounts; volumes have names, but are not made.
    private func mounts(of record: ContainerRecord) async throws(EngineError) -> [PlannedMount] {
        var inherited: [PlannedMount] = []
        for text in record.hostConfig.volumesFrom ?? [] {
            let parts = text.split(separator: ":", maxSplits: 1).map(String.init)
            guard let reference = parts.first else { throw .invalid("malformed volumes-from specification: \(text)") }
            let mode = parts.count > 1 ? parts[1] : ""
            guard ["", "ro", "rw", "z", "Z"].contains(mode) else {
                throw .invalid("invalid mode for volumes-from: \(mode)")
            }
            for var mount in try await container(reference).seen.record.mounts where mount.kind != .tmpfs {
                if mode == "ro" { mount.readOnly = true }
                if mode == "rw" { mount.readOnly = false }
                inherited.append(mount)
            }
        }
        var plan = try MountPlan.make(host: record.hostConfig, config: record.config, inherited: inherited)
        for index in plan.indices {
            switch plan[index].kind {
            case .tmpfs: break
            case .bind:
                if !plan[index].createSource, !Files.exists(plan[index].source) {
                    throw .invalid(
                        "invalid mount config for type \"bind\": bind source path does not exist: \(plan[index].source)"
                    )
                }
            case .volume:
                if plan[index].source.isEmpty { plan[index].source = RandomID.make() }
            }
        }
        return plan
    }
}
