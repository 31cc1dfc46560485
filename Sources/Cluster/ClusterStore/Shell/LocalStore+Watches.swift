internal import Synchronization

extension LocalStore {
    package func watch(_ request: WatchRequest) async throws(StoreError) -> Watch {
        let (number, mailbox) = try state.withLock { state throws(StoreError) in
            if let end = state.end { throw end }
            let after = try state.core.readable(request.after)
            let isBehind = after < state.core.published
            let mailbox = WatchMailbox(request, after: after, isBehind: isBehind)
            let number: Int
            if let free = state.vacantWatches.popLast() {
                number = free
                state.watches[free] = mailbox
            } else {
                number = state.watches.count
                state.watches.append(mailbox)
                state.staged.append([])
            }
            if !isBehind { state.watchIndex.add(number, request) }
            return (number, mailbox)
        }
        return Watch(
            mailbox,
            catchUp: { [weak self] in self?.catchUp(number, $0, after: $1) ?? $0.end(.closed) },
            leave: { [weak self] in self?.leave(number, mailbox) })
    }

    /// Reads the log for a watch that is behind; when it has reached the end, the watch is told of changes again.
    private func catchUp(_ number: Int, _ mailbox: WatchMailbox, after revision: Revision) {
        let ended = state.withLock { state -> StoreError? in
            guard state.watches[number] === mailbox else { return nil }
            do throws(StoreError) {
                let batch = try state.core.events(after: revision, for: mailbox.request)
                let isBehind = batch.through < state.core.published
                mailbox.caughtUp(batch, isBehind: isBehind)
                state.watchIndex.remove(number)
                if !isBehind { state.watchIndex.add(number, mailbox.request) }
                return nil
            } catch {
                return error
            }
        }
        if let ended { mailbox.end(ended) }
    }

    private func leave(_ number: Int, _ mailbox: WatchMailbox) {
        state.withLock { state in
            guard state.watches[number] === mailbox else { return }
            state.watches[number] = nil
            state.watchIndex.remove(number)
            state.vacantWatches.append(number)
        }
    }

    package func announceProgress() async {
        state.withLock { state in
            let published = state.core.published
            for watch in state.watches {
                if let watch, watch.request.wantsProgress { watch.announce(published) }
            }
        }
    }

    /// How many watches there are.
    package var watchCount: Int { state.withLock { $0.watches.count - $0.vacantWatches.count } }
}
