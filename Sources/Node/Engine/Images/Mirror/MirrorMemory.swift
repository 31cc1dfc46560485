internal import ContentStore
internal import ImageSpec
internal import RegistryClient
internal import Synchronization

/// What registries gave to whom, and which of them are silent; any thread may ask.
///
/// Times are seconds since 1970.
final class MirrorMemory: Sendable {
    private struct Key: Hashable {
        var repository: String
        var who: RegistryCredentials
        var what: Digest
    }
    private struct Proof {
        var size: Int64
        var expires: Int64
    }
    private struct State {
        var proofs: [Key: Proof] = [:]
        var silent: [String: Int64] = [:]
    }

    private let state = Mutex(State())

    /// What a registry gave somebody counts for so long, as at the tracker.
    private static let lifetime: Int64 = 3600
    /// A registry that did not answer is left alone for so long.
    private static let pause: Int64 = 10
    private static let limit = 50_000

    func note(_ what: Digest, _ size: Int64, in repository: String, for who: RegistryCredentials, now: Int64) {
        state.withLock { state in
            if state.proofs.count >= Self.limit { state.proofs = state.proofs.filter { $0.value.expires > now } }
            if state.proofs.count >= Self.limit { state.proofs = [:] }
            state.proofs[Key(repository: repository, who: who, what: what)] = Proof(
                size: size, expires: now + Self.lifetime)
        }
    }

    /// The size of what the registry gave this caller lately.
    func size(_ what: Digest, in repository: String, for who: RegistryCredentials, now: Int64) -> Int64? {
        let proof = state.withLock { $0.proofs[Key(repository: repository, who: who, what: what)] }
        return proof.flatMap { $0.expires > now ? $0.size : nil }
    }

    func noteSilence(of host: String, now: Int64) { state.withLock { $0.silent[host] = now + Self.pause } }
    func isSilent(_ host: String, now: Int64) -> Bool { state.withLock { $0.silent[host].map { $0 > now } ?? false } }
}
