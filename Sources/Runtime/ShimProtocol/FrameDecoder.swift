/// Bytes that are no frame; the connection cannot be used any more.
package enum FrameError: Error, Equatable, Sendable, CustomStringConvertible {
    case unknownKind(UInt8)
    case tooLong(FrameKind, length: Int)

    package var description: String {
        switch self {
        case .unknownKind(let byte): "frame of unknown type \(byte)"
        case .tooLong(let kind, let length): "\(kind) frame of \(length) bytes: at most \(kind.longestPayload)"
        }
    }
}

/// Cuts a stream of bytes, in pieces of any size, into frames.
///
/// Holds at most one incomplete frame plus what was appended since the last `next()`; a length that is not allowed is
/// refused when its header is complete, before anything is kept for it.
package struct FrameDecoder: Sendable {
    private var bytes: [UInt8] = []
    /// Where the first byte that is not decoded yet stands in `bytes`.
    private var start = 0

    package init() {}

    /// How many bytes wait here for the rest of their frame or for `next()`.
    package var bufferedCount: Int { bytes.count - start }

    package mutating func append(_ more: some Collection<UInt8>) {
        compact()
        bytes.append(contentsOf: more)
    }

    /// The next whole frame, `nil` until more bytes come.
    package mutating func next() throws(FrameError) -> Frame? {
        guard let (kind, length) = try header() else { return nil }
        let first = start + Frame.headerLength
        guard bytes.count - first >= length else { return nil }
        let frame = Frame(kind, Array(bytes[first..<first + length]))
        start = first + length
        if start == bytes.count { release() }
        return frame
    }

    private func header() throws(FrameError) -> (FrameKind, length: Int)? {
        guard bytes.count - start >= Frame.headerLength else {
            if bytes.count > start, FrameKind(rawValue: bytes[start]) == nil { throw .unknownKind(bytes[start]) }
            return nil
        }
        guard let kind = FrameKind(rawValue: bytes[start]) else { throw .unknownKind(bytes[start]) }
        let length = bytes[start + 1..<start + 5].reduce(0) { $0 << 8 | Int($1) }
        guard length <= kind.longestPayload else { throw .tooLong(kind, length: length) }
        return (kind, length)
    }

    /// Gives the memory back as soon as nothing is buffered: an idle shim must not keep what a busy moment needed.
    private mutating func release() {
        bytes = []
        start = 0
    }

    private mutating func compact() {
        guard start > 0 else { return }
        bytes.removeSubrange(..<start)
        start = 0
    }
}
