internal import Synchronization

extension LocalStore {
    /// What is to be done outside the lock.
    enum Next {
        case nothing
        case write(JournalBatch)
        case answer([Waiting])
    }

    /// Takes the next batch, unless one is under way.
    func advance(_ state: inout State) -> Next {
        guard !state.isWriting else { return .nothing }
        guard let batch = state.core.takeBatch() else { return .answer(takeAnswered(&state)) }
        state.isWriting = true
        return .write(batch)
    }

    func perform(_ next: Next) {
        var next = next
        while true {
            switch next {
            case .nothing: return
            case .answer(let answered):
                for waiting in answered { waiting.answer.resume(returning: waiting.results) }
                return
            case .write(let batch):
                guard !batch.isEmpty, let journal else {
                    next = finish(batch, .success(()))
                    continue
                }
                journal.write(batch) { [self] result in perform(finish(batch, result)) }
                return
            }
        }
    }

    /// `batch` is durable, or is not: tells the watches, then whoever waits.
    private func finish(_ batch: JournalBatch, _ result: Result<Void, StoreError>) -> Next {
        let (answered, next, idle) = state.withLock { state in
            state.isWriting = false
            switch result {
            case .success: publish(batch, &state)
            case .failure(let error): fail(error, of: batch, &state)
            }
            let answered = takeAnswered(&state)
            let next = advance(&state)
            var idle: CheckedContinuation<Void, Never>?
            if !state.isWriting { swap(&idle, &state.onceIdle) }
            return (answered, next, idle)
        }
        for waiting in answered { waiting.answer.resume(returning: waiting.results) }
        idle?.resume()
        return next
    }

    private func publish(_ batch: JournalBatch, _ state: inout State) {
        let events = state.core.publish(batch, at: now)
        guard state.watchIndex.count > 0 else { return }
        for event in events {
            state.watchIndex.forEach(wanting: event) { number in
                if state.staged[number].isEmpty { state.touched.append(number) }
                state.staged[number].append(event)
            }
        }
        for number in state.touched {
            state.watches[number]?.deliver(state.staged[number], through: batch.through)
            state.staged[number] = []
        }
        state.touched = []
    }

    /// Nothing that waits has happened; a disk that nobody can trust ends the store.
    private func fail(_ error: StoreError, of batch: JournalBatch, _ state: inout State) {
        state.core.rollback(batch, at: now)
        for index in state.waiting.indices {
            state.waiting[index].results = state.waiting[index].results.map { _ in .failure(error) }
            state.waiting[index].through = state.core.published
        }
        guard case .failed = error else { return }
        state.end = error
        for watch in state.watches { watch?.end(error) }
    }

    private func takeAnswered(_ state: inout State) -> [Waiting] {
        let published = state.core.published
        let count = state.waiting.firstIndex { $0.through > published } ?? state.waiting.count
        guard count > 0 else { return [] }
        let answered = Array(state.waiting[..<count])
        state.waiting.removeFirst(count)
        return answered
    }

    /// Waits for what is being written, then lets go of the file; whoever watches is told.
    package func close() async {
        await withCheckedContinuation { continuation in
            let isIdle = state.withLock { state in
                if state.end == nil { state.end = .closed }
                if state.isWriting { state.onceIdle = continuation }
                return !state.isWriting
            }
            if isIdle { continuation.resume() }
        }
        let watches = state.withLock { $0.watches }
        for watch in watches { watch?.end(.closed) }
        journal?.close()
    }
}
