package import NIOCore

/// One frame of a WebSocket.
///
/// Source: RFC 6455, section 5.
package struct WebSocketFrame: Equatable, Sendable {
    package enum Opcode: UInt8, Sendable {
        case continuation = 0
        case text = 1
        case binary = 2
        case close = 8
        case ping = 9
        case pong = 10

        var isControl: Bool { rawValue >= 8 }
    }

    package var opcode: Opcode
    package var isFinal: Bool
    package var payload: ByteBuffer

    package init(_ opcode: Opcode, _ payload: ByteBuffer, isFinal: Bool = true) {
        self.opcode = opcode
        self.isFinal = isFinal
        self.payload = payload
    }

    /// As a server sends it: without a mask.
    package var encoded: ByteBuffer {
        var bytes = ByteBuffer()
        bytes.reserveCapacity(payload.readableBytes + 10)
        bytes.writeInteger(opcode.rawValue | (isFinal ? 0x80 : 0))
        switch payload.readableBytes {
        case ..<126: bytes.writeInteger(UInt8(payload.readableBytes))
        case ..<65536:
            bytes.writeInteger(UInt8(126))
            bytes.writeInteger(UInt16(payload.readableBytes))
        default:
            bytes.writeInteger(UInt8(127))
            bytes.writeInteger(UInt64(payload.readableBytes))
        }
        bytes.writeImmutableBuffer(payload)
        return bytes
    }
}

/// Why bytes are no WebSocket.
package enum WebSocketError: Error, Hashable, Sendable {
    case unknownOpcode(UInt8)
    /// A client has to mask what it sends.
    case notMasked
    /// A control frame that is long or in parts, or a part of nothing.
    case badFrame
    case tooLong(bytes: UInt64)
}

/// Bytes from a client in, frames out.
///
/// Source: RFC 6455, section 5.2.
package struct WebSocketParser: Sendable {
    /// The most bytes that one frame may carry.
    package static let longest = 4 * 1024 * 1024

    private var buffer = ByteBuffer()

    package init() {}

    package mutating func append(_ bytes: ByteBuffer) {
        buffer.writeImmutableBuffer(bytes)
    }

    /// The next frame, unmasked; `nil` until it is complete.
    ///
    /// - Throws: ``WebSocketError``; nothing more can be read.
    package mutating func next() throws(WebSocketError) -> WebSocketFrame? {
        var bytes = buffer
        guard let first = bytes.readInteger(as: UInt8.self), let second = bytes.readInteger(as: UInt8.self) else {
            return nil
        }
        guard let opcode = WebSocketFrame.Opcode(rawValue: first & 0x0F), first & 0x70 == 0 else {
            throw .unknownOpcode(first & 0x7F)
        }
        guard second & 0x80 != 0 else { throw .notMasked }
        var length = UInt64(second & 0x7F)
        if opcode.isControl, length > 125 || first & 0x80 == 0 { throw .badFrame }
        if length == 126 {
            guard let long = bytes.readInteger(as: UInt16.self) else { return nil }
            length = UInt64(long)
        } else if length == 127 {
            guard let long = bytes.readInteger(as: UInt64.self) else { return nil }
            length = long
        }
        guard length <= UInt64(Self.longest) else { throw .tooLong(bytes: length) }
        guard let mask = bytes.readBytes(length: 4), let masked = bytes.readBytes(length: Int(length)) else {
            return nil
        }
        var payload = ByteBuffer()
        payload.writeBytes(masked.enumerated().map { $1 ^ mask[$0 & 3] })
        buffer = bytes
        if buffer.readableBytes == 0 { buffer.clear() } else { buffer.discardReadBytes() }
        return WebSocketFrame(opcode, payload, isFinal: first & 0x80 != 0)
    }
}
