package import JSON

/// The parts of an image for one platform: a config and layers.
///
/// OCI's form; Docker's schema 2 is the same with other media types.
///
/// Source: image-spec 1.1, manifest.md; distribution, "Image Manifest Version 2, Schema 2".
package struct ImageManifest: Equatable, Sendable {
    package var schemaVersion: Int
    package var mediaType: MediaType?
    /// The type of the artifact, when this is no image.
    package var artifactType: String?
    package var config: ContentDescriptor
    /// The lowest first.
    package var layers: [ContentDescriptor]
    /// The manifest that this one says something about.
    package var subject: ContentDescriptor?
    package var annotations: [String: String]?
    /// Members that this version of the specification does not know, unchanged.
    package var extra: JSONObject = [:]

    package init(
        schemaVersion: Int = 2, mediaType: MediaType? = nil, artifactType: String? = nil, config: ContentDescriptor,
        layers: [ContentDescriptor], subject: ContentDescriptor? = nil, annotations: [String: String]? = nil
    ) {
        self.schemaVersion = schemaVersion
        self.mediaType = mediaType
        self.artifactType = artifactType
        self.config = config
        self.layers = layers
        self.subject = subject
        self.annotations = annotations
    }
}

extension ImageManifest: JSONCodable {
    private static let known = [
        "schemaVersion", "mediaType", "artifactType", "config", "layers", "subject", "annotations",
    ]

    package init(json: JSONField) throws(JSONError) {
        schemaVersion = try json["schemaVersion"].intIfPresent() ?? 2
        mediaType = try json["mediaType"].readIfPresent()
        artifactType = try json["artifactType"].nonEmptyString()
        config = try json["config"].read()
        layers = try json["layers"].readIfPresent() ?? []
        subject = try json["subject"].readIfPresent()
        annotations = try json["annotations"].readIfPresent()
        extra = try json.members(besides: Self.known)
        guard schemaVersion == 2 else { throw json["schemaVersion"].mismatch(expected: "2") }
        // CVE-2021-41190: a document that can be read as either is neither.
        guard extra["manifests"] == nil, mediaType?.isIndex != true else {
            throw json.invalid("a manifest that is an index, too")
        }
    }

    package var json: JSONValue {
        var json = JSONObject()
        json["schemaVersion"] = schemaVersion.json
        json["mediaType"] = mediaType?.json
        json["artifactType"] = artifactType?.json
        json["config"] = config.json
        json["layers"] = layers.json
        json["subject"] = subject?.json
        json["annotations"] = annotations?.json
        json.merge(extra)
        return .object(json)
    }
}

extension ImageManifest {
    /// The config and the layers.
    package var blobs: [ContentDescriptor] { [config] + layers }
}
