/// `GET /version`.
package struct VersionReport: Codable, Equatable, Sendable {
    package struct Component: Codable, Equatable, Sendable {
        @Present package var name: String
        @Present package var version: String
        @Present package var details: [String: String]
        package init() {}
    }
    package struct Platform: Codable, Equatable, Sendable, Zeroed {
        @Present package var name: String
        package init() {}
        package static var zero: Platform { Platform() }
    }
    @Present package var platform: Platform
    @Present package var components: [Component]
    @Present package var version: String
    @Present package var apiVersion: String
    @Present package var minAPIVersion: String
    @Present package var gitCommit: String
    @Present package var goVersion: String
    @Present package var os: String
    @Present package var arch: String
    @Present package var kernelVersion: String
    @Present package var buildTime: String

    package init() {}
}

/// `GET /info`.
package struct SystemReport: Codable, Equatable, Sendable {
    @Present package var iD: String
    @Present package var containers: Int
    @Present package var containersRunning: Int
    @Present package var containersPaused: Int
    @Present package var containersStopped: Int
    @Present package var images: Int
    @Present package var driver: String
    @Present package var driverStatus: [[String]]
    @Present package var plugins: PluginNames
    @Present package var memoryLimit: Bool
    @Present package var swapLimit: Bool
    @Present package var cpuCfsPeriod: Bool
    @Present package var cpuCfsQuota: Bool
    @Present package var cPUShares: Bool
    @Present package var cPUSet: Bool
    @Present package var pidsLimit: Bool
    @Present package var iPv4Forwarding: Bool
    @Present package var debug: Bool
    @Present package var nFd: Int
    @Present package var oomKillDisable: Bool
    @Present package var nGoroutines: Int
    @Present package var systemTime: Timestamp
    @Present package var loggingDriver: String
    @Present package var cgroupDriver: String
    @Present package var cgroupVersion: String
    @Present package var nEventsListener: Int
    @Present package var kernelVersion: String
    @Present package var operatingSystem: String
    @Present package var oSVersion: String
    @Present package var oSType: String
    @Present package var architecture: String
    @Present package var indexServerAddress: String
    @Present package var registryConfig: RegistryReport
    @Present package var nCPU: Int
    @Present package var memTotal: Int64
    @Present package var dockerRootDir: String
    @Present package var httpProxy: String
    @Present package var httpsProxy: String
    @Present package var noProxy: String
    @Present package var name: String
    @Present package var labels: [String]
    @Present package var experimentalBuild: Bool
    @Present package var serverVersion: String
    @Present package var runtimes: [String: RuntimeReport]
    @Present package var defaultRuntime: String
    @Present package var swarm: SwarmReport
    @Present package var liveRestoreEnabled: Bool
    @Present package var isolation: String
    @Present package var initBinary: String
    @Present package var containerdCommit: CommitReport
    @Present package var runcCommit: CommitReport
    @Present package var initCommit: CommitReport
    @Present package var securityOptions: [String]
    @Nullable package var warnings: [String]?

    package init() {}
}

package struct PluginNames: Codable, Equatable, Sendable, Zeroed {
    @Present package var volume: [String]
    @Present package var network: [String]
    @Nullable package var authorization: [String]?
    @Present package var log: [String]

    package init() {}
    package static var zero: PluginNames { PluginNames() }
}

package struct RegistryReport: Codable, Equatable, Sendable, Zeroed {
    @Present package var insecureRegistryCIDRs: [String]
    @Present package var indexConfigs: [String: EmptyObject]
    @Present package var mirrors: [String]

    package init() {}
    package static var zero: RegistryReport { RegistryReport() }
}

/// A runtime by name.
package struct RuntimeReport: Codable, Equatable, Sendable {
    package var path = ""
    package var runtimeArgs: [String] = []

    package init() {}

    /// As a dictionary, whose keys no coder changes: these are lower case in Docker's answer.
    package func encode(to encoder: any Encoder) throws {
        var fields: [String: PlainValue] = ["path": .string(path)]
        if !runtimeArgs.isEmpty { fields["runtimeArgs"] = .strings(runtimeArgs) }
        var container = encoder.singleValueContainer()
        try container.encode(fields)
    }

    package init(from decoder: any Decoder) throws {
        let fields = try decoder.singleValueContainer().decode([String: PlainValue].self)
        if case .string(let text)? = fields["path"] { path = text }
        if case .strings(let list)? = fields["runtimeArgs"] { runtimeArgs = list }
    }
}

package struct SwarmReport: Codable, Equatable, Sendable, Zeroed {
    @Present package var nodeID: String
    @Present package var nodeAddr: String
    @Present package var localNodeState: String
    @Present package var controlAvailable: Bool
    @Present package var error: String
    @Nullable package var remoteManagers: [String]?

    package init() {}
    package static var zero: SwarmReport { SwarmReport() }
}

package struct CommitReport: Codable, Equatable, Sendable, Zeroed {
    @Present package var iD: String

    package init() {}
    package static var zero: CommitReport { CommitReport() }
}

/// `GET /system/df`.
package struct DiskUsageReport: Codable, Equatable, Sendable {
    @Present package var layersSize: Int64
    @Nullable package var images: [ImageSummary]?
    @Nullable package var containers: [ContainerSummary]?
    @Nullable package var volumes: [Volume]?
    @Nullable package var buildCache: [EmptyObject]?
    /// Not Docker's: the blobs that layers came as.
    package var blobs: BlobsReport?

    package init() {}
}
