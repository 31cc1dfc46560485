internal import Archives
internal import ClusterModel
internal import Engine
internal import JSON
internal import Lanes
internal import LinuxKernel
internal import Logging
internal import NIOCore
internal import Units

/// Makes, starts and ends a pod's containers in the engine.
struct PodRunner: Sendable {
    struct Failure: Error, Sendable {
        var reason: String
        var message: String
    }
    struct Started: Sendable {
        var id: String
        var imageID: String
    }
    struct Found: Sendable {
        var sandbox: Sandbox?
        var containers: [PodEvent.FoundContainer]
    }

    /// An image without files: what runs in a sandbox comes from the runtime itself.
    static let sandboxImage = "pouch.io/sandbox:1"
    /// The container's init, holding still.
    private static let sandboxProgram = ["/sbin/docker-init", "hold"]

    let context: NodeContext
    private var engine: Engine { context.engine }

    init(_ context: NodeContext) { self.context = context }

    // MARK: the sandbox

    func makeSandbox(_ pod: PodObject) async throws(AgentError) -> Sandbox {
        do throws(EngineError) {
            for old in try await containers(of: pod.uid) where old.labels[PodLabels.container] == PodLabels.sandbox {
                try await engine.remove(old.id, force: true, volumes: false)
            }
        } catch {
            throw .machine(error.message)
        }
        let facts = try await facts(pod, addresses: [])
        _ = try await PodVolumes(context).prepare(pod, facts)
        let order = order(facts, [:], network: pod.usesHostNetwork ? "" : try await context.network.join())
        do throws(EngineError) {
            let request: CreateRequest
            do throws(AgentError) {
                request = try order.sandbox(image: Self.sandboxImage, program: Self.sandboxProgram, attempt: 0)
            } catch {
                throw EngineError.invalid(error.description)
            }
            let made = try await engine.create(
                request, name: PodLabels.name(pod, container: PodLabels.sandbox, attempt: 0))
            do throws(EngineError) {
                try await engine.start(made.id)
                await limit(pod, order.cgroupParent)
                return Sandbox(id: made.id, addresses: try await addresses(of: made.id, pod))
            } catch {
                try? await engine.remove(made.id, force: true, volumes: false)
                throw error
            }
        } catch {
            throw .machine(error.message)
        }
    }

    private func limit(_ pod: PodObject, _ group: String) async {
        let limits = PodGroup.limits(of: pod)
        let why = await Lanes.shared.run { PodGroup.limit(group, to: limits) }
        guard let why else { return }
        context.logger.warning("a pod's group has no limits", metadata: ["pod": "\(pod.key)", "error": "\(why)"])
    }

    /// Brings the files that the pod is told up to date.
    func refresh(_ pod: PodObject, addresses: [String]) async {
        do throws(AgentError) {
            try await PodVolumes(context).refresh(pod, try await facts(pod, addresses: addresses))
        } catch {
            context.logger.debug(
                "a pod's files stay as they are", metadata: ["pod": "\(pod.key)", "error": "\(error)"])
        }
    }

    private func addresses(of id: String, _ pod: PodObject) async throws(EngineError) -> [String] {
        if pod.usesHostNetwork { return [context.settings.address] }
        let networks = try await engine.inspect(id).networkSettings.networks.values
        return networks.flatMap { [$0.iPAddress, $0.globalIPv6Address] }.filter { !$0.isEmpty }
    }

    private func order(
        _ facts: PodFacts, _ places: [String: VolumePlace], network: String = ""
    ) -> ContainerOrder {
        ContainerOrder(
            facts: facts, places: places, machineMemory: context.facts.memory,
            rootGroup: engine.configuration.cgroupParent, mayProtect: context.mayProtect, network: network)
    }

    /// What the pod's containers are told; asks the pool for the configuration that it names.
    func facts(_ pod: PodObject, addresses: [String]) async throws(AgentError) -> PodFacts {
        var facts = PodFacts(
            pod: pod, nodeName: context.settings.name, hostAddress: context.settings.address, addresses: addresses)
        facts.allocatable = [
            "cpu": String(context.facts.processors), "memory": String(context.facts.memory),
        ]
        let (maps, secrets) = VolumeFiles.references(pod)
        let folder = "\(PoolPath.namespaces)/\(pod.namespace)"
        for name in maps { facts.configMaps[name] = try await object("\(folder)/configmaps/\(name)") }
        for name in secrets { facts.secrets[name] = try await object("\(folder)/secrets/\(name)") }
        return facts
    }

    /// `nil` when there is none: whether that is wrong depends on who asks.
    private func object(_ path: String) async throws(AgentError) -> JSONValue? {
        do throws(PoolError) { return try await context.access.get(path) } catch {
            if error.isNotFound { return nil }
            throw .machine("\(path): \(error)")
        }
    }

    // MARK: containers

    func start(
        _ pod: PodObject, container name: String, attempt: Int, in sandbox: Sandbox
    ) async -> Result<Started, Failure> {
        guard let object = (pod.containers + pod.initContainers).first(where: { $0.name == name }) else {
            return .failure(Failure(reason: "CreateContainerConfigError", message: "there is no container \(name)"))
        }
        let request: CreateRequest
        let facts: PodFacts
        do throws(AgentError) {
            facts = try await self.facts(pod, addresses: sandbox.addresses)
            let places = try await PodVolumes(context).prepare(pod, facts)
            let log = try await PodVolumes(context).terminationLog(pod, name, attempt)
            let output = try await PodVolumes(context).logFile(pod, name, attempt)
            request = try order(facts, places).container(
                object, sandbox: sandbox.id, attempt: attempt, terminationLog: log, logFile: output)
        } catch {
            return .failure(Failure(reason: "CreateContainerConfigError", message: error.description))
        }
        do throws(EngineError) {
            if let failure = try await PodImages(context).bring(object, pod, facts) { return .failure(failure) }
            let image = try await engine.image(object.image)
            if ContainerOrder.mustNotBeRoot(object, in: pod), Self.isRoot(image.config?.user ?? "") {
                let message = "container has runAsNonRoot and image will run as root"
                return .failure(Failure(reason: "CreateContainerConfigError", message: message))
            }
            let id = try await create(request, pod, name, attempt)
            try await engine.start(id)
            return .success(Started(id: id, imageID: image.repoDigests.first ?? image.id))
        } catch {
            let isConfiguration = if case .invalid = error { true } else { false }
            return .failure(
                Failure(
                    reason: isConfiguration ? "CreateContainerConfigError" : "RunContainerError",
                    message: error.message))
        }
    }

    private static func isRoot(_ user: String) -> Bool {
        let name = user.prefix { $0 != ":" }
        return name.isEmpty || name == "root" || name == "0"
    }

    /// One that an attempt before left half made goes first, and so do all but the last run, whose log may be asked for.
    private func create(
        _ request: CreateRequest, _ pod: PodObject, _ name: String, _ attempt: Int
    ) async throws(EngineError) -> String {
        for old in try await containers(of: pod.uid) where old.labels[PodLabels.container] == name {
            let number = Int(old.labels[PodLabels.attempt] ?? "") ?? 0
            guard number < attempt - 1 || number >= attempt else { continue }
            try await engine.remove(old.id, force: true, volumes: false)
        }
        return try await engine.create(request, name: PodLabels.name(pod, container: name, attempt: attempt)).id
    }

    /// Waits until a container ends; nil when it is gone.
    func end(of id: String, object: ContainerObject?) async -> Exit? {
        do throws(EngineError) {
            _ = await (try engine.wait(id, .notRunning)).result()
            guard !Task.isCancelled else { return nil }
            return await exit(try await engine.inspect(id), object)
        } catch {
            return object == nil ? Exit(id: id, code: 137, startedAt: .now, finishedAt: .now) : lost(id)
        }
    }

    private func lost(_ id: String) -> Exit {
        Exit(id: id, code: 137, message: "the container is gone", startedAt: .now, finishedAt: .now)
    }

    private func exit(_ seen: ContainerInspection, _ object: ContainerObject?) async -> Exit {
        let state = seen.state
        var message = state.error
        if let object {
            let written = await PodVolumes(context).terminationMessage(
                uid: seen.config.labels[PodLabels.uid] ?? "", object.name,
                Int(seen.config.labels[PodLabels.attempt] ?? "") ?? 0)
            if !written.isEmpty {
                message = written
            } else if object.fallsBackToLogs, state.exitCode != 0 {
                message = await lastLines(seen.id)
            }
        }
        return Exit(
            id: seen.id, code: state.exitCode, isOutOfMemory: state.oOMKilled, message: message,
            startedAt: Units.Timestamp(nanoseconds: state.startedAt.nanoseconds),
            finishedAt: Units.Timestamp(nanoseconds: state.finishedAt.nanoseconds))
    }

    private func lastLines(_ id: String) async -> String {
        var options = LogOptions()
        (options.stdout, options.stderr, options.tail) = (true, true, 80)
        var bytes: [UInt8] = []
        guard let log = try? await engine.logs(id, options) else { return "" }
        do {
            for try await frame in log.output { bytes += frame.bytes.readableBytesView }
        } catch {
            context.logger.debug("a log could not be read", metadata: ["container": "\(id)", "error": "\(error)"])
        }
        return String(decoding: bytes.suffix(2048), as: UTF8.self)
    }

    // MARK: ending

    /// Returns when the container has ended.
    func stop(_ pod: PodObject, container name: String, id: String, grace: Int) async {
        let object = (pod.containers + pod.initContainers).first { $0.name == name }
        let start = ContinuousClock.now
        if grace > 0, let hook = object?.lifecycle["preStop"], hook.isPresent {
            let hooks = PodHooks(context)
            let address = try? await engine.inspect(id).networkSettings.iPAddress
            if let why = await hooks.run(hook, container: object, id: id, address: address, limit: .seconds(grace)) {
                let record = EventRecord(
                    pod: pod.key, uid: pod.uid, severity: .warning, reason: "FailedPreStopHook", message: why)
                await context.recorder.record(record, at: .now)
            }
        }
        let spent = Int(start.duration(to: .now).components.seconds)
        do throws(EngineError) {
            try await engine.stop(id, timeout: max(grace > 0 ? 2 : 0, grace - spent))
        } catch {
            context.logger.debug("a container was not stopped", metadata: ["container": "\(id)", "error": "\(error)"])
        }
    }

    /// Removes all that is left of a pod; false when something resisted.
    func cleanUp(_ pod: PodObject) async -> Bool {
        do throws(EngineError) {
            let left = try await containers(of: pod.uid)
            for one in left where one.labels[PodLabels.container] != PodLabels.sandbox {
                try await engine.remove(one.id, force: true, volumes: true)
            }
            for one in left where one.labels[PodLabels.container] == PodLabels.sandbox {
                try await engine.remove(one.id, force: true, volumes: true)
            }
            try await PodVolumes(context).remove(pod)
            removeGroup(pod)
            return true
        } catch {
            context.logger.warning(
                "a pod is not gone yet", metadata: ["pod": "\(pod.key)", "error": "\(error.message)"])
            return false
        }
    }

    /// The engine removes containers' groups; this one's parent was ours.
    private func removeGroup(_ pod: PodObject) {
        let group = order(PodFacts(pod: pod, nodeName: "", hostAddress: "", addresses: []), [:]).cgroupParent
        let logger = context.logger
        Lanes.shared.start {
            guard let why = PodGroup.remove(group) else { return }
            logger.debug("a pod's control group stays", metadata: ["group": "\(group)", "error": "\(why)"])
        }
    }

    // MARK: what is there

    func containers(of uid: String? = nil) async throws(EngineError) -> [ContainerSummary] {
        var options = ListOptions()
        options.all = true
        options.filters = Filters(["label": [uid.map { "\(PodLabels.uid)=\($0)" } ?? PodLabels.uid]])
        return try await engine.list(options)
    }

    /// What an earlier life left of a pod.
    func find(_ pod: PodObject) async throws(EngineError) -> Found {
        var found = Found(sandbox: nil, containers: [])
        for summary in try await containers(of: pod.uid) {
            let seen = try await engine.inspect(summary.id)
            let name = summary.labels[PodLabels.container] ?? ""
            if name == PodLabels.sandbox {
                if seen.state.running {
                    found.sandbox = Sandbox(id: seen.id, addresses: try await addresses(of: seen.id, pod))
                }
                continue
            }
            let attempt = Int(summary.labels[PodLabels.attempt] ?? "") ?? 0
            guard !found.containers.contains(where: { $0.name == name && $0.attempt > attempt }) else { continue }
            found.containers.removeAll { $0.name == name }
            let object = (pod.containers + pod.initContainers).first { $0.name == name }
            found.containers.append(
                PodEvent.FoundContainer(
                    name: name, id: seen.id, imageID: seen.image, attempt: attempt,
                    startedAt: Units.Timestamp(nanoseconds: seen.state.startedAt.nanoseconds),
                    exit: seen.state.running ? nil : await exit(seen, object)))
        }
        return found
    }
}
