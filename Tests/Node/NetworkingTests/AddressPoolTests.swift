internal import Networking
internal import TestSupport
internal import Testing
internal import Units

@Suite("An address pool")
struct AddressPoolTests {
    private func pool(_ subnet: String, range: String? = nil) throws -> AddressPool {
        try AddressPool(try Subnet(parsing: subnet), range: range.map { try Subnet(parsing: $0) })
    }

    @Test("gives addresses in order, without the subnet's own ends, until there are none") func order() throws {
        var pool = try pool("10.0.0.0/29")
        let given = (0..<7).map { pool.take(for: .container("c\($0)"))?.description }
        #expect(given == ["10.0.0.1", "10.0.0.2", "10.0.0.3", "10.0.0.4", "10.0.0.5", "10.0.0.6", nil])
    }

    @Test("lets a released address rest while others are free") func rest() throws {
        var pool = try pool("10.0.0.0/29")
        let given = pool.take(for: .container("one"))
        let first = try #require(given)
        pool.release(first)
        #expect(pool.take(for: .container("two"))?.description == "10.0.0.2")
        for number in 0..<4 { _ = pool.take(for: .container("n\(number)")) }
        #expect(pool.take(for: .container("last")) == first)
        #expect(pool.take(for: .container("none")) == nil)
    }

    @Test("says who has an address that is claimed twice, and gives one's own again") func claim() throws {
        var pool = try pool("10.0.0.0/24")
        let address = try IPAddress(parsing: "10.0.0.7")
        #expect(try pool.claim(address, for: .container("web")) == nil)
        #expect(try pool.claim(address, for: .container("web")) == nil)
        #expect(try pool.claim(address, for: .container("db")) == .container("web"))
        for _ in 0..<10 { #expect(pool.take(for: .container("x")) != address) }
    }

    @Test("refuses what is no host of the subnet", arguments: ["10.0.1.1", "10.0.0.0", "10.0.0.255", "fd00::1"])
    func outside(text: String) throws {
        var pool = try pool("10.0.0.0/24")
        let address = try IPAddress(parsing: text)
        #expect(throws: NetworkError.self) { try pool.claim(address, for: .container("c")) }
    }

    @Test("keeps to its range, though others can be asked for") func range() throws {
        var pool = try pool("10.0.0.0/16", range: "10.0.5.0/30")
        #expect(pool.take(for: .container("a"))?.description == "10.0.5.0")
        #expect(try pool.claim(try IPAddress(parsing: "10.0.9.9"), for: .container("b")) == nil)
        #expect(throws: NetworkError.self) { try self.pool("10.0.0.0/16", range: "10.1.0.0/24") }
    }

    @Test("costs the same in a /8 with a hundred thousand holders as when it is empty") func wide() throws {
        var pool = try pool("10.0.0.0/8")
        let clock = ContinuousClock()
        func time(_ count: Int) -> Duration {
            clock.measure { for number in 0..<count { _ = pool.take(for: .container("\(number)")) } }
        }
        _ = time(1000)
        let (first, _, last) = (time(5000), time(90000), time(5000))
        // Fifty times would be far off what a scan of the pool costs, and far above any jitter of a busy machine.
        #expect(last < first * 50, "\(first) for the first 5,000, \(last) for the last")
    }

    @Test("never gives an address to two", arguments: UInt64(0)..<200)
    func random(seed: UInt64) throws {
        var random = SplitMix64(seed: seed)
        var pool = try pool("10.0.0.0/27")
        var model: [UInt128: String] = [:]
        for step in 0..<300 {
            let name = "c\(step)"
            switch random.next() % 3 {
            case 0:
                guard let address = pool.take(for: .container(name)) else {
                    #expect(model.count == 30, "seed \(seed)")
                    continue
                }
                #expect(model[address.value] == nil, "seed \(seed)")
                model[address.value] = name
            case 1:
                let address = IPAddress(v4: 0x0a00_0001 + UInt32(random.next() % 30))
                let holder = try pool.claim(address, for: .container(name))
                #expect(holder == model[address.value].map { .container($0) }, "seed \(seed)")
                if holder == nil { model[address.value] = name }
            default:
                guard let value = model.keys.sorted().randomElement(using: &random) else { continue }
                model[value] = nil
                pool.release(IPAddress(.v4, value))
            }
        }
        #expect(pool.used == model.count, "seed \(seed)")
    }
}
