package import JSON

/// What the bytes of a blob mean; those that we do not know are carried like the others.
package struct MediaType: Hashable, Sendable, RawRepresentable, ExpressibleByStringLiteral {
    package let rawValue: String

    package init(rawValue: String) {
        self.rawValue = rawValue
    }

    package init(stringLiteral value: String) {
        rawValue = value
    }

    package static let ociManifest: MediaType = "application/vnd.oci.image.manifest.v1+json"
    package static let ociIndex: MediaType = "application/vnd.oci.image.index.v1+json"
    package static let ociConfig: MediaType = "application/vnd.oci.image.config.v1+json"
    package static let ociLayer: MediaType = "application/vnd.oci.image.layer.v1.tar"
    package static let ociLayerGzip: MediaType = "application/vnd.oci.image.layer.v1.tar+gzip"
    package static let ociLayerZstd: MediaType = "application/vnd.oci.image.layer.v1.tar+zstd"
    /// The two bytes `{}`, for an artifact without a config.
    package static let ociEmpty: MediaType = "application/vnd.oci.empty.v1+json"
    package static let dockerManifest: MediaType = "application/vnd.docker.distribution.manifest.v2+json"
    package static let dockerManifestList: MediaType = "application/vnd.docker.distribution.manifest.list.v2+json"
    package static let dockerConfig: MediaType = "application/vnd.docker.container.image.v1+json"
    package static let dockerLayer: MediaType = "application/vnd.docker.image.rootfs.diff.tar"
    package static let dockerLayerGzip: MediaType = "application/vnd.docker.image.rootfs.diff.tar.gzip"
    package static let dockerForeignLayer: MediaType = "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip"

    /// A manifest of one platform.
    package var isManifest: Bool { self == .ociManifest || self == .dockerManifest }
    /// A list of manifests.
    package var isIndex: Bool { self == .ociIndex || self == .dockerManifestList }
    package var isConfig: Bool { self == .ociConfig || self == .dockerConfig }
    package var isLayer: Bool { compression != nil }

    /// How the archive of a layer is packed.
    package enum Compression: String, Sendable {
        case uncompressed, gzip, zstd
    }

    /// How a layer is packed, or `nil` for what is no layer of ours.
    ///
    /// Layers that may not be distributed are layers like any other once one has them.
    package var compression: Compression? {
        switch rawValue.replacingPrefix(
            "application/vnd.oci.image.layer.nondistributable.v1.", "application/vnd.oci.image.layer.v1.")
        {
        case Self.ociLayer.rawValue, Self.dockerLayer.rawValue: .uncompressed
        case Self.ociLayerGzip.rawValue, Self.dockerLayerGzip.rawValue, Self.dockerForeignLayer.rawValue: .gzip
        case Self.ociLayerZstd.rawValue, Self.dockerLayer.rawValue + ".zstd": .zstd
        default: nil
        }
    }
}

extension MediaType: CustomStringConvertible {
    package var description: String { rawValue }
}

extension MediaType: JSONCodable {
    package init(json: JSONField) throws(JSONError) {
        self.init(rawValue: try json.string())
    }

    package var json: JSONValue { .string(rawValue) }
}

extension String {
    fileprivate func replacingPrefix(_ prefix: String, _ other: String) -> String {
        hasPrefix(prefix) ? other + dropFirst(prefix.count) : self
    }
}
