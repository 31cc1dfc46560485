internal import Glibc
internal import LinuxKernel
internal import Logging
internal import Netlink
internal import Units

extension Networks {
    /// The index of a network's bridge, which is made and set up unless it is there.
    func bring(up network: NetworkRecord) throws(NetworkError) -> Int32 {
        if let index = bridges[network.id] { return index }
        let session = try session()
        let index = try kernel("bring network \(network.name) up") { () throws(SyscallError) in
            try session.perform(
                LinkRequests.bridge(network.link, mtu: network.linkMTU).tolerating(EEXIST))
            guard let link = try session.list(LinkRequests.list(), Link.init).first(where: { $0.name == network.link })
            else { throw SyscallError("find bridge \(network.link)", errno: ENODEV) }
            guard link.kind == "bridge" else {
                throw SyscallError("use \(network.link) as a bridge", errno: EEXIST, subject: link.kind)
            }
            // Nobody else can have what the bridge makes up for itself: asking around takes a second.
            if network.hasIPv6 { try Self.sysctl("ipv6/conf/\(network.link)/accept_dad", "0") }
            var requests =
                (network.hasIPv6 ? [] : [LinkRequests.withoutIPv6(link.index)]) + [LinkRequests.up(link.index)]
            for plan in network.plans {
                guard let gateway = plan.gateway else { continue }
                let address = LinkAddress(link: link.index, address: gateway, length: plan.subnet.length)
                requests.append(AddressRequests.add(address).tolerating(EEXIST))
            }
            try session.perform(requests)
            return link.index
        }
        try setSysctls(of: network)
        try changeRules(add: elements(of: network))
        bridges[network.id] = index
        return index
    }

    private func setSysctls(of network: NetworkRecord) throws(NetworkError) {
        try kernel("set up forwarding for network \(network.name)") { () throws(SyscallError) in
            // A port published on 127.0.0.1 is answered from there; `raw` of our table keeps everybody else away from it.
            try Self.sysctl("ipv4/conf/\(network.link)/route_localnet", "1")
            guard !network.isInternal else { return }
            if network.hasIPv4 { try Self.sysctl("ipv4/ip_forward", "1") }
            if network.hasIPv6 { try Self.sysctl("ipv6/conf/all/forwarding", "1") }
        }
    }

    /// Writes only what changes: some of these have side effects on every write.
    static func sysctl(_ name: String, _ value: String) throws(SyscallError) {
        let path = "/proc/sys/net/" + name
        let now = try WholeFile.read(path)
        guard String(decoding: now, as: UTF8.self).split(whereSeparator: \.isNewline).first.map(String.init) != value
        else { return }
        try Descriptor.open(path, O_WRONLY).writeAll(Array(value.utf8))
    }

    /// The members of our sets that say what kind of network it is.
    func elements(of network: NetworkRecord) -> [RuleElement] {
        guard network.driver == .bridge else { return [] }
        var elements = [RuleElement(.bridges, [network.link])]
        if network.masquerades { elements.append(RuleElement(.masqueraded, [network.link])) }
        if network.isInternal { elements.append(RuleElement(.secluded, [network.link])) }
        if network.isRouted { elements.append(RuleElement(.routed, [network.link])) }
        if network.letsContainersTalk { elements.append(RuleElement(.talking, [network.link, network.link])) }
        for subnet in network.plans.map(\.subnet) {
            let place: RuleElement.Place = subnet.family == .v4 ? .subnets4 : .subnets6
            elements.append(RuleElement(place, [subnet.base.description, "\(subnet.length)"]))
        }
        return elements
    }

    /// Removes a network's bridge and rules.
    ///
    /// Repeatable.
    func takeDown(_ network: NetworkRecord) throws(NetworkError) {
        bridges[network.id] = nil
        guard network.driver == .bridge else { return }
        if packetRules != nil { try changeRules(add: [], remove: elements(of: network)) }
        let session = try session()
        try kernel("remove network \(network.name)") { () throws(SyscallError) in
            try session.perform(LinkRequests.remove(network.link).tolerating(ENODEV))
        }
    }

    /// Subnets that this machine uses already, but for those of the link `besides`.
    func takenSubnets(besides link: String) throws(NetworkError) -> [Subnet] {
        let session = try session()
        return try kernel("look for free subnets") { () throws(SyscallError) in
            let own = try session.list(LinkRequests.list(), Link.init).first { $0.name == link }?.index
            let routes = try session.list(RouteRequests.list(), Route.init).filter { $0.link == nil || $0.link != own }
            let addresses = try session.list(AddressRequests.list(), LinkAddress.init).filter { $0.link != own }
            return routes.map(\.destination)
                + addresses.map { Subnet(holding: $0.address, length: $0.length) }
        }
    }

    /// The index of the card that a macvlan network uses.
    func parent(of network: NetworkRecord) throws(NetworkError) -> Int32 {
        let session = try session()
        return try kernel("use parent \(network.link) of network \(network.name)") { () throws(SyscallError) in
            if let link = try session.list(LinkRequests.list(), Link.init).first(where: { $0.name == network.link }) {
                return link.index
            }
            guard network.options["parent"] == nil else { throw SyscallError("find link", errno: ENODEV) }
            try session.perform(LinkRequests.dummy(network.link).tolerating(EEXIST))
            guard let made = try session.list(LinkRequests.list(), Link.init).first(where: { $0.name == network.link })
            else { throw SyscallError("find link", errno: ENODEV) }
            return made.index
        }
    }
}
