import Archives
import TestSupport
import Testing

@Suite("Tar encoder")
struct TarEncoderTests {
    @Test("a plain entry is one ustar block")
    func plainEntry() {
        let header = TarEncoder.header(
            for: ArchiveEntry(
                path: Array("etc/passwd".utf8), kind: .file, mode: 0o640, owner: 1, group: 42, size: 513,
                modified: FileTime(seconds: 8)))
        #expect(header.count == 512)
        #expect(header[0..<11] == ArraySlice(Array("etc/passwd\u{0}".utf8)))
        #expect(field(header, 100, 8) == "0000640\u{0}")
        #expect(field(header, 108, 8) == "0000001\u{0}")
        #expect(field(header, 116, 8) == "0000052\u{0}")
        #expect(field(header, 124, 12) == "00000001001\u{0}")
        #expect(field(header, 136, 12) == "00000000010\u{0}")
        #expect(field(header, 257, 8) == "ustar\u{0}00")
        #expect(TarEncoder.padding(after: 513) == 511)
        #expect(TarEncoder.padding(after: 512) == 0)
    }

    @Test("the checksum counts the header with blanks in its own field")
    func checksum() {
        let header = TarEncoder.header(for: ArchiveEntry(path: Array("a".utf8), kind: .directory, mode: 0o755))
        var blanked = header
        blanked.replaceSubrange(148..<156, with: [UInt8](repeating: 32, count: 8))
        let sum = blanked.reduce(0) { $0 + Int($1) }
        let text = String(sum, radix: 8)
        #expect(field(header, 148, 8) == String(repeating: "0", count: 6 - text.count) + text + "\u{0} ")
    }

    @Test("what ustar cannot hold goes into sorted PAX records")
    func extendedRecords() {
        let header = TarEncoder.header(
            for: ArchiveEntry(
                path: Array("naïve".utf8), kind: .file, owner: 4_000_000_000, group: 3_000_000, size: 9 << 30,
                modified: FileTime(seconds: 1, nanoseconds: 500_000_000),
                attributes: [.init(name: Array("user.x".utf8), value: [0, 10])]))
        #expect(header.count == 3 * 512)
        let size = Int(field(header, 124, 11), radix: 8) ?? 0
        let records = field(header, 512, size)
        #expect(
            records
                == "23 SCHILY.xattr.user.x=\u{0}\n\n".replacingLength() + "15 gid=3000000\n" + "13 mtime=1.5\n"
                + "15 path=naïve\n" + "19 size=9663676416\n" + "18 uid=4000000000\n")
    }

    @Test("a long path is cut at a slash when it fits, else it goes into PAX")
    func longPaths() {
        let fits = Array((String(repeating: "d", count: 120) + "/" + String(repeating: "f", count: 90)).utf8)
        #expect(TarEncoder.header(for: ArchiveEntry(path: fits, kind: .file)).count == 512)
        let long = Array(String(repeating: "x", count: 120).utf8)
        #expect(TarEncoder.header(for: ArchiveEntry(path: long, kind: .file)).count == 3 * 512)
    }

    @Test("the length of a PAX record counts its own digits", arguments: 80..<110)
    func recordLengths(size: Int) throws {
        let path = [UInt8](repeating: 0x78, count: size + 100)
        let header = TarEncoder.header(for: ArchiveEntry(path: path, kind: .file))
        let length = Int(field(header, 124, 11), radix: 8) ?? 0
        #expect(field(header, 512, length) == "\(length) path=\(String(decoding: path, as: UTF8.self))\n")
    }

    @Test("a header read back is the entry it was made from", arguments: UInt64(0)..<300)
    func roundTrip(seed: UInt64) throws {
        var random = SplitMix64(seed: seed)
        let entry = randomEntry(using: &random)
        let bytes =
            TarEncoder.header(for: entry) + [UInt8](repeating: 7, count: Int(entry.size))
            + [UInt8](repeating: 0, count: TarEncoder.padding(after: entry.size)) + TarEncoder.end
        let reader = try TarReader(ArraySource(bytes, step: Int.random(in: 1...2000, using: &random)))
        var read = try #require(try reader.nextEntry())
        read.attributes.sort { $0.name.lexicographicallyPrecedes($1.name) }
        if read.kind == .directory { read.path.removeLast() }
        let isSame = read == entry  // the names are too long to print
        #expect(isSame, "seed \(seed)")
        #expect(try reader.body(of: read).readAll().count == Int(entry.size))
        #expect(try reader.nextEntry() == nil)
    }

    private func randomEntry(using random: inout SplitMix64) -> ArchiveEntry {
        let kinds: [ArchiveEntry.Kind] = [
            .file, .file, .directory, .fifo, .symbolicLink(target: randomPath(using: &random)),
            .hardLink(target: randomPath(using: &random)), .characterDevice(major: 1, minor: 0xf_ffff),
            .blockDevice(major: 259, minor: 3),
        ]
        let kind = kinds.randomElement(using: &random) ?? .file
        return ArchiveEntry(
            path: randomPath(using: &random), kind: kind, mode: UInt32.random(in: 0...0o7777, using: &random),
            owner: [0, 1000, 0x1f_ffff, 0x20_0000, 0xffff_fffe].randomElement(using: &random) ?? 0,
            group: [0, 5, 0x8000_0001].randomElement(using: &random) ?? 0,
            size: kind == .file ? Int64.random(in: 0...3000, using: &random) : 0,
            modified: FileTime(
                seconds: [0, 1, 1_700_000_000, 0x2_0000_0000, -3].randomElement(using: &random) ?? 0,
                nanoseconds: [0, 1, 999_999_999, 120_000_000].randomElement(using: &random) ?? 0),
            attributes: Bool.random(using: &random)
                ? [] : [.init(name: Array("user.a".utf8), value: Array(0..<UInt8.random(in: 0...255, using: &random)))])
    }

    /// Names of all lengths, some of bytes that are not UTF-8.
    private func randomPath(using random: inout SplitMix64) -> [UInt8] {
        (0..<Int.random(in: 1...6, using: &random)).map { _ in
            let length = [1, 8, 60, 100, 155, 255].randomElement(using: &random) ?? 1
            let letters: ClosedRange<UInt8> = Int.random(in: 0..<4, using: &random) == 0 ? 0x80...0xff : 0x61...0x7a
            return (0..<length).map { _ in UInt8.random(in: letters, using: &random) }
        }.reduce(into: []) { $0 += ($0.isEmpty ? [] : [47]) + $1 }
    }

    private func field(_ header: [UInt8], _ offset: Int, _ count: Int) -> String {
        String(decoding: header[offset..<offset + count], as: UTF8.self)
    }
}

extension String {
    /// The record with its leading number replaced by its real length in bytes.
    fileprivate func replacingLength() -> String {
        let rest = dropFirst(2)
        return "\(rest.utf8.count + 2)\(rest)"
    }
}
