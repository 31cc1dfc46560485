/// The versions of one key that somebody may still ask for.
struct History: Sendable {
    /// An object, or that there was none from `revision` on.
    struct Version: Sendable {
        var revision: Revision
        var object: StoredObject?
    }

    let key: StoreKey
    /// It has no past: only its newest version is kept, and never on a disk.
    let isEphemeral: Bool
    private(set) var newest: Version
    /// The oldest first.
    private var older: [Version] = []
    /// Where the log tells of the newest version.
    var sequence: Int

    init(_ first: Version, of key: StoreKey, isEphemeral: Bool, sequence: Int) {
        self.key = key
        self.isEphemeral = isEphemeral
        self.sequence = sequence
        newest = first
    }

    /// As of `revision`.
    func object(at revision: Revision) -> StoredObject? {
        if newest.revision <= revision { return newest.object }
        return older.last { $0.revision <= revision }?.object
    }

    mutating func add(_ version: Version) {
        older.append(newest)
        newest = version
    }

    /// Undoes the last `add`; `false` when there was none: the key itself is to go.
    mutating func undo() -> Bool {
        guard let last = older.popLast() else { return false }
        newest = last
        return true
    }

    /// Forgets what was replaced at `revision` or before.
    mutating func forget(through revision: Revision) {
        while !older.isEmpty, (older.count > 1 ? older[1] : newest).revision <= revision { older.removeFirst() }
    }

    /// Whether the version that stood at `revision`, or a later one, has `term`.
    func has(_ term: IndexTerm, since revision: Revision) -> Bool {
        if newest.object?.terms.contains(term) == true { return true }
        guard newest.revision > revision else { return false }
        for version in older.reversed() {
            if version.object?.terms.contains(term) == true { return true }
            if version.revision <= revision { return false }
        }
        return false
    }
}
