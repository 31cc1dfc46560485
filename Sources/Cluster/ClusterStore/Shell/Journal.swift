/// Where a store's changes become durable.
///
/// ``LocalStore`` is its only caller, with one batch at a time.
package protocol Journal: Sendable {
    /// Writes `batch` whole or not at all, and calls `done` from a thread of its own once a loss of power would not undo it.
    ///
    /// `done` gets ``StoreError/full(_:)`` when nothing was written and a later batch may succeed, ``StoreError/failed(_:)``
    /// when nobody knows what is on the disk.
    func write(_ batch: JournalBatch, done: @escaping @Sendable (Result<Void, StoreError>) -> Void)

    /// Lets go of the file; no batch is under way.
    func close()
}
