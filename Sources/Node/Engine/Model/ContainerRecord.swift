/// What the database keeps about a container: everything that was decided when it was created or changed since.
struct ContainerRecord: Codable, Equatable, Sendable {
    var id: String
    /// Without a slash.
    var name: String
    var created: Timestamp
    /// The image's id; changes when a container is upgraded in place.
    var imageID: String
    var config: ContainerConfig
    var hostConfig: HostConfig
    var networkingConfig: NetworkingConfig
    var mounts: [PlannedMount] = []
    var platform = "linux"
    /// The limited space of each destination that has one; `/` is the root filesystem.
    var spaces: [String: UInt32]?

    init(
        id: String, name: String, created: Timestamp, imageID: String, config: ContainerConfig, hostConfig: HostConfig,
        networkingConfig: NetworkingConfig = NetworkingConfig()
    ) {
        self.id = id
        self.name = name
        self.created = created
        self.imageID = imageID
        self.config = config
        self.hostConfig = hostConfig
        self.networkingConfig = networkingConfig
    }

    /// The program and its arguments.
    var command: [String] { (config.entrypoint?.words ?? []) + (config.cmd?.words ?? []) }

    var hasTerminal: Bool { config.tty }
}
