/// What the engine needs of networks; the containers call it from their lanes, the routes from anywhere.
protocol NetworkProvider: Sendable {
    /// The mode of a container that does not name one.
    var defaultMode: String { get }

    // MARK: networks

    /// All of them, without their containers.
    func list() async -> [NetworkInspection]
    /// By name, id or a prefix of the id that no other has.
    ///
    /// - Throws: ``EngineError/notFound(_:)`` for a network that does not exist.
    func find(_ reference: String) async throws(EngineError) -> NetworkInspection
    func create(_ request: NetworkCreateRequest) async throws(EngineError) -> NetworkInspection
    /// `names` are the containers' names by id, for the refusal while containers run on it.
    func remove(_ id: String, names: [String: String]) async throws(EngineError)

    // MARK: containers

    /// Claims the addresses that a new container asks for by number.
    func reserve(_ record: ContainerRecord) async throws(EngineError)
    /// Gives back all addresses of a container that is removed, or those of one network. Repeatable.
    func release(_ id: String, from network: String?) async throws(EngineError)
    /// Makes a container's end of its networks; called before it is created by the runtime, undone by `detach`.
    func attach(_ record: ContainerRecord) async throws(EngineError) -> NetworkAttachment
    /// The runtime holds the namespace now.
    func started(_ id: String) async
    /// Repeatable.
    func detach(_ id: String) async
    /// Gives a running container the endpoint `name` of its record, or takes it away.
    func connect(_ record: ContainerRecord, process: Int32, to name: String) async throws(EngineError)
        -> NetworkSettings
    func disconnect(_ record: ContainerRecord, process: Int32, from name: String) async throws(EngineError)
        -> NetworkSettings
    /// The container's name has changed while it runs.
    func renamed(_ record: ContainerRecord) async

    // MARK: the start of pouchd

    /// Reads what is registered; `containers` are all that there are.
    func load(containers: Set<String>) async throws(EngineError)
    /// Takes over a container that runs; `seen` is what it was given when it started.
    func adopt(_ record: ContainerRecord, process: Int32, seen: NetworkSettings) async throws(EngineError)
        -> NetworkSettings
    /// All that run were adopted.
    func finishRecovery() async
    /// Keeps what containers stand on from going away; serves until the calling task is cancelled.
    func watch() async
}

/// A container's place in the networks.
struct NetworkAttachment: Equatable, Sendable {
    /// The network namespace: a fresh one, the host's, or that of a path.
    var join: SpecInput.Join
    var settings: NetworkSettings
}

/// The two networks that need no bridge: none and the host's.
struct PredefinedNetworks: NetworkProvider {
    static let none = "none"
    static let host = "host"

    /// Fixed ids, so that what refers to them stays true.
    static let ids = [
        none: "6e6f6e6500000000000000000000000000000000000000000000000000000001",
        host: "686f737400000000000000000000000000000000000000000000000000000002",
    ]

    var defaultMode: String { Self.none }

    func list() -> [NetworkInspection] {
        [(Self.host, "host"), (Self.none, "null")].map { name, driver in
            var network = NetworkInspection()
            network.name = name
            network.id = Self.ids[name] ?? ""
            network.scope = "local"
            network.driver = driver
            network.enableIPv4 = true
            network.iPAM.driver = "default"
            return network
        }
    }

    func find(_ reference: String) throws(EngineError) -> NetworkInspection {
        let all = list()
        guard !reference.isEmpty,
            let network = all.first(where: { $0.name == reference || $0.id == reference })
                ?? all.first(where: { $0.id.hasPrefix(reference) })
        else { throw .noSuchNetwork(reference) }
        return network
    }

    func create(_ request: NetworkCreateRequest) throws(EngineError) -> NetworkInspection {
        throw .unsupported("this engine has no networks but none and host")
    }

    func remove(_ id: String, names: [String: String]) throws(EngineError) { throw .noSuchNetwork(id) }

    func reserve(_ record: ContainerRecord) {}
    func release(_ id: String, from network: String?) {}

    func attach(_ record: ContainerRecord) throws(EngineError) -> NetworkAttachment {
        let mode = record.hostConfig.networkMode
        guard Self.ids[mode] != nil else { throw .noSuchNetwork(mode) }
        return NetworkAttachment(join: mode == Self.host ? .host : .own, settings: Self.settings(mode, isRunning: true))
    }

    func started(_ id: String) {}
    func detach(_ id: String) {}

    func connect(_ record: ContainerRecord, process: Int32, to name: String) throws(EngineError) -> NetworkSettings {
        throw .noSuchNetwork(name)
    }

    func disconnect(
        _ record: ContainerRecord, process: Int32, from name: String
    ) throws(EngineError) -> NetworkSettings {
        throw .noSuchNetwork(name)
    }

    func renamed(_ record: ContainerRecord) {}
    func load(containers: Set<String>) {}

    func adopt(_ record: ContainerRecord, process: Int32, seen: NetworkSettings) -> NetworkSettings {
        Self.settings(record.hostConfig.networkMode, isRunning: true)
    }

    func finishRecovery() {}
    func watch() {}

    static func settings(_ mode: String, isRunning: Bool) -> NetworkSettings {
        var settings = NetworkSettings()
        var endpoint = EndpointSettings()
        endpoint.networkID = isRunning ? ids[mode] ?? "" : ""
        settings.networks = [mode: endpoint]
        return settings
    }
}
