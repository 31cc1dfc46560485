internal import ContentStore
internal import ImageSpec
internal import Lanes
internal import RegistryClient
internal import Snapshots
internal import Synchronization

/// A push whose images are here, and that has not begun to move bytes.
package struct ImagePush: Sendable {
    let engine: Engine
    let repository: Repository
    let images: [(reference: ImageReference, image: Image)]

    /// Brings the images to the registry; tells what happens in Docker's words.
    package func run(_ report: @escaping TransferReport) async throws(EngineError) {
        guard let first = images.first else { return }
        report(TransferMessage("The push refers to repository [\(first.reference.name)]"))
        for (reference, image) in images { try await push(image, as: reference, report) }
    }

    private func push(
        _ image: Image, as reference: ImageReference, _ report: @escaping TransferReport
    ) async throws(EngineError) {
        let content = engine.images.store.content
        let lease = content.lease()
        defer { withExtendedLifetime(lease) {} }
        for blob in [image.id, image.manifest.digest] + image.layers.map(\.blob.digest) { lease.pin(blob) }
        for layer in image.layers { report(TransferMessage("Preparing", id: layer.diffID.short)) }
        try await pushLayers(of: image, report)
        do throws(RegistryError) {
            let config = try await Self.small(image.id, in: content)
            let descriptor = ContentDescriptor(mediaType: .ociConfig, digest: image.id, size: Int64(config.count))
            _ = try await repository.push(descriptor, file: content.path(of: image.id))
            let manifest = try await Self.small(image.manifest.digest, in: content)
            let tag = reference.tag ?? ImageReference.defaultTag
            try await repository.put(manifest, type: image.manifest.mediaType, as: .tag(tag))
            try? await engine.images.store.know(image.id, as: reference.at(image.manifest.digest))
            report(
                TransferMessage("\(tag): digest: \(image.manifest.digest) size: \(manifest.count)"))
            var last = TransferMessage("")
            last.pushed = .init(tag: tag, digest: image.manifest.digest.description, size: Int64(manifest.count))
            report(last)
        } catch {
            throw EngineError(error, pushing: reference.familiar)
        }
        engine.announce("image", "push", reference.familiar, name: reference.familiarName)
    }

    private static func small(_ digest: Digest, in content: ContentStore) async throws(RegistryError) -> [UInt8] {
        do throws(ContentError) {
            return try await Lanes.shared.run { () throws(ContentError) in try content.readAll(digest) }
        } catch {
            throw .malformed(error.description)
        }
    }

    /// Every layer once, several at the same time.
    private func pushLayers(of image: Image, _ report: @escaping TransferReport) async throws(EngineError) {
        var seen: Set<Digest> = []
        var waiting = image.layers.filter { seen.insert($0.blob.digest).inserted }[...]
        let failure = await withTaskGroup(of: EngineError?.self, returning: EngineError?.self) { group in
            func startNext() {
                guard let layer = waiting.popFirst() else { return }
                group.addTask {
                    do throws(EngineError) {
                        try await push(layer, report)
                        return nil
                    } catch {
                        return error
                    }
                }
            }
            for _ in 0..<max(1, engine.configuration.parallelUploads) { startNext() }
            var failure: EngineError?
            for await outcome in group {
                if let outcome {
                    if failure == nil { failure = outcome }
                    group.cancelAll()
                } else if failure == nil {
                    startNext()
                }
            }
            return failure
        }
        if let failure { throw failure }
    }

    private func push(_ layer: Image.Layer, _ report: @escaping TransferReport) async throws(EngineError) {
        let store = engine.images.store
        let id = layer.diffID.short
        let told = Mutex(ContinuousClock.now)
        do throws(RegistryError) {
            let arrival = try await repository.push(
                layer.blob, file: store.content.path(of: layer.blob.digest), from: candidates(for: layer)
            ) { count in
                let isDue = told.withLock { told in
                    guard ContinuousClock.now - told > .milliseconds(100) || count == layer.blob.size else {
                        return false
                    }
                    told = .now
                    return true
                }
                if isDue { report(TransferMessage("Pushing", id: id, current: count, total: layer.blob.size)) }
            }
            switch arrival {
            case .alreadyThere: report(TransferMessage("Layer already exists", id: id))
            case .mounted(let other): report(TransferMessage("Mounted from \(other)", id: id))
            case .uploaded: report(TransferMessage("Pushed", id: id))
            }
        } catch {
            throw EngineError(error, pushing: repository.path)
        }
    }

    /// Repositories of the same registry that had the layer when we last dealt with them.
    private func candidates(for layer: Image.Layer) -> [String] {
        var found: [String] = []
        for image in engine.images.store.all where image.layers.contains(where: { $0.blob.digest == layer.blob.digest })
        {
            for name in image.digests where name.domain == repository.domain && name.path != repository.path {
                if !found.contains(name.path) { found.append(name.path) }
            }
        }
        return Array(found.prefix(3))
    }
}

extension Engine {
    /// Finds what is to be pushed: one tag, or every tag of the repository that is here when `tag` is nil.
    package func findImagesToPush(
        _ name: String, tag: String?, authorization: String?
    ) async throws(EngineError) -> ImagePush {
        let credentials = try Self.credentials(authorization)
        let reference: ImageReference
        do throws(ImageSpecError) {
            reference = try ImageReference(parsing: tag.map { "\(name):\($0)" } ?? name, defaultTag: nil)
        } catch {
            throw .invalid(error.description)
        }
        guard reference.digest == nil else { throw .invalid("cannot push a digest reference") }
        var found: [(reference: ImageReference, image: Image)] = []
        for image in images.store.all {
            for own in image.tags where own.name == reference.name && (reference.tag == nil || own == reference) {
                found.append((own, image))
            }
        }
        guard !found.isEmpty else {
            throw .notFound("An image does not exist locally with the tag: \(reference.familiarName)")
        }
        found.sort { ($0.reference.tag ?? "") < ($1.reference.tag ?? "") }
        return ImagePush(engine: self, repository: registries.repository(reference, credentials), images: found)
    }
}

extension EngineError {
    init(_ error: RegistryError, pushing image: String) {
        switch error {
        case .denied(let text): self = .unauthorized("push access denied for \(image): \(text)")
        case .settings(let text): self = .invalid(text)
        case .notFound, .malformed, .tooMany, .unreachable, .interrupted, .refused: self = .failed(error.description)
        }
    }
}
