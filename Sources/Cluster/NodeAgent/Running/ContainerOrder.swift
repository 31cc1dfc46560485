internal import ClusterModel
internal import Engine
internal import Units

/// Labels by which the agent finds its containers again.
enum PodLabels {
    static let pod = "io.kubernetes.pod.name"
    static let namespace = "io.kubernetes.pod.namespace"
    static let uid = "io.kubernetes.pod.uid"
    static let container = "io.kubernetes.container.name"
    static let attempt = "io.kubernetes.container.attempt"
    /// The sandbox's own `container`.
    static let sandbox = "POD"

    static func all(_ pod: PodObject, container: String, attempt: Int) -> [String: String] {
        [
            Self.pod: pod.name, namespace: pod.namespace, uid: pod.uid, Self.container: container,
            Self.attempt: String(attempt),
        ]
    }

    /// Such as `pouch_web_shop_default_1234_0`.
    static func name(_ pod: PodObject, container: String, attempt: Int) -> String {
        "pouch_\(container)_\(pod.name)_\(pod.namespace)_\(pod.uid)_\(attempt)"
    }
}

/// Where a volume's files are on this machine.
enum VolumePlace: Sendable, Equatable {
    case folder(String)
    /// A folder that is ours to fill: containers only read it, so that none can lead our writes astray with a link.
    case files(String)
    /// One of the engine's.
    case volume(String)
}

/// Turns a pod's specification into what the engine is asked to create.
///
/// Pure; what cannot be done here is refused by its path, never left out.
struct ContainerOrder: Sendable {
    var facts: PodFacts
    var places: [String: VolumePlace] = [:]
    /// Bytes that this machine has.
    var machineMemory: Int64 = 0
    /// The engine's own group.
    var rootGroup = "/pouch"
    /// Whether this daemon may put containers behind others when the kernel looks for victims; else none goes below 0.
    var mayProtect = true
    /// The network that sandboxes join.
    var network = ""
    var dnsServers: [String] = []

    private var pod: PodObject { facts.pod }

    // MARK: the sandbox

    /// The container that holds the pod's namespaces; `image` is any image, `program` waits for ever.
    func sandbox(image: String, program: [String], attempt: Int) throws(AgentError) -> CreateRequest {
        var config = ContainerConfig()
        config.image = image
        config.entrypoint = WordList(program)
        config.labels = PodLabels.all(pod, container: PodLabels.sandbox, attempt: attempt)
        var host = HostConfig()
        host.`init` = true
        host.logConfig = LogConfig(type: "none")
        host.cgroupParent = cgroupParent
        host.oomScoreAdj = mayProtect ? -998 : 0
        host.restartPolicy = RestartPolicy(name: "no")
        host.ipcMode = pod.usesHostIPC ? "host" : "shareable"
        if pod.usesHostPID { host.pidMode = "host" }
        var networking = NetworkingConfig()
        if pod.usesHostNetwork {
            host.networkMode = "host"
        } else {
            config.hostname = String((pod.spec["hostname"].text ?? pod.name).prefix(63))
            host.networkMode = network.isEmpty ? "bridge" : network
            publish(&config, &host)
            if let address = pod.annotations["pouch.io/ip"] {
                var end = EndpointSettings()
                var wish = EndpointAddressConfig()
                if (try? IPAddress(parsing: address))?.family == .v6 {
                    wish.iPv6Address = address
                } else {
                    wish.iPv4Address = address
                }
                end.iPAMConfig = wish
                networking.endpointsConfig[host.networkMode] = Nullable(wrappedValue: end)
            }
        }
        names(&host)
        let sysctls = pod.spec["securityContext"]["sysctls"].elements
        if !sysctls.isEmpty {
            host.sysctls = Dictionary(
                sysctls.compactMap { entry in entry["name"].text.map { ($0, entry["value"].text ?? "") } }
            ) { $1 }
        }
        return CreateRequest(config: config, hostConfig: host, networkingConfig: networking)
    }

    private func publish(_ config: inout ContainerConfig, _ host: inout HostConfig) {
        for port in (pod.containers + pod.initContainers).flatMap(\.ports) where port.host > 0 {
            let key = "\(port.container)/\(port.transport.lowercased())"
            var binding = PortBinding()
            binding.hostIp = port.hostAddress
            binding.hostPort = String(port.host)
            config.exposedPorts = (config.exposedPorts ?? [:]).merging([key: EmptyObject()]) { $1 }
            host.portBindings[key] = Nullable(wrappedValue: (host.portBindings[key]?.wrappedValue ?? []) + [binding])
        }
    }

    /// Names and name servers.
    private func names(_ host: inout HostConfig) {
        let dns = pod.spec["dnsConfig"]
        let servers = dns["nameservers"].list + (pod.spec["dnsPolicy"].text == "None" ? [] : dnsServers)
        if !servers.isEmpty { host.dns = servers }
        if !dns["searches"].list.isEmpty { host.dnsSearch = dns["searches"].list }
        let options = dns["options"].elements.compactMap { option in
            option["name"].text.map { name in option["value"].text.map { "\(name):\($0)" } ?? name }
        }
        if !options.isEmpty { host.dnsOptions = options }
        let aliases = pod.spec["hostAliases"].elements.flatMap { alias in
            alias["hostnames"].list.map { "\($0):\(alias["ip"].text ?? "")" }
        }
        if !aliases.isEmpty { host.extraHosts = aliases }
    }

    /// A group for the pod below one for its quality of service.
    var cgroupParent: String { PodGroup.path(pod, below: rootGroup) }

    // MARK: a container

    /// `terminationLog` is a file of the node that stands at the container's message path; `logFile` gets what it writes.
    func container(
        _ container: ContainerObject, sandbox: String, attempt: Int, terminationLog: String?, logFile: String? = nil
    ) throws(AgentError) -> CreateRequest {
        try refuseGRPC(container)
        let variables = try ContainerEnvironment.variables(of: container, facts)
        func expanded(_ words: [String]) -> [String] { words.map { ContainerEnvironment.expand($0, variables) } }
        var config = ContainerConfig()
        config.image = container.image
        config.env = variables.map { "\($0.0)=\($0.1)" }
        if !container.command.isEmpty { config.entrypoint = WordList(expanded(container.command)) }
        if !container.arguments.isEmpty { config.cmd = WordList(expanded(container.arguments)) }
        config.workingDir = container.workingDirectory ?? ""
        config.tty = container.hasTerminal
        config.openStdin = container.hasInput
        config.stdinOnce = container.field["stdinOnce"].flag ?? false
        config.labels = PodLabels.all(pod, container: container.name, attempt: attempt)
        var host = HostConfig()
        host.networkMode = pod.usesHostNetwork ? "host" : "container:\(sandbox)"
        host.ipcMode = pod.usesHostIPC ? "host" : "container:\(sandbox)"
        if pod.usesHostPID {
            host.pidMode = "host"
        } else if pod.sharesProcesses {
            host.pidMode = "container:\(sandbox)"
        }
        host.cgroupParent = cgroupParent
        host.restartPolicy = RestartPolicy(name: "no")
        if let logFile {
            host.logConfig = LogConfig(type: "cri", config: ["path": logFile, "max-size": "10m", "max-file": "5"])
        }
        try limit(container, &config, &host)
        try secure(container, &config, &host)
        host.mounts = try mounts(container, variables)
        if let terminationLog {
            var mount = MountRequest()
            mount.type = "bind"
            mount.source = terminationLog
            mount.target = container.terminationMessagePath
            host.mounts = (host.mounts ?? []) + [mount]
        }
        return CreateRequest(config: config, hostConfig: host)
    }

    /// Probes that this node cannot do are refused, rather than taken for failing.
    private func refuseGRPC(_ container: ContainerObject) throws(AgentError) {
        for probe in [container.startupProbe, container.livenessProbe, container.readinessProbe].compactMap({ $0 }) {
            guard probe.field["grpc"].isPresent else { continue }
            throw .configuration(
                "\(probe.field["grpc"].path): this node does not probe over gRPC; use exec, httpGet or tcpSocket")
        }
    }

    private func limit(
        _ container: ContainerObject, _ config: inout ContainerConfig, _ host: inout HostConfig
    ) throws(AgentError) {
        let asked = container.requests["cpu"]
        let request = try milli(asked.isPresent ? asked : container.limits["cpu"]) ?? 0
        host.cpuShares = max(2, request * 1024 / 1000)
        if let limit = try milli(container.limits["cpu"]) {
            host.cpuPeriod = 100_000
            host.cpuQuota = max(1000, limit * 100)
        }
        if let limit = try bytes(container.limits["memory"]) {
            host.memory = limit
            host.memorySwap = limit
        }
        if let limit = try bytes(container.limits["ephemeral-storage"]) { config.diskQuota = ["/": String(limit)] }
        let memory = try bytes(container.requests["memory"])
        host.oomScoreAdj = max(oomScore(memory ?? 0), mayProtect ? -1000 : 0)
    }

    /// How readily the kernel kills it when memory is short.
    ///
    /// Source: Kubernetes, "Node-pressure Eviction", "Node out of memory behavior".
    private func oomScore(_ request: Int64) -> Int {
        switch pod.qualityOfService {
        case .guaranteed: return -997
        case .bestEffort: return 1000
        case .burstable:
            guard machineMemory > 0 else { return 999 }
            return Int(min(max(2, 1000 - 1000 * request / machineMemory), 999))
        }
    }

    private func milli(_ field: Field) throws(AgentError) -> Int64? {
        guard let amount = try amount(field) else { return nil }
        return Int64((amount * 1000).rounded(.up))
    }

    private func bytes(_ field: Field) throws(AgentError) -> Int64? {
        guard let amount = try amount(field) else { return nil }
        return Int64(amount.rounded(.up))
    }

    private func amount(_ field: Field) throws(AgentError) -> Double? {
        guard let text = field.text else { return nil }
        guard let amount = Quantity.parse(text), amount < 9e18 else {
            throw .configuration("\(field.path): expected a quantity")
        }
        return amount
    }

    // MARK: mounts

    private func mounts(
        _ container: ContainerObject, _ variables: [(String, String)]
    ) throws(AgentError) -> [MountRequest] {
        var mounts: [MountRequest] = []
        for wanted in container.mounts {
            let name = wanted["name"].text ?? ""
            guard let place = places[name] else {
                throw .configuration("\(wanted.path): the pod has no volume \(name)")
            }
            let below =
                wanted["subPathExpr"].text.map { ContainerEnvironment.expand($0, variables) }
                ?? wanted["subPath"].text ?? ""
            guard !below.split(separator: "/").contains("..") else {
                throw .configuration("\(wanted.path): a path within the volume may not leave it")
            }
            var mount = MountRequest()
            mount.target = wanted["mountPath"].text ?? ""
            mount.readOnly = wanted["readOnly"].flag ?? false
            switch place {
            case .folder(let path), .files(let path):
                mount.type = "bind"
                if case .files = place { mount.readOnly = true }
                mount.source = path
                var options = BindOptions()
                options.propagation = Self.propagation(wanted["mountPropagation"].text)
                if !below.isEmpty {
                    options.subpath = below
                    options.createMountpoint = true
                }
                mount.bindOptions = options
            case .volume(let volume):
                mount.type = "volume"
                mount.source = volume
                var options = VolumeOptions()
                options.noCopy = true
                if !below.isEmpty {
                    options.subpath = below
                    options.createSubpath = true
                }
                mount.volumeOptions = options
            }
            mounts.append(mount)
        }
        return mounts
    }

    private static func propagation(_ text: String?) -> String? {
        switch text {
        case "HostToContainer": "rslave"
        case "Bidirectional": "rshared"
        default: nil
        }
    }
}
