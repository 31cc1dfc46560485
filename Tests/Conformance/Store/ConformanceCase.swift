package import ClusterStore
internal import Testing

/// A store that a case may use as it likes, and the clock of its leases.
package struct StoreUnderTest: Sendable {
    package let store: any ClusterStore
    package let clock: ManualClock
    /// Has leases whose time is over ended, and returns when they are.
    package let endLeases: @Sendable () async throws -> Void

    package init(
        _ store: any ClusterStore, clock: ManualClock, endLeases: @escaping @Sendable () async throws -> Void
    ) {
        self.store = store
        self.clock = clock
        self.endLeases = endLeases
    }
}

/// One promise of ``ClusterStore``, kept by every backend.
package struct ConformanceCase: Sendable, CustomTestStringConvertible {
    package let name: String
    /// Gets an empty store whose folder `beats/` is ephemeral.
    package let check: @Sendable (StoreUnderTest) async throws -> Void

    package var testDescription: String { name }

    init(_ name: String, _ check: @escaping @Sendable (StoreUnderTest) async throws -> Void) {
        self.name = name
        self.check = check
    }

    package static let all = writes + reads + watches + resuming + leases + model
}
