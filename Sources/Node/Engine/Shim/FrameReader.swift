internal import NIOCore
internal import ShimProtocol

/// A shim's frame as it came off the socket; its payload shares the receive buffer.
struct ReceivedFrame {
    var kind: FrameKind
    var payload: ByteBuffer
}

/// Cuts what a shim sends into frames.
struct FrameReader: ByteToMessageDecoder {
    typealias InboundOut = ReceivedFrame

    mutating func decode(context: ChannelHandlerContext, buffer: inout ByteBuffer) throws -> DecodingState {
        let start = buffer.readerIndex
        guard let type = buffer.getInteger(at: start, as: UInt8.self) else { return .needMoreData }
        guard let kind = FrameKind(rawValue: type) else { throw FrameError.unknownKind(type) }
        guard let length = buffer.getInteger(at: start + 1, as: UInt32.self) else { return .needMoreData }
        guard Int(length) <= kind.longestPayload else { throw FrameError.tooLong(kind, length: Int(length)) }
        guard buffer.readableBytes >= Frame.headerLength + Int(length) else { return .needMoreData }
        buffer.moveReaderIndex(forwardBy: Frame.headerLength)
        guard let payload = buffer.readSlice(length: Int(length)) else { return .needMoreData }
        context.fireChannelRead(wrapInboundOut(ReceivedFrame(kind: kind, payload: payload)))
        return .continue
    }

    mutating func decodeLast(
        context: ChannelHandlerContext, buffer: inout ByteBuffer, seenEOF: Bool
    ) throws -> DecodingState {
        try decode(context: context, buffer: &buffer)
    }
}

extension Frame {
    /// The frame's bytes, ready for a channel.
    var buffer: ByteBuffer {
        var buffer = ByteBufferAllocator().buffer(capacity: Frame.headerLength + payload.count)
        buffer.writeInteger(kind.rawValue)
        buffer.writeInteger(UInt32(payload.count))
        buffer.writeBytes(payload)
        return buffer
    }
}
