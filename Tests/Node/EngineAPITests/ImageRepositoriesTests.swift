import ContentStore
import EngineAPI
import ImageSpec
import JSON
import RegistryServer
import Snapshots
import TestSupport
import Testing

/// Which images this machine's own registry gives to whom it does not know.
@Suite("images as repositories")
struct ImageRepositoriesTests {
    /// No image here has layers.
    private struct Nothing: BlobSource {
        func open(_ blob: ContentDescriptor, from offset: Int64) async throws(BlobSourceError) -> BlobStream {
            throw .notFound("no blob \(blob.digest)")
        }
    }

    private static func config(_ author: String) -> ImageConfig {
        var config = ImageConfig(architecture: "amd64", os: "linux", rootfs: ImageConfig.RootFS(diffIDs: []))
        config.author = author
        return config
    }

    @discardableResult
    private func pull(
        _ author: String, as names: [String], _ images: ImageStore, isPublic: Bool
    ) async throws -> Image {
        let config = Self.config(author).encoded()
        let manifest = ImageManifest(
            mediaType: .ociManifest,
            config: ContentDescriptor(
                mediaType: .ociConfig, digest: BlobHasher.digest(of: config), size: Int64(config.count)),
            layers: []
        ).encoded()
        let digest = BlobHasher.digest(of: manifest)
        let references = try names.map { try ImageReference(parsing: $0) }
        var order = PullOrder(
            manifest: ContentDescriptor(mediaType: .ociManifest, digest: digest, size: Int64(manifest.count)),
            manifestBytes: manifest, config: config, layers: [], names: references + references.map { $0.at(digest) },
            source: Nothing())
        order.isPublic = isPublic
        return try await images.pull(order) { _, _ in }
    }

    private func isGiven(_ name: String, _ images: ImageStore) -> Bool {
        let repositories = ImageRepositories(images)
        let isFound = repositories.manifest(name, .tag("1"), namespace: nil) != nil
        #expect(repositories.exists(name, namespace: nil) == isFound, "\(name)")
        return isFound
    }

    @Test("what came with credentials is given under no name, not even built upon, until its registry gives it to all")
    func reserved() async throws {
        try await withScratchDirectory { root in
            var images = try ImageStore(root: root + "/images")
            let name = "registry.example/team/app"
            let image = try await pull("secret", as: [name + ":1"], images, isPublic: false)
            #expect(!isGiven("team/app", images))
            try await images.tag(name + ":1", as: try ImageReference(parsing: "open:1"))
            #expect(!isGiven("open", images))
            var draft = ImageDraft(from: image)
            draft.config.author = "who built on it"
            _ = try await images.make(
                draft, names: [try ImageReference(parsing: "built:1")], holding: images.hold())
            #expect(!isGiven("built", images))
            // Its tag leads elsewhere by now, and nothing but the image itself remembers.
            try await pull("another", as: [name + ":1"], images, isPublic: true)
            #expect(isGiven("team/app", images) && !isGiven("open", images))
            images = try ImageStore(root: root + "/images")
            for hidden in ["open", "built"] { #expect(!isGiven(hidden, images), "\(hidden)") }
            #expect(isGiven("team/app", images))
            try await pull("secret", as: [name + ":2"], images, isPublic: true)
            #expect(isGiven("open", images))
        }
    }

    @Test("what was made here is given, also when a registry gives the same for credentials")
    func made() async throws {
        try await withScratchDirectory { root in
            let images = try ImageStore(root: root + "/images")
            _ = try await images.make(
                ImageDraft(config: Self.config("me")), names: [try ImageReference(parsing: "mine:1")],
                holding: images.hold())
            #expect(isGiven("mine", images))
            try await pull("me", as: ["registry.example/mine:1"], images, isPublic: false)
            #expect(isGiven("mine", images))
        }
    }
}
