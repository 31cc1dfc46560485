internal import Synchronization

/// One version of one object, shared by the cache, the watches and whoever answers a request: it never changes.
package final class StoredObject: Sendable {
    package let key: StoreKey
    /// As it was written, with its revision filled in.
    package let value: [UInt8]
    /// When this key last came into being.
    package let created: Revision
    /// When this version was written.
    package let modified: Revision
    /// 1 when it came into being, one more with each write.
    package let version: Int64
    package let lease: LeaseID?
    package let terms: [IndexTerm]
    /// Its place among the writes of its transaction.
    let ordinal: UInt8
    private let kept: Mutex<(any Sendable)?>

    /// What the bytes mean to those who read them in this process, so that they are decoded once.
    ///
    /// The writer leaves it, a reader may leave it, and whoever minds the memory takes it away again: it says nothing that the
    /// bytes do not say.
    package var content: (any Sendable)? {
        get { kept.withLock { $0 } }
        set { kept.withLock { $0 = newValue } }
    }

    package init(
        key: StoreKey, value: [UInt8], created: Revision, modified: Revision, version: Int64, lease: LeaseID? = nil,
        terms: [IndexTerm] = [], ordinal: UInt8 = 0, content: (any Sendable)? = nil
    ) {
        self.key = key
        self.value = value
        self.created = created
        self.modified = modified
        self.version = version
        self.lease = lease
        self.terms = terms
        self.ordinal = ordinal
        kept = Mutex(content)
    }
}

/// The bytes to keep under a key.
///
/// An object tells its own revision, which is known only when it is written. So that it is encoded once, who encodes it leaves
/// ``slotWidth`` bytes where the JSON string of the revision belongs, and the store writes the string there, with blanks
/// behind it, which JSON ignores.
///
/// ```
///   before   {"metadata":{"name":"web","resourceVersion":.....................},"spec":{}}
///   after    {"metadata":{"name":"web","resourceVersion":"4711"               },"spec":{}}
/// ```
package struct StoredValue: Sendable {
    /// Two quotes and the longest revision.
    package static let slotWidth = 21

    package var bytes: [UInt8]
    /// Where the slot begins.
    package var revisionSlot: Int?
    /// What the bytes were made from, for ``StoredObject/content``.
    package var content: (any Sendable)?

    /// `revisionSlot` is an offset into `bytes`; `nil` keeps them as they are.
    package init(_ bytes: [UInt8], revisionSlot: Int? = nil, content: (any Sendable)? = nil) {
        self.bytes = bytes
        self.revisionSlot = revisionSlot
        self.content = content
    }

    var isWellFormed: Bool {
        revisionSlot.map { $0 >= 0 && $0 <= bytes.count - Self.slotWidth } ?? true
    }

    /// The bytes with `revision` in their slot.
    func filled(_ revision: Revision) -> [UInt8] {
        guard let revisionSlot else { return bytes }
        var filled = bytes
        var place = revisionSlot
        filled[place] = UInt8(ascii: "\"")
        for digit in revision.description.utf8 {
            place += 1
            filled[place] = digit
        }
        filled[place + 1] = UInt8(ascii: "\"")
        for blank in (place + 2)..<(revisionSlot + Self.slotWidth) { filled[blank] = UInt8(ascii: " ") }
        return filled
    }
}
