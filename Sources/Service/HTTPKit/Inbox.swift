internal import NIOCore
internal import Synchronization

/// Why a connection gave no more.
package enum ConnectionError: Error, Hashable, Sendable {
    /// The peer went away.
    case closed
    /// The peer ended its side in the middle of a request.
    case truncated
    case request(RequestError)
}

/// What a connection has received and nobody has asked for yet.
///
/// The connection's event loop puts parts in; one task at a time takes them out. It knows how many bytes it holds, so
/// that the event loop can stop reading when the task is slow.
final class Inbox: Sendable {
    /// Reading stops above this many bytes and goes on below it.
    static let highWater = 256 * 1024

    fileprivate struct State {
        var parts: [RequestPart] = []
        var first = 0
        var bytes = 0
        var end: End?
        var waiter: CheckedContinuation<RequestPart?, any Error>?
        /// Whether the event loop stopped reading and waits for room.
        var isStalled = false
    }

    /// How it ended: by the peer's wish, or with an error.
    enum End: Sendable {
        case finished
        case failed(ConnectionError)
    }

    private let state = Mutex(State())
    private let readAgain: @Sendable () -> Void

    /// - Parameter readAgain: called from any thread when there is room again after ``hasRoom()`` said no.
    init(readAgain: @escaping @Sendable () -> Void) {
        self.readAgain = readAgain
    }

    func put(_ part: RequestPart) {
        let waiter = state.withLock { state -> CheckedContinuation<RequestPart?, any Error>? in
            if let waiter = state.waiter {
                state.waiter = nil
                return waiter
            }
            state.bytes += part.weight
            state.parts.append(part)
            return nil
        }
        waiter?.resume(returning: part)
    }

    /// Nothing comes after what is there already; the first end stays.
    func end(_ end: End) {
        let waiter = state.withLock { state -> CheckedContinuation<RequestPart?, any Error>? in
            guard state.end == nil else { return nil }
            state.end = end
            defer { state.waiter = nil }
            return state.waiter
        }
        guard let waiter else { return }
        switch end {
        case .finished: waiter.resume(returning: nil)
        case .failed(let error): waiter.resume(throwing: error)
        }
    }

    /// Whether the event loop should read more; when not, it is told as soon as it should.
    func hasRoom() -> Bool {
        state.withLock { state in
            state.isStalled = state.bytes >= Self.highWater
            return !state.isStalled
        }
    }

    /// Whether everything that came has been taken, and nothing more will come.
    var isDrained: Bool {
        state.withLock { $0.end != nil && $0.first == $0.parts.count }
    }

    /// The next part, or `nil` at the end.
    ///
    /// - Throws: ``ConnectionError`` when the connection failed, `CancellationError` when the task was cancelled.
    func next() async throws -> RequestPart? {
        if let ready = try ready() { return ready.part }
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                wait(continuation, isCancelled: Task.isCancelled)
            }
        } onCancel: {
            let waiter = state.withLock { state in
                defer { state.waiter = nil }
                return state.waiter
            }
            waiter?.resume(throwing: CancellationError())
        }
    }

    fileprivate struct Ready {
        var part: RequestPart?
    }

    private func ready() throws -> Ready? {
        let (result, resumes) = state.withLock { state -> (Result<Ready?, any Error>, Bool) in
            let result = Result { try state.take() }
            let resumes = state.isStalled && state.bytes < Self.highWater / 2
            if resumes { state.isStalled = false }
            return (result, resumes)
        }
        if resumes { readAgain() }
        return try result.get()
    }

    private func wait(_ continuation: CheckedContinuation<RequestPart?, any Error>, isCancelled: Bool) {
        let result = state.withLock { state -> Result<Ready?, any Error> in
            if isCancelled { return .failure(CancellationError()) }
            precondition(state.waiter == nil, "one task at a time reads a connection")
            let result = Result { try state.take() }
            if case .success(nil) = result { state.waiter = continuation }
            return result
        }
        switch result {
        case .success(nil): break
        case .success(let ready?): continuation.resume(returning: ready.part)
        case .failure(let error): continuation.resume(throwing: error)
        }
    }
}

extension Inbox.State {
    /// What there is to give now; `nil` means wait.
    fileprivate mutating func take() throws -> Inbox.Ready? {
        if first < parts.count {
            let part = parts[first]
            first += 1
            bytes -= part.weight
            if first == parts.count {
                parts.removeAll(keepingCapacity: true)
                first = 0
            }
            return Inbox.Ready(part: part)
        }
        switch end {
        case nil: return nil
        case .finished: return Inbox.Ready(part: nil)
        case .failed(let error): throw error
        }
    }
}

extension RequestPart {
    /// What it counts for in back-pressure: its bytes, and a little for being there.
    var weight: Int {
        switch self {
        case .head: 1024
        case .body(let bytes), .raw(let bytes): bytes.readableBytes + 64
        case .end: 64
        }
    }
}
