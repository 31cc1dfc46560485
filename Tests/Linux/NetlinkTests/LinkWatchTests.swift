internal import TestSupport
internal import Testing

@testable internal import Netlink

/// What the kernel says of interfaces that go, as it was seen on Linux 6.1.
@Suite("The watch over links")
struct LinkWatchTests {
    /// `struct nlmsghdr`, `struct ifinfomsg`, IFLA_IFNAME.
    private func message(type: UInt16, family: UInt8 = 0, index: Int32, name: String?) -> [UInt8] {
        var payload = NetlinkWriter()
        payload.put(UInt16(family))
        payload.put(UInt16(1))
        payload.put(UInt32(bitPattern: index))
        payload.put(UInt32(0x1002))
        payload.put(UInt32.max)
        var bytes = payload.bytes
        if let name {
            let text = Array(name.utf8) + [0]
            var attribute = NetlinkWriter()
            attribute.put(UInt16(4 + text.count))
            attribute.put(UInt16(3))
            bytes += attribute.bytes + text + [UInt8](repeating: 0, count: (4 - text.count % 4) % 4)
        }
        var head = NetlinkWriter()
        head.put(UInt32(16 + bytes.count))
        head.put(type)
        head.put(UInt16(0))
        head.put(UInt32(0))
        head.put(UInt32(0))
        return head.bytes + bytes
    }

    @Test("an interface that was removed is told with its name and number")
    func removed() {
        #expect(
            LinkWatch.events(in: message(type: 17, index: 7, name: "pouch0")) == [.removed(name: "pouch0", index: 7)])
        #expect(LinkWatch.events(in: message(type: 17, index: -1, name: nil)) == [.removed(name: "", index: -1)])
    }

    @Test("what is new or changed is nothing, and neither is a port that leaves its bridge")
    func others() {
        #expect(LinkWatch.events(in: message(type: 16, index: 7, name: "pouch0")).isEmpty)
        #expect(LinkWatch.events(in: message(type: 17, family: 7, index: 7, name: "veth1")).isEmpty)
        #expect(LinkWatch.events(in: []).isEmpty)
    }

    @Test("several messages of one datagram are told in their order")
    func several() {
        let datagram =
            message(type: 17, index: 1, name: "a") + message(type: 16, index: 2, name: "b")
            + message(type: 17, index: 3, name: "longer-name")
        #expect(
            LinkWatch.events(in: datagram) == [
                .removed(name: "a", index: 1), .removed(name: "longer-name", index: 3),
            ])
    }

    @Test("a datagram that is cut tells what is whole in it")
    func cut() {
        let first = message(type: 17, index: 1, name: "a")
        let datagram = first + message(type: 17, index: 2, name: "b")
        for length in 0..<datagram.count {
            let events = LinkWatch.events(in: Array(datagram.prefix(length)))
            #expect(events == (length < first.count ? [] : [.removed(name: "a", index: 1)]), "\(length)")
        }
    }

    @Test("no bytes make it stumble", arguments: UInt64(0)..<1000)
    func anyBytes(seed: UInt64) {
        var random = SplitMix64(seed: seed)
        var bytes = message(type: 17, index: Int32(seed), name: "link") + message(type: 17, index: 5, name: nil)
        for _ in 0..<Int(random.next() % 8) {
            bytes[Int(random.next() % UInt64(bytes.count))] = UInt8(truncatingIfNeeded: random.next())
        }
        #expect(LinkWatch.events(in: bytes).count <= 2)
    }
}
