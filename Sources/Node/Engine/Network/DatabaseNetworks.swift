internal import Networking

/// Networks and addresses in the engine's database.
struct DatabaseNetworks: NetworkStore {
    let database: EngineDatabase

    func networks() throws(NetworkError) -> [NetworkRecord] {
        try stored { () throws(EngineError) in try database.networks() }
    }

    func reservations() throws(NetworkError) -> [Reservation] {
        try stored { () throws(EngineError) in try database.reservations() }
    }

    func save(_ network: NetworkRecord) async throws(NetworkError) {
        do throws(EngineError) { try await database.insert(network) } catch { throw .store(error.message) }
    }

    func deleteNetwork(_ id: String) async throws(NetworkError) {
        do throws(EngineError) { try await database.deleteNetwork(id) } catch { throw .store(error.message) }
    }

    func save(_ reservations: [Reservation]) async throws(NetworkError) {
        do throws(EngineError) { try await database.insert(reservations) } catch { throw .store(error.message) }
    }

    func deleteReservations(of container: String, in network: String?) async throws(NetworkError) {
        do throws(EngineError) {
            try await database.deleteReservations(of: container, in: network)
        } catch {
            throw .store(error.message)
        }
    }

    private func stored<Result>(_ body: () throws(EngineError) -> Result) throws(NetworkError) -> Result {
        do throws(EngineError) { return try body() } catch { throw .store(error.message) }
    }
}
