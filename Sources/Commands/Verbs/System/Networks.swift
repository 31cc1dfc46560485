internal import DockerClient
internal import JSON

/// What `pouch network create` does.
struct CreateNetwork: Verb {
    static let usage = Usage(name: "create", synopsis: "NETWORK", summary: "Create a network", operands: 1...1)

    var driver: String?
    var subnets: [String] = []
    var ranges: [String] = []
    var gateways: [String] = []
    var auxiliary: [String] = []
    var options: [String] = []
    var labels: [String] = []
    var addressDriver: String?
    var addressOptions: [String] = []
    var isInternal = false
    var isAttachable = false
    var hasIPv6 = false
    var name = ""

    static var flags: [Flag<CreateNetwork>] {
        [
            .text("driver", short: "d", "Driver to manage the network: bridge or macvlan", \.driver),
            .list("subnet", "Subnet in CIDR format that represents a network segment", \.subnets),
            .list("ip-range", "Allocate container addresses from a sub-range", \.ranges),
            .list("gateway", "IPv4 or IPv6 gateway for the subnet", \.gateways),
            .list("aux-address", "Auxiliary addresses that no container gets (NAME=ADDRESS)", as: "map", \.auxiliary),
            .list("opt", short: "o", "Set driver specific options", as: "map", \.options),
            .list("label", "Set metadata on a network", \.labels),
            .text("ipam-driver", "IP address management driver", \.addressDriver),
            .list("ipam-opt", "Set address management options", as: "map", \.addressOptions),
            .toggle("internal", "Restrict external access to the network", \.isInternal),
            .toggle("attachable", "Enable manual container attachment", \.isAttachable),
            .toggle("ipv6", "Enable IPv6 networking", \.hasIPv6),
        ]
    }

    mutating func take(_ operands: [String]) { name = operands[0] }

    func run(_ session: Session) throws(Failure) {
        var body: JSONObject = [:]
        body.set("Name", name)
        body.set("Driver", driver ?? "bridge")
        body.set("Internal", isInternal)
        body.set("Attachable", isAttachable)
        body.set("EnableIPv6", hasIPv6)
        body.set("Options", pairs(options))
        body.set("Labels", pairs(labels))
        var addressing: JSONObject = [:]
        addressing.set("Driver", addressDriver)
        addressing.set("Options", pairs(addressOptions))
        addressing.set("Config", try plans())
        body.set("IPAM", addressing)
        let network = try session.post("/networks/create", [:], .object(body)).value()
        try session.say(network["Id"]?.stringValue ?? "")
    }

    /// One plan for each subnet; the n-th range and gateway of a version go with the n-th subnet of that version.
    private func plans() throws(Failure) -> [JSONValue] {
        var plans = subnets.map { ["Subnet": .string($0)] as JSONObject }
        func isV6(_ text: String) -> Bool { text.contains(":") }
        func spread(_ values: [String], _ key: String) throws(Failure) {
            for value in values {
                let place = subnets.indices.first { isV6(subnets[$0]) == isV6(value) && plans[$0][key] == nil }
                guard let place else {
                    throw .message("no matching subnet for \(value): give one with --subnet", code: 1)
                }
                plans[place][key] = .string(value)
            }
        }
        try spread(ranges, "IPRange")
        try spread(gateways, "Gateway")
        for (name, address) in pairs(auxiliary) {
            let text = address.stringValue ?? ""
            guard let place = subnets.indices.first(where: { isV6(subnets[$0]) == isV6(text) }) else {
                throw .message("no matching subnet for aux-address \(name)=\(text)", code: 1)
            }
            var members = plans[place]["AuxiliaryAddresses"]?.objectValue ?? [:]
            members[name] = address
            plans[place]["AuxiliaryAddresses"] = .object(members)
        }
        return plans.map { .object($0) }
    }
}

/// What `pouch network rm` does.
struct RemoveNetwork: Verb {
    static let usage = Usage(
        name: "rm", synopsis: "NETWORK [NETWORK...]", summary: "Remove one or more networks",
        operands: Usage.atLeast(1), completes: .networks)

    var isForced = false
    var networks: [String] = []

    static var flags: [Flag<RemoveNetwork>] {
        [.toggle("force", short: "f", "Do not error if the network does not exist", \.isForced)]
    }

    mutating func take(_ operands: [String]) { networks = operands }

    func run(_ session: Session) throws(Failure) {
        try session.each(networks) { (network) throws(Failure) in
            do throws(Failure) {
                try asking { () throws(ClientError) in try session.client.delete(path("networks", network), [:]) }
            } catch {
                guard isForced, case .client(let cause) = error, cause.status == 404 else { throw error }
            }
            try session.say(network)
        }
    }
}

/// What `pouch network connect` does.
struct ConnectNetwork: Verb {
    static let usage = Usage(
        name: "connect", synopsis: "NETWORK CONTAINER", summary: "Connect a container to a network", operands: 2...2,
        completes: .networks)

    var ip: String?
    var ip6: String?
    var mac: String?
    var aliases: [String] = []
    var links: [String] = []
    var linkLocal: [String] = []
    var options: [String] = []
    var priority: Int64?
    var operands: [String] = []

    static var flags: [Flag<ConnectNetwork>] {
        [
            .text("ip", "IPv4 address (e.g., \"172.30.100.104\")", \.ip),
            .text("ip6", "IPv6 address (e.g., \"2001:db8::33\")", \.ip6),
            .text("mac-address", "Container MAC address (e.g., 92:d0:c6:0a:29:33)", \.mac),
            .list("alias", "Add network-scoped alias for the container", \.aliases),
            .list("link", "Add link to another container", \.links),
            .list("link-local-ip", "Add a link-local address for the container", \.linkLocal),
            .list("driver-opt", "Driver options for the network", \.options),
            .number("gw-priority", "The network with the highest gives the default gateway", \.priority),
        ]
    }

    mutating func take(_ operands: [String]) { self.operands = operands }

    func run(_ session: Session) throws(Failure) {
        var addresses: JSONObject = [:]
        addresses.set("IPv4Address", ip)
        addresses.set("IPv6Address", ip6)
        addresses.set("LinkLocalIPs", linkLocal)
        var settings: JSONObject = [:]
        settings.set("IPAMConfig", addresses)
        settings.set("MacAddress", mac)
        settings.set("Aliases", aliases)
        settings.set("Links", links)
        settings.set("DriverOpts", pairs(options))
        settings.set("GwPriority", priority)
        var body: JSONObject = ["Container": .string(operands[1])]
        body.set("EndpointConfig", settings)
        _ = try session.post(path("networks", operands[0], "connect"), [:], .object(body))
    }
}

/// What `pouch network disconnect` does.
struct DisconnectNetwork: Verb {
    static let usage = Usage(
        name: "disconnect", synopsis: "NETWORK CONTAINER", summary: "Disconnect a container from a network",
        operands: 2...2, completes: .networks)

    var isForced = false
    var operands: [String] = []

    static var flags: [Flag<DisconnectNetwork>] {
        [.toggle("force", short: "f", "Force the container to disconnect from a network", \.isForced)]
    }

    mutating func take(_ operands: [String]) { self.operands = operands }

    func run(_ session: Session) throws(Failure) {
        var body: JSONObject = ["Container": .string(operands[1])]
        body.set("Force", isForced)
        _ = try session.post(path("networks", operands[0], "disconnect"), [:], .object(body))
    }
}

/// What `pouch network prune` does.
struct PruneNetworks: Verb {
    static let usage = Usage(name: "prune", summary: "Remove all unused networks")

    var options = PruneFlags()

    static var flags: [Flag<PruneNetworks>] { PruneFlags.flags().map { $0.lifted(\.options) } }

    func run(_ session: Session) throws(Failure) {
        try options.confirm("This will remove all custom networks not used by at least one container.", session)
        _ = try options.prune(.networks, session)
    }
}
