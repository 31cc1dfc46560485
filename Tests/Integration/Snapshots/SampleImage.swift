import Archives
import ContentStore
import ImageSpec
import JSON

/// Images for tests, put together without the code under test.
struct SampleImage {
    var layers: [[UInt8]] = []
    /// The bytes that go into the archive for each layer, when they are packed.
    var blobs: [[UInt8]] = []
    var created = "2024-01-02T03:04:05Z"
    var names: [String] = []
    var labels: [String: String] = [:]

    init(names: [String] = [], layers: [[UInt8]]) {
        self.names = names
        self.layers = layers
        blobs = layers
    }

    var config: [UInt8] {
        var config = ImageConfig(
            architecture: Platform.host.architecture, os: "linux",
            rootfs: ImageConfig.RootFS(diffIDs: layers.map { BlobHasher.digest(of: $0) }))
        config.created = created
        config.config = ImageConfig.Execution()
        config.config?.cmd = ["sh"]
        config.config?.labels = labels.isEmpty ? nil : labels
        config.history = layers.indices.map { ImageConfig.History(created: created, createdBy: "step \($0)") }
        return config.encoded()
    }

    var id: Digest { BlobHasher.digest(of: config) }

    var manifest: [UInt8] {
        ImageManifest(
            mediaType: .ociManifest, config: descriptor(.ociConfig, config),
            layers: blobs.map { descriptor(.ociLayer, $0) }
        ).encoded()
    }

    private func descriptor(_ type: MediaType, _ bytes: [UInt8]) -> ContentDescriptor {
        ContentDescriptor(mediaType: type, digest: BlobHasher.digest(of: bytes), size: Int64(bytes.count))
    }

    /// As `docker save` wrote it before version 25: layers by directory, a repeated one as a link, the manifest last.
    static func dockerArchive(_ images: [SampleImage]) -> [UInt8] {
        var tar = HandmadeArchive()
        var places: [Digest: String] = [:]
        var manifest: [JSONValue] = []
        for (number, image) in images.enumerated() {
            var paths: [String] = []
            for (index, blob) in image.blobs.enumerated() {
                let path = "image\(number)-\(index)/layer.tar"
                paths.append(path)
                tar.file("image\(number)-\(index)/VERSION", Array("1.0".utf8))
                let digest = BlobHasher.digest(of: blob)
                if let place = places[digest] {
                    tar.link(path, to: "../" + place)
                } else {
                    places[digest] = path
                    tar.file(path, blob)
                }
            }
            tar.file("\(image.id.hex).json", image.config)
            manifest.append([
                "Config": .string("\(image.id.hex).json"), "RepoTags": image.names.json, "Layers": paths.json,
            ])
        }
        tar.file("manifest.json", JSONValue.array(manifest).encoded())
        return tar.ended
    }

    /// An OCI layout, as a tar.
    static func layoutArchive(_ images: [SampleImage], manifestFirst: Bool) -> [UInt8] {
        var tar = HandmadeArchive()
        let index = ImageIndex(
            mediaType: .ociIndex,
            manifests: images.map { image in
                var descriptor = image.descriptor(.ociManifest, image.manifest)
                if let name = image.names.first {
                    descriptor.annotations = ["org.opencontainers.image.ref.name": name]
                }
                return descriptor
            })
        tar.file("oci-layout", Array(#"{"imageLayoutVersion":"1.0.0"}"#.utf8))
        if manifestFirst { tar.file("index.json", index.encoded()) }
        for image in images {
            for bytes in image.blobs + [image.config, image.manifest] {
                tar.file("blobs/sha256/\(BlobHasher.digest(of: bytes).hex)", bytes)
            }
        }
        if !manifestFirst { tar.file("index.json", index.encoded()) }
        return tar.ended
    }
}

/// A tar of files and links.
struct HandmadeArchive {
    private(set) var bytes: [UInt8] = []

    var ended: [UInt8] { bytes + TarEncoder.end }

    mutating func file(_ name: String, _ content: [UInt8], mode: UInt32 = 0o644) {
        let entry = ArchiveEntry(
            path: Array(name.utf8), kind: .file, mode: mode, size: Int64(content.count), modified: FileTime(seconds: 9))
        bytes += TarEncoder.header(for: entry) + content
        bytes += [UInt8](repeating: 0, count: TarEncoder.padding(after: entry.size))
    }

    mutating func file(_ name: String, _ text: String) { file(name, Array(text.utf8)) }

    mutating func directory(_ name: String, mode: UInt32 = 0o755) {
        bytes += TarEncoder.header(
            for: ArchiveEntry(
                path: Array(name.utf8), kind: .directory, mode: mode, modified: FileTime(seconds: 9)))
    }

    mutating func link(_ name: String, to target: String) {
        bytes += TarEncoder.header(
            for: ArchiveEntry(path: Array(name.utf8), kind: .symbolicLink(target: Array(target.utf8)), mode: 0o777))
    }

    static func of(_ files: (inout HandmadeArchive) -> Void) -> [UInt8] {
        var archive = HandmadeArchive()
        files(&archive)
        return archive.ended
    }
}
