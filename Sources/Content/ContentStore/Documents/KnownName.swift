package import ImageSpec
package import JSON

/// What a registry said a name leads to.
package struct KnownName: Equatable, Sendable {
    /// With its registry, such as `docker.io/library/busybox`.
    package var repository: String
    /// Nil when it was asked for by digest.
    package var tag: String?
    /// The index, or the manifest itself.
    package var top: ContentDescriptor
    /// It, and what was read of what it names; blobs of the content store.
    package var documents: [ContentDescriptor]
    /// The config and the layers of those.
    package var blobs: [Digest]
    /// The registry gave it to somebody who had no credentials.
    package var isPublic: Bool
    /// When it was last said, in seconds since 1970.
    package var time: Int64

    package init(
        repository: String, tag: String?, top: ContentDescriptor, documents: [ContentDescriptor], blobs: [Digest],
        isPublic: Bool, time: Int64
    ) {
        self.repository = repository
        self.tag = tag
        self.top = top
        self.documents = documents
        self.blobs = blobs
        self.isPublic = isPublic
        self.time = time
    }

    /// Tells it from all others.
    var key: String { "\(repository):\(tag ?? top.digest.description)" }

    func names(_ digest: Digest) -> Bool {
        blobs.contains(digest) || documents.contains { $0.digest == digest }
    }

    /// The same name said again: of the same index another platform may have been read.
    mutating func join(_ older: KnownName) {
        guard older.top.digest == top.digest else { return }
        documents += older.documents.filter { known in !documents.contains { $0.digest == known.digest } }
        blobs += older.blobs.filter { !blobs.contains($0) }
        isPublic = isPublic || older.isPublic
    }
}

extension KnownName: JSONCodable {
    package init(json: JSONField) throws(JSONError) {
        repository = try json["repository"].string()
        tag = try json["tag"].stringIfPresent()
        top = try json["top"].read()
        documents = try json["documents"].readIfPresent() ?? []
        blobs = try json["blobs"].readIfPresent() ?? []
        isPublic = try json["public"].bool()
        time = try json["time"].int()
    }

    package var json: JSONValue {
        var json: JSONValue = [
            "repository": .string(repository), "top": top.json, "documents": documents.json, "blobs": blobs.json,
            "public": .bool(isPublic), "time": time.json,
        ]
        json["tag"] = tag.map { .string($0) }
        return json
    }
}
