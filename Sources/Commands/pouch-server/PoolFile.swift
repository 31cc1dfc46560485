internal import ClusterModel
internal import ClusterStore
internal import LinuxKernel
internal import SQLiteStore
internal import ServiceLifecycle

/// Where a server keeps its pool.
enum PoolFile {
    static func path(in folder: String) -> String { folder + "/pool.db" }

    /// The pool's store in `folder`, or one that ends with the program.
    static func open(_ folder: String?) async throws -> LocalStore {
        var configuration = StoreConfiguration()
        // Signs of life and events: thousands each second, and worth nothing after a restart.
        let lease = String(Catalog.lease.storePrefix(namespace: "kube-node-lease").dropFirst())
        let events = String(Catalog.event.storePrefix(namespace: nil).dropFirst())
        configuration.ephemeral = [try KeyFolder(lease), try KeyFolder(events)]
        guard let folder else { return LocalStore(configuration) }
        if (try? Files.list(folder)) == nil { try Files.makeDirectory(folder, mode: 0o700) }
        return try await SQLiteStore.open(path(in: folder), configuration)
    }
}

/// Ends the store's leases as a member of the server's service group.
struct LeaseService: Service {
    private let store: LocalStore

    init(_ store: LocalStore) { self.store = store }

    func run() async throws {
        await cancelWhenGracefulShutdown { await store.run() }
    }
}
