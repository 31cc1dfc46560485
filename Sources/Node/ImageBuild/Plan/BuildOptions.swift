/// What a build is asked for, besides its context.
package struct BuildOptions: Sendable {
    /// Names of the image.
    package var tags: [String] = []
    /// Where the Dockerfile lies in the context.
    package var dockerfile = "Dockerfile"
    package var arguments: [String: String] = [:]
    package var labels: [(String, String)] = []
    package var target: String?
    package var usesCache = true
    /// Only steps of these images count as cached; empty takes those of all builds.
    package var cacheSources: [String] = []
    package var pulls = false
    package var platform: String?
    /// `default` (or empty), `none`, `host` or a network's name.
    package var network = ""
    package var extraHosts: [String] = []
    package var limits = Limits()
    /// What secret mounts show, by their ids; kept out of images, history and cache keys.
    package var secrets: [String: [UInt8]] = [:]

    /// What build containers may use; 0 and empty are without limit.
    package struct Limits: Sendable {
        /// Bytes.
        package var memory: Int64 = 0
        package var memorySwap: Int64 = 0
        package var shmSize: Int64 = 0
        package var cpuShares: Int64 = 0
        package var cpuPeriod: Int64 = 0
        package var cpuQuota: Int64 = 0
        package var cpusetCPUs = ""
        package var cpusetMemories = ""
        package var cgroupParent = ""
        package var securityOptions: [String] = []

        package init() {}
    }

    package init() {}
}
