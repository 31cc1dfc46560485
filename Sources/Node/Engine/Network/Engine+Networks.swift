extension Engine {
    package func networks(_ filters: Filters) async throws(EngineError) -> [NetworkInspection] {
        if let name = filters.unknown(besides: ["dangling", "driver", "id", "label", "name", "scope", "type"]) {
            throw .invalid("invalid filter '\(name)'")
        }
        _ = try filters.flag("dangling")
        return services.networks.list().filter { network in
            filters.allows("driver", network.driver) && filters.allows("scope", network.scope)
                && filters.allowsLabels(network.labels)
                && (filters["name"].isEmpty || filters["name"].contains { network.name.contains($0) })
                && (filters["id"].isEmpty || filters["id"].contains { network.id.hasPrefix($0) })
                && (filters["type"].isEmpty || filters["type"].contains("builtin"))
        }
    }

    package func network(_ reference: String) async throws(EngineError) -> NetworkInspection {
        let all = services.networks.list()
        guard !reference.isEmpty,
            var network = all.first(where: { $0.name == reference || $0.id == reference })
                ?? all.first(where: { $0.id.hasPrefix(reference) })
        else { throw .noSuchNetwork(reference) }
        for container in await services.registry.all {
            let view = container.seen
            guard view.isRunning, view.network.networks[network.name] != nil else { continue }
            var endpoint = NetworkEndpoint()
            endpoint.name = view.record.name
            network.containers[container.id] = endpoint
        }
        return network
    }
}
