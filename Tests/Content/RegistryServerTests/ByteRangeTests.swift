import Testing

@testable import RegistryServer

@Suite("Byte ranges")
struct ByteRangeTests {
    @Test(
        "a range field is read as RFC 9110 has it",
        arguments: [
            (nil, ByteRange.whole), ("bytes=0-0", .part(0...0)), ("bytes=500-1499", .part(500...1499)),
            ("bytes=500-", .part(500...1999)), ("bytes=-500", .part(1500...1999)), ("bytes=-5000", .part(0...1999)),
            ("bytes=1999-99999999999999999999", .part(1999...1999)), ("bytes=500-0", .unsatisfiable),
            ("bytes=2000-", .unsatisfiable), ("bytes=-0", .unsatisfiable), ("bytes=-", .unsatisfiable),
            ("bytes=a-b", .unsatisfiable), ("bytes=0-1,3-4", .whole), ("lines=0-1", .whole), ("bytes", .whole),
        ] as [(String?, ByteRange)])
    func fields(field: String?, expected: ByteRange) {
        #expect(ByteRange(field, size: 2000) == expected)
    }

    @Test("an empty blob has no range at all") func empty() {
        #expect(ByteRange("bytes=0-", size: 0) == .unsatisfiable)
        #expect(ByteRange("bytes=-1", size: 0) == .unsatisfiable)
        #expect(ByteRange(nil, size: 0) == .whole)
    }

    @Test("a chunk's range is inclusive") func chunks() throws {
        #expect(try ChunkRange("0-99")?.count == 100)
        #expect(try ChunkRange("bytes 100-199/*")?.first == 100)
        #expect(try ChunkRange(nil) == nil)
        for bad in ["", "1", "1-", "-1", "5-1", "a-b", "0-1-2"] {
            #expect(throws: RegistryError.self) { try ChunkRange(bad) }
        }
    }
}
