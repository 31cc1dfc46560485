package import ContentStore
internal import Glibc
package import ImageSpec
internal import JSON
internal import Lanes
package import RegistryClient
internal import Snapshots
internal import Synchronization

/// Registries as this machine's own registry shows them to containerd, podman and skopeo: documents and blobs come through the pool
/// where there is one.
///
/// A client gets what the registry gives to the credentials that the client sent, or to nobody in particular when it sent none:
/// each document and each blob is asked for at the registry once an hour for each caller, as the tracker does before it grants.
/// What came here once without credentials is given to all, also when the registry is off. A registry that says no, or
/// nothing for ``patience``, makes a miss; a silent one is then left alone for a while, so that misses are quick.
package struct ImageMirror: Sendable {
    private let engine: Engine
    private let hosts: MirroredHosts
    private let memory = MirrorMemory()

    /// How long a registry may take until the client is sent there itself.
    private static let patience = Duration.seconds(2)

    package init(_ engine: Engine, hosts: MirroredHosts) {
        self.engine = engine
        self.hosts = hosts
    }

    /// A blob that the client may have.
    package struct Blob: Sendable {
        package var size: Int64
        /// Opens it at an offset; nil when the content store has it.
        package var open: (@Sendable (Int64) async throws(BlobSourceError) -> BlobStream)?
    }

    /// The document that a tag or a digest leads to, brought into the content store; nil when the client cannot have it here.
    package func document(
        _ name: Repository.Name, of path: String, namespace: String?, for caller: RegistryCredentials
    ) async -> ContentDescriptor? {
        guard let reference = hosts.repository(path, namespace: namespace) else { return nil }
        let source = engine.documents(of: engine.registries.repository(reference, caller), isPrewarm: false)
        let (shelf, repository) = (engine.images.store.documents, reference.name)
        if case .digest(let digest) = name, let known = shelf.document(digest, in: repository),
            isOpen(digest, repository, caller)
        {
            return known
        }
        do throws(RegistryError) {
            let document = try await asking(reference.domain) { () async throws(RegistryError) in
                try await source.ask(name)
            }
            await keep(document, name, source, repository, caller)
            return document.descriptor
        } catch {
            guard error.isSilence, case .tag(let tag) = name, let top = shelf.top(of: tag, in: repository),
                isOpen(top.digest, repository, caller)
            else { return nil }
            return top
        }
    }

    /// Remembers a document; of an index also the manifest for this machine, which the client asks for next.
    private func keep(
        _ document: Repository.Document, _ name: Repository.Name, _ source: DocumentSource, _ repository: String,
        _ caller: RegistryCredentials
    ) async {
        var documents = [document]
        if document.descriptor.mediaType.isIndex, let index = try? ImageIndex(parsing: document.bytes),
            let chosen = index.manifest(for: .host), let child = try? await source.document(.digest(chosen.digest))
        {
            documents.append(child.document)
        }
        let now = Int64(time(nil))
        for found in documents {
            memory.note(
                found.descriptor.digest, found.descriptor.size, in: repository, for: caller, now: now)
        }
        let tag = if case .tag(let tag) = name { tag } else { String?.none }
        await source.keep(
            KnownName(
                repository: repository, tag: tag, top: document.descriptor, documents: documents.map(\.descriptor),
                blobs: [], isPublic: await source.repository.isAnonymous(), time: now),
            documents)
    }

    /// A blob that the client may have; nil when it cannot have it here.
    package func blob(
        _ digest: Digest, of path: String, namespace: String?, for caller: RegistryCredentials
    ) async -> Blob? {
        guard let reference = hosts.repository(path, namespace: namespace) else { return nil }
        let content = engine.images.store.content
        let kept = await Lanes.shared.run { try? content.size(of: digest) }
        if let kept, isOpen(digest, reference.name, caller) { return Blob(size: kept) }
        let repository = engine.registries.repository(reference, caller)
        guard let size = await size(digest, repository, reference, caller) else { return nil }
        if kept != nil { return Blob(size: size) }
        let source = engine.source(for: repository, isPrewarm: false)
        let blob = ContentDescriptor(mediaType: .ociLayer, digest: digest, size: size)
        let isPooled = engine.pool.withLock { $0 != nil }
        return Blob(size: size) { (offset) async throws(BlobSourceError) in
            let stream = try await source.open(blob, from: offset)
            if isPooled { try await Self.awaitFirst(of: stream) }
            return stream
        }
    }

    /// Waits until a pool's stream has begun: before that a failure can be told as a miss, afterwards it cuts the connection.
    private static func awaitFirst(of stream: BlobStream) async throws(BlobSourceError) {
        do {
            for try await _ in stream.chunks { return }
        } catch let error as BlobSourceError {
            throw error
        } catch {
            throw .interrupted("\(error)", after: nil)
        }
    }

    private func size(
        _ digest: Digest, _ repository: Repository, _ reference: ImageReference, _ caller: RegistryCredentials
    ) async -> Int64? {
        let now = Int64(time(nil))
        if let known = memory.size(digest, in: reference.name, for: caller, now: now) { return known }
        let found = try? await asking(reference.domain) { () async throws(RegistryError) in
            try await repository.size(of: digest)
        }
        guard let size = found ?? nil else { return nil }
        memory.note(digest, size, in: reference.name, for: caller, now: now)
        return size
    }

    /// Whether the caller has shown, or need not show, that the registry gives it this.
    private func isOpen(_ digest: Digest, _ repository: String, _ caller: RegistryCredentials) -> Bool {
        engine.images.store.documents.isPublic(digest, in: repository)
            || memory.size(digest, in: repository, for: caller, now: Int64(time(nil))) != nil
    }

    /// Asks a registry, which may take ``patience``.
    private func asking<Value: Sendable>(
        _ host: String, _ body: @escaping @Sendable () async throws(RegistryError) -> Value
    ) async throws(RegistryError) -> Value {
        guard !memory.isSilent(host, now: Int64(time(nil))) else { throw .unreachable("\(host): silent") }
        let result = await withTaskGroup(of: Result<Value, RegistryError>.self) { group in
            group.addTask {
                do throws(RegistryError) { return .success(try await body()) } catch { return .failure(error) }
            }
            group.addTask {
                try? await Task.sleep(for: Self.patience)
                return .failure(.unreachable("\(host): no answer in \(Self.patience)"))
            }
            let first = await group.next() ?? .failure(.unreachable(host))
            group.cancelAll()
            return first
        }
        if case .failure(let error) = result, error.isSilence {
            memory.noteSilence(of: host, now: Int64(time(nil)))
        }
        return try result.get()
    }
}
