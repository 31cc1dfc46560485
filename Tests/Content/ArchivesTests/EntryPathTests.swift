import Archives
import Testing

@Suite("Entry path")
struct EntryPathTests {
    @Test(
        "paths are cleaned as text",
        arguments: [
            ("a/b", "a/b"), ("./a//b/", "a/b"), ("/etc/passwd", "etc/passwd"), ("a/../b", "b"), (".", ""), ("/", ""),
            ("a/./b/..", "a"), ("..x/y..", "..x/y.."),
        ])
    func cleaned(raw: String, clean: String) throws {
        #expect(try EntryPath(raw.utf8).description == clean)
    }

    @Test("a path that climbs above its root is hostile", arguments: ["..", "../x", "a/../../b", "/../etc", "./../x"])
    func climbing(raw: String) {
        #expect(throws: ArchiveError.hostile(entry: raw, reason: "leaves its root")) { try EntryPath(raw.utf8) }
    }

    @Test("a name longer than any file's is hostile")
    func longName() {
        #expect(throws: ArchiveError.self) { try EntryPath([UInt8](repeating: 0x61, count: 256)) }
        #expect(throws: Never.self) { try EntryPath([UInt8](repeating: 0x61, count: 255)) }
    }
}
