internal import Cgroups
internal import Logging
internal import Volumes

/// What all containers of an engine share.
struct EngineServices: Sendable {
    var configuration: EngineConfiguration
    var paths: EnginePaths
    var database: EngineDatabase
    var launcher: any ShimLauncher
    var rootfs: any RootfsStore
    var networks: any NetworkProvider
    var volumes: VolumeStore
    var spaces: SpaceStore
    var registry: Registry
    var events: EventBus
    var background: Background
    var execs: ExecIndex
    var machine: MachineFacts
    var logger: Logger
}

/// What does not change while the machine is up.
struct MachineFacts: Sendable {
    var processors: Int
    /// Bytes.
    var memory: Int64
    var cgroups: CgroupTree
    var kernel: String
    var architecture: String
    var hostname: String
    var operatingSystem: String
    var isUnified: Bool { cgroups.layout == .unified }
}

/// Where things lie.
struct EnginePaths: Sendable {
    var data: String
    var exec: String

    var database: String { data + "/pouch.db" }
    var containers: String { data + "/containers" }
    var volumes: String { data + "/volumes" }
    /// Below the data root: a folder for each limited space.
    static let quota = "quota"
    var spaces: String { data + "/" + Self.quota }
    /// Empty filesystems for the loop driver; made again when they are gone.
    var quotaTemplates: String { exec + "/quota-templates" }
    /// One folder for each container that runs, or whose run was not tidied up.
    var runs: String { exec + "/containers" }
    /// Where the runtime keeps its own records.
    var runtimeState: String { exec + "/runtime" }

    func container(_ id: String) -> String { containers + "/" + id }
    func log(_ record: ContainerRecord) -> String {
        let config = record.hostConfig.logConfig
        if config.type == "cri", let path = config.config["path"] { return path }
        return container(record.id) + "/" + record.id + "-json.log"
    }
    func run(_ id: String) -> String { runs + "/" + id }
}
