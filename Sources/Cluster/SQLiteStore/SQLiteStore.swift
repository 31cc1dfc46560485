package import ClusterStore
internal import Lanes
package import Units

/// The store of a pool whose control plane is one machine: a ``LocalStore`` with a SQLite file below it.
package enum SQLiteStore {
    /// Opens the store in `path`, or begins one.
    ///
    /// - Throws: ``StoreError/failed(_:)`` when another process uses it, when it is damaged, no store, or written by a
    ///   newer program.
    package static func open(
        _ path: String, _ configuration: StoreConfiguration = StoreConfiguration(),
        clock: @escaping @Sendable () -> Timestamp = MonotonicClock().now
    ) async throws(StoreError) -> LocalStore {
        try await Lanes.shared.run { () throws(StoreError) in
            let lock = try locked(path)
            let file = try StoreFile(path)
            let core = try file.load(configuration, clock: clock)
            return LocalStore(core, configuration, journal: SQLiteJournal(file: file, lock: lock), clock: clock)
        }
    }

    static func locked(_ path: String) throws(StoreError) -> FileLock {
        let lock: FileLock?
        do throws(PathFailure) {
            lock = try FileLock(path + ".lock")
        } catch {
            throw .failed("\(error)")
        }
        guard let lock else { throw .failed("\(path) is used by another pouch-server") }
        return lock
    }
}
