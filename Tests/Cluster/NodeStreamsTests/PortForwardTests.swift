import HTTPKit
import NIOCore
import TestSupport
import Testing

@testable import NodeStreams

@Suite("SPDY, as kubectl forwards ports with it")
struct PortForwardTests {
    /// Header blocks that zlib has compressed with the dictionary, one flushed after the other.
    private static let blocks = [
        "78f9e3c6a7c202253a703a2b294a4dcc851625aca9a0808614cb45e01c6061606100a4398b20d198094ade8c0600000000ffff",
        "c2aa19540e2512d60b000000ffff",
    ].map(bytes)

    private static let ownText =
        "d  cf h b ahe ddh  hgcdc gabc aeaeh ggg hcfbachdegeg g f  g dfae cf   bd eebbhhb"
        + "fbgcaeggba  ag f e daeabb  adge ecafffcggh g  b  egdege e fag fag  cafhff eha aa"
    private static let ownCodes = [
        "780104c1010100300cc2302bb5c67660fe153c79b0e11874e6bd83ebbea59a45968fb6dc66b4f75c9712282f321b601ef6cc",
        "dd64ba723b0295609eac19d0abf12ac9b64761c07dae3151890aab5c824f481f0000ffff",
    ].joined()

    private static func bytes(_ hex: String) -> [UInt8] {
        let digits = Array(hex.utf8).map { $0 < 58 ? $0 - 48 : $0 - 87 }
        return stride(from: 0, to: digits.count, by: 2).map { digits[$0] << 4 | digits[$0 + 1] }
    }

    private static func open(_ stream: UInt32, _ block: [UInt8], flags: UInt32 = 0) -> ByteBuffer {
        var frame = ByteBuffer()
        frame.writeInteger(UInt32(0x8003_0001))
        frame.writeInteger(flags << 24 | UInt32(10 + block.count))
        frame.writeInteger(stream)
        frame.writeBytes([0, 0, 0, 0, 0, 0] + block)
        return frame
    }

    /// What kubectl sends for one connection: both streams, bytes, a ping, the end.
    private static func session() -> [UInt8] {
        var all = open(1, blocks[0], flags: 1)
        all.writeImmutableBuffer(open(3, blocks[1]))
        all.writeImmutableBuffer(SPDYWriter.data(3, ByteBuffer(string: "GET / HTTP/1.0\r\n\r\n")))
        all.writeImmutableBuffer(SPDYWriter.ping(1))
        all.writeImmutableBuffer(SPDYWriter.data(3, ByteBuffer(), isLast: true))
        all.writeImmutableBuffer(SPDYWriter.reset(3, status: 5))
        return Array(all.readableBytesView)
    }

    private static func frames(_ bytes: [UInt8], cutBy sizes: () -> Int) throws -> [SPDYFrame] {
        var parser = SPDYParser()
        var frames: [SPDYFrame] = []
        var rest = bytes[...]
        while !rest.isEmpty {
            let piece = rest.prefix(max(1, sizes()))
            rest = rest.dropFirst(piece.count)
            parser.append(ByteBuffer(bytes: piece))
            while let frame = try parser.next() { frames.append(frame) }
        }
        return frames
    }

    @Test("headers that zlib compressed against the dictionary are read, each with what came before")
    func headers() throws {
        #expect(SPDYDictionary.bytes.count == 1423)
        let frames = try Self.frames(Self.session()) { .max }
        let wanted = ["port": "8080", "requestid": "0"]
        #expect(
            frames == [
                .open(stream: 1, headers: wanted.merging(["streamtype": "error"]) { $1 }, isFinished: true),
                .open(stream: 3, headers: wanted.merging(["streamtype": "data"]) { $1 }, isFinished: false),
                .data(stream: 3, ByteBuffer(string: "GET / HTTP/1.0\r\n\r\n"), isLast: false), .ping(1),
                .data(stream: 3, ByteBuffer(), isLast: true), .reset(stream: 3),
            ])
    }

    @Test("cuts anywhere change nothing", arguments: UInt64(0)..<50)
    func drip(seed: UInt64) throws {
        var random = SplitMix64(seed: seed)
        let whole = try Self.frames(Self.session()) { .max }
        let cut = try Self.frames(Self.session()) { seed == 0 ? 1 : Int.random(in: 1...20, using: &random) }
        #expect(cut == whole, "seed \(seed)")
    }

    @Test("damaged bytes are refused or read, and never crash", arguments: UInt64(0)..<20)
    func damaged(seed: UInt64) {
        var random = SplitMix64(seed: seed)
        for _ in 0..<50 {
            var bytes = Self.session()
            for _ in 0..<3 {
                bytes[Int.random(in: 0..<bytes.count, using: &random)] = .random(in: 0...255, using: &random)
            }
            let frames = try? Self.frames(bytes) { Int.random(in: 1...30, using: &random) }
            #expect((frames?.count ?? 0) < bytes.count)
        }
    }

    @Test("a stored block and codes of its own are read; what runs out of the window is refused")
    func blocks() throws {
        var stored = Inflation(dictionary: [])
        #expect(try stored.take([0x78, 0x01, 0, 2, 0, 0xFD, 0xFF, 65, 66]) == [65, 66])
        // Codes of its own, as zlib makes them of text that pays for them.
        var own = Inflation(dictionary: [])
        #expect(try own.take(Self.bytes(Self.ownCodes)) == Array(Self.ownText.utf8))
        var far = Inflation(dictionary: [])
        #expect(throws: Inflation.Failure.malformed) { try far.take([0x78, 0x01, 0x03 | 0x40, 0x01]) }
    }

    @Test("streams belong together by their request; what is no port is refused")
    func pairs() {
        var pairs = PortPairs()
        #expect(pairs.open(1, ["streamtype": "error", "port": "80", "requestid": "0"]) == [.reply(1)])
        #expect(pairs.open(3, ["streamtype": "error", "port": "81", "requestid": "1"]) == [.reply(3)])
        let first = PortPairs.Pair(port: 80, data: 5, errors: 1)
        #expect(
            pairs.open(5, ["streamtype": "data", "port": "80", "requestid": "0"])
                == [.reply(5), .expect(5), .begin(first)])
        #expect(pairs.open(7, ["streamtype": "data", "port": "80", "requestid": "1"]) == [.refuse(7)])
        for port in ["0", "65536", "x", ""] {
            #expect(pairs.open(9, ["streamtype": "data", "port": port, "requestid": "2"]) == [.refuse(9)])
        }
        #expect(pairs.count == 1)
        pairs.end()
        #expect(pairs.count == 0)
        // One that was given up has no partner any more.
        #expect(pairs.open(11, ["streamtype": "data", "port": "80", "requestid": "3"]) == [.reply(11), .expect(11)])
        #expect(pairs.reset(11) && !pairs.reset(11))
        #expect(pairs.open(13, ["streamtype": "error", "port": "80", "requestid": "3"]) == [.reply(13)])
    }

    @Test("ports come in one parameter or in several, and each is a port")
    func ports() throws {
        func ports(_ query: String) throws -> [Int] {
            try NodeStreamServer.ports(QueryItems(query), isNeeded: true)
        }
        #expect(try ports("ports=80&ports=81,82") == [80, 81, 82])
        #expect(throws: PodStreamError.self) { try ports("") }
        #expect(throws: PodStreamError.self) { try ports("ports=70000") }
    }
}
