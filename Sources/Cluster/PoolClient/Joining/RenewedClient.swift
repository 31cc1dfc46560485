package import ClusterModel
package import JSON
internal import Synchronization

/// A pool's server, asked with credentials that change while the node is a member.
///
/// What is under way goes on with the old ones.
package final class RenewedClient: PoolAccess {
    private let current: Mutex<PoolClient>

    package init(_ client: PoolClient) { current = Mutex(client) }

    /// The one to ask from now on.
    package func replace(with client: PoolClient) { current.withLock { $0 = client } }

    package var client: PoolClient { current.withLock { $0 } }

    package func send(_ request: PoolRequest) async throws(PoolError) -> JSONValue {
        try await client.send(request)
    }

    package func watch(
        _ path: String, query: [String: String], _ take: (PoolEvent) async -> Void
    ) async throws(PoolError) {
        try await client.watch(path, query: query, take)
    }
}
