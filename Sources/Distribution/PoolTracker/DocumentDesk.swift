internal import ContentStore
internal import ImageSpec
internal import JSON
internal import Lanes
internal import PoolNode
internal import RegistryClient
internal import Synchronization

/// The indexes and manifests that nodes ask for: each is fetched once, however many ask, and given to whom the registry gives it.
///
/// A tag is asked for again after ``freshness`` seconds; a registry that does not answer leaves what it said before.
final class DocumentDesk: Sendable {
    private struct Tag: Hashable {
        var repository: String
        var tag: String
        var who: Digest
    }
    private struct Known {
        var digest: Digest
        var asked: Int64
    }
    private struct State {
        var documents: [Digest: Repository.Document] = [:]
        /// The digests, those used last at the end.
        var order: [Digest] = []
        var bytes = 0
        var tags: [Tag: Known] = [:]
        var hits = 0
        var fetched = 0
    }

    private let registries: RegistryClient
    private let proofs: ProofBook
    private let state = Mutex(State())
    private let flights = SingleFlight<String, Repository.Document, RegistryError>()

    /// In seconds.
    private static let freshness: Int64 = 2
    /// Kept in memory, in bytes.
    private static let limit = 64 << 20
    private static let tagLimit = 100_000

    init(_ registries: RegistryClient, _ proofs: ProofBook) {
        self.registries = registries
        self.proofs = proofs
    }

    /// Answers from memory and from registries.
    var counts: (hits: Int, fetched: Int) { state.withLock { ($0.hits, $0.fetched) } }

    /// What the claim's name leads to; `now` in seconds since 1970.
    func find(_ claim: DocumentClaim, now: Int64) async throws(RegistryError) -> Repository.Document {
        guard let reference = try? ImageReference(parsing: claim.repository, defaultTag: nil),
            let credentials = claim.credentials.isEmpty
                ? RegistryCredentials() : try? RegistryCredentials(parsing: claim.credentials)
        else { throw .malformed("document: malformed") }
        let repository = registries.repository(reference, credentials)
        if claim.name.contains(":") {
            guard let digest = try? Digest(parsing: claim.name) else { throw .malformed("document: no digest") }
            if let known = remembered(digest, claim, now) { return known }
            return try await fetch(.digest(digest), repository, claim, now)
        }
        let key = Tag(
            repository: claim.repository, tag: claim.name, who: BlobHasher.digest(of: claim.credentials))
        let known = state.withLock { $0.tags[key] }
        if let known, now - known.asked < Self.freshness, let document = remembered(known.digest, claim, now) {
            return document
        }
        do throws(RegistryError) {
            let document = try await fetch(.tag(claim.name), repository, claim, now)
            state.withLock { state in
                if state.tags.count >= Self.tagLimit { state.tags = [:] }
                state.tags[key] = Known(digest: document.descriptor.digest, asked: now)
            }
            return document
        } catch {
            switch error {
            case .unreachable, .interrupted, .tooMany, .refused:
                guard let known, let document = remembered(known.digest, claim, now) else { throw error }
                return document
            case .notFound, .denied, .malformed, .settings: throw error
            }
        }
    }

    /// A document that is in memory, for who has proved that the registry gives it.
    private func remembered(_ digest: Digest, _ claim: DocumentClaim, _ now: Int64) -> Repository.Document? {
        guard proofs.expiry(ProofBook.key(claim.repository, claim.credentials, digest), now: now) != nil else {
            return nil
        }
        return state.withLock { state in
            guard let document = state.documents[digest] else { return nil }
            state.hits += 1
            if let place = state.order.lastIndex(of: digest) { state.order.remove(at: place) }
            state.order.append(digest)
            return document
        }
    }

    private func fetch(
        _ name: Repository.Name, _ repository: Repository, _ claim: DocumentClaim, _ now: Int64
    ) async throws(RegistryError) -> Repository.Document {
        let who = BlobHasher.digest(of: claim.credentials)
        let key = "\(claim.repository) \(name) \(who)"
        let document = try await flights.run(key, abandoned: .interrupted("document: cancelled")) {
            () async throws(RegistryError) in
            let document = try await repository.manifest(name)
            keep(document)
            return document
        }
        proofs.note(ProofBook.key(claim.repository, claim.credentials, document.descriptor.digest), now: now)
        return document
    }

    private func keep(_ document: Repository.Document) {
        state.withLock { state in
            state.fetched += 1
            let digest = document.descriptor.digest
            guard state.documents[digest] == nil else { return }
            state.documents[digest] = document
            state.order.append(digest)
            state.bytes += document.bytes.count
            while state.bytes > Self.limit, state.order.count > 1 {
                let oldest = state.order.removeFirst()
                state.bytes -= state.documents.removeValue(forKey: oldest)?.bytes.count ?? 0
            }
        }
    }
}
