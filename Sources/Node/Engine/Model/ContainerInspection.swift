/// `GET /containers/{id}/json`.
package struct ContainerInspection: Codable, Equatable, Sendable {
    @Present package var id: String
    @Present package var created: Timestamp
    @Present package var path: String
    @Present package var args: [String]
    @Present package var state: ContainerState
    @Present package var image: String
    @Present package var resolvConfPath: String
    @Present package var hostnamePath: String
    @Present package var hostsPath: String
    @Present package var logPath: String
    /// With a leading slash.
    @Present package var name: String
    @Present package var restartCount: Int
    @Present package var driver: String
    @Present package var platform: String
    @Present package var mountLabel: String
    @Present package var processLabel: String
    @Present package var appArmorProfile: String
    @Nullable package var execIDs: [String]?
    @Present package var hostConfig: HostConfig
    @Present package var graphDriver: GraphDriver
    package var sizeRw: Int64?
    package var sizeRootFs: Int64?
    @Present package var mounts: [MountPoint]
    @Present package var config: ContainerConfig
    @Present package var networkSettings: NetworkSettings

    package init() {}
}

extension HostConfig: Zeroed { package static var zero: HostConfig { HostConfig() } }
extension ContainerConfig: Zeroed { package static var zero: ContainerConfig { ContainerConfig() } }

/// Inspect's `State`.
package struct ContainerState: Codable, Equatable, Sendable, Zeroed {
    /// `created`, `running`, `paused`, `restarting`, `removing`, `exited` or `dead`.
    @Present package var status: String
    @Present package var running: Bool
    @Present package var paused: Bool
    @Present package var restarting: Bool
    @Present package var oOMKilled: Bool
    @Present package var dead: Bool
    /// 0 when there is no process.
    @Present package var pid: Int
    @Present package var exitCode: Int
    @Present package var error: String
    @Present package var startedAt: Timestamp
    @Present package var finishedAt: Timestamp
    package var health: Health?

    package init() {}
    package static var zero: ContainerState { ContainerState() }
}

package struct Health: Codable, Equatable, Sendable {
    /// `starting`, `healthy`, `unhealthy`.
    @Present package var status: String
    @Present package var failingStreak: Int
    /// The last five, oldest first.
    @Present package var log: [HealthResult]

    package init() {}
}

package struct HealthResult: Codable, Equatable, Sendable {
    @Present package var start: Timestamp
    @Present package var end: Timestamp
    @Present package var exitCode: Int
    /// At most 4096 bytes.
    @Present package var output: String

    package init() {}
}

package struct GraphDriver: Codable, Equatable, Sendable, Zeroed {
    @Nullable package var data: [String: String]?
    @Present package var name: String

    package init() {}
    package static var zero: GraphDriver { GraphDriver() }
}

/// One line of `GET /containers/json`.
package struct ContainerSummary: Codable, Equatable, Sendable {
    @Present package var id: String
    /// With leading slashes.
    @Present package var names: [String]
    @Present package var image: String
    @Present package var imageID: String
    @Present package var command: String
    /// Seconds since 1970.
    @Present package var created: Int64
    @Present package var ports: [PortSummary]
    package var sizeRw: Int64?
    package var sizeRootFs: Int64?
    @Present package var labels: [String: String]
    @Present package var state: String
    /// For people: "Up 3 minutes (healthy)".
    @Present package var status: String
    @Present package var hostConfig: HostSummary
    @Present package var networkSettings: NetworkSummary
    @Present package var mounts: [MountPoint]

    package init() {}
}

package struct PortSummary: Codable, Equatable, Sendable {
    package var iP: String?
    @Present package var privatePort: Int
    package var publicPort: Int?
    @Present package var type: String

    package init() {}
}

package struct HostSummary: Codable, Equatable, Sendable, Zeroed {
    @Present package var networkMode: String
    package var annotations: [String: String]?

    package init() {}
    package static var zero: HostSummary { HostSummary() }
}

package struct NetworkSummary: Codable, Equatable, Sendable, Zeroed {
    @Present package var networks: [String: EndpointSettings]

    package init() {}
    package static var zero: NetworkSummary { NetworkSummary() }
}
