internal import Networking
internal import TestSupport
internal import Testing
internal import Units

/// A query as a resolver sends it: one question, recursion desired.
private func query(_ name: String, type: UInt16, id: UInt16 = 0x1234) -> [UInt8] {
    var bytes: [UInt8] = [UInt8(id >> 8), UInt8(id & 255), 1, 0, 0, 1, 0, 0, 0, 0, 0, 0]
    for label in name.split(separator: ".") { bytes += [UInt8(label.utf8.count)] + Array(label.utf8) }
    return bytes + [0, UInt8(type >> 8), UInt8(type & 255), 0, 1]
}

@Suite("A DNS question")
struct DNSQuestionTests {
    @Test("is read in lower case and answered with addresses of its kind") func answered() throws {
        let question = try #require(DNSQuestion(query("Web.Lan", type: 1)))
        #expect(question.name == "web.lan")
        let answer = try #require(question.answer([try IPAddress(parsing: "10.0.0.2")]))
        #expect(Array(answer.prefix(2)) == [0x12, 0x34], "the same id")
        #expect(answer[2] & 0x80 != 0 && answer[3] & 0x0f == 0, "an answer without an error")
        #expect(Array(answer[4..<8]) == [0, 1, 0, 1], "one question, one answer")
        #expect(Array(answer.suffix(6)) == [0, 4, 10, 0, 0, 2])
        let six = try #require(DNSQuestion(query("web", type: 28)))
        let long = try #require(six.answer([try IPAddress(parsing: "fd00::2")]))
        #expect(Array(long.suffix(18).prefix(4)) == [0, 16, 0xfd, 0])
        let none = try #require(six.answer([]))
        #expect(none[7] == 0 && none[3] & 0x0f == 0, "the name is there, an address of this kind is not")
        let refused = try #require(question.refusal(.refused))
        #expect(refused[3] & 0x0f == 5)
    }

    @Test("a reverse look-up names an address") func reversed() throws {
        let four = try #require(DNSQuestion(query("2.0.0.10.in-addr.arpa", type: 12)))
        #expect(four.reversed?.description == "10.0.0.2")
        let digits = String(repeating: "0.", count: 30)
        let six = try #require(DNSQuestion(query("2." + digits + "f.ip6.arpa", type: 12)))
        #expect(six.reversed == IPAddress(.v6, 0xf << 124 | 2))
        #expect(try #require(four.answer(name: "web.lan")).count > four.name.utf8.count)
    }

    @Test("anything else is no question of ours")
    func others() {
        #expect(DNSQuestion([]) == nil)
        #expect(DNSQuestion([0, 0, 0x80, 0] + query("web", type: 1).dropFirst(4)) == nil, "an answer")
        var two = query("web", type: 1)
        two[5] = 2
        #expect(DNSQuestion(two) == nil)
    }

    @Test("any bytes are read or refused", arguments: UInt64(0)..<1000)
    func anyBytes(seed: UInt64) {
        var random = SplitMix64(seed: seed)
        var bytes = query("a-name-\(seed).example", type: UInt16(random.next() % 300))
        for _ in 0..<Int(random.next() % 5) {
            bytes[Int(random.next() % UInt64(bytes.count))] = UInt8(random.next() & 255)
        }
        bytes = Array(bytes.prefix(Int(random.next() % UInt64(bytes.count + 1)) + bytes.count / 2))
        if let question = DNSQuestion(bytes) {
            _ = (question.answer([IPAddress(.v4, 1)]), question.refusal(.noSuchName), question.reversed)
        }
    }
}

@Suite("The name table")
struct NameTableTests {
    @Test("a name counts on the network it was given for, to those who are there") func scopes() throws {
        var table = NameTable()
        let (one, two) = (try IPAddress(parsing: "10.0.0.2"), try IPAddress(parsing: "10.1.0.2"))
        table.set("c1", in: "red", names: ["Web", "shop"], addresses: [one])
        table.set("c2", in: "red", names: ["db"], addresses: [try IPAddress(parsing: "10.0.0.3")])
        table.set("c3", in: "blue", names: ["web"], addresses: [two])
        #expect(table.addresses(of: "web", for: "c2") == [one])
        #expect(table.addresses(of: "shop.red", for: "c2") == [one])
        #expect(table.addresses(of: "web", for: "c3") == [two])
        #expect(table.addresses(of: "db", for: "c3") == nil)
        #expect(table.addresses(of: "web", for: "stranger") == nil)
        #expect(table.name(of: one, for: "c2") == "web")
        table.set("c4", in: "red", names: ["shop"], addresses: [try IPAddress(parsing: "10.0.0.4")])
        #expect(table.addresses(of: "shop", for: "c2")?.count == 2, "an alias may be shared")
        table.remove("c1")
        #expect(table.addresses(of: "web", for: "c2") == nil)
        #expect(table.addresses(of: "shop", for: "c2")?.count == 1)
    }

    @Test("a link is a name that one container alone uses") func links() throws {
        var table = NameTable()
        let address = try IPAddress(parsing: "10.0.0.2")
        table.set("c1", in: "red", names: ["web"], addresses: [address])
        table.set("c2", in: "red", names: ["db"], addresses: [])
        table.link("c2", ["Front": "web"])
        #expect(table.addresses(of: "front", for: "c2") == [address])
        #expect(table.addresses(of: "front", for: "c1") == nil)
    }
}

@Suite("A network rate")
struct NetworkRateTests {
    @Test("is read in bits per second, either side may be empty") func parsed() throws {
        let both = try NetworkRate(parsing: "10m/512k")
        #expect(both.incoming == 10_000_000 && both.outgoing == 512_000)
        #expect(try NetworkRate(parsing: "/1gbit").outgoing == 1_000_000_000)
        #expect(try NetworkRate(parsing: "8000/").incoming == 8000)
    }

    @Test(
        "refuses what is none",
        arguments: ["", "/", "10m", "10m/x", "1/1", "10q/1m", "1m/2m/3m", "-1m/1m", "9999999g/"])
    func refused(text: String) {
        #expect(throws: ParseError.self) { try NetworkRate(parsing: text) }
    }
}
