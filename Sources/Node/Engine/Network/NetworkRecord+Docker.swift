internal import Networking
internal import Units

extension NetworkRecord {
    /// As `GET /networks` shows it.
    var inspection: NetworkInspection {
        var network = NetworkInspection()
        network.name = name
        network.id = id
        network.created = Timestamp(nanoseconds: created)
        network.scope = "local"
        network.driver = driver.rawValue
        network.enableIPv4 = hasIPv4
        network.enableIPv6 = hasIPv6
        network.iPAM.driver = "default"
        network.iPAM.options = addressOptions.isEmpty ? nil : addressOptions
        network.iPAM.config = plans.map { plan in
            var config = AddressingConfig()
            config.subnet = plan.subnet.description
            config.iPRange = plan.range?.description
            config.gateway = plan.gateway?.description
            if !plan.auxiliary.isEmpty { config.auxiliaryAddresses = plan.auxiliary.mapValues(\.description) }
            return config
        }
        network.internal = isInternal
        network.attachable = attachable
        network.options = options
        network.labels = labels
        return network
    }
}

extension NetworkCreateRequest {
    /// - Throws: ``EngineError/invalid(_:)`` for what makes no sense, ``EngineError/unsupported(_:)`` for what Pouch lacks.
    func wish(id: String) throws(EngineError) -> NetworkWish {
        // Spaces are a name's too, as with Docker: it is no part of a path or of an interface's name.
        guard let first = name.utf8.first, let last = name.utf8.last, ![32, 45, 46].contains(first), last != 32,
            name.utf8.allSatisfy({ byte in
                (48...57).contains(byte) || (97...122).contains(byte | 32) || [32, 45, 46, 95].contains(byte)
            })
        else {
            throw .invalid(
                "invalid network name \"\(name)\": it has letters, digits, spaces and _.-, and begins with a letter "
                    + "or digit")
        }
        guard !ingress, !configOnly, (configFrom?.network ?? "").isEmpty, ["", "local"].contains(scope) else {
            throw .unsupported("network \(name): swarm networks and configurations are not supported")
        }
        guard ["", "default"].contains(iPAM?.driver ?? "") else {
            throw .notFound("could not find an IPAM driver named \(iPAM?.driver ?? "")")
        }
        var wish = NetworkWish(id: id, name: name, driver: driver, created: Timestamp.now.nanoseconds)
        wish.isInternal = `internal`
        wish.attachable = attachable
        wish.hasIPv4 = enableIPv4 ?? true
        wish.options = options
        wish.labels = labels
        wish.addressOptions = iPAM?.options ?? [:]
        do throws(ParseError) {
            for config in iPAM?.config ?? [] {
                if let plan = try config.plan() { wish.plans.append(plan) }
            }
        } catch {
            throw .invalid("\(error)")
        }
        wish.hasIPv6 = enableIPv6 ?? false
        guard wish.hasIPv4 || wish.hasIPv6 else { throw .invalid("network \(name): IPv4 or IPv6 must be enabled") }
        return wish
    }
}

extension AddressingConfig {
    /// Nil for a line that says nothing.
    func plan() throws(ParseError) -> AddressPlan? {
        func text(_ value: String?) -> String? { value.flatMap { $0.isEmpty ? nil : $0 } }
        guard let subnet = text(subnet) else {
            guard text(iPRange) == nil, text(gateway) == nil, (auxiliaryAddresses ?? [:]).isEmpty else {
                throw ParseError("subnet", "", "a range, a gateway or an auxiliary address needs one")
            }
            return nil
        }
        let (address, length) = try Subnet.interface(subnet)
        let whole = Subnet(holding: address, length: length)
        guard whole.base == address else {
            throw ParseError("subnet", subnet, "it should be \(whole)")
        }
        var plan = AddressPlan(subnet: whole)
        if let range = text(iPRange) { plan.range = try Subnet(parsing: range) }
        if let gateway = text(gateway) { plan.gateway = try IPAddress(parsing: gateway) }
        for (name, address) in auxiliaryAddresses ?? [:] { plan.auxiliary[name] = try IPAddress(parsing: address) }
        return plan
    }
}
