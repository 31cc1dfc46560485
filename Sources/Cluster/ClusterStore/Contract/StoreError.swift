/// Why a store did not do what was asked.
package enum StoreError: Error, Hashable, Sendable {
    /// A key, a value or a transaction that no store takes.
    case invalid(String)
    case tooLarge(bytes: Int, limit: Int)
    /// What happened up to and including `through` is forgotten: list anew.
    case compacted(through: Revision)
    /// Nothing has that revision yet.
    case future(current: Revision)
    case leaseNotFound(LeaseID)
    /// Too many writes wait: try again a little later.
    case overloaded
    /// The disk has no room; nothing was changed.
    case full(String)
    /// The disk or the file is broken; whether the write is on it shows when the store is opened again.
    case failed(String)
    /// The store has been closed.
    case closed
}

extension StoreError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .invalid(let what): what
        case .tooLarge(let bytes, let limit): "the object has \(bytes) bytes, \(limit) is the most"
        case .compacted(let revision): "what happened up to revision \(revision) is forgotten: list again"
        case .future(let current): "the store is at revision \(current) only"
        case .leaseNotFound(let lease): "lease \(lease): there is none, or it has ended"
        case .overloaded: "too many writes wait: try again later"
        case .full(let why): "no room for what is to be stored: \(why)"
        case .failed(let why): "the store's disk failed: \(why)"
        case .closed: "the store is closed"
        }
    }
}
