/// Which objects, as of when, and how many at a time.
package struct ListRequest: Sendable {
    package var range: KeyRange
    /// Only objects with this term.
    package var term: IndexTerm?
    /// As of this revision; `nil` is now.
    package var at: Revision?
    /// Behind this key, where the page before ended.
    package var after: StoreKey?
    /// `nil` is all of them.
    package var limit: Int?

    package init(
        _ range: KeyRange, term: IndexTerm? = nil, at revision: Revision? = nil, after: StoreKey? = nil,
        limit: Int? = nil
    ) {
        self.range = range
        self.term = term
        self.at = revision
        self.after = after
        self.limit = limit
    }
}

/// Some objects in the order of their keys.
package struct ListPage: Sendable {
    package var objects: [StoredObject]
    /// As of when: ask for the next page at this revision, and watch what follows after it.
    package var revision: Revision
    /// The key to go on after; `nil` when this was all.
    package var next: StoreKey?
    /// How many more there are, roughly: keys that are gone may still count.
    package var remaining: Int

    package init(objects: [StoredObject], revision: Revision, next: StoreKey? = nil, remaining: Int = 0) {
        self.objects = objects
        self.revision = revision
        self.next = next
        self.remaining = remaining
    }
}
