package import Units

/// An address of an interface.
package struct LinkAddress: Hashable, Sendable {
    package var link: Int32
    package var address: IPAddress
    package var length: Int

    package init(link: Int32, address: IPAddress, length: Int) {
        self.link = link
        self.address = address
        self.length = length
    }

    /// Reads an answer to ``AddressRequests/list``.
    package init?(_ message: NetlinkMessage) {
        let body = message.payload
        guard message.type == 20, body.count >= 8, let length = body.number(UInt8.self, at: 1),
            let link = body.number(Int32.self, at: 4)
        else { return nil }
        let attributes = NetlinkAttributes(body.dropFirst(8))
        // Of a point-to-point link the first is the other end.
        guard let bytes = attributes.bytes(2) ?? attributes.bytes(1), let address = IPAddress(bytes: bytes),
            Int(length) <= address.family.width
        else { return nil }
        self.init(link: link, address: address, length: Int(length))
    }
}

/// Source: rtnetlink(7).
package enum AddressRequests {
    package static func list() -> NetlinkRequest {
        var writer = NetlinkWriter()
        writer.put([0, 0, 0, 0, 0, 0, 0, 0])
        return NetlinkRequest(22, .dump, writer, doing: "list addresses")
    }

    /// Version 6 without asking the neighbours first: whose address it is was decided elsewhere.
    package static func add(_ entry: LinkAddress) -> NetlinkRequest {
        NetlinkRequest(
            20, [.create, .exclusive], body(entry), doing: "add address \(entry.address) to link \(entry.link)")
    }

    package static func remove(_ entry: LinkAddress) -> NetlinkRequest {
        NetlinkRequest(21, [], body(entry), doing: "remove address \(entry.address) of link \(entry.link)")
    }

    private static func body(_ entry: LinkAddress) -> NetlinkWriter {
        let isV4 = entry.address.family == .v4
        var writer = NetlinkWriter()
        writer.put([isV4 ? 2 : 10, UInt8(entry.length), isV4 ? 0 : 2, 0])
        writer.put(entry.link)
        writer.attribute(2, entry.address.bytes)
        writer.attribute(1, entry.address.bytes)
        if isV4, entry.length < 31 {
            writer.attribute(4, Subnet(holding: entry.address, length: entry.length).last.bytes)
        }
        return writer
    }
}

/// A route of the main table.
package struct Route: Equatable, Sendable {
    package var destination: Subnet
    package var gateway: IPAddress?
    package var link: Int32?

    /// Reads an answer to ``RouteRequests/list``; nil for other tables than the main one, such as the local.
    package init?(_ message: NetlinkMessage) {
        let body = message.payload
        guard message.type == 24, body.count >= 12, let family = body.number(UInt8.self, at: 0),
            let length = body.number(UInt8.self, at: 1), let table = body.number(UInt8.self, at: 4),
            family == 2 || family == 10
        else { return nil }
        let attributes = NetlinkAttributes(body.dropFirst(12))
        guard attributes.number(15, as: UInt32.self) ?? UInt32(table) == 254 else { return nil }
        let version: IPAddress.Family = family == 2 ? .v4 : .v6
        let address = attributes.bytes(1).flatMap { IPAddress(bytes: $0) } ?? IPAddress(version, 0)
        guard address.family == version, Int(length) <= version.width else { return nil }
        destination = Subnet(holding: address, length: Int(length))
        gateway = attributes.bytes(5).flatMap { IPAddress(bytes: $0) }
        link = attributes.number(4)
    }
}

/// Source: rtnetlink(7).
package enum RouteRequests {
    package static func list() -> NetlinkRequest {
        var writer = NetlinkWriter()
        writer.put([UInt8](repeating: 0, count: 12))
        return NetlinkRequest(26, .dump, writer, doing: "list routes")
    }

    /// Everything that has no better route goes to `gateway`.
    package static func addDefault(via gateway: IPAddress, link: Int32) -> NetlinkRequest {
        var writer = body(gateway.family, scope: 0)
        writer.attribute(5, gateway.bytes)
        writer.attribute(4, link)
        return NetlinkRequest(24, [.create, .replace], writer, doing: "route everything via \(gateway)")
    }

    package static func removeDefault(_ family: IPAddress.Family, link: Int32) -> NetlinkRequest {
        var writer = body(family, scope: 0)
        writer.attribute(4, link)
        return NetlinkRequest(25, [], writer, doing: "remove the default route of link \(link)")
    }

    /// `struct rtmsg`: main table, protocol "static", unicast.
    private static func body(_ family: IPAddress.Family, scope: UInt8) -> NetlinkWriter {
        var writer = NetlinkWriter()
        writer.put([family == .v4 ? 2 : 10, 0, 0, 0, 254, 4, scope, 1])
        writer.put(UInt32(0))
        return writer
    }
}
