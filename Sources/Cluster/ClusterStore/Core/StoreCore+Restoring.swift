package import Units

/// What a journal holds when a store is opened.
package struct JournalImage: Sendable {
    package var compacted: Revision
    package var reserved: Revision
    package var leases: [Lease]

    package init(compacted: Revision, reserved: Revision, leases: [Lease]) {
        self.compacted = compacted
        self.reserved = reserved
        self.leases = leases
    }
}

extension StoreCore {
    /// The store that a journal tells of.
    ///
    /// `rows` gives one row after the other in the order of their numbers, and `nil` at the end.
    package init(
        _ configuration: StoreConfiguration = StoreConfiguration(), from image: JournalImage, at now: Timestamp,
        rows: () throws -> JournalRow?
    ) throws {
        self.init(configuration)
        compacted = image.compacted
        for lease in image.leases { leases.grant(lease, at: now) }
        var known: [StoreKey: Int32] = [:]
        while let row = try rows() {
            restore(row, &known, at: now)
            head = max(head, row.revision)
        }
        let entries = known.filter { slots[Int($0.value)] != nil }.map { KeyIndex.Entry(key: $0.key, slot: $0.value) }
        index = KeyIndex(ordered: entries.sorted { $0.key < $1.key })
        head = max(head, image.compacted, image.reserved)
        published = head
        batchedReserved = image.reserved
        publishedEnd = log.end
        batchedEnd = log.end
        vacant = slots.indices.filter { slots[$0] == nil }.map { Int32($0) }
        for sequence in log.first..<log.end {
            if let entry = log[sequence] { dropTerms(entry.event.previous?.terms ?? [], of: entry.slot) }
        }
    }

    private mutating func restore(_ row: JournalRow, _ known: inout [StoreKey: Int32], at now: Timestamp) {
        let version = History.Version(revision: row.revision, object: row.object)
        let isPast = row.revision <= compacted
        var previous: StoredObject?
        let slot: Int32
        if let place = known[row.key] {
            slot = place
            previous = slots[Int(slot)]?.newest.object
            if slots[Int(slot)] == nil {
                slots[Int(slot)] = History(version, of: row.key, isEphemeral: false, sequence: -1)
            } else {
                slots[Int(slot)]?.add(version)
            }
        } else {
            slot = Int32(slots.count)
            known[row.key] = slot
            slots.append(History(version, of: row.key, isEphemeral: false, sequence: -1))
        }
        leases.detach(row.key, from: previous?.lease)
        leases.attach(row.key, to: row.object?.lease)
        for term in row.object?.terms ?? [] { terms.add(slot, to: term) }
        let event = WatchEvent(
            revision: row.revision, key: row.key, object: row.object, previous: previous, ordinal: row.ordinal)
        if isPast {
            restorePast(event, slot)
        } else {
            log.append(EventLog.Entry(event: event, slot: slot), at: now)
            for term in (row.object?.terms ?? []) + (previous?.terms ?? []) { terms.touch(term, at: row.revision) }
        }
    }

    /// A row that nobody can ask for, but which was not taken away yet, and its successor.
    private mutating func restorePast(_ event: WatchEvent, _ slot: Int32) {
        if let previous = event.previous {
            outdated.append(JournalRow.number(previous.modified, previous.ordinal))
            for term in previous.terms { terms.remove(slot, from: term) }
            for term in event.object?.terms ?? [] { terms.add(slot, to: term) }
        }
        slots[Int(slot)]?.forget(through: event.revision)
        if event.object == nil {
            outdated.append(JournalRow.number(event.revision, event.ordinal))
            slots[Int(slot)] = nil
        }
    }
}
