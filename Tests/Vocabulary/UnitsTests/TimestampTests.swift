internal import TestSupport
internal import Testing
internal import Units

@Suite("A timestamp")
struct TimestampTests {
    @Test(
        "is written as RFC 3339",
        arguments: [
            (0, "1970-01-01T00:00:00Z"), (1_136_214_245_000_000_001, "2006-01-02T15:04:05.000000001Z"),
            (951_782_400_000_000_000, "2000-02-29T00:00:00Z"), (1_709_251_199_500_000_000, "2024-02-29T23:59:59.5Z"),
            (-1, "1969-12-31T23:59:59.999999999Z"), (4_102_444_800_123_000_000, "2100-01-01T00:00:00.123Z"),
            (.max, "2262-04-11T23:47:16.854775807Z"), (.min, "1677-09-21T00:12:43.145224192Z"),
        ] as [(Int64, String)])
    func written(nanoseconds: Int64, text: String) throws {
        let time = Timestamp(nanoseconds: nanoseconds)
        #expect(time.description == text)
        #expect(time.nanoseconds == nanoseconds)
        #expect(try Timestamp(rfc3339: text) == time)
    }

    @Test("knows Go's zero time, and nine decimals where they are wanted")
    func special() throws {
        #expect(Timestamp.never.description == "0001-01-01T00:00:00Z")
        #expect(try Timestamp(rfc3339: "0001-01-01T00:00:00Z") == .never)
        #expect(Timestamp(seconds: 0, nanosecond: 5000).withAllDecimals == "1970-01-01T00:00:00.000005000Z")
        #expect(Timestamp.never < Timestamp.now)
        #expect(Timestamp.now > (try Timestamp(rfc3339: "2020-01-01T00:00:00Z")))
        #expect(Timestamp.never.nanoseconds == .min)
    }

    @Test("takes zones and any number of decimals")
    func zones() throws {
        #expect(try Timestamp(rfc3339: "2006-01-02T15:04:05+07:00").description == "2006-01-02T08:04:05Z")
        #expect(
            try Timestamp(rfc3339: "2006-01-02t15:04:05.1234567891-00:30").description
                == "2006-01-02T15:34:05.123456789Z")
    }

    @Test(
        "refuses what is none",
        arguments: [
            "", "2006-01-02", "2006-01-02T15:04:05", "2006-13-02T15:04:05Z", "2006-02-29T15:04:05Z",
            "1900-02-29T15:04:05Z",
            "2006-01-02T24:00:00Z", "2006-01-02T15:60:00Z", "2006-01-02T15:04:61Z", "2006-01-02T15:04:05.Z",
            "2006-01-02T15:04:05Zx",
            "2006-01-02T15:04Z", "+006-01-02T15:04:05Z", "2006-01-02T15:04:05+0700", "2006-01-02T15:04:05+24:00",
        ])
    func refused(text: String) {
        #expect(throws: ParseError.self) { try Timestamp(rfc3339: text) }
    }

    @Test(
        "is read as --since takes it",
        arguments: [
            ("2006-01-02T15:04:05.5Z", "2006-01-02T15:04:05.5Z"), ("2006-01-02T15:04:05", "2006-01-02T15:04:05Z"),
            ("2006-01-02T15:04", "2006-01-02T15:04:00Z"), ("2006-01-02T15:04+01:00", "2006-01-02T14:04:00Z"),
            ("2006-01-02", "2006-01-02T00:00:00Z"), ("1136073600", "2006-01-01T00:00:00Z"),
            ("1136073600.000000001", "2006-01-01T00:00:00.000000001Z"), ("1m30s", "1970-01-01T23:58:30Z"),
            ("0", "1970-01-01T00:00:00Z"), ("-1h", "1970-01-02T01:00:00Z"),
        ])
    func since(text: String, expected: String) throws {
        #expect(try Timestamp(parsing: text, now: Timestamp(seconds: 86400)).description == expected)
    }

    @Test(
        "refuses a --since that is none",
        arguments: ["", "yesterday", "1.2.3", "2006-01-02T", "99999999999999999999", "5" + "d"])
    func notSince(text: String) {
        #expect(throws: ParseError.self) { try Timestamp(parsing: text, now: .never) }
    }

    @Test("reads back what it wrote, and counts durations", arguments: UInt64(0)..<100)
    func roundTrip(seed: UInt64) throws {
        var random = SplitMix64(seed: seed)
        for _ in 0..<10 {
            let time = Timestamp(
                seconds: Int64.random(in: -62_135_596_800..<253_402_300_800, using: &random),
                nanosecond: Int32.random(in: 0..<1_000_000_000, using: &random))
            #expect(try Timestamp(rfc3339: time.description) == time, "seed \(seed)")
            #expect(try Timestamp(rfc3339: time.withAllDecimals) == time, "seed \(seed)")
            let step = Duration.nanoseconds(Int64(bitPattern: random.next()) >> 2)
            #expect(time.advanced(by: step).duration(since: time) == step, "seed \(seed)")
        }
        for text in SomeText(seed: seed, of: "0123456789-:TZ.+ ").prefix(20) {
            _ = try? Timestamp(parsing: text, now: .now)
        }
    }
}
