extension Engine {
    package func networks(_ filters: Filters) async throws(EngineError) -> [NetworkInspection] {
        if let name = filters.unknown(besides: ["dangling", "driver", "id", "label", "name", "scope", "type"]) {
            throw .invalid("invalid filter '\(name)'")
        }
        let dangling = try filters.flag("dangling")
        let used = Set(await services.registry.all.flatMap { $0.seen.network.networks.keys })
        return await services.networks.list().filter { network in
            let isBuiltin = network.isPredefined
            return filters.allows("driver", network.driver) && filters.allows("scope", network.scope)
                && filters.allowsLabels(network.labels)
                && (filters["name"].isEmpty || filters["name"].contains { network.name.contains($0) })
                && (filters["id"].isEmpty || filters["id"].contains { network.id.hasPrefix($0) })
                && (filters["type"].isEmpty || filters["type"].contains(isBuiltin ? "builtin" : "custom"))
                && (dangling.map { $0 == (!isBuiltin && !used.contains(network.name)) } ?? true)
        }
    }

    package func network(_ reference: String) async throws(EngineError) -> NetworkInspection {
        var network = try await services.networks.find(reference)
        for container in await services.registry.all {
            let view = container.seen
            guard view.isRunning, let settings = view.network.networks[network.name] else { continue }
            var endpoint = NetworkEndpoint()
            endpoint.name = view.record.name
            endpoint.endpointID = settings.endpointID
            endpoint.macAddress = settings.macAddress
            if !settings.iPAddress.isEmpty { endpoint.iPv4Address = "\(settings.iPAddress)/\(settings.iPPrefixLen)" }
            if !settings.globalIPv6Address.isEmpty {
                endpoint.iPv6Address = "\(settings.globalIPv6Address)/\(settings.globalIPv6PrefixLen)"
            }
            network.containers[container.id] = endpoint
        }
        return network
    }

    package func createNetwork(_ request: NetworkCreateRequest) async throws(EngineError) -> NetworkCreateResponse {
        let network = try await services.networks.create(request)
        announce("create", network)
        var response = NetworkCreateResponse()
        response.id = network.id
        return response
    }

    package func removeNetwork(_ reference: String) async throws(EngineError) {
        let network = try await services.networks.find(reference)
        guard !network.isPredefined else {
            throw .forbidden("\(network.name) is a pre-defined network and cannot be removed")
        }
        var names: [String: String] = [:]
        for container in await services.registry.all { names[container.id] = container.seen.record.name }
        try await services.networks.remove(network.id, names: names)
        announce("destroy", network)
    }

    package func connect(_ reference: String, _ request: NetworkConnectRequest) async throws(EngineError) {
        let network = try await services.networks.find(reference)
        let container = try await services.registry.find(request.container)
        try await container.connect(to: network.name, request.endpointConfig ?? EndpointSettings())
    }

    package func disconnect(_ reference: String, _ request: NetworkDisconnectRequest) async throws(EngineError) {
        let network = try await services.networks.find(reference)
        do throws(EngineError) {
            try await services.registry.find(request.container).disconnect(from: network.name)
        } catch {
            guard request.force, case .notFound = error else { throw error }
        }
    }

    /// Removes the networks that people made and no container, running or not, is in.
    package func pruneNetworks(_ filters: Filters) async throws(EngineError) -> PruneReport {
        if let name = filters.unknown(besides: ["label", "label!", "until"]) {
            throw .invalid("invalid filter '\(name)'")
        }
        let until = try Self.until(filters)
        let used = Set(await services.registry.all.flatMap { $0.seen.network.networks.keys })
        var report = PruneReport()
        report.networksDeleted = []
        for network in await services.networks.list()
        where !network.isPredefined && !used.contains(network.name) && filters.allowsLabels(network.labels)
            && until.map({ network.created < $0 }) ?? true
        {
            do throws(EngineError) { try await services.networks.remove(network.id, names: [:]) } catch { continue }
            announce("destroy", network)
            report.networksDeleted?.append(network.name)
        }
        return report
    }

    private func announce(_ action: String, _ network: NetworkInspection) {
        services.events.post(
            Event(
                type: "network", action: action, actor: network.id,
                attributes: ["name": network.name, "type": network.driver], time: .now))
    }
}

extension NetworkInspection {
    /// There from the start, and not to be removed.
    var isPredefined: Bool { ["bridge", PredefinedNetworks.host, PredefinedNetworks.none].contains(name) }
}
