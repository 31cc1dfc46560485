package import Units

extension StoreCore {
    /// The most rows of the past that one batch takes away.
    private static let mostOutdated = 2000
    /// How many numbers are put aside for ephemeral writes at a time.
    private static let reserve: Int64 = 100_000

    /// What has happened since the last batch; `nil` when there is nothing that is worth a write.
    ///
    /// Rows of the past go with what is to be written anyway, or when there are many.
    /// The next batch may be taken before this one is published, as long as they are published in order.
    package mutating func takeBatch() -> JournalBatch? {
        guard batchedEnd < log.end || batchedLeases < leaseChanges.count || outdated.count >= Self.mostOutdated else {
            return nil
        }
        var batch = JournalBatch(compacted: compacted, reserved: batchedReserved, through: head)
        var hasEphemeral = false
        for sequence in batchedEnd..<log.end {
            guard let entry = log[sequence] else { continue }
            if slots[Int(entry.slot)]?.isEphemeral == true {
                hasEphemeral = true
            } else {
                batch.changes.append(entry.event)
            }
        }
        if hasEphemeral, head > batchedReserved {
            batchedReserved = Revision(head.number + Self.reserve)
            batch.reserved = batchedReserved
            batch.reserves = true
        }
        batch.leases = Array(leaseChanges[batchedLeases...])
        batch.outdated = Array(outdated.prefix(Self.mostOutdated))
        outdated.removeFirst(batch.outdated.count)
        batchedEnd = log.end
        batchedLeases = leaseChanges.count
        return batch
    }

    /// `batch` is durable: readers see it; the changes are for the watches.
    package mutating func publish(_ batch: JournalBatch, at now: Timestamp) -> [WatchEvent] {
        published = batch.through
        leaseChanges.removeFirst(batch.leases.count)
        batchedLeases -= batch.leases.count
        for case .ended(let id) in batch.leases { endedLeases[id] = nil }
        let start = publishedEnd
        while publishedEnd < log.end, let entry = log[publishedEnd], entry.event.revision <= published {
            publishedEnd += 1
        }
        var events: [WatchEvent] = []
        events.reserveCapacity(publishedEnd - start)
        for sequence in start..<publishedEnd {
            guard let entry = log[sequence] else { continue }
            events.append(entry.event)
            settle(entry, at: sequence)
        }
        retire(atMost: 2 * events.count + 64, at: now)
        return events
    }

    /// What a change replaced is past now.
    private mutating func settle(_ entry: EventLog.Entry, at sequence: Int) {
        let event = entry.event
        for term in event.object?.terms ?? [] { terms.touch(term, at: event.revision) }
        if let old = event.previous?.terms, !old.isEmpty {
            for term in old { terms.touch(term, at: event.revision) }
            dropTerms(old, of: entry.slot)
        }
        guard let history = slots[Int(entry.slot)] else { return }
        if history.isEphemeral {
            if history.sequence >= 0 { log.makeHole(at: history.sequence) }
            slots[Int(entry.slot)]?.forget(through: event.revision)
            slots[Int(entry.slot)]?.sequence = sequence
        }
    }

    /// The journal could not write `batch`: the store is again as readers see it.
    ///
    /// No other batch may be under way. The rows that were to go are still there, and go with the next batch: the end of a key's
    /// story may never leave before its beginning, or a deleted object would be back after a restart.
    package mutating func rollback(_ batch: JournalBatch, at now: Timestamp) {
        outdated.insert(contentsOf: batch.outdated, at: 0)
        if batch.reserves { batchedReserved = published }
        for case .ended(let id) in leaseChanges {
            if let lease = endedLeases[id] { leases.grant(lease, at: now) }
        }
        while log.end > publishedEnd {
            if let entry = log.removeLast() { undo(entry) }
        }
        for case .granted(let lease) in leaseChanges { _ = leases.end(lease.id) }
        leaseChanges = []
        endedLeases = [:]
        batchedLeases = 0
        batchedEnd = publishedEnd
        head = published
    }

    private mutating func undo(_ entry: EventLog.Entry) {
        let event = entry.event
        leases.detach(event.key, from: event.object?.lease)
        if slots[Int(entry.slot)]?.undo() != true { vacate(entry.slot) }
        leases.attach(event.key, to: event.previous?.lease)
        dropTerms(event.object?.terms ?? [], of: entry.slot)
    }

    // MARK: the past

    /// Forgets what happened up to and including `revision`.
    ///
    /// - Throws: ``StoreError/compacted(through:)``, ``StoreError/future(current:)``.
    package mutating func compact(through revision: Revision) throws(StoreError) {
        let revision = try readable(revision)
        while log.first < publishedEnd {
            if let entry = log[log.first], entry.event.revision > revision { break }
            retireFirst()
        }
        compacted = revision
    }

    /// Forgets what is too old or too much, a little at a time: no write waits for a long cleaning.
    private mutating func retire(atMost limit: Int, at now: Timestamp) {
        let old = log.count(before: now.advanced(by: .zero - configuration.memory))
        var surplus = min(limit, max(old, log.count - configuration.mostEvents))
        while log.first < publishedEnd {
            // The changes of one revision are forgotten together.
            let isParted = log[log.first].map { $0.event.revision == compacted } ?? true
            guard surplus > 0 || isParted else { return }
            retireFirst()
            surplus -= 1
        }
    }

    private mutating func retireFirst() {
        guard let entry = log.removeFirst() else { return }
        let event = entry.event
        compacted = max(compacted, event.revision)
        guard let history = slots[Int(entry.slot)] else { return }
        if !history.isEphemeral {
            if let previous = event.previous {
                outdated.append(JournalRow.number(previous.modified, previous.ordinal))
            }
            if event.object == nil { outdated.append(JournalRow.number(event.revision, event.ordinal)) }
        }
        slots[Int(entry.slot)]?.forget(through: event.revision)
        for term in event.previous?.terms ?? [] { terms.forget(term, through: compacted) }
        if event.object == nil, history.newest.revision == event.revision { vacate(entry.slot) }
    }
}
