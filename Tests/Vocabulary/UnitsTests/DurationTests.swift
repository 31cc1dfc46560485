internal import TestSupport
internal import Testing
internal import Units

@Suite("A duration")
struct DurationTests {
    @Test(
        "is read in Go's notation",
        arguments: [
            ("0", 0), ("5s", 5_000_000_000), ("30s", 30_000_000_000), ("1478s", 1_478_000_000_000),
            ("-5s", -5_000_000_000),
            ("+5s", 5_000_000_000), ("-0", 0), ("5.0s", 5_000_000_000), ("5.6s", 5_600_000_000), ("5.s", 5_000_000_000),
            (".5s", 500_000_000), ("10ns", 10), ("11us", 11000), ("12µs", 12000), ("12μs", 12000), ("13ms", 13_000_000),
            ("1h2m3.5s", 3_723_500_000_000), ("3h30m", 12_600_000_000_000), ("39h9m14.425s", 140_954_425_000_000),
            ("0s", 0),
            ("9223372036854775807ns", .max), ("0.3333333333333333333h", 1_199_999_999_999), ("1m30s", 90_000_000_000),
        ] as [(String, Int64)])
    func parsed(text: String, nanoseconds: Int64) throws {
        #expect(try Duration(parsing: text).inNanoseconds == nanoseconds)
    }

    @Test(
        "refuses what is none",
        arguments: [
            "", "3", "-", "+", "s", ".", "-.", ".s", "+.s", "1d", "1 s", "s1", "1.1.1s", "--1s", "3000000h",
            "9223372036854775808ns",
            "00", "1m0", "٣s", "1S",
        ])
    func refused(text: String) {
        #expect(throws: ParseError.self) { try Duration(parsing: text) }
    }

    @Test(
        "is written in Go's notation",
        arguments: [
            (0, "0s"), (1, "1ns"), (1100, "1.1µs"), (2_200_000, "2.2ms"), (3_300_000_000, "3.3s"),
            (245_000_000_000, "4m5s"),
            (245_001_000_000, "4m5.001s"), (18_367_001_000_000, "5h6m7.001s"), (480_000_000_001, "8m0.000000001s"),
            (3_600_000_000_000, "1h0m0s"), (-1_500_000_000, "-1.5s"), (.max, "2562047h47m16.854775807s"),
            (.min, "-2562047h47m16.854775808s"),
        ] as [(Int64, String)])
    func written(nanoseconds: Int64, text: String) {
        #expect(Duration.nanoseconds(nanoseconds).inGoNotation == text)
    }

    @Test("reads back what it wrote", arguments: UInt64(0)..<100)
    func roundTrip(seed: UInt64) throws {
        var random = SplitMix64(seed: seed)
        for _ in 0..<10 {
            let value = Int64(bitPattern: random.next()) >> Int64.random(in: 1..<60, using: &random)
            #expect(
                try Duration(parsing: Duration.nanoseconds(value).inGoNotation).inNanoseconds == value, "seed \(seed)")
        }
        for text in SomeText(seed: seed, of: "0123456789..hmsuµn-+").prefix(20) { _ = try? Duration(parsing: text) }
    }

    @Test(
        "is told in words",
        arguments: [
            (0, "Less than a second"), (1, "1 second"), (45, "45 seconds"), (60, "About a minute"),
            (119, "About a minute"),
            (180, "3 minutes"), (2100, "35 minutes"), (3540, "59 minutes"), (3600, "About an hour"),
            (5399, "About an hour"),
            (5400, "2 hours"), (169_200, "47 hours"), (172_800, "2 days"), (86400 * 13, "13 days"),
            (86400 * 14, "2 weeks"),
            (86400 * 59, "8 weeks"), (86400 * 60, "2 months"), (86400 * 365, "12 months"), (86400 * 730, "2 years"),
            (86400 * 365 * 35, "35 years"), (-5, "Less than a second"),
        ] as [(Int64, String)])
    func words(seconds: Int64, text: String) {
        #expect(Duration.seconds(seconds).inWords == text)
    }

    @Test("is held at the ends of Int64")
    func saturation() {
        #expect(Duration.seconds(Int64.max).inNanoseconds == .max)
        #expect(Duration.seconds(Int64.min).inNanoseconds == .min)
    }
}
