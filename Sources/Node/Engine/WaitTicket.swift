/// A wait that has begun: the API answers the request's head once it has this, then the body with its result.
package struct WaitTicket: Sendable {
    private let outcome: @Sendable () async -> WaitResult

    init(outcome: @escaping @Sendable () async -> WaitResult) { self.outcome = outcome }

    /// Suspends until the condition holds; a cancelled wait gives -1.
    package func result() async -> WaitResult { await outcome() }
}
