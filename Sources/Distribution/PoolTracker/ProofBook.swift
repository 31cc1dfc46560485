internal import ContentStore
internal import ImageSpec
internal import Synchronization

/// Which credentials got what at which registry, so that each is tried once an hour and not once for every node.
///
/// Any thread may ask. What a registry gave one node it gives another that comes with the same credentials.
final class ProofBook: Sendable {
    struct Key: Hashable {
        /// With its registry.
        var repository: String
        /// Of the credentials; they themselves are not kept.
        var who: Digest
        var what: Digest
    }

    private let proofs = Mutex<[Key: Int64]>([:])
    /// In seconds.
    let lifetime: Int64
    private static let limit = 200_000

    init(lifetime: Int64) { self.lifetime = lifetime }

    static func key(_ repository: String, _ credentials: [UInt8], _ what: Digest) -> Key {
        Key(repository: repository, who: BlobHasher.digest(of: credentials), what: what)
    }

    /// Times are in seconds since 1970.
    func note(_ key: Key, now: Int64) {
        proofs.withLock { proofs in
            if proofs.count >= Self.limit { proofs = proofs.filter { $0.value > now } }
            if proofs.count >= Self.limit { proofs = [:] }
            proofs[key] = now + lifetime
        }
    }

    /// When the proof ends; nil when there is none.
    func expiry(_ key: Key, now: Int64) -> Int64? {
        proofs.withLock { $0[key] }.flatMap { $0 > now ? $0 : nil }
    }
}
