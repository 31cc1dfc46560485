import ClusterStore
import StoreConformance
import Testing

@Suite("the store in memory")
struct LocalStoreTests {
    static func store(_ clock: ManualClock) throws -> LocalStore {
        var configuration = StoreConfiguration()
        configuration.ephemeral = [try KeyFolder("beats")]
        return LocalStore(configuration, clock: { clock.now })
    }

    @Test("keeps the promises of every store", arguments: ConformanceCase.all)
    func conforms(promise: ConformanceCase) async throws {
        let clock = ManualClock()
        let store = try Self.store(clock)
        try await promise.check(StoreUnderTest(store, clock: clock) { await store.endExpiredLeases() })
    }
}
