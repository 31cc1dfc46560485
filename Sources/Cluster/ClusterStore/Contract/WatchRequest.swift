/// Which changes somebody wants to be told.
package struct WatchRequest: Sendable {
    package var range: KeyRange
    /// Only changes of objects that have this term, or had it before the change.
    package var term: IndexTerm?
    /// Changes later than this one; `nil` is from now on.
    package var after: Revision?
    /// Wants to hear from time to time how far the store is, although nothing changed for it.
    package var wantsProgress: Bool

    package init(
        _ range: KeyRange, term: IndexTerm? = nil, after revision: Revision? = nil, wantsProgress: Bool = false
    ) {
        self.range = range
        self.term = term
        self.after = revision
        self.wantsProgress = wantsProgress
    }

    /// Whether it is to be told of `event`.
    func wants(_ event: WatchEvent) -> Bool {
        guard range.holds(event.key) else { return false }
        guard let term else { return true }
        return event.object?.terms.contains(term) == true || event.previous?.terms.contains(term) == true
    }
}

/// One change of one object.
package struct WatchEvent: Sendable {
    package let revision: Revision
    /// As it is now; `nil` when it was deleted.
    package let object: StoredObject?
    /// As it was before; `nil` when it is new.
    package let previous: StoredObject?
    package let key: StoreKey
    let ordinal: UInt8

    init(revision: Revision, key: StoreKey, object: StoredObject?, previous: StoredObject?, ordinal: UInt8) {
        self.revision = revision
        self.key = key
        self.object = object
        self.previous = previous
        self.ordinal = ordinal
    }
}

/// What a watch has to tell: changes in the order in which they happened, those of one revision never apart.
package struct WatchBatch: Sendable {
    /// None when it is only a sign of progress.
    package var events: [WatchEvent]
    /// All changes up to this one have been told: where to go on after a lost connection.
    package var through: Revision

    package init(events: [WatchEvent], through: Revision) {
        self.events = events
        self.through = through
    }
}
