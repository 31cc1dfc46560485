/// Where networks and addresses are written down; called from the networks' actor.
package protocol NetworkStore: Sendable {
    func networks() throws(NetworkError) -> [NetworkRecord]
    func reservations() throws(NetworkError) -> [Reservation]
    /// On the disk when it returns.
    func save(_ network: NetworkRecord) async throws(NetworkError)
    /// With all its reservations.
    func deleteNetwork(_ id: String) async throws(NetworkError)
    /// Survives the death of every process of ours; reaches the disk with the next durable write.
    func save(_ reservations: [Reservation]) async throws(NetworkError)
    /// Those of a container, in one network or in all. Repeatable.
    func deleteReservations(of container: String, in network: String?) async throws(NetworkError)
}
