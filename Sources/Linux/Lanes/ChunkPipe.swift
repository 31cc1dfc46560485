/// A bounded pipe of byte chunks between code that blocks and code that awaits.
///
/// One writer, one reader. Each side picks its way: `write`/`read` block a thread (use them on lanes), `send`/`next` suspend
/// a task. The writer is held back while `capacity` bytes are waiting. A side that goes away says so (`finish`, `fail`,
/// `close`), and the other side is told instead of waiting for ever. Cancelling a waiting task closes the pipe.
package final class ChunkPipe: AsyncSequence, Sendable {
    package typealias Element = [UInt8]
    package typealias Failure = any Error

    private let capacity: Int
    private let monitor = Monitor(State())

    private struct State {
        var chunks = Fifo<[UInt8]>()
        var bytes = 0
        var end: Result<Void, any Error>?
        var readerGone = false
        var reader: CheckedContinuation<Void, Never>?
        var writer: CheckedContinuation<Void, Never>?
    }

    /// A pipe that holds about `capacity` bytes: one chunk is always taken, whatever its size.
    package init(capacity: Int = 1 << 20) {
        self.capacity = capacity
    }

    // MARK: the writer

    /// Hands `chunk` over; blocks the thread while the pipe is full.
    ///
    /// - Throws: ``PipeClosed`` when the reader has gone.
    package func write(_ chunk: [UInt8]) throws(PipeClosed) {
        let result: Result<Void, PipeClosed> = monitor.wait { self.tryAppend(chunk, to: &$0) }
        wakeReader()
        try result.get()
    }

    /// Hands `chunk` over; suspends while the pipe is full.
    ///
    /// - Throws: ``PipeClosed`` when the reader has gone or the task was cancelled.
    package func send(_ chunk: [UInt8]) async throws(PipeClosed) {
        let result = await withTaskCancellationHandler {
            while true {
                let attempt = monitor.withLock { self.tryAppend(chunk, to: &$0) }
                if let attempt { return attempt }
                await suspendWriter()
            }
        } onCancel: {
            close()
        }
        wakeReader()
        try result.get()
    }

    /// No more chunks will come.
    package func finish() { end(.success(())) }

    /// No more chunks will come, and the reader gets `error` after those that are waiting.
    package func fail(_ error: any Error) { end(.failure(error)) }

    // MARK: the reader

    /// The next chunk, nil at the end; blocks the thread while there is none.
    package func read() throws -> [UInt8]? {
        let result = monitor.wait { self.tryTake(from: &$0) }
        wakeWriter()
        return try result.get()
    }

    /// The next chunk, nil at the end; suspends while there is none.
    package func next() async throws -> [UInt8]? {
        let result = await withTaskCancellationHandler {
            while true {
                let attempt = monitor.withLock { self.tryTake(from: &$0) }
                if let attempt { return attempt }
                await suspendReader()
            }
        } onCancel: {
            close()
        }
        wakeWriter()
        return try result.get()
    }

    /// The reader wants no more: the writer's next call throws.
    package func close() {
        let waiting = monitor.withLock { state in
            state.readerGone = true
            state.chunks.removeAll()
            state.bytes = 0
            defer { (state.reader, state.writer) = (nil, nil) }
            return [state.reader, state.writer]
        }
        monitor.announce()
        for continuation in waiting { continuation?.resume() }
    }

    package struct Iterator: AsyncIteratorProtocol {
        let pipe: ChunkPipe
        package mutating func next() async throws -> [UInt8]? { try await pipe.next() }
    }

    package func makeAsyncIterator() -> Iterator { Iterator(pipe: self) }

    // MARK: the state

    private func tryAppend(_ chunk: [UInt8], to state: inout State) -> Result<Void, PipeClosed>? {
        if state.readerGone || state.end != nil { return .failure(PipeClosed()) }
        if state.bytes > 0, state.bytes + chunk.count > capacity { return nil }
        if !chunk.isEmpty {
            state.chunks.append(chunk)
            state.bytes += chunk.count
        }
        return .success(())
    }

    private func tryTake(from state: inout State) -> Result<[UInt8]?, any Error>? {
        if state.readerGone { return .failure(PipeClosed()) }
        if let chunk = state.chunks.popFirst() {
            state.bytes -= chunk.count
            return .success(chunk)
        }
        return state.end.map { end in end.map { nil } }
    }

    private func end(_ result: Result<Void, any Error>) {
        monitor.withLock { if $0.end == nil { $0.end = result } }
        wakeReader()
    }

    private func wakeReader() {
        let waiting = monitor.withLock { state in
            defer { state.reader = nil }
            return state.reader
        }
        monitor.announce()
        waiting?.resume()
    }

    private func wakeWriter() {
        let waiting = monitor.withLock { state in
            defer { state.writer = nil }
            return state.writer
        }
        monitor.announce()
        waiting?.resume()
    }

    private func suspendReader() async {
        await withCheckedContinuation { continuation in
            let ready = monitor.withLock { state in
                if state.readerGone || !state.chunks.isEmpty || state.end != nil { return true }
                state.reader = continuation
                return false
            }
            if ready { continuation.resume() }
        }
    }

    private func suspendWriter() async {
        await withCheckedContinuation { continuation in
            let ready = monitor.withLock { state in
                if state.readerGone || state.end != nil || state.bytes == 0 { return true }
                state.writer = continuation
                return false
            }
            if ready { continuation.resume() }
        }
    }
}

/// The other side of a pipe has gone.
package struct PipeClosed: Error, Hashable {
    package init() {}
}
