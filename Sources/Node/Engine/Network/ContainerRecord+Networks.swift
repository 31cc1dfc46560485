internal import Networking
internal import Units

extension ContainerRecord {
    /// The networks that it is to be in, that of its mode first.
    var networkNames: [String] {
        let mode = hostConfig.networkMode
        guard Container.container(in: mode) == nil else { return [] }
        return [mode] + networkingConfig.endpointsConfig.keys.sorted().filter { $0 != mode }
    }

    /// Whether it asks our name server: in a network that somebody made.
    var findsNames: Bool {
        networkNames.contains { $0 != MachineNetworks.bridge && PredefinedNetworks.ids[$0] == nil }
    }

    /// Inspect's picture while it does not run: what was asked for, and no addresses.
    var idleNetworkSettings: NetworkSettings {
        var settings = NetworkSettings()
        for name in networkNames {
            settings.networks[name] = networkingConfig.endpointsConfig[name]?.wrappedValue ?? EndpointSettings()
        }
        return settings
    }
}

extension EndpointSettings {
    /// - Throws: ``ParseError`` for an address that is none.
    func wish(network: String, of record: ContainerRecord, isFirst: Bool) throws(ParseError) -> EndpointWish {
        func text(_ value: String?) -> String? { value.flatMap { $0.isEmpty ? nil : $0 } }
        var wish = EndpointWish(network: network, gatewayPriority: gwPriority)
        if let address = text(iPAMConfig?.iPv4Address) { wish.ipv4 = try IPAddress(parsing: address) }
        if let address = text(iPAMConfig?.iPv6Address) { wish.ipv6 = try IPAddress(parsing: address) }
        if let mac = text(macAddress) ?? (isFirst ? text(record.config.macAddress) : nil) {
            wish.mac = try MACAddress(parsing: mac)
        }
        for text in iPAMConfig?.linkLocalIPs ?? [] {
            let address = try IPAddress(parsing: text)
            guard address.isLinkLocal else {
                throw ParseError("link-local address", text, "it is not in 169.254.0.0/16 or fe80::/10")
            }
            wish.linkLocal.append(address)
        }
        wish.names = record.dnsNames(aliases: aliases ?? [])
        for text in (links ?? []) + (record.hostConfig.links ?? []) {
            let parts = text.split(separator: ":", maxSplits: 1).map {
                $0.split(separator: "/").last.map(String.init) ?? ""
            }
            if parts.count == 2 { wish.links[parts[1]] = parts[0] }
        }
        return wish
    }

    mutating func show(_ endpoint: AttachedEndpoint, networkID id: String) {
        let reservation = endpoint.reservation
        networkID = id
        // One container has one end of a network.
        endpointID = EndpointID.of(reservation.container, id)
        macAddress = reservation.mac.description
        iPAddress = reservation.ipv4?.description ?? ""
        iPPrefixLen = reservation.ipv4 == nil ? 0 : endpoint.ipv4Length
        gateway = reservation.ipv4 == nil ? "" : endpoint.ipv4Gateway?.description ?? ""
        globalIPv6Address = reservation.ipv6?.description ?? ""
        globalIPv6PrefixLen = reservation.ipv6 == nil ? 0 : endpoint.ipv6Length
        iPv6Gateway = reservation.ipv6 == nil ? "" : endpoint.ipv6Gateway?.description ?? ""
    }
}

/// Docker gives every end of a network an id of its own; ours follows from what it joins.
enum EndpointID {
    static func of(_ container: String, _ network: String) -> String {
        let (left, right) = (container.prefix(32), network.prefix(32))
        return String(left + right)
    }
}

extension ContainerRecord {
    /// By what others find it: its name, what it was given, its short id.
    func dnsNames(aliases: [String]) -> [String] {
        var names: [String] = []
        for candidate in [name] + aliases + [String(id.prefix(12)), config.hostname]
        where !candidate.isEmpty && !names.contains(candidate) {
            names.append(candidate)
        }
        return names
    }
}

extension NetworkSettings {
    /// Shows an end at the top level, too.
    mutating func copy(_ endpoint: EndpointSettings) {
        endpointID = endpoint.endpointID
        gateway = endpoint.gateway
        iPAddress = endpoint.iPAddress
        iPPrefixLen = endpoint.iPPrefixLen
        iPv6Gateway = endpoint.iPv6Gateway
        globalIPv6Address = endpoint.globalIPv6Address
        globalIPv6PrefixLen = endpoint.globalIPv6PrefixLen
        macAddress = endpoint.macAddress
    }
}
