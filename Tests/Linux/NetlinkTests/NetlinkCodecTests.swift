internal import Netlink
internal import TestSupport
internal import Testing
internal import Units

private func hex(_ bytes: some Sequence<UInt8>) -> String {
    bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
}

@Suite("A netlink request")
struct NetlinkRequestTests {
    @Test("creates a bridge") func bridge() {
        let bytes = LinkRequests.bridge("br0", mtu: 1500).message(sequence: 7)
        let golden =
            "40000000" + "1000" + "0506" + "07000000" + "00000000"  // header: RTM_NEWLINK, request ack create exclusive
            + "00000000" + "00000000" + "00000000" + "00000000"  // ifinfomsg
            + "08000300" + "62723000"  // IFLA_IFNAME br0
            + "08000400" + "dc050000"  // IFLA_MTU 1500
            + "10001200" + "0b000100" + "6272696467650000"  // IFLA_LINKINFO, IFLA_INFO_KIND bridge
        #expect(hex(bytes) == golden)
    }

    @Test("adds an address with its broadcast address, version 6 without asking the neighbours") func address() throws {
        let v4 = AddressRequests.add(
            LinkAddress(link: 3, address: try IPAddress(parsing: "10.0.0.2"), length: 24))
        #expect(
            hex(v4.payload) == "02180000" + "03000000" + "080002000a000002" + "080001000a000002" + "080004000a0000ff")
        let v6 = AddressRequests.add(LinkAddress(link: 3, address: try IPAddress(parsing: "fd00::2"), length: 64))
        #expect(hex(v6.payload.prefix(4)) == "0a400200")
    }

    @Test("sets a default route") func route() throws {
        let request = RouteRequests.addDefault(via: try IPAddress(parsing: "10.0.0.1"), link: 3)
        #expect(hex(request.payload) == "02000000fe040001" + "00000000" + "080005000a000001" + "0800040003000000")
    }
}

@Suite("The netlink reader")
struct NetlinkReaderTests {
    @Test("reads what the writer wrote") func roundTrip() throws {
        let add = AddressRequests.add(LinkAddress(link: 3, address: try IPAddress(parsing: "fd00::2"), length: 64))
        let route = RouteRequests.addDefault(via: try IPAddress(parsing: "fd00::1"), link: 3)
        let messages = NetlinkMessage.all(in: add.message(sequence: 1) + route.message(sequence: 2))
        #expect(messages.map(\.sequence) == [1, 2])
        #expect(
            messages.first.flatMap(LinkAddress.init)
                == LinkAddress(link: 3, address: try IPAddress(parsing: "fd00::2"), length: 64))
        let back = messages.last.flatMap(Route.init)
        #expect(back?.destination.description == "::/0")
        #expect(back?.gateway?.description == "fd00::1")
        #expect(back?.link == 3)
    }

    @Test("takes any bytes, whole or cut anywhere, without failing", arguments: UInt64(0)..<1000)
    func anyBytes(seed: UInt64) throws {
        var random = SplitMix64(seed: seed)
        let base =
            LinkRequests.bridge("br\(seed)", mtu: 1500).message(sequence: 1)
            + RouteRequests.list().message(sequence: 2)
        var bytes = Array(base.prefix(Int(random.next() % UInt64(base.count + 1))))
        for _ in 0..<Int(random.next() % 6) where !bytes.isEmpty {
            bytes[Int(random.next() % UInt64(bytes.count))] = UInt8(truncatingIfNeeded: random.next())
        }
        for message in NetlinkMessage.all(in: bytes) {
            _ = (Link(message), LinkAddress(message), Route(message), message.answer)
        }
    }
}
