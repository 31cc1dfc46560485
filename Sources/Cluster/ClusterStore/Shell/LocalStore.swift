internal import Synchronization
package import Units

/// The store of one machine: a ``StoreCore`` behind a lock, and a journal that makes its changes durable.
///
/// The lock is held for one transaction or one page, never over a call out. While the journal writes one batch, what comes
/// meanwhile gathers for the next: the more load, the larger the batches.
///
/// ```
///   commit ──lock: apply──> waits ┐                    ┌──> watches are told, then answers go out
///   commit ──lock: apply──> waits ┼─batch─> journal ───┤
///   commit ──lock: apply──> waits ┘  (one at a time)   └──> next batch
/// ```
package final class LocalStore: ClusterStore {
    let state: Mutex<State>
    let journal: (any Journal)?
    let configuration: StoreConfiguration
    private let clock: @Sendable () -> Timestamp

    /// A commit that waits for the journal.
    struct Waiting {
        /// It is answered when this is published.
        var through: Revision
        var results: [Result<TransactionResult, StoreError>]
        var answer: CheckedContinuation<[Result<TransactionResult, StoreError>], Never>
    }

    struct State: ~Copyable {
        var core: StoreCore
        var waiting: [Waiting] = []
        var isWriting = false
        var end: StoreError?
        var watches: [WatchMailbox?] = []
        var vacantWatches: [Int] = []
        var watchIndex = WatchIndex()
        /// By watch: what the changes under way bring it.
        var staged: [[WatchEvent]] = []
        var touched: [Int] = []
        /// Called when nothing is being written any more.
        var onceIdle: CheckedContinuation<Void, Never>?
        var nextLease: Int64
    }

    /// A store that keeps nothing beyond its own life.
    package convenience init(
        _ configuration: StoreConfiguration = StoreConfiguration(),
        clock: @escaping @Sendable () -> Timestamp = MonotonicClock().now
    ) {
        self.init(StoreCore(configuration), configuration, journal: nil, clock: clock)
    }

    /// A store whose changes `journal` keeps; `core` holds what it has kept so far.
    package init(
        _ core: consuming StoreCore, _ configuration: StoreConfiguration, journal: (any Journal)?,
        clock: @escaping @Sendable () -> Timestamp = MonotonicClock().now
    ) {
        self.configuration = configuration
        self.journal = journal
        self.clock = clock
        let now = clock()
        state = Mutex(State(core: core, nextLease: now.nanoseconds & .max))
    }

    var now: Timestamp { clock() }

    package var revision: Revision { state.withLock { $0.core.published } }

    // MARK: reads

    package func get(_ key: StoreKey, at revision: Revision?) async throws(StoreError) -> StoredObject? {
        try reading { state throws(StoreError) in try state.core.get(key, at: revision) }
    }

    /// Long lists are read a part at a time, so that no write waits for one.
    package func list(_ request: ListRequest) async throws(StoreError) -> ListPage {
        let part = 1000
        var request = request
        let wanted = request.limit ?? .max
        var whole: ListPage?
        while true {
            request.limit = min(part, wanted - (whole?.objects.count ?? 0))
            let asked = request
            var page = try reading { state throws(StoreError) in try state.core.list(asked) }
            if let whole { page.objects = whole.objects + page.objects }
            guard let next = page.next, page.objects.count < wanted else { return page }
            whole = page
            request.after = next
            request.at = page.revision
        }
    }

    private func reading<Value: Sendable>(
        _ body: (inout State) throws(StoreError) -> Value
    ) throws(StoreError) -> Value {
        try state.withLock { state throws(StoreError) in
            if let end = state.end { throw end }
            return try body(&state)
        }
    }

    // MARK: writes

    package func commit(_ transactions: [Transaction]) async -> [Result<TransactionResult, StoreError>] {
        await change(count: transactions.count) { core, now in
            transactions.map { transaction in
                Result { () throws(StoreError) in try core.apply(transaction, at: now) }
            }
        }
    }

    /// Lets `body` change the head, and answers what it returned when that is durable.
    func change(
        count: Int, _ body: (inout StoreCore, Timestamp) -> [Result<TransactionResult, StoreError>]
    ) async -> [Result<TransactionResult, StoreError>] {
        await withCheckedContinuation { answer in
            let next = state.withLock { state -> Next in
                if let refusal = refusal(state) {
                    answer.resume(returning: Array(repeating: .failure(refusal), count: count))
                    return .nothing
                }
                let results = body(&state.core, now)
                state.waiting.append(Waiting(through: state.core.head, results: results, answer: answer))
                return advance(&state)
            }
            perform(next)
        }
    }

    private func refusal(_ state: borrowing State) -> StoreError? {
        if let end = state.end { return end }
        return state.waiting.count >= configuration.mostWaiting ? .overloaded : nil
    }
}
