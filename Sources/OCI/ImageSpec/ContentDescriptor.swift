package import JSON

/// What is needed to find a blob and to trust it: its type, digest and length.
///
/// Source: image-spec 1.1, descriptor.md.
package struct ContentDescriptor: Equatable, Sendable {
    package var mediaType: MediaType
    package var digest: Digest
    /// In bytes.
    package var size: Int64
    /// Where else it can be had.
    package var urls: [String]?
    package var annotations: [String: String]?
    /// The blob itself, in base64.
    package var data: String?
    /// The type of what a manifest describes, when it is no image.
    package var artifactType: String?
    package var platform: Platform?
    /// Members that this version of the specification does not know, unchanged.
    package var extra: JSONObject = [:]

    package init(
        mediaType: MediaType, digest: Digest, size: Int64, urls: [String]? = nil, annotations: [String: String]? = nil,
        data: String? = nil, artifactType: String? = nil, platform: Platform? = nil
    ) {
        self.mediaType = mediaType
        self.digest = digest
        self.size = size
        self.urls = urls
        self.annotations = annotations
        self.data = data
        self.artifactType = artifactType
        self.platform = platform
    }
}

extension ContentDescriptor: JSONCodable {
    /// In bytes, 1 PiB: sums over all that a manifest can name stay far from the largest number.
    package static let largestSize: Int64 = 1 << 50

    private static let known = [
        "mediaType", "digest", "size", "urls", "annotations", "data", "artifactType", "platform",
    ]

    package init(json: JSONField) throws(JSONError) {
        mediaType = try json["mediaType"].read()
        digest = try json["digest"].read()
        size = try json["size"].int()
        urls = try json["urls"].stringsIfPresent()
        annotations = try json["annotations"].readIfPresent()
        data = try json["data"].nonEmptyString()
        artifactType = try json["artifactType"].nonEmptyString()
        platform = try json["platform"].readIfPresent()
        extra = try json.members(besides: Self.known)
        guard size >= 0 else { throw json["size"].mismatch(expected: "an unsigned integer") }
        guard size <= Self.largestSize else { throw json["size"].invalid("no blob has more than a pebibyte") }
    }

    package var json: JSONValue {
        var json = JSONObject()
        json["mediaType"] = mediaType.json
        json["digest"] = digest.json
        json["size"] = size.json
        json["urls"] = urls?.json
        json["annotations"] = annotations?.json
        json["data"] = data?.json
        json["artifactType"] = artifactType?.json
        json["platform"] = platform?.json
        json.merge(extra)
        return .object(json)
    }
}
