internal import Lanes
internal import ShimProtocol

/// What the engine needs of images and of containers' root filesystems; the store of the Content wing is one, a model in tests another.
protocol RootfsStore: Sendable {
    /// - Throws: ``EngineError/notFound(_:)`` when no image is called so.
    func image(_ reference: String) async throws(EngineError) -> ImageFacts
    /// Makes a container's own writable layer over an image; one that exists is an error.
    ///
    /// A `volatile` one may be lost with the machine's power and is never synced.
    func prepare(_ id: String, image: String, options: RootfsOptions) async throws(EngineError) -> Rootfs
    /// What `prepare` gave, of a layer that exists.
    func rootfs(_ id: String, options: RootfsOptions) async throws(EngineError) -> Rootfs
    /// Mounts a container's root filesystem on `target` in the mount namespace of the calling thread, which has it to itself.
    func mountHere(_ id: String, on target: String) throws(EngineError)
    /// The folder of the data root that has what a container wrote.
    func place(_ id: String) throws(EngineError) -> String
    /// Moves what a container that does not run wrote to `place`, a folder of the data root.
    func move(_ id: String, to place: String) async throws(EngineError)
    /// Removes a container's layer; one that does not exist is no error.
    func release(_ id: String) async throws(EngineError)
    /// The same for all who look at layers; what it wrote may stay on the disk until ``release(_:)``.
    func putAside(_ id: String) async throws(EngineError)
    /// Writes the tar of a folder of a container that does not run, and the end of it or why there is none.
    func copyOut(_ id: String, _ folder: String, into pipe: ChunkPipe) async throws(EngineError)
    /// All containers that have a layer.
    func prepared() async throws(EngineError) -> [String]
}

/// How a container's layer is used.
struct RootfsOptions: Equatable, Sendable {
    var volatile = false
    var userMap: [EngineConfiguration.IDMap] = []
    var groupMap: [EngineConfiguration.IDMap] = []
    /// The folder for what the container writes, below the data root, when it has a limit.
    var place: String?
}

/// A container's root filesystem, not mounted.
struct Rootfs: Equatable, Sendable {
    var mounts: [ShimConfiguration.RootfsMount]
    /// The layers' folders on the host, the writable one first.
    var layers: [String]
    /// What whoever made it should know; of a fresh one only.
    var remark: String?
}

/// What an image says about the containers made of it.
struct ImageFacts: Equatable, Sendable {
    /// `sha256:` and 64 digits.
    var id: String
    var config = ContainerConfig()
    var os = "linux"
}
