package import Units

/// A network interface as the kernel lists it.
package struct Link: Equatable, Sendable {
    package var index: Int32
    package var name: String
    /// Such as `bridge` or `veth`; empty for a card.
    package var kind: String
    package var mac: MACAddress?
    package var mtu: UInt32
    /// The index of the bridge that it is a port of.
    package var master: Int32?
    /// Of one end of a pair, the index of the other in its own namespace.
    package var peer: Int32?
    package var isUp: Bool
    package var isLoopback: Bool

    /// Reads an answer to ``LinkRequests/list``.
    package init?(_ message: NetlinkMessage) {
        let body = message.payload
        guard message.type == 16, body.count >= 16, let index = body.number(Int32.self, at: 4),
            let flags = body.number(UInt32.self, at: 8)
        else { return nil }
        let attributes = NetlinkAttributes(body.dropFirst(16))
        self.index = index
        name = attributes.text(3) ?? ""
        kind = attributes.nested(18)?.text(1) ?? ""
        mac = attributes.bytes(1).flatMap { MACAddress(bytes: $0) }
        mtu = attributes.number(4) ?? 0
        master = attributes.number(10)
        peer = attributes.number(5)
        isUp = flags & 1 != 0
        isLoopback = flags & 8 != 0
    }
}

/// What can be asked about interfaces.
///
/// Source: rtnetlink(7); linux/if_link.h, linux/veth.h of Linux 6.1.
package enum LinkRequests {
    private static let new: UInt16 = 16
    private static let delete: UInt16 = 17
    private static let get: UInt16 = 18
    private static let set: UInt16 = 19

    /// `struct ifinfomsg`; `up` nil leaves the state as it is.
    private static func header(index: Int32 = 0, up: Bool? = nil) -> [UInt8] {
        var writer = NetlinkWriter()
        writer.put(UInt8(0))
        writer.put(UInt8(0))
        writer.put(UInt16(0))
        writer.put(index)
        writer.put(UInt32(up == true ? 1 : 0))
        writer.put(UInt32(up == nil ? 0 : 1))
        return writer.bytes
    }

    /// No link-local address is made up (IN6_ADDR_GEN_MODE_NONE).
    private static func withoutOwnIPv6(_ writer: inout NetlinkWriter) {
        writer.nested(26) { $0.nested(10) { $0.attribute(8, UInt8(1)) } }
    }

    package static func list() -> NetlinkRequest {
        var writer = NetlinkWriter()
        writer.put(header())
        return NetlinkRequest(get, .dump, writer, doing: "list links")
    }

    /// A bridge that is down.
    package static func bridge(_ name: String, mtu: UInt32) -> NetlinkRequest {
        var writer = NetlinkWriter()
        writer.put(header())
        writer.attribute(3, text: name)
        writer.attribute(4, mtu)
        writer.nested(18) { $0.attribute(1, text: "bridge") }
        return NetlinkRequest(new, [.create, .exclusive], writer, doing: "create bridge \(name)")
    }

    /// A pair of which one end is here, the other in another namespace, both down.
    package struct Pair: Equatable, Sendable {
        package var name: String
        /// Chosen by the caller: the kernel takes the peer's only with it.
        package var index: Int32
        package var mtu: UInt32
        /// The index of the bridge that the end here becomes a port of.
        package var master: Int32
        package var peerName: String
        package var peerIndex: Int32
        package var peerMAC: MACAddress
        /// An open descriptor of the peer's namespace.
        package var namespace: Int32

        package init(
            name: String, index: Int32, mtu: UInt32, master: Int32, peerName: String, peerIndex: Int32,
            peerMAC: MACAddress,
            namespace: Int32
        ) {
            self.name = name
            self.index = index
            self.mtu = mtu
            self.master = master
            self.peerName = peerName
            self.peerIndex = peerIndex
            self.peerMAC = peerMAC
            self.namespace = namespace
        }
    }

    package static func pair(_ pair: Pair) -> NetlinkRequest {
        var writer = NetlinkWriter()
        writer.put(header(index: pair.index))
        writer.attribute(3, text: pair.name)
        writer.attribute(4, pair.mtu)
        writer.attribute(10, pair.master)
        writer.nested(18) { info in
            info.attribute(1, text: "veth")
            info.nested(2) { veth in
                veth.nested(1, prefix: header(index: pair.peerIndex)) { peer in
                    peer.attribute(3, text: pair.peerName)
                    peer.attribute(4, pair.mtu)
                    peer.attribute(1, pair.peerMAC.bytes)
                    peer.attribute(28, UInt32(bitPattern: pair.namespace))
                }
            }
        }
        return NetlinkRequest(new, [.create, .exclusive], writer, doing: "create veth \(pair.name)")
    }

    /// A second address of a card, which appears in another namespace; `mode` is 4 for bridge, 2 vepa, 1 private, 8 passthru.
    package static func macvlan(
        on parent: Int32, mode: UInt32, name: String, index: Int32, mac: MACAddress, mtu: UInt32?, namespace: Int32
    ) -> NetlinkRequest {
        var writer = NetlinkWriter()
        writer.put(header(index: index))
        writer.attribute(3, text: name)
        writer.attribute(5, parent)
        writer.attribute(1, mac.bytes)
        if let mtu { writer.attribute(4, mtu) }
        writer.attribute(28, UInt32(bitPattern: namespace))
        writer.nested(18) { info in
            info.attribute(1, text: "macvlan")
            info.nested(2) { $0.attribute(1, mode) }
        }
        return NetlinkRequest(new, [.create, .exclusive], writer, doing: "create macvlan \(name)")
    }

    /// A card that leads nowhere: the parent of macvlan networks that name none.
    package static func dummy(_ name: String) -> NetlinkRequest {
        var writer = NetlinkWriter()
        writer.put(header(up: true))
        writer.attribute(3, text: name)
        writer.nested(18) { $0.attribute(1, text: "dummy") }
        return NetlinkRequest(new, [.create, .exclusive], writer, doing: "create dummy \(name)")
    }

    /// No link-local address is made up when the link comes up.
    package static func withoutIPv6(_ index: Int32) -> NetlinkRequest {
        var writer = NetlinkWriter()
        writer.put(header(index: index))
        withoutOwnIPv6(&writer)
        return NetlinkRequest(set, [], writer, doing: "keep IPv6 off link \(index)", tolerated: 97)
    }

    package static func up(_ index: Int32) -> NetlinkRequest {
        var writer = NetlinkWriter()
        writer.put(header(index: index, up: true))
        return NetlinkRequest(set, [], writer, doing: "bring link \(index) up")
    }

    package static func setMaster(_ index: Int32, _ master: Int32) -> NetlinkRequest {
        var writer = NetlinkWriter()
        writer.put(header(index: index))
        writer.attribute(10, master)
        return NetlinkRequest(set, [], writer, doing: "make link \(index) a port of \(master)")
    }

    /// Brings a bridge's port up.
    ///
    /// Packets may leave the bridge by the port they came from, so that a container reaches itself through a published port; packets of an
    /// isolated port reach no other isolated one.
    package static func setPort(_ name: String, isolated: Bool) -> NetlinkRequest {
        var writer = NetlinkWriter()
        writer.put(header(up: true))
        writer.attribute(3, text: name)
        writer.nested(18) { info in
            info.attribute(4, text: "bridge")
            info.nested(5) { port in
                port.attribute(4, UInt8(1))
                port.attribute(33, UInt8(isolated ? 1 : 0))
            }
        }
        return NetlinkRequest(new, [], writer, doing: "set up port \(name)")
    }

    package static func remove(_ name: String) -> NetlinkRequest {
        var writer = NetlinkWriter()
        writer.put(header())
        writer.attribute(3, text: name)
        return NetlinkRequest(delete, [], writer, doing: "remove link \(name)")
    }
}
