internal import TestSupport
internal import Testing
internal import Units

@Suite("An IP address")
struct IPAddressTests {
    @Test(
        "is shown in its one recommended form",
        arguments: [
            ("10.0.0.1", "10.0.0.1"), ("0.0.0.0", "0.0.0.0"), ("255.255.255.255", "255.255.255.255"), ("::", "::"),
            ("::1", "::1"), ("2001:DB8::1", "2001:db8::1"), ("2001:db8:0:0:0:0:2:1", "2001:db8::2:1"),
            ("2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"), ("2001:0:0:1:0:0:0:1", "2001:0:0:1::1"),
            ("2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"), ("1::", "1::"), ("::ffff:10.0.0.1", "::ffff:a00:1"),
            ("fe80::1:2:3:4", "fe80::1:2:3:4"),
        ])
    func shown(text: String, canonical: String) throws {
        #expect(try IPAddress(parsing: text).description == canonical)
    }

    @Test(
        "refuses what is none",
        arguments: [
            "", "10.0.0", "10.0.0.256", "10.0.0.01", "10.0.0.1.2", "1.2.3.-4", "+1.2.3.4", ":", ":::", "1:2:3:4:5:6:7",
            "1:2:3:4:5:6:7:8:9", "1::2::3", "12345::", "g::", "::1%eth0", "1.2.3.4::", "::1.2.3", "1:2:3:4:5:6:7:8::",
            "10.0.0.1/8", " ::1",
        ])
    func refused(text: String) {
        #expect(throws: ParseError.self) { try IPAddress(parsing: text) }
    }

    @Test("is read back as it was shown", arguments: UInt64(0)..<1000)
    func roundTrip(seed: UInt64) throws {
        var random = SplitMix64(seed: seed)
        let wide = UInt128(random.next()) << 64 | UInt128(random.next())
        // Masks give runs of zeros in all places.
        let mask = UInt128(random.next() & random.next()) << 64 | UInt128(random.next() & random.next())
        for address in [IPAddress(.v4, wide), IPAddress(.v6, wide), IPAddress(.v6, wide & mask & mask << 16)] {
            #expect(try IPAddress(parsing: address.description) == address, "seed \(seed)")
            #expect(IPAddress(bytes: address.bytes) == address, "seed \(seed)")
        }
    }

    @Test("any text is read or refused", arguments: UInt64(0)..<1000)
    func anyText(seed: UInt64) {
        var random = SplitMix64(seed: seed)
        let alphabet = Array("0123456789abcdf:./")
        let text = String((0..<Int(random.next() % 20)).map { _ in alphabet[Int(random.next() % 18)] })
        if let address = try? IPAddress(parsing: text) {
            #expect((try? IPAddress(parsing: address.description)) == address, "seed \(seed): \(text)")
        }
        if let subnet = try? Subnet(parsing: text) {
            #expect(subnet.contains(subnet.first) && subnet.contains(subnet.last), "seed \(seed): \(text)")
        }
    }
}

@Suite("A subnet")
struct SubnetTests {
    @Test("forgets the host bits, knows its ends and what it shares") func bounds() throws {
        let subnet = try Subnet(parsing: "10.1.2.3/20")
        #expect(subnet.description == "10.1.0.0/20")
        #expect(subnet.last.description == "10.1.15.255")
        #expect(subnet.overlaps(try Subnet(parsing: "10.1.15.0/24")))
        #expect(!subnet.overlaps(try Subnet(parsing: "10.1.16.0/24")))
        #expect(!subnet.overlaps(try Subnet(parsing: "::/0")))
        #expect(try Subnet(parsing: "0.0.0.0/0").overlaps(subnet))
        #expect(try Subnet(parsing: "::/0").last.description == "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff")
        #expect(try Subnet(parsing: "10.0.0.1/32").last == IPAddress(parsing: "10.0.0.1"))
    }

    @Test("refuses what is none", arguments: ["10.0.0.0", "10.0.0.0/33", "10.0.0.0/", "/8", "::/129", "10.0.0.0/+8"])
    func refused(text: String) {
        #expect(throws: ParseError.self) { try Subnet(parsing: text) }
    }
}

@Suite("A MAC address")
struct MACAddressTests {
    @Test("is read with colons or dashes and shown with colons") func shown() throws {
        #expect(try MACAddress(parsing: "92-D0-c6-0A-29-33").description == "92:d0:c6:0a:29:33")
        #expect(try MACAddress(of: IPAddress(parsing: "172.17.0.2")).description == "02:42:ac:11:00:02")
    }

    @Test(
        "refuses what is none",
        arguments: [
            "", "92:d0:c6:0a:29", "92:d0:c6:0a:29:33:44", "01:00:5e:00:00:01", "00:00:00:00:00:00", "9:d:c:a:2:3",
        ])
    func refused(text: String) {
        #expect(throws: ParseError.self) { try MACAddress(parsing: text) }
    }
}
