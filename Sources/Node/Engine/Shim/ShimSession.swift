internal import Lanes
internal import NIOCore
internal import ShimProtocol
internal import Synchronization

/// A client's part in the streams of a container or exec.
final class ShimSession: AttachSession {
    let multiplexed: Bool
    let output: OutputStream
    private let stream: ShimStream
    private let keys: Mutex<DetachKeys?>
    private let onDetach: @Sendable () async -> Void
    private let takesInput: Bool

    /// `before` is told first, such as the log so far; `keys` nil never detaches.
    ///
    /// The output does not end before `onExit` has returned: whoever saw its end may ask for the exit code.
    init(
        stream: ShimStream, multiplexed: Bool, takesInput: Bool = true, detachKeys: DetachKeys?,
        before: OutputStream? = nil, onExit: @escaping @Sendable (ShimExit) async -> Void = { _ in },
        onDetach: @escaping @Sendable () async -> Void
    ) {
        self.stream = stream
        self.multiplexed = multiplexed
        self.takesInput = takesInput
        keys = Mutex(detachKeys)
        self.onDetach = onDetach
        let past = before.map { StreamCursor($0) }
        output = OutputStream {
            if let frame = try await past?.next() { return frame }
            if let frame = await stream.output.next() { return frame }
            if let exit = await stream.exitStatus() { await onExit(exit) }
            return nil
        }
    }

    func write(_ bytes: ByteBuffer) async throws(EngineError) {
        guard takesInput else { return }
        let (passed, isDetach) = keys.withLock { keys -> (ByteBuffer, Bool) in
            guard var found = keys else { return (bytes, false) }
            let result = found.filter(bytes.readableBytesView)
            keys = found
            return (ByteBuffer(bytes: result.passed), result.isDetach)
        }
        if passed.readableBytes > 0 { try await stream.write(passed) }
        if isDetach {
            await onDetach()
            await close()
        }
    }

    func closeInput() async {
        if takesInput { await stream.closeInput() }
    }

    func close() async { stream.close() }
}

/// Output that is not live: a log's content, for an attachment without a stream.
final class ReplaySession: AttachSession {
    let multiplexed: Bool
    let output: OutputStream

    init(_ output: OutputStream, multiplexed: Bool) {
        self.output = output
        self.multiplexed = multiplexed
    }

    func write(_ bytes: ByteBuffer) async throws(EngineError) {}
    func closeInput() async {}
    func close() async {}
}

/// One reader's place in a stream.
actor StreamCursor {
    private var iterator: OutputStream.Iterator

    init(_ stream: OutputStream) { iterator = stream.makeAsyncIterator() }

    func next() async throws -> OutputFrame? {
        var copy = iterator
        defer { iterator = copy }
        return try await copy.next()
    }
}
