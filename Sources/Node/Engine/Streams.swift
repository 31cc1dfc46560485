package import Lanes
package import NIOCore

/// Bytes that the engine produces, such as an archive; pulled, so a slow reader holds the producer back.
package struct ByteStream: AsyncSequence, Sendable {
    package typealias Element = [UInt8]
    package typealias Failure = any Error

    private let pipe: ChunkPipe

    package init(_ pipe: ChunkPipe) { self.pipe = pipe }

    package func makeAsyncIterator() -> ChunkPipe.Iterator { pipe.makeAsyncIterator() }

    /// The reader wants no more.
    package func close() { pipe.close() }
}

/// A piece of output and the stream it came from.
package struct OutputFrame: Equatable, Sendable {
    /// Numbered as in Docker's multiplexed stream.
    package enum Stream: UInt8, Sendable {
        case stdout = 1
        case stderr = 2
        /// An error of the daemon itself, for the client to show.
        case systemError = 3
    }

    package var stream: Stream
    package var bytes: ByteBuffer

    package init(stream: Stream, bytes: ByteBuffer) {
        self.stream = stream
        self.bytes = bytes
    }
}

/// Output of a container or exec, live or from its log.
///
/// Ends when there is no more; a reader that stops pulling holds the writer back, as with Docker. One reader.
package struct OutputStream: AsyncSequence, Sendable {
    package typealias Element = OutputFrame
    package typealias Failure = any Error

    private let produce: @Sendable () async throws -> OutputFrame?

    /// `next` is called by one reader, one call at a time, until it gives nil.
    package init(next: @escaping @Sendable () async throws -> OutputFrame?) { produce = next }

    package struct Iterator: AsyncIteratorProtocol {
        let produce: @Sendable () async throws -> OutputFrame?
        package mutating func next() async throws -> OutputFrame? { try await produce() }
    }

    package func makeAsyncIterator() -> Iterator { Iterator(produce: produce) }
}

/// A client that takes part in a container's or exec's streams.
///
/// The API copies `output` to the client and the client's bytes to `write`, both at once; when the client half-closes it calls
/// `closeInput` and goes on reading; when the client hangs up, or `output` has ended and was delivered, it calls `close`.
package protocol AttachSession: Sendable {
    /// False with a terminal: its output is one raw stream.
    var multiplexed: Bool { get }
    var output: OutputStream { get }
    /// Hands input over; returns when the container's side has room. Detach keys are found here and end the session.
    func write(_ bytes: ByteBuffer) async throws(EngineError)
    /// The client's input has ended.
    func closeInput() async
    /// The client is gone; closing twice is not an error.
    func close() async
}
