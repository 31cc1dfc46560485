internal import ContentStore
internal import Glibc
internal import ImageSpec
internal import Lanes
internal import Logging
internal import RegistryClient
internal import Snapshots
internal import Synchronization

/// Where the indexes, manifests and configs of one repository come from.
///
/// By digest: this machine, then the pool, then the registry. By tag the registry has the first word, through the pool where
/// there is one so that it is asked once for all nodes; when it does not answer, what it said before counts.
struct DocumentSource: Sendable {
    let repository: Repository
    let shelf: DocumentShelf
    let content: ContentStore
    let pool: (any BlobPool)?
    /// Where blobs come from.
    let blobs: any BlobSource
    let logger: Logger

    struct Found: Sendable {
        var document: Repository.Document
        var isRemembered = false
        /// The repository gave it to this caller just now.
        var isGiven = false
    }

    /// With its registry.
    private var name: String { "\(repository.domain)/\(repository.path)" }

    func document(_ name: Repository.Name) async throws(RegistryError) -> Found {
        if case .digest(let digest) = name, let kept = await kept(digest) { return Found(document: kept) }
        do throws(RegistryError) {
            return Found(document: try await ask(name), isGiven: true)
        } catch {
            guard error.isSilence, case .tag(let tag) = name, let top = shelf.top(of: tag, in: self.name),
                let kept = await kept(top.digest)
            else { throw error }
            logger.info("a registry does not answer", metadata: ["image": "\(self.name):\(tag)", "error": "\(error)"])
            return Found(document: kept, isRemembered: true)
        }
    }

    /// Asks those who know whether the registry gives it to this caller.
    func ask(_ name: Repository.Name) async throws(RegistryError) -> Repository.Document {
        if let document = await fromPool(name) { return document }
        return try await repository.manifest(name)
    }

    private func kept(_ digest: Digest) async -> Repository.Document? {
        guard let descriptor = shelf.document(digest, in: name) else { return nil }
        return await Lanes.shared.run { [content] in
            (try? content.readAll(digest)).map { Repository.Document(descriptor: descriptor, bytes: $0) }
        }
    }

    private func fromPool(_ name: Repository.Name) async -> Repository.Document? {
        guard let pool,
            let found = await pool.document(
                name.description, of: self.name, credentials: repository.authorization)
        else { return nil }
        let wanted = if case .digest(let digest) = name { digest } else { Digest?.none }
        let digest = BlobHasher.digest(of: found.bytes, wanted?.algorithm ?? .sha256)
        guard wanted.map({ $0 == digest }) ?? true else { return nil }
        return Repository.Document(
            descriptor: ContentDescriptor(mediaType: found.mediaType, digest: digest, size: Int64(found.bytes.count)),
            bytes: found.bytes)
    }

    /// The bytes of a config, verified.
    func config(_ config: ContentDescriptor) async throws(RegistryError) -> [UInt8] {
        let kept = await Lanes.shared.run { [content] in try? content.readAll(config.digest) }
        if let kept { return kept }
        guard pool != nil else { return try await repository.smallBlob(config) }
        if let bytes = await readSoon(config) { return bytes }
        return try await repository.smallBlob(config)
    }

    /// How long the pool may take for a config, which is small.
    private static let patience = Duration.seconds(3)

    private func readSoon(_ config: ContentDescriptor) async -> [UInt8]? {
        await withTaskGroup(of: [UInt8]?.self) { group in
            group.addTask { try? await read(config) }
            group.addTask {
                try? await Task.sleep(for: Self.patience)
                return nil
            }
            let first = await group.next() ?? nil
            group.cancelAll()
            return first
        }
    }

    /// The largest config.
    private static let largest: Int64 = 16 << 20

    private func read(_ blob: ContentDescriptor) async throws -> [UInt8]? {
        guard blob.size <= Self.largest else { return nil }
        var bytes: [UInt8] = []
        for try await chunk in try await blobs.open(blob, from: 0).chunks {
            bytes += chunk
            guard Int64(bytes.count) <= blob.size else { return nil }
        }
        return BlobHasher.digest(of: bytes, blob.digest.algorithm) == blob.digest ? bytes : nil
    }

    /// Remembers what a name led to, for when the registry does not answer.
    func keep(_ image: RemoteImage, tag: String?) async {
        let known = KnownName(
            repository: name, tag: tag, top: image.top, documents: image.documents.map(\.descriptor),
            blobs: [image.configBlob] + image.layers.map(\.digest),
            isPublic: await isShownPublic(image), time: Int64(time(nil)))
        await keep(known, image.documents)
    }

    /// Whether anybody may have the image: its repository gives it to who has no credentials, or once did.
    func isPublic(_ image: RemoteImage) async -> Bool {
        if shelf.isPublic(image.manifest.descriptor.digest, in: name) { return true }
        return await isShownPublic(image)
    }

    private func isShownPublic(_ image: RemoteImage) async -> Bool {
        guard image.isGiven else { return false }
        return await repository.isAnonymous()
    }

    func keep(_ known: KnownName, _ documents: [Repository.Document]) async {
        let failure = await Lanes.shared.run { [content, shelf] () -> ContentError? in
            let lease = content.lease()
            defer { withExtendedLifetime(lease) {} }
            do throws(ContentError) {
                for document in documents {
                    try content.put(document.bytes, lease: lease, document.descriptor.digest.algorithm)
                }
                try shelf.keep(known)
                return nil
            } catch {
                return error
            }
        }
        guard let failure else { return }
        logger.warning("a manifest cannot be kept", metadata: ["image": "\(known.repository)", "error": "\(failure)"])
    }
}

extension RegistryError {
    /// Whether nobody said anything that counts: the registry is off, out of reach or overloaded.
    var isSilence: Bool {
        switch self {
        case .tooMany, .unreachable, .interrupted: true
        case .refused(let status, _): status == 408 || status >= 500
        case .notFound, .denied, .malformed, .settings: false
        }
    }
}

extension Engine {
    func documents(of repository: Repository, isPrewarm: Bool) -> DocumentSource {
        DocumentSource(
            repository: repository, shelf: images.store.documents, content: images.store.content,
            pool: pool.withLock { $0 }, blobs: source(for: repository, isPrewarm: isPrewarm), logger: services.logger)
    }
}
