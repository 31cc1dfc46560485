internal import ShimProtocol
internal import TestSupport
internal import Testing

@Suite("Frames")
struct FrameTests {
    @Test("one byte of type, four of length, big endian, then the payload")
    func golden() {
        #expect(Frame(.stdout, [0x68, 0x69]).encoded == [17, 0, 0, 0, 2, 0x68, 0x69])
        #expect(Frame(.endOfStdin).encoded == [19, 0, 0, 0, 0])
        #expect(Frame(.request, Array(repeating: 7, count: 0x10203)).encoded.prefix(5) == [1, 0, 1, 2, 3])
    }

    @Test("long output is cut into frames that are allowed")
    func streamIsSplit() throws {
        let bytes = (0..<150_000).map { UInt8(truncatingIfNeeded: $0) }
        var decoder = FrameDecoder()
        decoder.append(Frame.stream(.stderr, bytes))
        var collected: [UInt8] = []
        while let frame = try decoder.next() {
            #expect(frame.kind == .stderr)
            #expect(frame.payload.count <= ShimProtocol.longestStreamPayload)
            collected += frame.payload
        }
        #expect(collected == bytes)
        #expect(Frame.stream(.stderr, []).isEmpty)
    }

    @Test("frames come out whole wherever the bytes are cut in two")
    func everySplit() throws {
        let frames = [Frame(.request, [1, 2, 3]), Frame(.stdin, []), Frame(.endOfStdin), Frame(.event, [9])]
        let bytes = frames.flatMap(\.encoded)
        for cut in 0...bytes.count {
            var decoder = FrameDecoder()
            var decoded: [Frame] = []
            for part in [bytes[..<cut], bytes[cut...]] {
                decoder.append(part)
                while let frame = try decoder.next() { decoded.append(frame) }
            }
            #expect(decoded == frames, "cut at \(cut)")
            #expect(decoder.bufferedCount == 0)
        }
    }

    @Test("frames come out whole when bytes drip in one by one")
    func drip() throws {
        let frames = [Frame(.stdout, Array(0..<200)), Frame(.reply, []), Frame(.endOfOutput)]
        var decoder = FrameDecoder()
        var decoded: [Frame] = []
        for byte in frames.flatMap(\.encoded) {
            decoder.append(CollectionOfOne(byte))
            while let frame = try decoder.next() { decoded.append(frame) }
        }
        #expect(decoded == frames)
    }

    @Test("an unknown type is refused at its first byte")
    func unknownKind() {
        var decoder = FrameDecoder()
        decoder.append([99])
        #expect(throws: FrameError.unknownKind(99)) { try decoder.next() }
    }

    @Test("a length that is not allowed is refused before its payload comes")
    func tooLong() {
        var decoder = FrameDecoder()
        decoder.append([17, 0, 1, 0, 1])
        #expect(throws: FrameError.tooLong(.stdout, length: 65537)) { try decoder.next() }
        var other = FrameDecoder()
        other.append([19, 0, 0, 0, 1])
        #expect(throws: FrameError.tooLong(.endOfStdin, length: 1)) { try other.next() }
    }

    @Test("random frames in random pieces come out as they went in", arguments: UInt64(0)..<1000)
    func random(seed: UInt64) throws {
        var random = SplitMix64(seed: seed)
        let frames = (0..<Int.random(in: 0...12, using: &random)).map { _ in Self.frame(using: &random) }
        var rest = frames.flatMap(\.encoded)[...]
        var decoder = FrameDecoder()
        var decoded: [Frame] = []
        while !rest.isEmpty {
            let piece = rest.prefix(Int.random(in: 1...600, using: &random))
            rest = rest.dropFirst(piece.count)
            decoder.append(piece)
            while Bool.random(using: &random), let frame = try decoder.next() { decoded.append(frame) }
        }
        while let frame = try decoder.next() { decoded.append(frame) }
        #expect(decoded == frames, "seed \(seed)")
    }

    @Test("random bytes give frames or an error, never more than came", arguments: UInt64(0)..<1000)
    func fuzz(seed: UInt64) {
        var random = SplitMix64(seed: seed)
        let kinds = FrameKind.allCases.map(\.rawValue) + [0, 255]
        var decoder = FrameDecoder()
        var sent = 0
        var received = 0
        do {
            for _ in 0..<40 {
                var bytes = (0..<Int.random(in: 0...20, using: &random)).map { _ in
                    UInt8.random(in: 0...3, using: &random)
                }
                if let kind = kinds.randomElement(using: &random), !bytes.isEmpty { bytes[0] = kind }
                sent += bytes.count
                decoder.append(bytes)
                while let frame = try decoder.next() { received += frame.payload.count + Frame.headerLength }
                #expect(received + decoder.bufferedCount == sent, "seed \(seed)")
            }
        } catch {
            #expect(received <= sent, "seed \(seed)")
        }
    }

    private static func frame(using random: inout SplitMix64) -> Frame {
        let kind = FrameKind.allCases.randomElement(using: &random) ?? .request
        let length = Int.random(in: 0...min(300, kind.longestPayload), using: &random)
        return Frame(kind, (0..<length).map { _ in UInt8.random(in: .min ... .max, using: &random) })
    }
}
