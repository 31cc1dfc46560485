internal import ArgumentParser

/// The command line of pouchd: dockerd's flags where they exist.
///
/// Everything is optional, so that a flag which was given can be told from one which was not.
struct Flags: ParsableArguments {
    @Option(name: .customLong("data-root"), help: "What survives a power loss: images, containers, volumes, logs.")
    var dataRoot: String?
    @Option(name: .customLong("exec-root"), help: "What a running container needs; best on tmpfs.")
    var execRoot: String?
    @Option(
        name: [.customShort("H"), .customLong("host")],
        help: "Where to listen (repeatable): unix://PATH, or tcp://ADDRESS:PORT with TLS.")
    var host: [String] = []
    @Option(name: .customLong("config-file"), help: "Settings in JSON; a flag may not be in it too.")
    var configFile: String?
    @Option(name: [.customShort("p"), .customLong("pidfile")], help: "Where to write the process id.")
    var pidfile: String?
    @Option(
        name: [.customShort("l"), .customLong("log-level")], help: "debug, info, warn, error or fatal.")
    var logLevel: String?
    @Option(name: .customLong("log-format"), help: "text or json.")
    var logFormat: String?
    @Flag(name: [.customShort("D"), .customLong("debug")], help: "The same as --log-level debug.")
    var debug = false

    @Option(name: .customLong("default-runtime"), help: "The OCI runtime of containers that name none.")
    var defaultRuntime: String?
    @Option(name: .customLong("add-runtime"), help: "NAME=PATH of another OCI runtime (repeatable).")
    var addRuntime: [String] = []
    @Option(name: .customLong("pouch-runtime"), help: "The pouch-runtime executable; else beside pouchd, else on PATH.")
    var pouchRuntime: String?
    @Option(
        name: .customLong("userns-remap"), help: "User whose subordinate ids containers get: USER[:GROUP] or default.")
    var usernsRemap: String?
    @Option(name: .customLong("cgroup-parent"), help: "The group that holds the containers' groups.")
    var cgroupParent: String?
    @Option(name: [.customShort("G"), .customLong("group")], help: "The group that may use the Unix sockets.")
    var group: String?
    @Option(name: .customLong("label"), help: "KEY=VALUE that describes this daemon (repeatable).")
    var label: [String] = []
    @Option(name: .customLong("default-ulimit"), help: "NAME=SOFT[:HARD] for containers (repeatable).")
    var defaultUlimit: [String] = []
    @Flag(name: .customLong("init"), help: "Give containers an init that reaps their orphans.")
    var `init` = false
    @Option(name: .customLong("default-shm-size"), help: "The size of containers' /dev/shm, such as 64m.")
    var defaultShmSize: String?
    @Option(
        name: [.customShort("b"), .customLong("bridge")],
        help: "The default network's interface; none has no such network.")
    var bridge: String?
    @Option(name: .customLong("bip"), help: "The default bridge's address, such as 10.5.0.1/16.")
    var bridgeAddress: String?
    @Option(name: .customLong("fixed-cidr"), help: "Where in the default bridge's subnet containers get addresses.")
    var fixedRange: String?
    @Option(name: .customLong("mtu"), help: "Of the default network, in bytes.")
    var mtu: Int?
    @Option(name: .customLong("dns"), help: "A name server for containers (repeatable).")
    var dns: [String] = []
    @Option(name: .customLong("dns-search"), help: "A search domain for containers (repeatable).")
    var dnsSearch: [String] = []
    @Option(name: .customLong("dns-opt"), help: "A resolver option for containers (repeatable).")
    var dnsOption: [String] = []
    @Option(
        name: [.customShort("s"), .customLong("storage-driver")],
        help: "overlay2, btrfs for snapshots of subvolumes, or vfs for whole copies of images.")
    var storageDriver: String?
    @Option(
        name: .customLong("image-limit"),
        help:
            "Space for images, such as 50g: those that can be pulled again go when it is short. The disk's size in a pool."
    )
    var imageLimit: String?
    @Option(name: .customLong("image-high-water"), help: "Percent of it above which images go; 80.")
    var imageHighWater: Int?
    @Option(name: .customLong("image-low-water"), help: "Percent of it that is left of them; 60.")
    var imageLowWater: Int?
    @Option(name: .customLong("registry-mirror"), help: "A mirror of Docker's registry to ask first (repeatable).")
    var registryMirror: [String] = []
    @Option(
        name: .customLong("insecure-registry"),
        help: "A registry without a good certificate, or without TLS: HOST[:PORT] or a network (repeatable).")
    var insecureRegistry: [String] = []
    @Option(name: .customLong("max-concurrent-downloads"), help: "Layers of an image fetched at once; 3.")
    var maxConcurrentDownloads: Int?
    @Option(name: .customLong("max-concurrent-uploads"), help: "Layers of an image sent at once; 5.")
    var maxConcurrentUploads: Int?
    @Option(name: .customLong("log-driver"), help: "json-file or none.")
    var logDriver: String?
    @Option(name: .customLong("log-opt"), help: "KEY=VALUE for the log driver (repeatable).")
    var logOption: [String] = []
    @Option(name: .customLong("seccomp-profile"), help: "A profile in JSON instead of ours; or unconfined.")
    var seccompProfile: String?
    @Flag(name: .customLong("no-new-privileges"), help: "Set it for containers.")
    var noNewPrivileges = false
    @Option(name: .customLong("quota-driver"), help: "project, btrfs or loop; else the best that the disk has.")
    var quotaDriver: String?
    @Option(name: .customLong("shutdown-timeout"), help: "Seconds that requests in work get when the daemon stops.")
    var shutdownTimeout: Int?
    @Flag(name: .customLong("live-restore"), inversion: .prefixedNo, help: "Always on: containers outlive the daemon.")
    var liveRestore: Bool?

    @Flag(name: .customLong("tls"), help: "Implied by --tlsverify.")
    var tls = false
    @Flag(name: .customLong("tlsverify"), help: "Let in clients with a certificate of ours, on tcp:// hosts.")
    var tlsVerify = false
    @Option(name: .customLong("tlscacert"), help: "Who signs the clients' certificates, in PEM.")
    var tlsCACert: String?
    @Option(name: .customLong("tlscert"), help: "This daemon's certificate, in PEM.")
    var tlsCert: String?
    @Option(name: .customLong("tlskey"), help: "Its key, in PEM.")
    var tlsKey: String?

    @Option(
        name: .customLong("registry-listen"),
        help: "ADDRESS:PORT where other machines get this one's images; none unless given.")
    var registryListen: String?
    @Flag(name: .customLong("registry-push"), help: "Let clients of the registry upload and delete.")
    var registryPush = false
    @Option(
        name: .customLong("registry-pull-through"),
        help: "HOST[:PORT] of a registry that is reached through this one, or a pattern such as *.example (repeatable)."
    )
    var registryPullThrough: [String] = []
    @Option(name: .customLong("registry-tlscert"), help: "The registry's certificate, in PEM.")
    var registryTLSCert: String?
    @Option(name: .customLong("registry-tlskey"), help: "Its key, in PEM.")
    var registryTLSKey: String?
    @Option(name: .customLong("registry-tlscacert"), help: "Who signs the certificates of the registry's clients.")
    var registryTLSCACert: String?
    @Flag(name: .customLong("registry-plain-http"), help: "Speak plain HTTP also beyond this machine.")
    var registryPlainHTTP = false

    @OptionGroup(title: "Pool") var pool: PoolFlags
    @OptionGroup(title: "Images of the pool") var distribution: DistributionFlags

    @Flag(name: [.customShort("v"), .customLong("version")], help: "Print the version and end.")
    var version = false
    @Flag(name: .customLong("validate"), help: "Check flags and file, and end.")
    var validate = false
}
