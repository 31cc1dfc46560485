package import JSON

/// The manifests of an image for several platforms.
///
/// OCI's form; Docker's manifest list is the same with another media type.
///
/// Source: image-spec 1.1, image-index.md; distribution, "Manifest List".
package struct ImageIndex: Equatable, Sendable {
    package var schemaVersion: Int
    package var mediaType: MediaType?
    package var artifactType: String?
    package var manifests: [ContentDescriptor]
    /// The manifest that this one says something about.
    package var subject: ContentDescriptor?
    package var annotations: [String: String]?
    /// Members that this version of the specification does not know, unchanged.
    package var extra: JSONObject = [:]

    package init(
        schemaVersion: Int = 2, mediaType: MediaType? = nil, artifactType: String? = nil,
        manifests: [ContentDescriptor], subject: ContentDescriptor? = nil, annotations: [String: String]? = nil
    ) {
        self.schemaVersion = schemaVersion
        self.mediaType = mediaType
        self.artifactType = artifactType
        self.manifests = manifests
        self.subject = subject
        self.annotations = annotations
    }
}

extension ImageIndex: JSONCodable {
    private static let known = [
        "schemaVersion", "mediaType", "artifactType", "manifests", "subject", "annotations",
    ]

    package init(json: JSONField) throws(JSONError) {
        schemaVersion = try json["schemaVersion"].intIfPresent() ?? 2
        mediaType = try json["mediaType"].readIfPresent()
        artifactType = try json["artifactType"].nonEmptyString()
        manifests = try json["manifests"].readIfPresent() ?? []
        subject = try json["subject"].readIfPresent()
        annotations = try json["annotations"].readIfPresent()
        extra = try json.members(besides: Self.known)
        guard schemaVersion == 2 else { throw json["schemaVersion"].mismatch(expected: "2") }
        // CVE-2021-41190: a document that can be read as either is neither.
        guard extra["config"] == nil, extra["layers"] == nil, mediaType?.isManifest != true else {
            throw json.invalid("an index that is a manifest, too")
        }
    }

    package var json: JSONValue {
        var json = JSONObject()
        json["schemaVersion"] = schemaVersion.json
        json["mediaType"] = mediaType?.json
        json["artifactType"] = artifactType?.json
        json["manifests"] = manifests.json
        json["subject"] = subject?.json
        json["annotations"] = annotations?.json
        json.merge(extra)
        return .object(json)
    }
}

extension ImageIndex {
    /// The manifest that runs best on `platform`; of equals, and of those that say nothing about theirs, the first.
    package func manifest(for platform: Platform) -> ContentDescriptor? {
        let ranked = manifests.compactMap { descriptor in
            descriptor.platform.flatMap { platform.rank(of: $0) }.map { (rank: $0, descriptor: descriptor) }
        }
        if let best = ranked.min(by: { $0.rank < $1.rank }) { return best.descriptor }
        return manifests.first { $0.platform == nil && ($0.mediaType.isManifest || $0.mediaType.isIndex) }
    }
}
