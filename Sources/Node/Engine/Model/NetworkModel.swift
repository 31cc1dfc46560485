/// What the client asks of the networks, by network name.
package struct NetworkingConfig: Codable, Equatable, Sendable, Zeroed {
    @Present package var endpointsConfig: [String: Nullable<EndpointSettings>]

    package init() {}
    package static var zero: NetworkingConfig { NetworkingConfig() }
}

/// A container's end of one network.
package struct EndpointSettings: Codable, Equatable, Sendable {
    @Nullable package var iPAMConfig: EndpointAddressConfig?
    @Nullable package var links: [String]?
    @Nullable package var aliases: [String]?
    @Present package var macAddress: String
    @Nullable package var driverOpts: [String: String]?
    @Present package var gwPriority: Int
    @Present package var networkID: String
    @Present package var endpointID: String
    @Present package var gateway: String
    @Present package var iPAddress: String
    @Present package var iPPrefixLen: Int
    @Present package var iPv6Gateway: String
    @Present package var globalIPv6Address: String
    @Present package var globalIPv6PrefixLen: Int
    @Nullable package var dNSNames: [String]?

    package init() {}

    /// An address or a name of its own on the network.
    var asksForItsOwn: Bool {
        let addresses =
            [iPAMConfig?.iPv4Address, iPAMConfig?.iPv6Address, macAddress] + (iPAMConfig?.linkLocalIPs ?? [])
        return addresses.contains { $0?.isEmpty == false } || aliases?.isEmpty == false
    }
}

package struct EndpointAddressConfig: Codable, Equatable, Sendable {
    package var iPv4Address: String?
    package var iPv6Address: String?
    package var linkLocalIPs: [String]?

    package init() {}
}

/// The body of `POST /networks/create`.
package struct NetworkCreateRequest: Codable, Equatable, Sendable {
    @Present package var name: String
    /// Kept for old clients; names are always unique.
    package var checkDuplicate: Bool?
    @Present package var driver: String
    @Present package var scope: String
    @Present package var `internal`: Bool
    @Present package var attachable: Bool
    @Present package var ingress: Bool
    @Present package var configOnly: Bool
    package var configFrom: NetworkReference?
    package var iPAM: AddressingRequest?
    package var enableIPv4: Bool?
    package var enableIPv6: Bool?
    @Present package var options: [String: String]
    @Present package var labels: [String: String]

    package init() {}
}

package struct AddressingRequest: Codable, Equatable, Sendable {
    @Present package var driver: String
    @Present package var options: [String: String]
    @Present package var config: [AddressingConfig]

    package init() {}
}

/// A subnet of a network.
package struct AddressingConfig: Codable, Equatable, Sendable {
    package var subnet: String?
    package var iPRange: String?
    package var gateway: String?
    package var auxiliaryAddresses: [String: String]?

    package init() {}
}

package struct NetworkCreateResponse: Codable, Equatable, Sendable {
    @Present package var id: String
    @Present package var warning: String

    package init() {}
}

/// The body of `POST /networks/{id}/connect`.
package struct NetworkConnectRequest: Codable, Equatable, Sendable {
    @Present package var container: String
    package var endpointConfig: EndpointSettings?

    package init() {}
}

/// The body of `POST /networks/{id}/disconnect`.
package struct NetworkDisconnectRequest: Codable, Equatable, Sendable {
    @Present package var container: String
    @Present package var force: Bool

    package init() {}
}

/// Inspect's `NetworkSettings`.
package struct NetworkSettings: Codable, Equatable, Sendable, Zeroed {
    @Present package var bridge: String
    @Present package var sandboxID: String
    @Present package var sandboxKey: String
    @Present package var ports: [String: Nullable<[PortBinding]>]
    @Present package var hairpinMode: Bool
    @Present package var linkLocalIPv6Address: String
    @Present package var linkLocalIPv6PrefixLen: Int
    @Nullable package var secondaryIPAddresses: [EmptyObject]?
    @Nullable package var secondaryIPv6Addresses: [EmptyObject]?
    @Present package var endpointID: String
    @Present package var gateway: String
    @Present package var globalIPv6Address: String
    @Present package var globalIPv6PrefixLen: Int
    @Present package var iPAddress: String
    @Present package var iPPrefixLen: Int
    @Present package var iPv6Gateway: String
    @Present package var macAddress: String
    @Present package var networks: [String: EndpointSettings]

    package init() {}
    package static var zero: NetworkSettings { NetworkSettings() }
}

/// A network as `GET /networks` shows it.
package struct NetworkInspection: Codable, Equatable, Sendable {
    @Present package var name: String
    @Present package var id: String
    @Present package var created: Timestamp
    @Present package var scope: String
    @Present package var driver: String
    @Present package var enableIPv4: Bool
    @Present package var enableIPv6: Bool
    @Present package var iPAM: NetworkAddressing
    @Present package var `internal`: Bool
    @Present package var attachable: Bool
    @Present package var ingress: Bool
    @Present package var configFrom: NetworkReference
    @Present package var configOnly: Bool
    @Present package var containers: [String: NetworkEndpoint]
    @Present package var options: [String: String]
    @Present package var labels: [String: String]

    package init() {}
}

package struct NetworkReference: Codable, Equatable, Sendable, Zeroed {
    @Present package var network: String

    package init() {}
    package static var zero: NetworkReference { NetworkReference() }
}

package struct NetworkAddressing: Codable, Equatable, Sendable, Zeroed {
    @Present package var driver: String
    @Nullable package var options: [String: String]?
    @Present package var config: [AddressingConfig]

    package init() {}
    package static var zero: NetworkAddressing { NetworkAddressing() }
}

package struct NetworkEndpoint: Codable, Equatable, Sendable {
    @Present package var name: String
    @Present package var endpointID: String
    @Present package var macAddress: String
    @Present package var iPv4Address: String
    @Present package var iPv6Address: String

    package init() {}
}
