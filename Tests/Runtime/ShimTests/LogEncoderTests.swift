internal import JSON
internal import TestSupport
internal import Testing

@testable internal import Shim

/// What an encoder would write, as text, with `|` where the file would be rotated.
private func encode(
    _ pieces: [(OutputStream, [UInt8], Int64)], finish: Bool = true, maxSize: UInt64? = nil
) -> String {
    var encoder = LogEncoder(maxSize: maxSize)
    for (stream, bytes, now) in pieces { bytes.withUnsafeBytes { encoder.append($0, from: stream, now: now) } }
    if finish { for stream in OutputStream.allCases { encoder.finish(stream, now: pieces.last?.2 ?? 0) } }
    var text = ""
    var start = 0
    for cut in encoder.cuts {
        text += String(decoding: encoder.buffer.bytes[start..<cut], as: UTF8.self) + "|"
        start = cut
    }
    text += String(decoding: encoder.buffer.bytes[start...], as: UTF8.self)
    return text
}

private func line(_ text: String, at now: Int64 = 1) -> String { encode([(.stdout, Array(text.utf8), now)]) }

@Suite("Log encoder")
struct LogEncoderTests {
    @Test("a line is written as docker's json-file writes it")
    func golden() {
        #expect(
            line("hello\n", at: 1_767_323_045_000_000_001)
                == #"{"log":"hello\n","stream":"stdout","time":"2026-01-02T03:04:05.000000001Z"}"# + "\n")
    }

    @Test("the CRI's lines have time, stream, whether the line ends, and the bytes as they are")
    func plain() {
        var encoder = LogEncoder(maxSize: nil, isCRI: true)
        let long = [UInt8](repeating: 65, count: LogEncoder.longestPiece)
        for (bytes, stream) in [(Array("a\"\u{1}\n".utf8) + [0xFF, 10], OutputStream.stdout), (long + [66], .stderr)] {
            bytes.withUnsafeBytes { encoder.append($0, from: stream, now: 1) }
        }
        encoder.finish(.stderr, now: 2)
        let time = "1970-01-01T00:00:00.000000001Z"
        let expected =
            Array("\(time) stdout F a\"\u{1}\n\(time) stdout F ".utf8) + [0xFF, 10]
            + Array("\(time) stderr P ".utf8) + long + Array("\n\(time) stderr P B\n".utf8)
        #expect(Array(encoder.buffer.bytes) == expected)
    }

    @Test(
        "text is escaped as Go's encoder does it",
        arguments: [
            ("\"A line with \\\\\"", #"\"A line with \\\\\""#), ("cr \r", #"cr \r"#),
            ("& < >", #"\u0026 \u003c \u003e"#), ("🚀 ψ ω β", "🚀 ψ ω β"), ("\u{2028} \u{2029}", #"\u2028 \u2029"#),
            ("\u{7F}", "\u{7F}"), ("\t\u{1}\u{1B}[0m", #"\u0009\u0001\u001b[0m"#), ("", ""),
            ("\u{FFFD}", "\u{FFFD}"), ("\u{2027}\u{202A}", "\u{2027}\u{202A}"),
        ])
    func escapes(text: String, escaped: String) {
        #expect(
            line(text + "\n")
                == "{\"log\":\"\(escaped)\\n\",\"stream\":\"stdout\",\"time\":\"1970-01-01T00:00:00.000000001Z\"}\n")
    }

    @Test(
        "every byte that is not UTF-8 becomes one replacement",
        arguments: [
            ([0xAF], 1), ([0xC0, 0x80], 2), ([0xED, 0xA0, 0x80], 3), ([0xF4, 0x90, 0x80, 0x80], 4), ([0xE2, 0x82], 2),
            ([0xF0, 0x9F, 0x9A], 3), ([0xC2], 1), ([0xFF, 0xFE], 2), ([0xE0, 0x9F, 0xBF], 3),
        ] as [([UInt8], Int)])
    func invalid(bytes: [UInt8], replacements: Int) {
        let text = encode([(.stderr, Array("a".utf8) + bytes + Array("b\n".utf8), 0)])
        let expected = "a" + String(repeating: "\\ufffd", count: replacements) + "b"
        #expect(text == "{\"log\":\"\(expected)\\n\",\"stream\":\"stderr\",\"time\":\"1970-01-01T00:00:00Z\"}\n")
    }

    @Test("a line without end comes when its stream ends, without a newline")
    func unfinished() {
        let bytes = Array("half".utf8)
        #expect(encode([(.stdout, bytes, 1)], finish: false).isEmpty)
        #expect(encode([(.stdout, bytes, 1)]).hasPrefix(#"{"log":"half","stream""#))
    }

    @Test("a long line is cut every 16 KiB, and its pieces carry the time of the first")
    func longLine() {
        let bytes = [UInt8](repeating: 0x61, count: 16384 * 2) + Array("tail\n".utf8)
        let whole = encode([(.stdout, Array(bytes[..<20000]), 5), (.stdout, Array(bytes[20000...]), 9)])
        let lines = whole.split(separator: "\n")
        #expect(lines.count == 3)
        let piece = "{\"log\":\"" + String(repeating: "a", count: 16384) + "\",\"stream\""
        #expect(lines[0].hasPrefix(piece) && lines[1].hasPrefix(piece))
        #expect(lines[2].hasPrefix(#"{"log":"tail\n","stream""#))
        #expect(lines.allSatisfy { $0.hasSuffix("00:00:00.000000005Z\"}") })
    }

    @Test("a line of exactly 16 KiB is followed by its newline alone")
    func exactPiece() {
        let lines = encode([(.stdout, [UInt8](repeating: 0x61, count: 16384) + [0x0A], 5)]).split(separator: "\n")
        #expect(lines.count == 2)
        #expect(lines[1].hasPrefix(#"{"log":"\n","stream""#))
    }

    @Test("attributes stand before the time, as docker orders them")
    func attributes() {
        var encoder = LogEncoder(maxSize: nil, attributes: ["tag": "a<b", "n": "1"])
        Array("x\n".utf8).withUnsafeBytes { encoder.append($0, from: .stdout, now: 0) }
        #expect(
            String(decoding: encoder.buffer.bytes, as: UTF8.self).contains(
                #""stream":"stdout","attrs":{"tag":"a<b","n":"1"},"time":"#))
    }

    @Test("times never go back")
    func monotone() {
        let text = encode([(.stdout, [0x61, 0x0A], 7), (.stderr, [0x62, 0x0A], 3), (.stdout, [0x63, 0x0A], 8)])
        let times = text.split(separator: "\n").map { $0.suffix(4) }
        #expect(times.map { String($0) } == ["7Z\"}", "7Z\"}", "8Z\"}"])
    }

    @Test("a file that is full gets no further line")
    func rotation() {
        let one = line("aaa\n")
        let size = UInt64(one.utf8.count)
        let pieces: [(OutputStream, [UInt8], Int64)] = [(.stdout, Array("aaa\nbbb\nccc\n".utf8), 1)]
        #expect(encode(pieces, maxSize: size).split(separator: "|").count == 3)
        #expect(
            encode(pieces, maxSize: size + 1).split(separator: "|").map { $0.split(separator: "\n").count } == [2, 1])
    }

    @Test("a file that was full before is rotated first")
    func fullAtStart() {
        var encoder = LogEncoder(maxSize: 10)
        encoder.written(fileSize: 10)
        Array("x\n".utf8).withUnsafeBytes { encoder.append($0, from: .stdout, now: 0) }
        #expect(encoder.cuts == [0])
    }

    @Test("where the output is cut into reads makes no difference", arguments: UInt64(0)..<100)
    func splits(seed: UInt64) {
        var random = SplitMix64(seed: seed)
        let alphabet = Array("ab\n\"<é🚀\r".utf8) + [0xFF, 0xE2, 0x0A]
        let count = Int.random(in: 0...20_000, using: &random)
        let newlines = Bool.random(using: &random)
        let bytes = (0..<count).map { _ in
            let byte = alphabet.randomElement(using: &random) ?? 0
            return byte == 0x0A && !newlines ? UInt8(0x20) : byte
        }
        var pieces: [(OutputStream, [UInt8], Int64)] = []
        var rest = bytes[...]
        while !rest.isEmpty {
            let piece = rest.prefix(Int.random(in: 1...9000, using: &random))
            rest = rest.dropFirst(piece.count)
            pieces.append((.stdout, Array(piece), 1))
        }
        #expect(encode(pieces) == encode([(.stdout, bytes, 1)]), "seed \(seed)")
    }
}

@Suite("Log times")
struct TimestampTests {
    @Test(
        "RFC 3339 in UTC with the digits that count",
        arguments: [
            (0, "1970-01-01T00:00:00Z"), (1_000_000_000, "1970-01-01T00:00:01Z"),
            (1_500_000_000, "1970-01-01T00:00:01.5Z"),
            (951_782_400_000_000_000, "2000-02-29T00:00:00Z"),
            (1_709_251_199_999_999_999, "2024-02-29T23:59:59.999999999Z"),
            (4_107_542_400_000_000_000, "2100-03-01T00:00:00Z"), (-1, "1969-12-31T23:59:59.999999999Z"),
            (1_767_323_045_010_000_000, "2026-01-02T03:04:05.01Z"),
        ] as [(Int64, String)])
    func formats(time: Int64, text: String) {
        var timestamp = Timestamp()
        var bytes: [UInt8] = []
        timestamp.append(time, to: &bytes)
        #expect(String(decoding: bytes, as: UTF8.self) == text)
    }
}
