internal import Testing
internal import Units

@Suite("A byte count")
struct ByteCountTests {
    @Test(
        "is read as Docker reads it",
        arguments: [
            ("512", 512), ("0", 0), ("64k", 65536), ("64K", 65536), ("10m", 10 << 20), ("2g", 2 << 30), ("1T", 1 << 40),
            ("1p", 1 << 50), ("32b", 32), ("32B", 32), ("32kb", 32 << 10), ("32 kb", 32 << 10), ("32KiB", 32 << 10),
            ("32Mib", 32 << 20), ("32.5kB", 33280), ("32.5 KB", 33280), ("2.2g", 2_362_232_012), ("0.5k", 512),
            ("32.3", 32), (".5k", 512), ("1.k", 1024), ("9223372036854775807", UInt64(Int64.max)),
            ("0.0000000001p", 112_589),
        ] as [(String, UInt64)])
    func parsed(text: String, bytes: UInt64) throws {
        #expect(try ByteCount(parsing: text).bytes == bytes)
    }

    @Test(
        "refuses what is none",
        arguments: [
            "", "hello", ".", ". ", " ", "  ", "-32", "-32k", "32m m", "32.m.24", "32kk", "32ki", "32bb", "32mbb",
            "32exa",
            "1.2.3", "1e3", "0x10", "１２", "32.34b.", "9223372036854775808", "16777216t", "99999999999999999999", "k",
            "1 k b",
        ])
    func refused(text: String) {
        #expect(throws: ParseError.self) { try ByteCount(parsing: text) }
    }

    @Test(
        "is shown in powers of 1000",
        arguments: [
            (0, "0B"), (999, "999B"), (1000, "1kB"), (1024, "1.024kB"), (1_000_000, "1MB"), (1_048_576, "1.049MB"),
            (2_000_000, "2MB"), (3_420_000, "3.42MB"), (5_372_000_000, "5.372GB"), (2_220_000_000_000, "2.22TB"),
            (1_234_567, "1.235MB"), (12_345_678, "12.35MB"), (1_050_000, "1.05MB"), (1_005_000, "1.005MB"),
            (.max, "18.45EB"),
        ] as [(UInt64, String)])
    func decimal(bytes: UInt64, text: String) {
        #expect(ByteCount(bytes).decimal() == text)
    }

    @Test("is shown with as many digits as asked")
    func digits() {
        #expect(ByteCount(12_345_678).decimal(digits: 3) == "12.3MB")
        #expect(ByteCount(999_900).decimal(digits: 3) == "1000kB")
        #expect(ByteCount(1_048_576).decimal(digits: 3) == "1.05MB")
    }

    @Test(
        "is shown in powers of 1024",
        arguments: [
            (0, "0B"), (1023, "1023B"), (1024, "1KiB"), (1536, "1.5KiB"), (1 << 20, "1MiB"), (3_584_000, "3.418MiB"),
            (5 << 29, "2.5GiB"), (1023 << 10, "1023KiB"),
        ] as [(UInt64, String)])
    func binary(bytes: UInt64, text: String) {
        #expect(ByteCount(bytes).binary() == text)
    }

    @Test("reads any text without failing in another way", arguments: UInt64(0)..<200)
    func anything(seed: UInt64) {
        for text in SomeText(seed: seed, of: "0123456789.. kKmMgGtTpPiIbB-+").prefix(20) {
            _ = try? ByteCount(parsing: text)
            _ = try? CPUCount(parsing: text)
        }
    }
}

@Suite("A number of CPUs")
struct CPUCountTests {
    @Test(
        "is read and written",
        arguments: [
            ("1.5", 1_500_000_000, "1.5"), ("2", 2_000_000_000, "2"), ("0.000000001", 1, "0.000000001"),
            (".25", 250_000_000, "0.25"),
            ("500m", 500_000_000, "0.5"), ("0.1m", 100_000, "0.0001"), ("0", 0, "0"), ("1.50", 1_500_000_000, "1.5"),
        ] as [(String, Int64, String)])
    func parsed(text: String, nano: Int64, written: String) throws {
        let count = try CPUCount(parsing: text)
        #expect(count.nano == nano)
        #expect(count.description == written)
    }

    @Test("refuses what is none", arguments: ["", "-1", "1.5.5", "x", "m", "1 ", "0.0000000001", "10000000000", "1e3"])
    func refused(text: String) {
        #expect(throws: ParseError.self) { try CPUCount(parsing: text) }
    }

    @Test("is rounded up to thousandths")
    func milli() {
        #expect(CPUCount(nano: 1).milli == 1)
        #expect(CPUCount(milli: 250).nano == 250_000_000)
        #expect(CPUCount(nano: 250_000_000).milli == 250)
    }
}
