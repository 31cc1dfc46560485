internal import NIOCore
internal import Synchronization

/// Output on its way from a shim's socket to one reader, bounded: when it is full the socket is not read.
final class OutputQueue: Sendable {
    private static let high = 256 << 10
    private static let low = 64 << 10

    private struct State {
        var frames: [OutputFrame] = []
        var head = 0
        var bytes = 0
        var isFull = false
        var isFinished = false
        var isClosed = false
        var reader: CheckedContinuation<Void, Never>?
        var onRoom: (@Sendable () -> Void)?
    }
    private let state = Mutex(State())

    /// `body` is called, from any thread, each time there is room again after there was none.
    func whenRoom(_ body: @escaping @Sendable () -> Void) {
        state.withLock { $0.onRoom = body }
    }

    /// Says whether there is room for more.
    func push(_ frame: OutputFrame) -> Bool {
        let (reader, hasRoom) = state.withLock { state -> (CheckedContinuation<Void, Never>?, Bool) in
            guard !state.isClosed, !state.isFinished else { return (nil, true) }
            state.frames.append(frame)
            state.bytes += frame.bytes.readableBytes
            state.isFull = state.bytes >= Self.high
            defer { state.reader = nil }
            return (state.reader, !state.isFull)
        }
        reader?.resume()
        return hasRoom
    }

    /// No more will come.
    func finish() {
        let reader = state.withLock { state -> CheckedContinuation<Void, Never>? in
            state.isFinished = true
            defer { state.reader = nil }
            return state.reader
        }
        reader?.resume()
    }

    /// The reader has gone.
    func close() {
        let (reader, room) = state.withLock { state -> (CheckedContinuation<Void, Never>?, (@Sendable () -> Void)?) in
            state.isClosed = true
            state.frames = []
            state.head = 0
            state.bytes = 0
            defer { state.reader = nil }
            return (state.reader, state.onRoom)
        }
        reader?.resume()
        room?()
    }

    /// The next piece, nil at the end or when the reading task is cancelled.
    func next() async -> OutputFrame? {
        while true {
            let (frame, isOver, room) = take()
            room?()
            if let frame { return frame }
            if isOver || Task.isCancelled { return nil }
            await withTaskCancellationHandler {
                await withCheckedContinuation { continuation in
                    let ready = state.withLock { state in
                        if state.head < state.frames.count || state.isFinished || state.isClosed || Task.isCancelled {
                            return true
                        }
                        state.reader = continuation
                        return false
                    }
                    if ready { continuation.resume() }
                }
            } onCancel: {
                let reader = state.withLock { state -> CheckedContinuation<Void, Never>? in
                    defer { state.reader = nil }
                    return state.reader
                }
                reader?.resume()
            }
        }
    }

    private func take() -> (OutputFrame?, isOver: Bool, (@Sendable () -> Void)?) {
        state.withLock { state in
            guard state.head < state.frames.count else { return (nil, state.isFinished || state.isClosed, nil) }
            let frame = state.frames[state.head]
            state.head += 1
            state.bytes -= frame.bytes.readableBytes
            if state.head == state.frames.count {
                state.frames.removeAll(keepingCapacity: true)
                state.head = 0
            }
            if state.isFull, state.bytes <= Self.low {
                state.isFull = false
                return (frame, false, state.onRoom)
            }
            return (frame, false, nil)
        }
    }
}
