package import ContentStore
internal import ImageSpec
package import JSON
internal import Lanes
internal import RegistryClient
internal import Snapshots
internal import Synchronization

/// A pull whose images were found, and that has not begun to move bytes.
package struct ImagePull: Sendable {
    let engine: Engine
    let repository: Repository
    var images: [Tagged]
    /// Nobody waits for it: it gives way to pulls that somebody waits for.
    package var isPrewarm = false

    struct Tagged: Sendable {
        /// As it was asked for.
        var reference: ImageReference
        var remote: RemoteImage
    }

    /// Bytes of layers that are not here yet, as they travel.
    package func missingBytes() async -> Int64 {
        let content = engine.images.store.content
        let layers = images.flatMap(\.remote.layers)
        return await Lanes.shared.run {
            // A manifest may name very many: whoever plans with the sum multiplies it.
            layers.reduce(0) { min($0 + (content.contains($1.digest) ? 0 : $1.size), ContentDescriptor.largestSize) }
        }
    }

    /// Brings the images here; tells what happens in Docker's words.
    package func run(_ report: @escaping TransferReport) async throws(EngineError) {
        for image in images { try await pull(image, report) }
    }

    private func pull(_ image: Tagged, _ report: @escaping TransferReport) async throws(EngineError) {
        let (reference, remote) = (image.reference, image.remote)
        if remote.isRemembered {
            report(TransferMessage("\(repository.domain) does not answer: pulling what the name led to before"))
        }
        report(TransferMessage("Pulling from \(reference.path)", id: reference.tag ?? reference.digest?.description))
        let (name, layers) = (reference.canonical, remote.layers.map(\.digest))
        engine.arriving.withLock { $0.begin(name, layers) }
        defer { engine.arriving.withLock { $0.end(name, layers) } }
        var names = [reference.at(remote.top.digest)]
        if reference.tag != nil, reference.digest == nil { names.insert(reference, at: 0) }
        let before = try? engine.images.store.image(reference.canonical).id
        var order = PullOrder(
            manifest: remote.manifest.descriptor, manifestBytes: remote.manifest.bytes, config: remote.config,
            layers: remote.layers, names: names, source: engine.source(for: repository, isPrewarm: isPrewarm))
        let documents = engine.documents(of: repository, isPrewarm: isPrewarm)
        order.isPublic = await documents.isPublic(remote)
        order.parallel = engine.configuration.parallelDownloads
        order.retry = engine.configuration.registries.retry
        let pulled: Image
        do throws(ImageError) {
            pulled = try await engine.images.store.pull(order) { layer, stage in
                report(TransferMessage(layer, stage))
            }
        } catch {
            throw EngineError(error)
        }
        await documents.keep(remote, tag: reference.tag)
        engine.images.ledger.noteUse(of: pulled.id, at: Timestamp.now.seconds)
        engine.images.collection.wake()
        report(TransferMessage("Digest: \(remote.top.digest)"))
        report(
            TransferMessage(
                "Status: \(before == pulled.id ? "Image is up to date" : "Downloaded newer image") for \(reference.familiar)"
            ))
        engine.announce("image", "pull", reference.familiar, name: reference.familiarName)
    }
}

extension TransferMessage {
    init(_ layer: ContentDescriptor, _ stage: LayerStage) {
        let id = layer.digest.short
        switch stage {
        case .known: self.init("Already exists", id: id)
        case .waiting: self.init("Pulling fs layer", id: id)
        case .downloading(let count): self.init("Downloading", id: id, current: count, total: layer.size)
        case .retrying(let seconds):
            self.init("Retrying in \(seconds) second\(seconds == 1 ? "" : "s")", id: id)
        case .downloaded: self.init("Download complete", id: id)
        case .complete: self.init("Pull complete", id: id)
        }
    }
}

extension Engine {
    /// Finds what is to be pulled: one tag or digest, or every tag of the repository when there is neither.
    ///
    /// `authorization` is the client's `X-Registry-Auth`.
    package func findImages(
        _ name: String, tag: String?, platform: String?, authorization: String?
    ) async throws(EngineError) -> ImagePull {
        let credentials = try Self.credentials(authorization)
        let wanted = try platform.map { (text) throws(EngineError) in try Self.platform(text) }
        let reference: ImageReference
        do throws(ImageSpecError) {
            // A digest arrives where a tag does.
            let text = tag.map { $0.isEmpty ? name : name + ($0.contains(":") ? "@" : ":") + $0 } ?? name
            reference = try ImageReference(parsing: text, defaultTag: nil)
        } catch {
            throw .invalid(error.description)
        }
        let repository = registries.repository(reference, credentials)
        var pull = ImagePull(engine: self, repository: repository, images: [])
        let source = documents(of: repository, isPrewarm: false)
        for one in try await references(reference, in: repository) {
            let name: Repository.Name =
                if let digest = one.digest { .digest(digest) } else { .tag(one.tag ?? ImageReference.defaultTag) }
            let remote = try await RemoteImage.resolve(name, from: source, platform: wanted, called: one.familiar)
            pull.images.append(.init(reference: one, remote: remote))
        }
        return pull
    }

    /// Where a repository's blobs come from: the pool where there is one.
    func source(for repository: Repository, isPrewarm: Bool) -> any BlobSource {
        guard let pool = pool.withLock({ $0 }) else { return repository }
        return pool.source(
            "\(repository.domain)/\(repository.path)", credentials: repository.authorization, origin: repository,
            isPrewarm: isPrewarm)
    }

    /// This node in its pool; nil outside pools.
    package func poolStatus() async -> JSONValue? {
        guard var status = pool.withLock({ $0 })?.status() else { return nil }
        status["space"] = await imageSpace()
        return status
    }

    /// Where the layers of an image came from, those that came through the pool.
    package func explainTransfer(of reference: String) async throws(EngineError) -> JSONValue {
        guard let pool = pool.withLock({ $0 }) else { throw .conflict("this daemon is in no pool (--pool-tracker)") }
        // An image that is on its way is not here yet, and asked about most.
        let name = (try? ImageReference(parsing: reference))?.canonical ?? reference
        var blobs = arriving.withLock { $0.layers(of: name) }
        if blobs.isEmpty { blobs = try images.find(reference).layers.map(\.blob.digest) }
        var layers: [JSONValue] = []
        for blob in blobs {
            var explained = await pool.explanation(of: blob) ?? [:]
            explained["layer"] = blob.json
            layers.append(explained)
        }
        return ["image": .string(name), "layers": .array(layers)]
    }

    /// From now on blobs come from `pool` first.
    package func join(_ pool: any BlobPool) { self.pool.withLock { $0 = pool } }

    private func references(
        _ reference: ImageReference, in repository: Repository
    ) async throws(EngineError) -> [ImageReference] {
        guard reference.tag == nil, reference.digest == nil else { return [reference] }
        let tags: [String]
        do throws(RegistryError) { tags = try await repository.tags() } catch {
            throw EngineError(error, image: reference.familiar)
        }
        return tags.compactMap { try? reference.tagged($0) }
    }

    static func credentials(_ header: String?) throws(EngineError) -> RegistryCredentials {
        guard let header, !header.isEmpty else { return RegistryCredentials() }
        do throws(RegistryError) {
            return try RegistryCredentials(header: header)
        } catch {
            throw .invalid(error.description)
        }
    }

    static func platform(_ text: String) throws(EngineError) -> Platform {
        do throws(ImageSpecError) { return try Platform(parsing: text) } catch { throw .invalid(error.description) }
    }
}
