package import RegistryClient
package import Units

/// What pouchd was told about this machine; fixed for the life of an ``Engine``.
package struct EngineConfiguration: Sendable {
    /// An OCI runtime by name.
    package struct Runtime: Equatable, Sendable {
        /// An absolute path, or a name to find along PATH; nil is the runtime built into the shim.
        package var path: String?
        package var arguments: [String]

        package init(path: String?, arguments: [String] = []) {
            self.path = path
            self.arguments = arguments
        }
    }

    /// Whose ids the containers' ids are mapped to.
    package struct IDMap: Equatable, Sendable {
        package var container: UInt32
        package var host: UInt32
        package var size: UInt32

        package init(container: UInt32, host: UInt32, size: UInt32) {
            self.container = container
            self.host = host
            self.size = size
        }
    }

    /// The network of containers that name none.
    package struct BridgeSettings: Equatable, Sendable {
        /// Of its interface; empty is ours, `none` is no such network.
        package var name = ""
        /// Its own address; nil lets it choose a subnet that collides with no route of this machine.
        package var address: (address: IPAddress, length: Int)?
        /// Where containers' addresses come from.
        package var range: Subnet?
        /// Bytes.
        package var mtu: UInt32 = 1500

        package init() {}

        package static func == (left: BridgeSettings, right: BridgeSettings) -> Bool {
            left.name == right.name && left.address?.address == right.address?.address
                && left.address?.length == right.address?.length && left.range == right.range && left.mtu == right.mtu
        }
    }

    /// How much space images may take.
    package struct ImageSpace: Equatable, Sendable {
        /// Bytes; nil is the size of the disk.
        package var limit: Int64?
        /// Above this share of it images that can be fetched again go.
        package var high = 0.8
        /// What is taken at most when they have gone.
        package var low = 0.6

        package init() {}
    }

    /// Survives power loss: database, images, writable layers, volumes, logs.
    package var dataRoot: String
    /// Lives until the machine goes down, best on tmpfs: bundles, sockets, exit codes.
    package var execRoot: String
    /// The `pouch-runtime` executable.
    package var runtimeExecutable: String
    /// By name; `pouch` is the built-in one and always there.
    package var runtimes: [String: Runtime] = [:]
    package var defaultRuntime = "pouch"
    /// The group under which containers' groups are made, unless a container names another.
    package var cgroupParent = "/pouch"
    /// For `--userns-remap`: user and group maps; empty does not remap.
    package var userMap: [IDMap] = []
    package var groupMap: [IDMap] = []
    /// For containers with `--userns=private` on a daemon that does not remap; empty takes the last quarter of the id space.
    package var privateUserMap: [IDMap] = [IDMap(container: 0, host: 0x4000_0000, size: 65536)]
    /// How layers become root filesystems: `overlay2`, `btrfs` for subvolumes, or `vfs` for whole copies.
    package var storageDriver = "overlay2"
    package var logConfig = LogConfig(type: "json-file")
    package var ulimits: [Ulimit] = []
    /// Bytes.
    package var shmSize: Int64 = 64 << 20
    package var dns: [String] = []
    package var dnsSearch: [String] = []
    package var dnsOptions: [String] = []
    package var bridge = BridgeSettings()
    /// Every container gets an init of ours unless it says otherwise.
    package var `init` = false
    /// Seconds between the stop signal and SIGKILL when the container does not say.
    package var stopTimeout = 10
    /// A JSON seccomp profile that replaces ours; `unconfined` is none.
    package var seccompProfile: String?
    package var noNewPrivileges = false
    /// One of `project`, `btrfs` and `loop`; nil takes the best that the disk of the data root has.
    package var quotaDriver: String?
    package var labels: [String] = []
    /// How registries are reached.
    package var registries = RegistrySettings()
    /// Layers of one image that are fetched, and sent, at the same time.
    package var parallelDownloads = 3
    package var parallelUploads = 5
    /// Within which images are kept; nil lets them grow.
    package var imageSpace: ImageSpace?
    /// What `info` and `version` report.
    package var version = "0.1.0"
    package var commit = ""
    package var debug = false

    package init(dataRoot: String, execRoot: String, runtimeExecutable: String) {
        self.dataRoot = dataRoot
        self.execRoot = execRoot
        self.runtimeExecutable = runtimeExecutable
    }
}
