import NIOCore
import TestSupport
import Testing

@testable import HTTPKit

@Suite("WebSocket frames")
struct WebSocketTests {
    private static func masked(_ opcode: UInt8, _ payload: [UInt8], mask: [UInt8] = [1, 2, 3, 4]) -> [UInt8] {
        var bytes: [UInt8] = [opcode | 0x80]
        switch payload.count {
        case ..<126: bytes.append(UInt8(payload.count) | 0x80)
        case ..<65536: bytes += [126 | 0x80, UInt8(payload.count >> 8), UInt8(payload.count & 255)]
        default: bytes += [127 | 0x80] + (0..<8).reversed().map { UInt8(truncatingIfNeeded: payload.count >> ($0 * 8)) }
        }
        return bytes + mask + payload.enumerated().map { $1 ^ mask[$0 & 3] }
    }

    @Test("frames of every length come out, however their bytes arrive", arguments: [0, 1, 125, 126, 65535, 65536])
    func lengths(count: Int) throws {
        let payload = (0..<count).map { UInt8(truncatingIfNeeded: $0) }
        let bytes = Self.masked(2, payload) + Self.masked(9, [7])
        for step in [1, 3, 1000, bytes.count] where step > 1 || count < 1000 {
            var parser = WebSocketParser()
            var found: [WebSocketFrame] = []
            for start in stride(from: 0, to: bytes.count, by: step) {
                parser.append(ByteBuffer(bytes: bytes[start..<min(start + step, bytes.count)]))
                while let frame = try parser.next() { found.append(frame) }
            }
            #expect(found == [.init(.binary, ByteBuffer(bytes: payload)), .init(.ping, ByteBuffer(bytes: [7]))])
        }
    }

    @Test("what a client may not send is refused")
    func refused() {
        func parse(_ bytes: [UInt8]) throws {
            var parser = WebSocketParser()
            parser.append(ByteBuffer(bytes: bytes))
            _ = try parser.next()
        }
        #expect(throws: WebSocketError.notMasked) { try parse([0x82, 1, 0]) }
        #expect(throws: WebSocketError.unknownOpcode(3)) { try parse([0x83, 0x80]) }
        #expect(throws: WebSocketError.badFrame) { try parse([0x09, 0x80]) }
        #expect(throws: WebSocketError.badFrame) { try parse([0x89, 0xFE]) }
        #expect(throws: WebSocketError.self) { try parse([0x82, 0xFF, 0xFF, 0, 0, 0, 0, 0, 0, 0]) }
    }

    @Test("the key is answered as the standard's example has it")
    func accept() {
        #expect(WebSocketHandshake.accept("dGhlIHNhbXBsZSBub25jZQ==") == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=")
    }

    @Test("no bytes make the parser stop the process", arguments: UInt64(0)..<1000)
    func garbage(seed: UInt64) {
        var generator = SplitMix64(seed: seed)
        var parser = WebSocketParser()
        for _ in 0..<8 {
            parser.append(
                ByteBuffer(
                    bytes: (0..<Int.random(in: 0..<9, using: &generator)).map { _ in
                        [0x82, 0x80, 0x81, 0x00, 0xFF, 0x89, 0xFE][Int.random(in: 0..<7, using: &generator)]
                    }))
            while (try? parser.next()) != nil {}
        }
    }
}
