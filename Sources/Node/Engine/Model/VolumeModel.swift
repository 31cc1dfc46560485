/// A volume as `GET /volumes/{name}` shows it.
package struct Volume: Codable, Equatable, Sendable {
    package var createdAt: Timestamp?
    @Present package var driver: String
    @Present package var labels: [String: String]
    @Present package var mountpoint: String
    @Present package var name: String
    @Present package var options: [String: String]
    @Present package var scope: String
    package var usageData: VolumeUsage?

    package init() {}
}

package struct VolumeUsage: Codable, Equatable, Sendable {
    /// Containers that use it.
    @Present package var refCount: Int64
    /// Bytes; -1 when it could not be counted.
    @Present package var size: Int64

    package init() {}
}

/// The body of `POST /volumes/create`.
package struct VolumeCreateRequest: Codable, Equatable, Sendable {
    /// Empty lets the engine choose.
    @Present package var name: String
    @Present package var driver: String
    @Present package var driverOpts: [String: String]
    @Present package var labels: [String: String]
    package var clusterVolumeSpec: EmptyObject?

    package init() {}
}

package struct VolumeList: Codable, Equatable, Sendable {
    @Present package var volumes: [Volume]
    @Nullable package var warnings: [String]?

    package init() {}
}
