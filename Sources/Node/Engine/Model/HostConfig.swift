/// How a container meets this machine: mounts, limits, namespaces, privileges.
///
/// Every field of Docker Engine API 1.48 is here; what Pouch cannot do on this platform is refused by `OptionValidation`, never ignored.
/// Property names are Docker's with the first letter lowered, so that `JSONCoder(.pascalCase)` finds them.
package struct HostConfig: Codable, Equatable, Sendable {
    @Nullable package var binds: [String]?
    @Present package var containerIDFile: String
    @Present package var logConfig: LogConfig
    @Present package var networkMode: String
    @Present package var portBindings: [String: Nullable<[PortBinding]>]
    @Present package var restartPolicy: RestartPolicy
    @Present package var autoRemove: Bool
    @Present package var volumeDriver: String
    @Nullable package var volumesFrom: [String]?
    @Present package var consoleSize: [Int]
    package var annotations: [String: String]?
    @Nullable package var capAdd: WordList?
    @Nullable package var capDrop: WordList?
    @Present package var cgroupnsMode: String
    @Nullable package var dns: [String]?
    @Nullable package var dnsOptions: [String]?
    @Nullable package var dnsSearch: [String]?
    @Nullable package var extraHosts: [String]?
    @Nullable package var groupAdd: [String]?
    @Present package var ipcMode: String
    @Present package var cgroup: String
    @Nullable package var links: [String]?
    @Present package var oomScoreAdj: Int
    @Present package var pidMode: String
    @Present package var privileged: Bool
    @Present package var publishAllPorts: Bool
    @Present package var readonlyRootfs: Bool
    @Nullable package var securityOpt: [String]?
    package var storageOpt: [String: String]?
    package var tmpfs: [String: String]?
    @Present package var uTSMode: String
    @Present package var usernsMode: String
    /// Bytes of /dev/shm; 0 is the daemon's default.
    @Present package var shmSize: Int64
    package var sysctls: [String: String]?
    package var runtime: String?
    /// How fast it may talk, `IN/OUT` in bits per second such as `10m/512k`: a field of Pouch's own.
    package var netRate: String?
    @Present package var isolation: String

    @Present package var cpuShares: Int64
    /// Bytes.
    @Present package var memory: Int64
    /// CPUs, in billionths.
    @Present package var nanoCpus: Int64
    @Present package var cgroupParent: String
    @Present package var blkioWeight: UInt16
    @Nullable package var blkioWeightDevice: [WeightDevice]?
    @Nullable package var blkioDeviceReadBps: [ThrottleDevice]?
    @Nullable package var blkioDeviceWriteBps: [ThrottleDevice]?
    @Nullable package var blkioDeviceReadIOps: [ThrottleDevice]?
    @Nullable package var blkioDeviceWriteIOps: [ThrottleDevice]?
    /// Microseconds.
    @Present package var cpuPeriod: Int64
    /// Microseconds in each period.
    @Present package var cpuQuota: Int64
    @Present package var cpuRealtimePeriod: Int64
    @Present package var cpuRealtimeRuntime: Int64
    @Present package var cpusetCpus: String
    @Present package var cpusetMems: String
    @Nullable package var devices: [DeviceMapping]?
    @Nullable package var deviceCgroupRules: [String]?
    @Nullable package var deviceRequests: [DeviceRequest]?
    package var kernelMemory: Int64?
    package var kernelMemoryTCP: Int64?
    @Present package var memoryReservation: Int64
    /// Memory and swap together, in bytes; -1 is unlimited.
    @Present package var memorySwap: Int64
    @Nullable package var memorySwappiness: Int64?
    @Nullable package var oomKillDisable: Bool?
    @Nullable package var pidsLimit: Int64?
    @Nullable package var ulimits: [Ulimit]?
    @Present package var cpuCount: Int64
    @Present package var cpuPercent: Int64
    @Present package var iOMaximumIOps: UInt64
    @Present package var iOMaximumBandwidth: UInt64

    package var mounts: [MountRequest]?
    @Nullable package var maskedPaths: [String]?
    @Nullable package var readonlyPaths: [String]?
    package var `init`: Bool?

    package init() {}
}

/// Where a container's output goes.
package struct LogConfig: Codable, Equatable, Sendable, Zeroed {
    /// `json-file`, `none`, or empty for the daemon's default.
    @Present package var type: String
    @Present package var config: [String: String]

    package init() {}
    package init(type: String, config: [String: String] = [:]) {
        self.type = type
        self.config = config
    }
    package static var zero: LogConfig { LogConfig() }
}

/// What happens when a container ends by itself.
package struct RestartPolicy: Codable, Equatable, Sendable, Zeroed {
    /// `no` (or empty), `always`, `unless-stopped`, `on-failure`.
    @Present package var name: String
    /// For `on-failure`: give up after so many; 0 never gives up.
    @Present package var maximumRetryCount: Int

    package init() {}
    package init(name: String, maximumRetryCount: Int = 0) {
        self.name = name
        self.maximumRetryCount = maximumRetryCount
    }
    package static var zero: RestartPolicy { RestartPolicy() }
}

/// An address and port of the host.
package struct PortBinding: Codable, Equatable, Sendable {
    @Present package var hostIp: String
    @Present package var hostPort: String

    package init() {}
}

/// A block device's share of the disk.
package struct WeightDevice: Codable, Equatable, Sendable {
    @Present package var path: String
    @Present package var weight: UInt16

    package init() {}
}

/// A block device's limit, in bytes or operations per second.
package struct ThrottleDevice: Codable, Equatable, Sendable {
    @Present package var path: String
    @Present package var rate: UInt64

    package init() {}
}

/// A device of the host as the container sees it.
package struct DeviceMapping: Codable, Equatable, Sendable {
    @Present package var pathOnHost: String
    @Present package var pathInContainer: String
    /// Of `r`, `w` and `m`.
    @Present package var cgroupPermissions: String

    package init() {}
    package init(host: String, container: String, permissions: String) {
        pathOnHost = host
        pathInContainer = container
        cgroupPermissions = permissions
    }
}

/// A request to a device driver such as a GPU's.
package struct DeviceRequest: Codable, Equatable, Sendable {
    @Present package var driver: String
    @Present package var count: Int
    @Nullable package var deviceIDs: [String]?
    @Nullable package var capabilities: [[String]]?
    @Present package var options: [String: String]

    package init() {}
}

/// A resource limit of the processes.
package struct Ulimit: Codable, Equatable, Sendable {
    /// As in ulimit(1), such as `nofile`.
    @Present package var name: String
    @Present package var hard: Int64
    @Present package var soft: Int64

    package init() {}
    package init(name: String, soft: Int64, hard: Int64) {
        self.name = name
        self.soft = soft
        self.hard = hard
    }
}
