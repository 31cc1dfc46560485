import Archives
import TestSupport
import Testing

@Suite("Tar reader")
struct TarReaderTests {
    private let sample =
        TarEncoder.header(for: ArchiveEntry(path: Array("f".utf8), kind: .file, size: 3)) + [1, 2, 3]
        + [UInt8](repeating: 0, count: 509) + TarEncoder.end

    @Test("an empty stream is an empty archive")
    func empty() throws {
        #expect(try TarReader(ArraySource([])).nextEntry() == nil)
    }

    @Test("what is no archive is malformed")
    func noArchive() throws {
        let text = Array(String(repeating: "this is not a tar. ", count: 100).utf8)
        #expect(throws: ArchiveError.self) { try TarReader(ArraySource(text)).nextEntry() }
    }

    @Test("content that is cut off is malformed, wherever the cut is", arguments: [513, 600, 700])
    func truncated(length: Int) throws {
        let entry = TarEncoder.header(for: ArchiveEntry(path: Array("f".utf8), kind: .file, size: 900))
        let bytes = entry + [UInt8](repeating: 1, count: length - 512)
        #expect(throws: ArchiveError.self) {
            let reader = try TarReader(ArraySource(bytes))
            _ = try reader.nextEntry()
            while try reader.nextData() != nil {}
        }
    }

    @Test("bytes may come one at a time")
    func dripFed() throws {
        let reader = try TarReader(ArraySource(sample, step: 1))
        let entry = try #require(try reader.nextEntry())
        #expect(try reader.body(of: entry).readAll() == [1, 2, 3])
        #expect(try reader.nextEntry() == nil)
    }

    @Test("the source's own error comes through, not the reader's number for it")
    func sourceFailure() throws {
        final class Broken: BlockSource {
            func nextBlock() throws(ArchiveError) -> UnsafeRawBufferPointer? { throw .interrupted("gone") }
        }
        #expect(throws: ArchiveError.interrupted("gone")) {
            try TarReader(Broken()).nextEntry()
        }
    }

    @Test("damaged archives never do worse than throw", arguments: UInt64(0)..<1000)
    func damaged(seed: UInt64) throws {
        var random = SplitMix64(seed: seed)
        var bytes = sample
        for _ in 0..<Int.random(in: 1...20, using: &random) {
            bytes[Int.random(in: 0..<bytes.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
        }
        do {
            let reader = try TarReader(ArraySource(bytes, step: Int.random(in: 1...700, using: &random)))
            var entries = 0
            while let entry = try reader.nextEntry(), entries < 10 {
                entries += 1
                if entry.size < 1 << 20 { _ = try reader.body(of: entry).readAll() }
            }
        } catch {}  // typed: it can only be an ArchiveError
    }
}
