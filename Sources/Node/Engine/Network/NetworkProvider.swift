/// What the engine needs of networks: who calls is a container that starts or ends, from its lane.
protocol NetworkProvider: Sendable {
    /// The mode of a container that does not name one.
    var defaultMode: String { get }
    /// - Throws: ``EngineError/notFound(_:)`` for a network that does not exist.
    func check(_ mode: String) throws(EngineError)
    func list() -> [NetworkInspection]
    /// Makes a container's end of its networks; called before it is created by the runtime, undone by `detach`.
    func attach(_ id: String, mode: String, config: NetworkingConfig) async throws(EngineError) -> NetworkAttachment
    /// Repeatable.
    func detach(_ id: String) async
}

/// A container's place in the networks.
struct NetworkAttachment: Equatable, Sendable {
    /// The network namespace: a fresh one, the host's, or that of a path.
    var join: SpecInput.Join
    var settings: NetworkSettings
}

/// The two networks that need no bridge: none and the host's.
struct PredefinedNetworks: NetworkProvider {
    private static let none = "none"
    private static let host = "host"

    /// Fixed ids, so that what refers to them stays true.
    private static let ids = [
        none: "6e6f6e6500000000000000000000000000000000000000000000000000000001",
        host: "686f737400000000000000000000000000000000000000000000000000000002",
    ]

    var defaultMode: String { Self.none }

    func check(_ mode: String) throws(EngineError) {
        guard Self.ids[mode] == nil else { return }
        throw .notFound("network \(mode) not found: there are none, host and container:ID")
    }

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

    func attach(_ id: String, mode: String, config: NetworkingConfig) async throws(EngineError) -> NetworkAttachment {
        try check(mode)
        return NetworkAttachment(join: mode == Self.host ? .host : .own, settings: Self.settings(mode, of: id))
    }

    func detach(_ id: String) async {}

    static func settings(_ mode: String, of container: String?) -> NetworkSettings {
        var settings = NetworkSettings()
        var endpoint = EndpointSettings()
        endpoint.networkID = container == nil ? "" : ids[mode] ?? ""
        settings.networks = [mode: endpoint]
        return settings
    }
}
