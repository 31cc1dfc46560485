internal import NIOCore

/// A client's side of WebSocket frames: what it sends is masked, what it gets is not.
///
/// Source: RFC 6455, section 5.
struct ClientFrames {
    enum Frame: Equatable {
        case message(ByteBuffer)
        case ping(ByteBuffer)
        case close
    }

    struct Malformed: Error, Equatable {}

    /// No message of a stream is longer.
    static let longest = 4 << 20

    private var bytes = ByteBuffer()
    private var whole: ByteBuffer?

    mutating func append(_ more: ByteBuffer) {
        bytes.discardReadBytes()
        bytes.writeImmutableBuffer(more)
    }

    /// The next message that is complete.
    mutating func next() throws(Malformed) -> Frame? {
        while let (head, payload) = try frame() {
            switch head & 15 {
            case 0, 1, 2:
                var message = whole ?? ByteBuffer()
                guard (head & 15 == 0) == (whole != nil), message.readableBytes + payload.readableBytes <= Self.longest
                else { throw Malformed() }
                message.writeImmutableBuffer(payload)
                whole = head & 0x80 == 0 ? message : nil
                if whole == nil { return .message(message) }
            case 8: return .close
            case 9: return .ping(payload)
            case 10: continue
            default: throw Malformed()
            }
        }
        return nil
    }

    private mutating func frame() throws(Malformed) -> (UInt8, ByteBuffer)? {
        let start = bytes.readerIndex
        guard let head = bytes.getInteger(at: start, as: UInt8.self),
            let second = bytes.getInteger(at: start + 1, as: UInt8.self)
        else { return nil }
        // Who serves masks nothing.
        guard head & 0x70 == 0, second & 0x80 == 0 else { throw Malformed() }
        var (length, size) = (Int(second), 2)
        if second == 126 {
            guard let long = bytes.getInteger(at: start + 2, as: UInt16.self) else { return nil }
            (length, size) = (Int(long), 4)
        } else if second == 127 {
            guard let long = bytes.getInteger(at: start + 2, as: UInt64.self) else { return nil }
            guard long <= Self.longest else { throw Malformed() }
            (length, size) = (Int(long), 10)
        }
        guard length <= Self.longest else { throw Malformed() }
        guard bytes.readableBytes >= size + length else { return nil }
        bytes.moveReaderIndex(forwardBy: size)
        return (head, bytes.readSlice(length: length) ?? ByteBuffer())
    }

    /// A frame to send: 2 for bytes, 8 to close, 10 to answer a ping.
    static func encoded(_ opcode: UInt8, _ payload: ByteBuffer, mask: UInt32) -> ByteBuffer {
        var frame = ByteBuffer()
        frame.reserveCapacity(payload.readableBytes + 14)
        frame.writeInteger(0x80 | opcode)
        switch payload.readableBytes {
        case ..<126: frame.writeInteger(0x80 | UInt8(payload.readableBytes))
        case ..<65536:
            frame.writeInteger(UInt8(0xFE))
            frame.writeInteger(UInt16(payload.readableBytes))
        default:
            frame.writeInteger(UInt8(0xFF))
            frame.writeInteger(UInt64(payload.readableBytes))
        }
        frame.writeInteger(mask)
        let keys = (0..<4).map { UInt8(truncatingIfNeeded: mask >> (24 - 8 * $0)) }
        frame.writeBytes(payload.readableBytesView.enumerated().map { $1 ^ keys[$0 & 3] })
        return frame
    }
}
