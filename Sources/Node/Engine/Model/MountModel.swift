/// A mount as `--mount` describes it.
package struct MountRequest: Codable, Equatable, Sendable {
    /// `bind`, `volume`, `tmpfs`; others are refused.
    @Present package var type: String
    package var source: String?
    @Present package var target: String
    package var readOnly: Bool?
    package var consistency: String?
    package var bindOptions: BindOptions?
    package var volumeOptions: VolumeOptions?
    package var imageOptions: ImageMountOptions?
    package var tmpfsOptions: TmpfsOptions?
    package var clusterOptions: EmptyObject?

    package init() {}
}

package struct BindOptions: Codable, Equatable, Sendable {
    /// `[r]private`, `[r]shared`, `[r]slave`; empty is `rprivate`.
    package var propagation: String?
    package var nonRecursive: Bool?
    package var createMountpoint: Bool?
    package var readOnlyNonRecursive: Bool?
    package var readOnlyForceRecursive: Bool?
    /// What of the source is mounted, resolved below it; docker has this for volumes alone.
    package var subpath: String?

    package init() {}
}

package struct VolumeOptions: Codable, Equatable, Sendable {
    package var noCopy: Bool?
    package var labels: [String: String]?
    package var subpath: String?
    /// Make what `subpath` names when it is missing, which docker refuses.
    package var createSubpath: Bool?
    package var driverConfig: VolumeDriverConfig?

    package init() {}
}

package struct VolumeDriverConfig: Codable, Equatable, Sendable {
    package var name: String?
    package var options: [String: String]?

    package init() {}
}

package struct ImageMountOptions: Codable, Equatable, Sendable {
    package var subpath: String?

    package init() {}
}

package struct TmpfsOptions: Codable, Equatable, Sendable {
    package var sizeBytes: Int64?
    package var mode: Int?
    package var options: [[String]]?

    package init() {}
}

/// A mount that a container has, as inspect shows it and as the record keeps it.
package struct MountPoint: Codable, Equatable, Sendable {
    /// `bind`, `volume` or `tmpfs`.
    @Present package var type: String
    /// The volume's name; nil unless it is one.
    package var name: String?
    @Present package var source: String
    @Present package var destination: String
    package var driver: String?
    @Present package var mode: String
    @Present package var rW: Bool
    @Present package var propagation: String

    package init() {}
}
