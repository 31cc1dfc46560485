package import JSON

/// What an image is made of and how it is run; its digest is the image's id.
///
/// Source: image-spec 1.1, config.md; moby, "Docker Image Specification v1.3".
package struct ImageConfig: Equatable, Sendable {
    /// RFC 3339.
    package var created: String?
    package var author: String?
    /// In Go's spelling, such as `amd64`.
    package var architecture: String
    /// In Go's spelling, such as `linux`.
    package var os: String
    package var osVersion: String?
    package var osFeatures: [String]?
    /// Of the architecture, such as `v7`.
    package var variant: String?
    /// How to run it.
    package var config: Execution?
    package var rootfs: RootFS
    /// The lowest layer first.
    package var history: [History]?
    /// Members that this version of the specification does not know, unchanged.
    package var extra: JSONObject = [:]

    package init(architecture: String = "", os: String = "", rootfs: RootFS) {
        self.architecture = architecture
        self.os = os
        self.rootfs = rootfs
    }
}

extension ImageConfig: JSONCodable {
    private static let known = [
        "created", "author", "architecture", "os", "os.version", "os.features", "variant", "config", "rootfs",
        "history",
    ]

    package init(json: JSONField) throws(JSONError) {
        created = try json["created"].nonEmptyString()
        author = try json["author"].nonEmptyString()
        architecture = try json["architecture"].nonEmptyString() ?? ""
        os = try json["os"].nonEmptyString() ?? ""
        osVersion = try json["os.version"].nonEmptyString()
        osFeatures = try json["os.features"].stringsIfPresent()
        variant = try json["variant"].nonEmptyString()
        config = try json["config"].readIfPresent()
        rootfs = try json["rootfs"].read()
        history = try json["history"].readIfPresent()
        extra = try json.members(besides: Self.known)
    }

    package var json: JSONValue {
        var json = JSONObject()
        json["created"] = created?.json
        json["author"] = author?.json
        json["architecture"] = architecture.json
        json["os"] = os.json
        json["os.version"] = osVersion?.json
        json["os.features"] = osFeatures?.json
        json["variant"] = variant?.json
        json["config"] = config?.json
        json["rootfs"] = rootfs.json
        json["history"] = history?.json
        json.merge(extra)
        return .object(json)
    }
}

extension ImageConfig {
    package var platform: Platform {
        Platform(os: os, architecture: architecture, variant: variant, osVersion: osVersion, osFeatures: osFeatures)
    }

    /// The names of the stacks of layers, the whole image's last.
    ///
    /// `sha256` gives the hash of some bytes.
    package func chainIDs(sha256: ([UInt8]) -> [UInt8]) -> [Digest] {
        Digest.chainIDs(of: rootfs.diffIDs, sha256: sha256)
    }
}
