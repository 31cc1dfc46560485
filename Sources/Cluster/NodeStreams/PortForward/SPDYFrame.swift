internal import NIOCore

/// A frame of SPDY/3.1 as kubectl uses it: streams of bytes, opened with a few headers.
///
/// Source: "SPDY Protocol - Draft 3.1", section 2.6.
enum SPDYFrame: Equatable {
    /// The client opens a stream; the flag says that it sends nothing on it.
    case open(stream: UInt32, headers: [String: String], isFinished: Bool)
    case data(stream: UInt32, ByteBuffer, isLast: Bool)
    case reset(stream: UInt32)
    case ping(UInt32)
    case goAway
    /// One that concerns nobody here.
    case other

    enum Failure: Error, Equatable {
        case malformed(String)
    }
}

/// Cuts bytes into frames; the connection's headers are one compressed stream.
struct SPDYParser {
    /// No client of ours sends longer frames.
    static let longest = 1 << 20

    private var bytes = ByteBuffer()
    private var inflation = Inflation(dictionary: SPDYDictionary.bytes)

    mutating func append(_ more: ByteBuffer) {
        bytes.discardReadBytes()
        bytes.writeImmutableBuffer(more)
    }

    /// The next frame that is complete.
    mutating func next() throws(SPDYFrame.Failure) -> SPDYFrame? {
        guard let first = bytes.getInteger(at: bytes.readerIndex, as: UInt32.self),
            let second = bytes.getInteger(at: bytes.readerIndex + 4, as: UInt32.self)
        else { return nil }
        let length = Int(second & 0xFF_FFFF)
        guard length <= Self.longest else { throw .malformed("a frame of \(length) bytes") }
        guard bytes.readableBytes >= 8 + length else { return nil }
        bytes.moveReaderIndex(forwardBy: 8)
        let flags = second >> 24
        guard let payload = bytes.readSlice(length: length) else { return nil }
        guard first & 0x8000_0000 != 0 else {
            return .data(stream: first, payload, isLast: flags & 1 != 0)
        }
        guard first >> 16 & 0x7FFF == 3 else { throw .malformed("version \(first >> 16 & 0x7FFF)") }
        return try control(first & 0xFFFF, flags, payload)
    }

    private mutating func control(
        _ type: UInt32, _ flags: UInt32, _ payload: ByteBuffer
    ) throws(SPDYFrame.Failure) -> SPDYFrame {
        var payload = payload
        guard [1, 2, 3, 6, 8].contains(type) else { return type == 7 ? .goAway : .other }
        guard let number = payload.readInteger(as: UInt32.self) else { throw .malformed("a short frame") }
        switch type {
        case 1:
            guard payload.readableBytes >= 6 else { throw .malformed("a short frame") }
            payload.moveReaderIndex(forwardBy: 6)
            let headers = try headers(payload)
            return .open(stream: number & 0x7FFF_FFFF, headers: headers, isFinished: flags & 1 != 0)
        case 2, 8:
            // Nothing that it says matters, and yet what comes later refers to it.
            _ = try headers(payload)
            return .other
        case 3: return .reset(stream: number & 0x7FFF_FFFF)
        default: return .ping(number)
        }
    }

    private mutating func headers(_ payload: ByteBuffer) throws(SPDYFrame.Failure) -> [String: String] {
        var block: ByteBuffer
        do throws(Inflation.Failure) {
            block = ByteBuffer(bytes: try inflation.take(Array(payload.readableBytesView)))
        } catch {
            throw .malformed("headers: \(error)")
        }
        guard let count = block.readInteger(as: UInt32.self), count <= 100 else { throw .malformed("headers") }
        func text() -> String? {
            guard let length = block.readInteger(as: UInt32.self), length <= Inflation.longest else { return nil }
            return block.readString(length: Int(length))
        }
        var headers: [String: String] = [:]
        for _ in 0..<count {
            guard let name = text(), let value = text() else { throw .malformed("headers") }
            headers[name.lowercased()] = value
        }
        return headers
    }
}

/// Writes frames to a client; its headers are in blocks that are stored, not compressed.
struct SPDYWriter {
    private var hasBegun = false

    /// Agrees to a stream, without headers.
    mutating func reply(_ stream: UInt32) -> ByteBuffer {
        var frame = ByteBuffer()
        let begins: [UInt8] = hasBegun ? [] : [0x78, 0x01]
        hasBegun = true
        // One stored block of four bytes that say: no headers; and an empty one, behind which readers give out what they have.
        let block = begins + [0, 4, 0, 0xFB, 0xFF, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF]
        Self.control(2, length: 4 + block.count, &frame)
        frame.writeInteger(stream)
        frame.writeBytes(block)
        return frame
    }

    static func data(_ stream: UInt32, _ bytes: ByteBuffer, isLast: Bool = false) -> ByteBuffer {
        var frame = ByteBuffer()
        frame.reserveCapacity(8 + bytes.readableBytes)
        frame.writeInteger(stream)
        frame.writeInteger((isLast ? 1 << 24 : 0) | UInt32(bytes.readableBytes))
        frame.writeImmutableBuffer(bytes)
        return frame
    }

    /// Refuses a stream (3), or ends it at once (5).
    static func reset(_ stream: UInt32, status: UInt32) -> ByteBuffer {
        var frame = ByteBuffer()
        control(3, length: 8, &frame)
        frame.writeInteger(stream)
        frame.writeInteger(status)
        return frame
    }

    static func ping(_ number: UInt32) -> ByteBuffer {
        var frame = ByteBuffer()
        control(6, length: 4, &frame)
        frame.writeInteger(number)
        return frame
    }

    private static func control(_ type: UInt32, length: Int, _ frame: inout ByteBuffer) {
        frame.writeInteger(0x8003_0000 | type)
        frame.writeInteger(UInt32(length))
    }
}

/// What every SPDY/3 compressor of headers begins with.
///
/// Source: "SPDY Protocol - Draft 3.1", section 2.6.10.1.
enum SPDYDictionary {
    static let bytes: [UInt8] = {
        var bytes: [UInt8] = []
        for word in words {
            bytes += [0, 0, 0, UInt8(word.utf8.count)]
            bytes += word.utf8
        }
        return bytes + values.joined().utf8
    }()

    private static let words =
        """
        options head post put delete trace accept accept-charset accept-encoding accept-language accept-ranges age allow \
        authorization cache-control connection content-base content-encoding content-language content-length \
        content-location content-md5 content-range content-type date etag expect expires from host if-match \
        if-modified-since if-none-match if-range if-unmodified-since last-modified location max-forwards pragma \
        proxy-authenticate proxy-authorization range referer retry-after server te trailer transfer-encoding upgrade \
        user-agent vary via warning www-authenticate method get status
        """.split(separator: " ").map(String.init)
        + ["200 OK", "version", "HTTP/1.1", "url", "public", "set-cookie", "keep-alive", "origin"]

    private static let values = [
        "100101201202205206300302303304305306307402405406407408409410411412413414415416417502504505",
        "203 Non-Authoritative Information", "204 No Content", "301 Moved Permanently", "400 Bad Request",
        "401 Unauthorized", "403 Forbidden", "404 Not Found", "500 Internal Server Error", "501 Not Implemented",
        "503 Service Unavailable", "Jan Feb Mar Apr May Jun Jul Aug Sept Oct Nov Dec 00:00:00 ",
        "Mon, Tue, Wed, Thu, Fri, Sat, Sun, GMT",
        "chunked,text/html,image/png,image/jpg,image/gif,application/xml,application/xhtml+xml,text/plain,",
        "text/javascript,publicprivatemax-age=gzip,deflate,sdchcharset=utf-8charset=iso-8859-1,utf-,*,enq=0.",
    ]
}
