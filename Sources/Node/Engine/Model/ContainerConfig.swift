/// What runs in a container: the part of its configuration that is the same on any machine, and that an image can carry.
///
/// Source: Docker Engine API 1.48, ContainerConfig.
package struct ContainerConfig: Codable, Equatable, Sendable {
    @Present package var hostname: String
    @Present package var domainname: String
    /// `name|uid[:group|gid]`; empty is root.
    @Present package var user: String
    @Present package var attachStdin: Bool
    @Present package var attachStdout: Bool
    @Present package var attachStderr: Bool
    package var exposedPorts: [String: EmptyObject]?
    @Present package var tty: Bool
    @Present package var openStdin: Bool
    @Present package var stdinOnce: Bool
    @Nullable package var env: [String]?
    @Nullable package var cmd: WordList?
    package var healthcheck: HealthcheckConfig?
    package var argsEscaped: Bool?
    @Present package var image: String
    @Nullable package var volumes: [String: EmptyObject]?
    @Present package var workingDir: String
    @Nullable package var entrypoint: WordList?
    package var networkDisabled: Bool?
    package var macAddress: String?
    /// The image's own /etc/hosts, hostname and resolv.conf are left alone: a field of Pouch's own.
    package var disableNetworkFiles: Bool?
    @Nullable package var onBuild: [String]?
    @Present package var labels: [String: String]
    package var stopSignal: String?
    /// Seconds between the stop signal and SIGKILL; -1 waits for ever.
    package var stopTimeout: Int?
    package var shell: WordList?
    /// Pouch's own: how much may be written where, such as `10g` for `/`; the keys are ``DiskQuotaRules``'.
    package var diskQuota: [String: String]?
    /// Pouch's own: the number under which all of it counts together; `-1` lets the engine choose it.
    package var quotaID: String?
    /// Pouch's own: `ignore` runs the container without a limit where none can be enforced.
    package var diskQuotaFallback: String?

    package init() {}
}

/// How to find out whether a container is well; durations are nanoseconds, 0 means inherit or the default.
package struct HealthcheckConfig: Codable, Equatable, Sendable {
    /// `["NONE"]`, `["CMD", …]` or `["CMD-SHELL", script]`.
    package var test: [String]?
    package var interval: Int64?
    package var timeout: Int64?
    package var startPeriod: Int64?
    package var startInterval: Int64?
    package var retries: Int?

    package init() {}
}
