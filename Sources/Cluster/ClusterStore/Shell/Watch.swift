/// A watch under way: read it from one task until it ends; letting go of it ends it.
///
/// It ends with `nil` after ``cancel()``, or when the reading task is cancelled, and throws when the store closes or the reader
/// was away for longer than the store remembers.
package final class Watch: AsyncSequence, Sendable {
    package typealias Element = WatchBatch
    package typealias Failure = StoreError

    private let mailbox: WatchMailbox
    /// Reads the log for a reader that is behind.
    private let catchUp: @Sendable (WatchMailbox, Revision) -> Void
    private let leave: @Sendable () -> Void

    init(
        _ mailbox: WatchMailbox, catchUp: @escaping @Sendable (WatchMailbox, Revision) -> Void,
        leave: @escaping @Sendable () -> Void
    ) {
        self.mailbox = mailbox
        self.catchUp = catchUp
        self.leave = leave
    }

    deinit { leave() }

    /// What happened since the last call, at least one event or a sign of progress; suspends while there is nothing.
    ///
    /// - Throws: ``StoreError/compacted(through:)``, ``StoreError/closed``, ``StoreError/failed(_:)``.
    package func next() async throws(StoreError) -> WatchBatch? {
        while true {
            switch mailbox.next() {
            case .batch(let batch): return batch
            case .ended(nil): return nil
            case .ended(let error?): throw error
            case .behind(let revision): catchUp(mailbox, revision)
            case .wait:
                await withTaskCancellationHandler {
                    await mailbox.wait()
                } onCancel: {
                    cancel()
                }
            }
        }
    }

    package func cancel() {
        leave()
        mailbox.end(nil)
    }

    package struct Iterator: AsyncIteratorProtocol {
        let watch: Watch

        package mutating func next() async throws(StoreError) -> WatchBatch? { try await watch.next() }

        package mutating func next(isolation: isolated (any Actor)?) async throws(StoreError) -> WatchBatch? {
            try await watch.next()
        }
    }

    package func makeAsyncIterator() -> Iterator { Iterator(watch: self) }
}
