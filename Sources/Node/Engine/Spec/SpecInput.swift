internal import RuntimeSpec

/// Everything a container's `config.json` depends on; whoever makes it has asked the machine, the compiler asks nothing.
struct SpecInput: Sendable {
    /// How a namespace is had.
    enum Join: Equatable, Sendable {
        case own
        case host
        case path(String)
    }

    /// A mount whose source is known.
    struct ResolvedMount: Equatable, Sendable {
        var plan: PlannedMount
        /// On the host; empty for tmpfs.
        var source: String
        /// What of the source is meant, for a runtime that resolves it below there.
        var subpath = ""
    }

    /// A device of the host under its path in the container.
    struct HostDevice: Equatable, Sendable {
        var path: String
        var isBlock: Bool
        var major: Int64
        var minor: Int64
        var mode: UInt32
        var uid: UInt32
        var gid: UInt32
        var access: String
    }

    struct BlockNumber: Equatable, Sendable {
        var major: Int64
        var minor: Int64
    }

    /// Files of the host that stand in for those of the image.
    struct NetworkFiles: Equatable, Sendable {
        var hostname: String
        var hosts: String
        var resolvConf: String
    }

    var record: ContainerRecord
    var user = RuntimeSpec.User()
    var home = "/"
    /// Variables that links to other containers make; the container's own win.
    var linkVariables: [String] = []
    var hostname = ""
    var rootfs = "rootfs"
    var mounts: [ResolvedMount] = []
    var networkFiles: NetworkFiles?
    var devices: [HostDevice] = []
    /// Numbers of the block devices that limits name, by path.
    var blockDevices: [String: BlockNumber] = [:]
    var network = Join.own
    var pid = Join.own
    var ipc = Join.own
    var uts = Join.own
    /// The folder of the host that is /dev/shm, when containers share one.
    var sharedMemory: String?
    var userMap: [EngineConfiguration.IDMap] = []
    var groupMap: [EngineConfiguration.IDMap] = []
    var cgroupPath = ""
    /// The kernel and the runtime can make a mount read-only with all below it (mount_setattr(2), Linux 5.12).
    var canProtectBelow = false
    /// Whether the machine has nothing but cgroup v2.
    var unifiedCgroups = false
    var seccomp: RuntimeSpec.Seccomp?
    var noNewPrivileges = false
    var systemPathsUnconfined = false
    var appArmor: String?
    /// Ulimits of the daemon that the container does not set.
    var ulimits: [Ulimit] = []
    /// Bytes.
    var shmSize: Int64 = 64 << 20
    /// The executable that is to be the first process, on the host; nil runs the container's own program as that.
    var initExecutable: String?
}
