/// Splits Docker's multiplexed stream into the outputs it carries, in whatever pieces it arrives.
///
/// A frame is one byte of stream (0 or 1 output, 2 errors, 3 a message of the daemon), three of padding, four of big-endian
/// length, then the payload. Payloads are handed on as they come; nothing is collected but the eight bytes.
///
/// Source: Docker Engine API 1.48, ContainerAttach, "Stream format".
package struct StreamFrames: Sendable {
    package enum Output: UInt8, Sendable {
        case output = 1
        case errors = 2
        /// What the daemon itself has to say; it goes to the errors.
        case daemon = 3
    }

    private var header: [UInt8] = []
    private var left = 0
    private var target = Output.output

    package init() {}

    /// Hands each payload in `bytes` to `write`.
    ///
    /// - Throws: ``ClientError/malformed(_:)`` for a stream that does not exist, and what `write` throws.
    package mutating func feed(
        _ bytes: ArraySlice<UInt8>, _ write: (Output, ArraySlice<UInt8>) throws(ClientError) -> Void
    ) throws(ClientError) {
        var rest = bytes
        while !rest.isEmpty {
            if left > 0 {
                let piece = rest.prefix(left)
                try write(target, piece)
                left -= piece.count
                rest = rest.dropFirst(piece.count)
                continue
            }
            let missing = rest.prefix(8 - header.count)
            header += missing
            rest = rest.dropFirst(missing.count)
            guard header.count == 8 else { return }
            guard let output = Output(rawValue: max(header[0], 1)) else {
                throw .malformed("stream \(header[0]) in a multiplexed stream")
            }
            target = output
            left = header[4...].reduce(0) { $0 << 8 | Int($1) }
            header.removeAll(keepingCapacity: true)
        }
    }
}
