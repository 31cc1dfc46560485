/// What a frame carries.
package enum FrameKind: UInt8, Sendable, CaseIterable {
    /// pouchd to shim: a `ShimRequest`.
    case request = 1
    /// Shim to pouchd: a `ShimReply`, one for each request, in order.
    case reply = 2
    /// Shim to pouchd: a `ShimEvent`.
    case event = 3
    /// pouchd to shim: bytes for the process.
    case stdin = 16
    /// Shim to pouchd: bytes of the process; everything a terminal shows is stdout.
    case stdout = 17
    case stderr = 18
    /// pouchd to shim: the client's stdin has ended. No payload.
    case endOfStdin = 19
    /// Shim to pouchd: there is no more output. No payload.
    case endOfOutput = 20

    /// The longest payload this kind may have, in bytes.
    package var longestPayload: Int {
        switch self {
        case .request, .reply, .event: ShimProtocol.longestMessage
        case .stdin, .stdout, .stderr: ShimProtocol.longestStreamPayload
        case .endOfStdin, .endOfOutput: 0
        }
    }
}

/// One message on a shim's socket.
package struct Frame: Equatable, Sendable {
    package var kind: FrameKind
    package var payload: [UInt8]

    /// The bytes in front of every payload: the type and the length.
    package static let headerLength = 5

    package init(_ kind: FrameKind, _ payload: [UInt8] = []) {
        self.kind = kind
        self.payload = payload
    }

    /// The frame as it goes over the socket.
    package var encoded: [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(Self.headerLength + payload.count)
        Self.appendHeader(kind, length: payload.count, to: &bytes)
        bytes.append(contentsOf: payload)
        return bytes
    }

    /// Appends what goes in front of a payload of `length` bytes.
    package static func appendHeader(_ kind: FrameKind, length: Int, to bytes: inout [UInt8]) {
        precondition(length <= kind.longestPayload, "a frame of this kind must be split")
        let length = UInt32(length)
        bytes.append(kind.rawValue)
        bytes.append(UInt8(truncatingIfNeeded: length >> 24))
        bytes.append(UInt8(truncatingIfNeeded: length >> 16))
        bytes.append(UInt8(truncatingIfNeeded: length >> 8))
        bytes.append(UInt8(truncatingIfNeeded: length))
    }

    /// `bytes` as one or more frames of `kind`, none longer than allowed; nothing when there are no bytes.
    package static func stream(_ kind: FrameKind, _ bytes: some RandomAccessCollection<UInt8>) -> [UInt8] {
        var frames: [UInt8] = []
        var rest = bytes[...]
        while !rest.isEmpty {
            let piece = rest.prefix(kind.longestPayload)
            rest = rest.dropFirst(piece.count)
            appendHeader(kind, length: piece.count, to: &frames)
            frames.append(contentsOf: piece)
        }
        return frames
    }
}
