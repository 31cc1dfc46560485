internal import JSON

/// The body of `POST /containers/create`: a ``ContainerConfig`` with two more keys beside its own.
package struct CreateRequest: Codable, Equatable, Sendable {
    package var config: ContainerConfig
    package var hostConfig: HostConfig
    package var networkingConfig: NetworkingConfig

    package init(
        config: ContainerConfig, hostConfig: HostConfig = HostConfig(),
        networkingConfig: NetworkingConfig = NetworkingConfig()
    ) {
        self.config = config
        self.hostConfig = hostConfig
        self.networkingConfig = networkingConfig
    }

    private enum Keys: String, CodingKey {
        case hostConfig = "HostConfig"
        case networkingConfig = "NetworkingConfig"
        /// docker-py writes it here, too.
        case runtime = "Runtime"
    }

    package init(from decoder: any Decoder) throws {
        config = try ContainerConfig(from: decoder)
        let container = try decoder.container(keyedBy: Keys.self)
        hostConfig = try container.decodeIfPresent(HostConfig.self, forKey: .hostConfig) ?? HostConfig()
        networkingConfig =
            try container.decodeIfPresent(NetworkingConfig.self, forKey: .networkingConfig) ?? NetworkingConfig()
        var sent = try JSONValue(from: decoder)
        if let runtime = try container.decodeIfPresent(String.self, forKey: .runtime), case .object(var members) = sent
        {
            if (hostConfig.runtime ?? "").isEmpty { hostConfig.runtime = runtime }
            guard hostConfig.runtime == runtime || runtime.isEmpty else {
                throw JSONError.invalid(path: "Runtime", reason: "HostConfig.Runtime names another one")
            }
            members[Keys.runtime.rawValue] = nil
            sent = .object(members)
        }
        try UnknownFields.refuse(in: sent, knowing: JSONCoder(keys: .pascalCase).json(self))
    }

    package func encode(to encoder: any Encoder) throws {
        try config.encode(to: encoder)
        var container = encoder.container(keyedBy: Keys.self)
        try container.encode(hostConfig, forKey: .hostConfig)
        try container.encode(networkingConfig, forKey: .networkingConfig)
    }
}

package struct CreateResponse: Codable, Equatable, Sendable {
    @Present package var id: String
    @Present package var warnings: [String]

    package init() {}
}

/// The body of `POST /containers/{id}/update`: limits that are 0 or absent stay as they are.
package struct UpdateConfig: Codable, Equatable, Sendable {
    package var cpuShares: Int64?
    package var memory: Int64?
    package var nanoCpus: Int64?
    package var cgroupParent: String?
    package var blkioWeight: UInt16?
    package var blkioWeightDevice: [WeightDevice]?
    package var blkioDeviceReadBps: [ThrottleDevice]?
    package var blkioDeviceWriteBps: [ThrottleDevice]?
    package var blkioDeviceReadIOps: [ThrottleDevice]?
    package var blkioDeviceWriteIOps: [ThrottleDevice]?
    package var cpuPeriod: Int64?
    package var cpuQuota: Int64?
    package var cpuRealtimePeriod: Int64?
    package var cpuRealtimeRuntime: Int64?
    package var cpusetCpus: String?
    package var cpusetMems: String?
    package var devices: [DeviceMapping]?
    package var deviceCgroupRules: [String]?
    package var deviceRequests: [DeviceRequest]?
    package var kernelMemory: Int64?
    package var kernelMemoryTCP: Int64?
    package var memoryReservation: Int64?
    package var memorySwap: Int64?
    package var memorySwappiness: Int64?
    package var oomKillDisable: Bool?
    package var pidsLimit: Int64?
    package var ulimits: [Ulimit]?
    package var cpuCount: Int64?
    package var cpuPercent: Int64?
    package var iOMaximumIOps: UInt64?
    package var iOMaximumBandwidth: UInt64?
    package var restartPolicy: RestartPolicy?
    /// Pouch's own: limits to put in the place of those with the same keys, or beside them.
    package var diskQuota: [String: String]?

    package init() {}
}

package struct UpdateResponse: Codable, Equatable, Sendable {
    @Nullable package var warnings: [String]?

    package init() {}
}

/// What `GET /containers/json` may ask.
package struct ListOptions: Sendable {
    package var all = false
    /// The newest so many, whatever their state; 0 is no limit.
    package var limit = 0
    package var size = false
    package var filters = Filters()

    package init() {}
}

/// When a wait ends.
package enum WaitCondition: String, Sendable {
    case notRunning = "not-running"
    case nextExit = "next-exit"
    case removed
}

package struct WaitResult: Codable, Equatable, Sendable {
    package struct Failure: Codable, Equatable, Sendable {
        @Present package var message: String
        package init() {}
    }
    @Present package var statusCode: Int64
    package var error: Failure?

    package init() {}
    package init(code: Int64) { statusCode = code }
}

package struct PruneReport: Codable, Equatable, Sendable {
    /// Ids of containers; nil in reports about other things.
    package var containersDeleted: [String]?
    package var volumesDeleted: [String]?
    package var networksDeleted: [String]?
    package var imagesDeleted: [ImageDeletion]?
    /// Bytes.
    @Present package var spaceReclaimed: UInt64

    package init() {}
}

package struct TopResult: Codable, Equatable, Sendable {
    @Present package var titles: [String]
    @Present package var processes: [[String]]

    package init() {}
}

/// One path that differs from the image.
package struct FilesystemChange: Codable, Equatable, Sendable {
    /// Absolute, as the container sees it.
    @Present package var path: String
    /// 0 modified, 1 added, 2 deleted.
    @Present package var kind: Int

    package init(path: String, kind: Int) {
        self.path = path
        self.kind = kind
    }
}

/// What `HEAD /containers/{id}/archive` says in its header; the only Docker type with lower-case keys.
package struct PathStat: Codable, Equatable, Sendable {
    package var name: String
    package var size: Int64
    /// Go's `os.FileMode`: permissions below, kind in the high bits.
    package var mode: UInt32
    package var mtime: Timestamp
    package var linkTarget: String

    package init(name: String, size: Int64, mode: UInt32, mtime: Timestamp, linkTarget: String) {
        self.name = name
        self.size = size
        self.mode = mode
        self.mtime = mtime
        self.linkTarget = linkTarget
    }
}

/// What `GET /containers/{id}/logs` may ask.
package struct LogOptions: Sendable {
    package var stdout = false
    package var stderr = false
    package var follow = false
    package var since: Timestamp?
    package var until: Timestamp?
    package var timestamps = false
    package var details = false
    /// The last so many lines; nil is all.
    package var tail: Int?

    package init() {}
}

/// What `POST /containers/{id}/attach` may ask.
package struct AttachOptions: Sendable {
    package var stdin = false
    package var stdout = false
    package var stderr = false
    /// Replay what the log holds first.
    package var logs = false
    /// Stay for what comes; without it only the replay is sent.
    package var stream = true
    /// Keys that end the attachment, such as `ctrl-p,ctrl-q`; nil is that default.
    package var detachKeys: String?

    package init() {}
}
