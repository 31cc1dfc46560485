internal import Lanes
internal import LinuxKernel
internal import Logging
internal import Networking
internal import Units

/// The networks of this machine: none, host, the default bridge and those that people made.
///
/// Translates between Docker's words and the networks' own.
struct MachineNetworks: NetworkProvider {
    static let bridge = "bridge"

    let networks: Networks
    let configuration: EngineConfiguration
    /// Knows the containers' names, for refusals.
    let registry: Registry
    private let predefined = PredefinedNetworks()

    init(_ configuration: EngineConfiguration, database: EngineDatabase, registry: Registry, logger: Logger) {
        self.configuration = configuration
        self.registry = registry
        var instance = NetworkInstance(dataRoot: configuration.dataRoot)
        if !configuration.bridge.name.isEmpty { instance.bridge = configuration.bridge.name }
        networks = Networks(instance, store: DatabaseNetworks(database: database), logger: logger)
    }

    var hasBridge: Bool { configuration.bridge.name != "none" }
    var defaultMode: String { hasBridge ? Self.bridge : PredefinedNetworks.none }

    // MARK: networks

    func list() async -> [NetworkInspection] { await networks.records.map(\.inspection) + predefined.list() }

    func find(_ reference: String) async throws(EngineError) -> NetworkInspection {
        if let network = try? predefined.find(reference), network.name == reference || network.id == reference {
            return network
        }
        do throws(NetworkError) {
            return try await networks.find(reference).inspection
        } catch {
            if case .notFound = error, let network = try? predefined.find(reference) { return network }
            throw await translated(error)
        }
    }

    func create(_ request: NetworkCreateRequest) async throws(EngineError) -> NetworkInspection {
        guard PredefinedNetworks.ids[request.name] == nil, !["bridge", "default"].contains(request.name) else {
            throw .forbidden("operation is not permitted on predefined \(request.name) network")
        }
        let wish = try request.wish(id: RandomID.make())
        do throws(NetworkError) { return try await networks.create(wish).inspection } catch {
            throw await translated(error)
        }
    }

    func remove(_ id: String, names: [String: String]) async throws(EngineError) {
        do throws(NetworkError) {
            try await networks.remove(id) { names[$0] ?? $0 }
        } catch {
            throw await translated(error)
        }
    }

    // MARK: containers

    func reserve(_ record: ContainerRecord) async throws(EngineError) {
        let wishes = try await endpoints(of: record)
        do throws(NetworkError) { try await networks.reserve(wishes, for: record.id) } catch {
            throw await translated(error)
        }
    }

    func release(_ id: String, from network: String?) async throws(EngineError) {
        do throws(NetworkError) {
            try await networks.release(id, from: network)
        } catch {
            throw await translated(error)
        }
    }

    func attach(_ record: ContainerRecord) async throws(EngineError) -> NetworkAttachment {
        let mode = record.hostConfig.networkMode
        let wishes = try await endpoints(of: record)
        if mode == PredefinedNetworks.host || (mode == PredefinedNetworks.none && wishes.isEmpty) {
            return try predefined.attach(record)
        }
        let wish = AttachmentWish(
            endpoints: wishes, ports: try PortRequests.wishes(of: record), rate: try rate(record),
            nameServers: nameServers(record))
        do throws(NetworkError) {
            let attached = try await networks.attach(record.id, wish)
            return NetworkAttachment(
                join: .path(attached.namespacePath), settings: await settings(of: record, attached))
        } catch {
            throw await translated(error)
        }
    }

    func started(_ id: String) async { await networks.started(id) }
    func detach(_ id: String) async { await networks.detach(id) }

    func connect(
        _ record: ContainerRecord, process: Int32, to name: String
    ) async throws(EngineError) -> NetworkSettings {
        let network = try await find(name)
        guard let wish = try await endpoints(of: record).first(where: { $0.network == network.id }) else {
            throw .noSuchNetwork(name)
        }
        do throws(NetworkError) {
            let attached = try await networks.connect(
                record.id, process: process, wish, nameServers: nameServers(record))
            return await settings(of: record, attached)
        } catch {
            throw await translated(error)
        }
    }

    func disconnect(
        _ record: ContainerRecord, process: Int32, from name: String
    ) async throws(EngineError) -> NetworkSettings {
        let network = try await find(name)
        do throws(NetworkError) {
            let attached = try await networks.disconnect(record.id, process: process, from: network.id)
            return await settings(of: record, attached)
        } catch {
            throw await translated(error)
        }
    }

    func renamed(_ record: ContainerRecord) async {
        guard let wishes = try? await endpoints(of: record) else { return }
        await networks.rename(record.id, names: Dictionary(wishes.map { ($0.network, $0.names) }) { first, _ in first })
    }

    // MARK: the start of pouchd

    func load(containers: Set<String>) async throws(EngineError) {
        do throws(NetworkError) {
            try await networks.load(containers: containers)
            if hasBridge { try await networks.ensureDefault(try defaultWish()) }
        } catch {
            throw await translated(error)
        }
    }

    private func defaultWish() throws(NetworkError) -> NetworkWish {
        var wish = NetworkWish(
            id: RandomID.make(), name: Self.bridge, driver: "bridge", created: Timestamp.now.nanoseconds)
        let settings = configuration.bridge
        wish.options = [
            "com.docker.network.bridge.default_bridge": "true", "com.docker.network.bridge.enable_icc": "true",
            "com.docker.network.bridge.enable_ip_masquerade": "true",
            "com.docker.network.bridge.host_binding_ipv4": "0.0.0.0",
            "com.docker.network.bridge.name": networks.instance.bridge,
            "com.docker.network.driver.mtu": "\(settings.mtu)",
        ]
        if let address = settings.address {
            wish.plans = [
                AddressPlan(
                    subnet: Subnet(holding: address.address, length: address.length), range: settings.range,
                    gateway: address.address)
            ]
        }
        return wish
    }

    func adopt(
        _ record: ContainerRecord, process: Int32, seen: NetworkSettings
    ) async throws(EngineError) -> NetworkSettings {
        let wishes = try await endpoints(of: record)
        guard !wishes.isEmpty else { return predefined.adopt(record, process: process, seen: seen) }
        let wish = AttachmentWish(endpoints: wishes, rate: try rate(record), nameServers: nameServers(record))
        do throws(NetworkError) {
            let attached = try await networks.adopt(
                record.id, process: process, wish, published: PortRequests.published(in: seen))
            return await settings(of: record, attached)
        } catch {
            throw await translated(error)
        }
    }

    func finishRecovery() async { await networks.finishRecovery(besides: Self.bridge) }
    func watch() async { await networks.watch() }

    // MARK: translation

    private func rate(_ record: ContainerRecord) throws(EngineError) -> NetworkRate? {
        guard let text = record.hostConfig.netRate, !text.isEmpty else { return nil }
        do throws(ParseError) { return try NetworkRate(parsing: text) } catch { throw .invalid("\(error)") }
    }

    /// Whom to ask about what is no container's name; nil on the default network, where containers ask by themselves.
    private func nameServers(_ record: ContainerRecord) -> [IPAddress]? {
        guard record.findsNames else { return nil }
        let asked = record.hostConfig.dns ?? (configuration.dns.isEmpty ? nil : configuration.dns)
        let own = (try? WholeFile.read("/etc/resolv.conf")) ?? []
        let servers = asked ?? NetworkFiles.servers(in: String(decoding: own, as: UTF8.self))
        return servers.compactMap { try? IPAddress(parsing: $0) }
    }

    /// What a container's record asks of each of its networks, that of its mode first.
    private func endpoints(of record: ContainerRecord) async throws(EngineError) -> [EndpointWish] {
        let mode = record.hostConfig.networkMode
        guard Container.container(in: mode) == nil, mode != PredefinedNetworks.host else { return [] }
        let names = record.networkNames
        var wishes: [EndpointWish] = []
        for name in names where PredefinedNetworks.ids[name] == nil {
            let settings = record.networkingConfig.endpointsConfig[name]?.wrappedValue ?? EndpointSettings()
            let network = try await find(name)
            do throws(ParseError) {
                wishes.append(try settings.wish(network: network.id, of: record, isFirst: name == mode))
            } catch {
                throw .invalid("\(error)")
            }
        }
        return wishes
    }

    /// Inspect's picture of a container that is attached.
    private func settings(of record: ContainerRecord, _ attached: Attached) async -> NetworkSettings {
        var settings = record.idleNetworkSettings
        settings.sandboxID = record.id
        for endpoint in attached.endpoints {
            guard let network = await networks.network(id: endpoint.reservation.network) else { continue }
            var shown = settings.networks[network.name] ?? EndpointSettings()
            shown.show(endpoint, networkID: network.id)
            settings.networks[network.name] = shown
            // Docker's older clients look for the default bridge's here.
            if network.name == Self.bridge { settings.copy(shown) }
        }
        settings.ports = PortRequests.shown(
            attached, exposed: record.config.exposedPorts.map { Array($0.keys) } ?? [])
        return settings
    }

    private func translated(_ error: NetworkError) async -> EngineError {
        switch error {
        case .notFound(let text): return .notFound(text)
        case .invalid(let text): return .invalid(text)
        case .conflict(let text), .exhausted(let text): return .conflict(text)
        case .forbidden(let text): return .forbidden(text)
        case .addressTaken(let address, let network, let holder):
            let who =
                switch holder {
                case .gateway: "is its gateway"
                case .auxiliary(let name): "is set aside as \(name)"
                case .container(let id): "is in use by container \(await name(of: id))"
                }
            return .conflict("Address already in use: \(address) of network \(network) \(who)")
        case .portTaken(let port, let holder):
            let place = "\(port.address.map { $0.family == .v6 ? "[\($0)]" : "\($0)" } ?? "0.0.0.0"):\(port.port)"
            let who =
                switch holder {
                case .container(let id): "container \(await name(of: id)) has"
                case .host: "a program of this machine has"
                }
            return .failed(
                "driver failed programming external connectivity: Bind for \(place) failed: port is already allocated "
                    + "(\(who) \(port.port)/\(port.transport.rawValue))")
        case .kernel(let doing, let reason): return .system(doing: doing, reason)
        case .rules(let text): return .failed("change the packet rules: \(text)")
        case .store(let text): return .failed(text)
        }
    }

    private func name(of id: String) async -> String {
        await registry.withID(id)?.seen.record.name ?? id
    }
}
