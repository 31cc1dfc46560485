internal import ContentStore
internal import ImageSpec
internal import JSON
internal import RegistryClient

/// An image as a registry has it, for one platform: its documents, verified.
struct RemoteImage: Sendable {
    /// What the name leads to: an index, or the manifest itself.
    var top: ContentDescriptor
    var manifest: Repository.Document
    var layers: [ContentDescriptor]
    var config: [UInt8]
    var configBlob: Digest
    /// What was read on the way to it, itself included.
    var documents: [Repository.Document]
    /// The registry did not answer: this is what the name led to before.
    var isRemembered = false
    /// The registry gave it to this caller just now; what this machine had kept says nothing about who may have it.
    var isGiven = true

    /// Follows `name` to the manifest for `platform`, or for this machine when that is nil.
    ///
    /// - Throws: `notFound` when the registry has no image for the platform; `invalid` for what is no image.
    static func resolve(
        _ name: Repository.Name, from source: DocumentSource, platform wanted: Platform?, called: String
    ) async throws(EngineError) -> RemoteImage {
        do throws(RegistryError) {
            let found = try await source.document(name)
            var document = found.document
            var documents = [document]
            let top = document.descriptor
            var depth = 0
            while document.descriptor.mediaType.isIndex, depth < 4 {
                depth += 1
                let platform = wanted ?? .host
                guard let index = try? ImageIndex(parsing: document.bytes) else {
                    throw .malformed("\(called): the index cannot be read")
                }
                guard let chosen = index.manifest(for: platform) else {
                    throw .notFound(
                        "no matching manifest for \(platform.text) in the manifest list entries of \(called)")
                }
                document = try await source.document(.digest(chosen.digest)).document
                documents.append(document)
            }
            let manifest = try read(document, called)
            let config = try await source.config(manifest.config)
            if let wanted { try check(config, wanted, called) }
            return RemoteImage(
                top: top, manifest: document, layers: manifest.layers, config: config,
                configBlob: manifest.config.digest, documents: documents, isRemembered: found.isRemembered,
                isGiven: found.isGiven)
        } catch {
            throw EngineError(error, image: called)
        }
    }

    private static func read(_ document: Repository.Document, _ called: String) throws(RegistryError) -> ImageManifest {
        guard document.descriptor.mediaType.isManifest else {
            throw .malformed("\(called): unsupported media type \(document.descriptor.mediaType)")
        }
        let manifest: ImageManifest
        do throws(JSONError) {
            manifest = try ImageManifest(parsing: document.bytes)
        } catch {
            throw .malformed("\(called): the manifest cannot be read: \(error)")
        }
        guard manifest.config.mediaType.isConfig else {
            throw .malformed(
                "\(called): not an image but \(manifest.artifactType ?? manifest.config.mediaType.rawValue)")
        }
        if let strange = manifest.layers.first(where: { !$0.mediaType.isLayer }) {
            throw .malformed("\(called): a layer of the unsupported media type \(strange.mediaType)")
        }
        return manifest
    }

    private static func check(_ config: [UInt8], _ wanted: Platform, _ called: String) throws(RegistryError) {
        guard let config = try? ImageConfig(parsing: config) else { return }
        let actual = Platform(os: config.os, architecture: config.architecture, variant: config.variant)
        guard wanted.matches(actual) else {
            throw .notFound(
                "image with reference \(called) was found but does not match the specified platform: "
                    + "wanted \(wanted.text), actual: \(actual.text)")
        }
    }
}

extension Platform {
    /// Such as `linux/arm/v7`.
    var text: String { [os, architecture, variant].compactMap { $0 }.joined(separator: "/") }
}

extension EngineError {
    /// What a registry said about `image`, in Docker's words where clients look for them.
    init(_ error: RegistryError, image: String) {
        switch error {
        case .notFound(let text):
            self = .notFound(
                text.contains("platform") || text.contains("no matching")
                    ? text : "manifest for \(image) not found: \(text)")
        case .denied(let text):
            self = .unauthorized(
                "pull access denied for \(image), repository does not exist or may require 'docker login': \(text)")
        case .malformed(let text), .settings(let text): self = .invalid(text)
        case .tooMany, .unreachable, .interrupted, .refused: self = .failed(error.description)
        }
    }
}
