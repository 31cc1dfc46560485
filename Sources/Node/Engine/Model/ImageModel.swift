/// One line of `GET /images/json`.
package struct ImageSummary: Codable, Equatable, Sendable {
    @Present package var id: String
    @Present package var parentId: String
    @Present package var repoTags: [String]
    @Present package var repoDigests: [String]
    /// Seconds since 1970.
    @Present package var created: Int64
    /// Bytes of all its layers unpacked.
    @Present package var size: Int64
    /// Bytes shared with other images; -1 when not asked for.
    @Present package var sharedSize: Int64
    package var virtualSize: Int64?
    @Present package var labels: [String: String]
    /// Containers that use it; -1 when not asked for.
    @Present package var containers: Int64

    package init() {}
}

/// `GET /images/{name}/json`.
package struct ImageInspection: Codable, Equatable, Sendable {
    @Present package var id: String
    @Present package var repoTags: [String]
    @Present package var repoDigests: [String]
    @Present package var parent: String
    @Present package var comment: String
    package var created: Timestamp?
    @Present package var dockerVersion: String
    @Present package var author: String
    @Nullable package var config: ContainerConfig?
    @Present package var architecture: String
    package var variant: String?
    @Present package var os: String
    package var osVersion: String?
    @Present package var size: Int64
    package var virtualSize: Int64?
    @Present package var graphDriver: GraphDriver
    @Present package var rootFS: ImageRootFS
    @Present package var metadata: ImageMetadata

    package init() {}
}

package struct ImageRootFS: Codable, Equatable, Sendable, Zeroed {
    @Present package var type: String
    package var layers: [String]?

    package init() {}
    package static var zero: ImageRootFS { ImageRootFS() }
}

package struct ImageMetadata: Codable, Equatable, Sendable, Zeroed {
    @Present package var lastTagTime: Timestamp

    package init() {}
    package static var zero: ImageMetadata { ImageMetadata() }
}

/// One line of `GET /images/{name}/history`.
package struct ImageHistoryEntry: Codable, Equatable, Sendable {
    @Present package var id: String
    @Present package var created: Int64
    @Present package var createdBy: String
    @Nullable package var tags: [String]?
    @Present package var size: Int64
    @Present package var comment: String

    package init() {}
}

/// One line of `DELETE /images/{name}`.
package struct ImageDeletion: Codable, Equatable, Sendable {
    package var untagged: String?
    package var deleted: String?

    package init(untagged: String? = nil, deleted: String? = nil) {
        self.untagged = untagged
        self.deleted = deleted
    }
}

/// What `POST /commit` asks.
package struct CommitRequest: Sendable {
    package var container: String
    package var repository: String?
    package var tag: String?
    package var comment = ""
    package var author = ""
    /// Stop the processes while the layer is read.
    package var pause = true
    /// Dockerfile instructions to apply.
    package var changes: [String] = []
    /// A configuration that overrides the container's.
    package var config: ContainerConfig?

    package init(container: String) { self.container = container }
}
