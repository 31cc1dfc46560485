internal import ClusterModel
internal import Engine
internal import Units

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
    ///
    /// One that an earlier life made holds the addresses of pods that run. It stays when it has the range that the pool gave, and when the
    /// pool cannot be asked; another pool's is made anew once nothing is in it.
    func join() async throws(AgentError) -> String {
        if let found { return found }
        if !settings.network.isEmpty { return settings.network }
        let kept = try? await engine.network(Self.name)
        let range: String?
        do throws(AgentError) { range = try await self.range() } catch {
            guard kept != nil else { throw error }
            return Self.name
        }
        guard let range else {
            guard kept != nil else { return "bridge" }
            found = Self.name
            return Self.name
        }
        if let kept, !Self.has(kept.iPAM.config.compactMap(\.subnet), range) { try await remove(kept, for: range) }
        if !(await isThere()) { try await make(range) }
        found = Self.name
        return Self.name
    }

    /// Whether one of a network's subnets is `range`.
    static func has(_ subnets: [String], _ range: String) -> Bool {
        guard let wanted = try? Subnet(parsing: range) else { return true }
        return subnets.contains { (try? Subnet(parsing: $0)) == wanted }
    }

    private func remove(_ kept: NetworkInspection, for range: String) async throws(AgentError) {
        // By its id: another pod's turn may have made the next one meanwhile.
        do throws(EngineError) { try await engine.removeNetwork(kept.id) } catch {
            if case .notFound = error { return }
            let subnets = kept.iPAM.config.compactMap(\.subnet).joined(separator: ", ")
            throw .machine(
                "network \(Self.name): it has \(subnets), and the pool gave this node \(range): "
                    + "remove what is in it, then it is made anew: \(error.message)")
        }
    }

    private func make(_ range: String) async throws(AgentError) {
        var request = NetworkCreateRequest()
        request.name = Self.name
        request.driver = "bridge"
        var addressing = AddressingRequest()
        var config = AddressingConfig()
        config.subnet = range
        addressing.config = [config]
        request.iPAM = addressing
        do throws(EngineError) { _ = try await engine.createNetwork(request) } catch {
            // Another pod's turn may have made it; or the addresses are another network's.
            guard await isThere() else { throw .machine("network \(Self.name): \(error.message)") }
        }
    }

    private func isThere() async -> Bool { (try? await engine.network(Self.name)) != nil }

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
