internal import ClusterModel
internal import Engine

/// The network that this node's pods join: one with the addresses that the pool gave to the node.
actor PodNetwork {
    static let name = "pods"

    private let settings: NodeSettings
    private let access: any PoolAccess
    private let engine: Engine
    private var found: String?

    init(_ settings: NodeSettings, access: any PoolAccess, engine: Engine) {
        self.settings = settings
        self.access = access
        self.engine = engine
    }

    /// Its name, once it is there; a pool that gives no ranges leaves pods on the engine's own bridge.
    func join() async throws(AgentError) -> String {
        if let found { return found }
        if !settings.network.isEmpty { return settings.network }
        // A network that an earlier life made holds the addresses of pods that run.
        if (try? await engine.network(Self.name)) == nil {
            guard let range = try await range() else { return "bridge" }
            var request = NetworkCreateRequest()
            request.name = Self.name
            request.driver = "bridge"
            var addressing = AddressingRequest()
            var config = AddressingConfig()
            config.subnet = range
            addressing.config = [config]
            request.iPAM = addressing
            do throws(EngineError) { _ = try await engine.createNetwork(request) } catch {
                guard case .conflict = error else { throw .machine("network \(Self.name): \(error.message)") }
            }
        }
        found = Self.name
        return Self.name
    }

    /// The node's part of the pool's addresses; nil when it has none after some seconds.
    private func range() async throws(AgentError) -> String? {
        for _ in 0..<20 {
            do throws(PoolError) {
                let node = NodeObject(try await access.get(PoolPath.node(settings.name)))
                if let range = node.podRange { return range }
            } catch {
                throw .machine("the node's addresses: \(error)")
            }
            guard (try? await Task.sleep(for: .milliseconds(500))) != nil else { return nil }
        }
        return nil
    }
}
