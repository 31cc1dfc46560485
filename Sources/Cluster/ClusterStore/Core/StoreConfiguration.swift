/// What a store keeps, and for how long.
package struct StoreConfiguration: Sendable {
    /// What is below these is kept in memory only.
    package var ephemeral: [KeyFolder] = []
    /// How long a watch may be away before it has to list anew.
    package var memory = Duration.seconds(300)
    /// The most changes that are remembered, however young they are.
    package var mostEvents = 250_000
    /// etcd's limit for a request.
    package var largestObject = 1_572_864
    /// The most writes that wait for the disk.
    package var mostWaiting = 20_000

    package init() {}

    func isEphemeral(_ key: StoreKey) -> Bool { ephemeral.contains { $0.holds(key) } }
}
