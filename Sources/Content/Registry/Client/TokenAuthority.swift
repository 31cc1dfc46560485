internal import Lanes
internal import Synchronization

/// The tokens that registries' authorities gave, until they expire.
///
/// A token is asked for once, however many requests need it at the same time.
final class TokenAuthority: Sendable {
    /// What a token is good for.
    struct Grant: Hashable, Sendable {
        var realm: String
        var service: String
        /// Sorted, so that the same rights are the same grant.
        var scopes: [String]
        var credentials: RegistryCredentials
    }

    struct Token: Sendable, Equatable {
        var text: String
        var expiry: ContinuousClock.Instant
    }

    private let tokens = Mutex<[Grant: Token]>([:])
    private let asking = SingleFlight<Grant, Token, RegistryError>()
    private let fetch: @Sendable (Grant) async throws(RegistryError) -> Token

    /// `fetch` asks the authority.
    init(fetch: @escaping @Sendable (Grant) async throws(RegistryError) -> Token) { self.fetch = fetch }

    /// A token for `grant`, other than `rejected`, which the registry would not take any more.
    func token(
        for grant: Grant, rejected: String? = nil, now: ContinuousClock.Instant = .now
    ) async throws(RegistryError) -> String {
        if let token = known(grant, rejected, now) { return token.text }
        let token = try await asking.run(grant, abandoned: .interrupted("the request was cancelled")) {
            () async throws(RegistryError) in
            // Another may have been given while we came here.
            if let token = known(grant, rejected, now) { return token }
            let token = try await fetch(grant)
            tokens.withLock { tokens in
                tokens = tokens.filter { $0.value.expiry > now }
                tokens[grant] = token
            }
            return token
        }
        return token.text
    }

    private func known(_ grant: Grant, _ rejected: String?, _ now: ContinuousClock.Instant) -> Token? {
        guard let token = tokens.withLock({ $0[grant] }), token.text != rejected, token.expiry > now else { return nil }
        return token
    }
}
