package import Units

/// A network as it was registered; what never changes after.
package struct NetworkRecord: Codable, Equatable, Sendable {
    package enum Driver: String, Codable, Sendable {
        case bridge
        case macvlan
    }

    package var id: String
    package var name: String
    package var driver: Driver
    /// Nanoseconds since 1970.
    package var created: Int64
    package var plans: [AddressPlan]
    package var isInternal: Bool
    package var attachable: Bool
    package var hasIPv4: Bool
    package var hasIPv6: Bool
    package var options: [String: String]
    package var labels: [String: String]
    package var addressOptions: [String: String]

    /// The bridge's name, or the card that macvlan addresses are added to.
    package var link: String
    package var mtu: UInt32?

    package init(id: String, name: String, driver: Driver, created: Int64, link: String) {
        self.id = id
        self.name = name
        self.driver = driver
        self.created = created
        self.link = link
        plans = []
        isInternal = false
        attachable = false
        hasIPv4 = true
        hasIPv6 = false
        options = [:]
        labels = [:]
        addressOptions = [:]
    }

    package func plan(_ family: IPAddress.Family) -> AddressPlan? { plans.first { $0.subnet.family == family } }

    /// Whether containers' addresses are shown to the world as they are, instead of as this machine's.
    var isRouted: Bool { options["com.docker.network.bridge.gateway_mode_ipv4"] == "routed" }
    var masquerades: Bool {
        !isInternal && !isRouted && options["com.docker.network.bridge.enable_ip_masquerade"] != "false"
    }
    var letsContainersTalk: Bool { options["com.docker.network.bridge.enable_icc"] != "false" }
    /// Whether containers find one another by name: on all networks but the default one.
    package var hasNames: Bool { options["com.docker.network.bridge.default_bridge"] != "true" }
    /// Whether frames from a container must carry the addresses that it was given.
    var checksSources: Bool { options["org.pouch.network.source_check"] != "false" }
    /// Where ports are published that name no address.
    var publishAddress: IPAddress? {
        options["com.docker.network.bridge.host_binding_ipv4"].flatMap { try? IPAddress(parsing: $0) }
            .flatMap { $0.isUnspecified ? nil : $0 }
    }
    var linkMTU: UInt32 { mtu ?? 1500 }
}

/// A subnet of a network and how its addresses are given.
package struct AddressPlan: Codable, Equatable, Sendable {
    package var subnet: Subnet
    /// Where addresses come from that nobody asked for; nil is the whole subnet.
    package var range: Subnet?
    /// The bridge's own address.
    package var gateway: IPAddress?
    /// Set aside, by name.
    package var auxiliary: [String: IPAddress]

    package init(subnet: Subnet, range: Subnet? = nil, gateway: IPAddress? = nil, auxiliary: [String: IPAddress] = [:])
    {
        self.subnet = subnet
        self.range = range
        self.gateway = gateway
        self.auxiliary = auxiliary
    }
}

/// What a container asked of one network.
package struct EndpointWish: Equatable, Sendable {
    /// The network's id.
    package var network: String
    package var ipv4: IPAddress?
    package var ipv6: IPAddress?
    package var mac: MACAddress?
    /// Among several networks the one with the highest gives the way out.
    package var gatewayPriority: Int
    /// By what others on the network find it.
    package var names: [String]
    /// What it alone calls others, by the name that it uses.
    package var links: [String: String] = [:]
    /// Addresses of 169.254.0.0/16 or fe80::/10 that it has besides; nobody watches over them.
    package var linkLocal: [IPAddress] = []

    package init(
        network: String, ipv4: IPAddress? = nil, ipv6: IPAddress? = nil, mac: MACAddress? = nil,
        gatewayPriority: Int = 0, names: [String] = []
    ) {
        self.network = network
        self.ipv4 = ipv4
        self.ipv6 = ipv6
        self.mac = mac
        self.gatewayPriority = gatewayPriority
        self.names = names
    }
}

/// The addresses that a container has in one network, for as long as the container exists.
package struct Reservation: Codable, Equatable, Sendable {
    /// The network's id.
    package var network: String
    package var container: String
    package var ipv4: IPAddress?
    package var ipv6: IPAddress?
    package var mac: MACAddress

    package init(network: String, container: String, ipv4: IPAddress?, ipv6: IPAddress?, mac: MACAddress) {
        self.network = network
        self.container = container
        self.ipv4 = ipv4
        self.ipv6 = ipv6
        self.mac = mac
    }
}
