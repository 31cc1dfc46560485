internal import Networking
internal import Units

/// Published ports between Docker's words and the networks' own.
enum PortRequests {
    /// What `-p` and `-P` of a container ask for, in the order of its ports.
    static func wishes(of record: ContainerRecord) throws(EngineError) -> [PortWish] {
        var wishes: [PortWish] = []
        for text in record.hostConfig.portBindings.keys.sorted() {
            let ports = try PortRange(parsing: text)
            guard let transport = Transport(rawValue: ports.transport), ports.first > 0 else {
                throw .invalid("invalid port specification: \"\(text)\"")
            }
            for binding in record.hostConfig.portBindings[text]?.wrappedValue ?? [PortBinding()] {
                for port in ports.first...ports.last {
                    wishes.append(try wish(transport, UInt16(port), binding))
                }
            }
        }
        guard record.hostConfig.publishAllPorts else { return wishes }
        for text in (record.config.exposedPorts ?? [:]).keys.sorted() where record.hostConfig.portBindings[text] == nil
        {
            let ports = try PortRange(parsing: text)
            guard let transport = Transport(rawValue: ports.transport), ports.first > 0 else { continue }
            for port in ports.first...ports.last { wishes.append(PortWish(transport, UInt16(port))) }
        }
        return wishes
    }

    private static func wish(
        _ transport: Transport, _ port: UInt16, _ binding: PortBinding
    ) throws(EngineError) -> PortWish {
        var wish = PortWish(transport, port)
        if !binding.hostIp.isEmpty {
            guard let address = try? IPAddress(parsing: binding.hostIp) else {
                throw .invalid("invalid IP address \"\(binding.hostIp)\" to publish port \(port) on")
            }
            // Every address of version 4 is every address: version 6 goes with it where the network has it.
            wish.address = address.isUnspecified ? nil : address
        }
        guard !binding.hostPort.isEmpty, binding.hostPort != "0" else { return wish }
        let ends = binding.hostPort.split(separator: "-", omittingEmptySubsequences: false).map { UInt16($0) }
        guard (1...2).contains(ends.count), let first = ends[0], let last = ends[ends.count - 1], first > 0,
            first <= last
        else { throw .invalid("invalid port specification: \"\(binding.hostPort)\"") }
        wish.range = first...last
        return wish
    }

    /// Inspect's `Ports`: published ones with where they are to be found, others with null.
    static func shown(_ attached: Attached, exposed: [String]) -> [String: Nullable<[PortBinding]>] {
        var ports: [String: Nullable<[PortBinding]>] = [:]
        for text in exposed { ports[text] = Nullable() }
        let hasIPv6 = attached.endpoints.contains {
            $0.reservation.network == attached.gatewayNetwork && $0.reservation.ipv6 != nil
        }
        for port in attached.ports {
            let key = "\(port.port)/\(port.host.transport.rawValue)"
            var binding = PortBinding()
            binding.hostPort = "\(port.host.port)"
            var bindings = ports[key]?.wrappedValue ?? []
            if let address = port.host.address {
                binding.hostIp = address.description
                bindings.append(binding)
            } else {
                for address in hasIPv6 ? ["0.0.0.0", "::"] : ["0.0.0.0"] {
                    binding.hostIp = address
                    bindings.append(binding)
                }
            }
            ports[key] = Nullable(wrappedValue: bindings)
        }
        return ports
    }

    /// What ``shown(_:exposed:)`` showed.
    static func published(in settings: NetworkSettings) -> [PublishedPort] {
        var ports: [PublishedPort] = []
        for (key, bindings) in settings.ports {
            guard let range = try? PortRange(parsing: key), let transport = Transport(rawValue: range.transport) else {
                continue
            }
            for binding in bindings.wrappedValue ?? [] {
                guard let number = UInt16(binding.hostPort) else { continue }
                let address = (try? IPAddress(parsing: binding.hostIp)).flatMap { $0.isUnspecified ? nil : $0 }
                let port = PublishedPort(host: HostPort(transport, address, number), port: UInt16(range.first))
                if !ports.contains(port) { ports.append(port) }
            }
        }
        return ports
    }
}
