internal import JSON
package import Units

/// One member of a set or map of our tables.
package struct RuleElement: Hashable, Sendable {
    package enum Place: String, Sendable, CaseIterable {
        // Of the table that routes.
        case bridges
        case masqueraded
        case secluded
        case routed
        case talking
        /// Those of our bridges, as prefixes.
        case subnets4
        case subnets6
        case published4
        case published6
        case publishedAt4
        case publishedAt6
        // Of the table that guards the bridges' ports.
        case guarded
        case macs
        /// Of version 4 with the port and the card: most packets need no look-up but this.
        case sources4
        case sources6
        /// The addresses of version 6 that a port may say it has.
        case neighbours6

        var family: String {
            switch self {
            case .guarded, .macs, .sources4, .sources6, .neighbours6: "bridge"
            default: "inet"
            }
        }

        /// The types of its keys, and for maps those of its values.
        var type: String {
            switch self {
            case .bridges, .masqueraded, .secluded, .routed, .guarded: "ifname"
            case .talking: "ifname . ifname"
            case .subnets4: "ipv4_addr"
            case .subnets6: "ipv6_addr"
            case .published4: "inet_proto . inet_service : ipv4_addr . inet_service"
            case .published6: "inet_proto . inet_service : ipv6_addr . inet_service"
            case .publishedAt4: "ipv4_addr . inet_proto . inet_service : ipv4_addr . inet_service"
            case .publishedAt6: "ipv6_addr . inet_proto . inet_service : ipv6_addr . inet_service"
            case .macs: "ifname . ether_addr"
            case .sources4: "ifname . ether_addr . ipv4_addr"
            case .sources6: "ifname . ipv6_addr"
            case .neighbours6: "ifname . integer"
            }
        }

        /// How nft is told of its keys: of a part of a packet that has no name, by the part.
        var declaration: String { self == .neighbours6 ? "typeof iifname . \(Self.advertised)" : "type \(type)" }

        /// The address that an advertisement of a neighbour is about: 128 bits after the first 64 of the message.
        ///
        /// Source: RFC 4861, 4.4; Debian's nft 1.0.6 has no word for it.
        static let advertised = "@th,64,128"

        var isOfPrefixes: Bool { self == .subnets4 || self == .subnets6 }
        var isMap: Bool { type.contains(" : ") }
    }

    package var place: Place
    package var key: [String]
    package var value: [String]

    package init(_ place: Place, _ key: [String], _ value: [String] = []) {
        self.place = place
        self.key = key
        self.value = value
    }

    /// A published port.
    package init?(_ port: PublishedPort, to address: IPAddress) {
        // A port on one address of the other version has no way to this one.
        guard port.host.address == nil || port.host.address?.family == address.family else { return nil }
        let isV4 = address.family == .v4
        let number = [port.host.transport.rawValue, "\(port.host.port)"]
        let value = [address.description, "\(port.port)"]
        if let host = port.host.address {
            self.init(isV4 ? .publishedAt4 : .publishedAt6, [host.description] + number, value)
        } else {
            self.init(isV4 ? .published4 : .published6, number, value)
        }
    }

    /// An address that a port of a bridge may say it has.
    package init(neighbour address: IPAddress, at port: String) {
        let digits = address.bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }
        self.init(.neighbours6, [port, "0x" + digits.joined()])
    }

    /// As nft's own language writes it.
    var text: String {
        func side(_ words: [String]) -> String {
            words.map { isName($0) ? "\"\($0)\"" : $0 }.joined(separator: " . ")
        }
        if place.isOfPrefixes { return key.joined(separator: "/") }
        return place.isMap ? "\(side(key)) : \(side(value))" : side(key)
    }

    /// Names of interfaces are quoted; addresses, protocols and numbers are not.
    private func isName(_ word: String) -> Bool {
        place.type.hasPrefix("ifname") && (word == key.first || place == .talking)
    }

    /// As libnftables' JSON has it.
    var json: JSONValue {
        func side(_ words: [String]) -> JSONValue {
            words.count == 1 ? .string(words[0]) : ["concat": .array(words.map { .string($0) })]
        }
        if place.isOfPrefixes, key.count == 2 {
            return ["prefix": ["addr": .string(key[0]), "len": .integer(Int64(key[1]) ?? 0)]]
        }
        return place.isMap ? [side(key), side(value)] : side(key)
    }
}
