internal import Units

/// The whole store as a value: every version that may still be asked for, what happened, leases; no clock, no disk.
///
/// ```
///   apply ──> head ──takeBatch──> (the journal writes) ──publish──> published: readers and watches see it
///                                          └─ fails ──rollback──> as if nothing had happened
/// ```
///
/// Conditions are judged against the head, reads against what is published. Times must not go backwards.
package struct StoreCore: ~Copyable {
    let configuration: StoreConfiguration
    /// The last number given.
    package internal(set) var head = Revision.first
    /// What readers see.
    package internal(set) var published = Revision.first
    /// Nothing before this one can be asked for.
    package internal(set) var compacted = Revision(0)
    var index = KeyIndex()
    var slots: [History?] = []
    var vacant: [Int32] = []
    var terms = TermIndex()
    var log = EventLog()
    var leases = LeaseTable()
    /// Where the part of the log begins that readers do not see yet.
    var publishedEnd = 0
    /// Where the part of the log begins that no batch has held yet.
    var batchedEnd = 0
    /// Changes of leases that are not published, and how many of them are in a batch.
    var leaseChanges: [LeaseChange] = []
    var endedLeases: [LeaseID: Lease] = [:]
    var batchedLeases = 0
    var outdated: [Int64] = []
    /// The highest number that a batch has put aside for ephemeral writes.
    var batchedReserved = Revision(0)

    package init(_ configuration: StoreConfiguration = StoreConfiguration()) {
        self.configuration = configuration
    }

    /// How many keys there are, those deleted a moment ago included.
    package var keyCount: Int { index.count }
    /// How many changes are remembered.
    package var eventCount: Int { log.count }
    /// How many changes no batch has held yet.
    package var unwrittenCount: Int { log.end - batchedEnd }

    func history(of key: StoreKey) -> History? {
        index[key].flatMap { slots[Int($0)] }
    }

    // MARK: one change

    /// Makes `object` the newest version of `key`; `nil` deletes it.
    mutating func add(
        _ object: StoredObject?, of key: StoreKey, at revision: Revision, ordinal: UInt8, now: Timestamp
    ) {
        let version = History.Version(revision: revision, object: object)
        let (slot, previous) = addVersion(version, of: key)
        leases.detach(key, from: previous?.lease)
        leases.attach(key, to: object?.lease)
        for term in object?.terms ?? [] { terms.add(slot, to: term) }
        log.append(
            EventLog.Entry(
                event: WatchEvent(
                    revision: revision, key: key, object: object, previous: previous, ordinal: ordinal),
                slot: slot),
            at: now)
    }

    /// Where `key` is kept, and what it was before.
    private mutating func addVersion(
        _ version: History.Version, of key: StoreKey
    ) -> (slot: Int32, previous: StoredObject?) {
        if let slot = index[key] {
            let previous = slots[Int(slot)]?.newest.object
            slots[Int(slot)]?.add(version)
            return (slot, previous)
        }
        let history = History(version, of: key, isEphemeral: configuration.isEphemeral(key), sequence: -1)
        let slot: Int32
        if let free = vacant.popLast() {
            slot = free
            slots[Int(free)] = history
        } else {
            slot = Int32(slots.count)
            slots.append(history)
        }
        index.insert(key, slot: slot)
        return (slot, nil)
    }

    /// Lets go of a key that has nothing left to tell.
    mutating func vacate(_ slot: Int32) {
        guard let key = slots[Int(slot)]?.key else { return }
        index.remove(key)
        slots[Int(slot)] = nil
        vacant.append(slot)
    }

    /// Takes `slot` off those of `list` that it has not had since `published`.
    mutating func dropTerms(_ list: [IndexTerm], of slot: Int32) {
        for term in list where slots[Int(slot)]?.has(term, since: published) != true {
            terms.remove(slot, from: term)
            terms.forget(term, through: compacted)
        }
    }
}
