internal import Networking
internal import Testing
internal import Units

@Suite("The address book")
struct AddressBookTests {
    private func book() throws -> AddressBook {
        var book = AddressBook()
        var record = NetworkRecord(id: "n1", name: "net", driver: .bridge, created: 1, link: "br")
        record.plans = [
            AddressPlan(
                subnet: try Subnet(parsing: "10.0.0.0/24"), gateway: try IPAddress(parsing: "10.0.0.1"),
                auxiliary: ["router": try IPAddress(parsing: "10.0.0.2")]),
            AddressPlan(subnet: try Subnet(parsing: "fd00::/64"), gateway: try IPAddress(parsing: "fd00::1")),
        ]
        try book.add(record)
        return book
    }

    @Test("a container keeps the addresses it was given") func sticky() throws {
        var book = try book()
        let first = try book.reserve(EndpointWish(network: "n1"), for: "web")
        #expect(first.ipv4?.description == "10.0.0.3")
        #expect(first.ipv6?.description == "fd00::2")
        #expect(first.mac.description == "02:42:0a:00:00:03")
        _ = try book.reserve(EndpointWish(network: "n1"), for: "other")
        #expect(try book.reserve(EndpointWish(network: "n1"), for: "web") == first)
    }

    @Test(
        "a taken address names its holder and leaves nothing behind", arguments: ["10.0.0.1", "10.0.0.2", "10.0.0.9"])
    func taken(text: String) throws {
        var book = try book()
        let address = try IPAddress(parsing: text)
        let nine = try IPAddress(parsing: "10.0.0.9")
        _ = try book.reserve(EndpointWish(network: "n1", ipv4: nine), for: "web")
        let holder: AddressHolder =
            switch text {
            case "10.0.0.1": .gateway
            case "10.0.0.2": .auxiliary("router")
            default: .container("web")
            }
        #expect(throws: NetworkError.addressTaken(address, network: "net", by: holder)) {
            try book.reserve(EndpointWish(network: "n1", ipv4: address), for: "db")
        }
        #expect(book.reservations(of: "db").isEmpty)
    }

    @Test("a refused second address gives the first back") func atomic() throws {
        var book = try book()
        let (v4, v6) = (try IPAddress(parsing: "10.0.0.7"), try IPAddress(parsing: "fd00::7"))
        _ = try book.reserve(EndpointWish(network: "n1", ipv6: v6), for: "web")
        #expect(throws: NetworkError.self) {
            try book.reserve(EndpointWish(network: "n1", ipv4: v4, ipv6: v6), for: "db")
        }
        #expect(try book.reserve(EndpointWish(network: "n1", ipv4: v4), for: "cache").ipv4 == v4)
    }

    @Test("released addresses are free, those of a removed network too") func released() throws {
        var book = try book()
        let nine = try IPAddress(parsing: "10.0.0.9")
        _ = try book.reserve(EndpointWish(network: "n1", ipv4: nine), for: "web")
        book.release("web", in: "n1")
        book.release("web", in: "n1")
        #expect(try book.reserve(EndpointWish(network: "n1", ipv4: nine), for: "db").ipv4 == nine)
        book.remove("n1")
        #expect(book.reservations(of: "db").isEmpty)
    }

    @Test("networks that overlap, or share a name, are refused") func overlap() throws {
        var book = try book()
        var other = NetworkRecord(id: "n2", name: "two", driver: .bridge, created: 2, link: "br2")
        other.plans = [AddressPlan(subnet: try Subnet(parsing: "10.0.0.128/25"))]
        #expect(throws: NetworkError.self) { try book.add(other) }
        other.plans = []
        other.name = "net"
        #expect(throws: NetworkError.self) { try book.add(other) }
        #expect(book.networks.count == 1)
    }
}

@Suite("The port table")
struct PortTableTests {
    @Test("an address-less claim meets every other on that port") func meets() throws {
        var table = PortTable()
        let local = try IPAddress(parsing: "127.0.0.1")
        try table.claim(HostPort(.tcp, local, 80), for: "web")
        #expect(throws: NetworkError.portTaken(HostPort(.tcp, nil, 80), by: .container("web"))) {
            try table.claim(HostPort(.tcp, nil, 80), for: "db")
        }
        try table.claim(HostPort(.udp, nil, 80), for: "db")
        try table.claim(HostPort(.tcp, try IPAddress(parsing: "10.0.0.1"), 80), for: "db")
        table.release("web")
        try table.claim(HostPort(.tcp, local, 80), for: "cache")
    }

    @Test("grants all or nothing, and skips what programs have") func grants() throws {
        var table = PortTable()
        let wishes = [PortWish(.tcp, 80), PortWish(.tcp, 81, range: 5000...5002)]
        let granted = try table.grant(wishes, to: "web", free: 40000...40010) { $0.port != 40000 && $0.port != 5000 }
        #expect(granted.map(\.host.port) == [40001, 5001])
        #expect(throws: NetworkError.portTaken(HostPort(.tcp, nil, 5001), by: .container("web"))) {
            try table.grant([PortWish(.tcp, 1), PortWish(.tcp, 2, range: 5001...5001)], to: "db", free: 40000...40010) {
                _ in true
            }
        }
        #expect(table.holder(of: HostPort(.tcp, nil, 40002)) == nil)
        let next = try table.grant([PortWish(.tcp, 80)], to: "x", free: 40000...40010) { _ in true }
        #expect(next.first?.host.port != 40001)
    }
}

@Suite("The packet rules")
struct RuleSetTests {
    @Test("a change names only what is new or gone") func change() throws {
        var rules = RuleSet(table: "t")
        let port = try #require(
            RuleElement(
                PublishedPort(host: HostPort(.tcp, nil, 8080), port: 80), to: try IPAddress(parsing: "10.0.0.2")))
        let addition = rules.change(add: [port])
        let added = try #require(addition)
        #expect(
            added
                == #"{"nftables":[{"add":{"element":{"family":"inet","table":"t","name":"published4","elem":[[{"concat":["tcp","8080"]},{"concat":["10.0.0.2","80"]}]]}}}]}"#
        )
        #expect(rules.change(add: [port]) == nil)
        #expect(rules.whole.contains("elements = { tcp . 8080 : 10.0.0.2 . 80 }"))
        let removal = rules.change(add: [], remove: [port])
        let removed = try #require(removal)
        #expect(removed.contains(#""delete":"#) && removed.contains(#"[{"concat":["tcp","8080"]}]"#), "\(removed)")
        #expect(rules.elements.isEmpty)
    }
}

@Suite("The choice of a subnet")
struct SubnetChoiceTests {
    @Test("avoids every route but the default one") func avoids() throws {
        let taken = try ["0.0.0.0/0", "172.17.0.0/16", "172.16.0.0/13", "10.0.0.0/8"].map { try Subnet(parsing: $0) }
        #expect(SubnetChoice.v4(avoiding: [])?.description == "172.17.0.0/16")
        #expect(SubnetChoice.v4(avoiding: taken)?.description == "172.24.0.0/16")
        #expect(SubnetChoice.v4(avoiding: [try Subnet(parsing: "128.0.0.0/1")]) == nil)
    }

    @Test("is unique-local in version 6") func local() {
        #expect(SubnetChoice.v6(seed: .max).description == "fdff:ffff:ffff:ff::/64")
    }
}
