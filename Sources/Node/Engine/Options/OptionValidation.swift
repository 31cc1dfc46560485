/// Checks what a client asked for against itself and against this machine, in Docker's words.
struct OptionValidation {
    /// The machine as far as options depend on it.
    var processors: Int
    var runtimes: Set<String>

    /// Bytes; smaller limits cannot hold a process and its page tables.
    static let leastMemory: Int64 = 6 << 20

    /// - Throws: ``EngineError/invalid(_:)`` for the first option that cannot be; ``EngineError/unsupported(_:)`` for what Pouch lacks.
    /// - Returns: warnings about options that were changed.
    func check(_ request: CreateRequest) throws(EngineError) -> [String] {
        try check(request.config)
        try checkHost(request.hostConfig)
        return try checkResources(request.hostConfig)
    }

    func check(_ config: ContainerConfig) throws(EngineError) {
        guard ["", "fail", "ignore"].contains(config.diskQuotaFallback ?? "") else {
            throw .invalid("invalid disk quota fallback \"\(config.diskQuotaFallback ?? "")\": fail or ignore")
        }
        if let signal = config.stopSignal, !signal.isEmpty, SignalName.number(signal) == nil {
            throw .invalid("invalid signal: \(signal)")
        }
        if !config.workingDir.isEmpty, !config.workingDir.hasPrefix("/") {
            throw .invalid("the working directory '\(config.workingDir)' is invalid, it needs to be an absolute path")
        }
        for variable in config.env ?? [] where variable.isEmpty || variable.hasPrefix("=") {
            throw .invalid("invalid environment variable: \(variable)")
        }
        for port in (config.exposedPorts ?? [:]).keys.sorted() { _ = try PortRange(parsing: port) }
        guard config.hostname.utf8.count <= 64 else {
            throw .invalid("invalid hostname: \(config.hostname): at most 64 bytes")
        }
        try check(config.healthcheck)
    }

    private func check(_ healthcheck: HealthcheckConfig?) throws(EngineError) {
        guard let healthcheck else { return }
        let durations: [(String, Int64?)] = [
            ("Interval", healthcheck.interval), ("Timeout", healthcheck.timeout),
            ("StartPeriod", healthcheck.startPeriod), ("StartInterval", healthcheck.startInterval),
        ]
        for case (let name, let value?) in durations where value != 0 && value < 1_000_000 {
            throw .invalid("\(name) in Healthcheck cannot be less than 1ms")
        }
        if let retries = healthcheck.retries, retries < 0 {
            throw .invalid("Retries in Healthcheck cannot be negative")
        }
        if let kind = healthcheck.test?.first, !["", "NONE", "CMD", "CMD-SHELL"].contains(kind) {
            throw .invalid("Unknown healthcheck type '\(kind)' (expected 'CMD', 'CMD-SHELL' or 'NONE')")
        }
    }

    func checkHost(_ host: HostConfig) throws(EngineError) {
        try check(host.restartPolicy)
        if host.autoRemove, host.restartPolicy.kind != .no {
            throw .invalid("can't create 'AutoRemove' container with restart policy")
        }
        guard (-1000...1000).contains(host.oomScoreAdj) else {
            throw .invalid("Invalid value \(host.oomScoreAdj), range for oom score adj is [-1000, 1000]")
        }
        guard host.shmSize >= 0 else { throw .invalid("SHM size can not be less than 0") }
        try checkNamespaces(host)
        try checkSecurity(host)
        for extra in host.extraHosts ?? [] where !extra.contains(":") && !extra.contains("=") {
            throw .invalid("bad format for add-host: \"\(extra)\"")
        }
        for (port, bindings) in host.portBindings.sorted(by: { $0.key < $1.key }) {
            _ = try PortRange(parsing: port)
            for binding in bindings.wrappedValue ?? [] where !binding.hostPort.isEmpty {
                _ = try PortRange(parsing: binding.hostPort)
            }
        }
        for limit in host.ulimits ?? [] {
            guard Self.ulimitNames.contains(limit.name) else { throw .invalid("invalid ulimit type: \(limit.name)") }
            guard limit.hard == -1 || (limit.soft != -1 && limit.soft <= limit.hard) else {
                throw .invalid(
                    "ulimit soft limit must be less than or equal to hard limit: \(limit.soft) > \(limit.hard)")
            }
        }
        if let runtime = host.runtime, !runtime.isEmpty, !runtimes.contains(runtime) {
            throw .invalid("unknown or invalid runtime name: \(runtime)")
        }
        try refuseMissing(host)
        try LogOption.check(host.logConfig)
    }

    private func check(_ policy: RestartPolicy) throws(EngineError) {
        guard let kind = policy.kind else {
            throw .invalid(
                "invalid restart policy: unknown policy '\(policy.name)'; use one of 'no', 'always', 'on-failure', or "
                    + "'unless-stopped'")
        }
        guard policy.maximumRetryCount >= 0 else {
            throw .invalid("invalid restart policy: maximum retry count cannot be negative")
        }
        if kind != .onFailure, policy.maximumRetryCount != 0 {
            throw .invalid("invalid restart policy: maximum retry count can only be used with 'on-failure'")
        }
    }

    private func checkNamespaces(_ host: HostConfig) throws(EngineError) {
        switch host.ipcMode {
        case "", "none", "private", "shareable", "host": break
        case let mode where mode.hasPrefix("container:") && mode.count > 10: break
        default: throw .invalid("invalid IPC mode: \(host.ipcMode)")
        }
        guard
            host.pidMode.isEmpty || host.pidMode == "host" || host.pidMode == "private"
                || host.pidMode.hasPrefix("container:") && host.pidMode.count > 10
        else { throw .invalid("invalid PID mode: \(host.pidMode)") }
        guard ["", "host"].contains(host.uTSMode) else { throw .invalid("invalid UTS mode: \(host.uTSMode)") }
        guard ["", "host", "private"].contains(host.usernsMode) else {
            throw .invalid("invalid userns mode: \(host.usernsMode)")
        }
        guard ["", "host", "private"].contains(host.cgroupnsMode) else {
            throw .invalid("invalid cgroup namespace mode: \(host.cgroupnsMode)")
        }
        guard ["", "default"].contains(host.isolation) else {
            throw .invalid("invalid isolation '\(host.isolation)' on linux")
        }
        if host.networkMode == "host", host.uTSMode == "", host.publishAllPorts { return }
    }

    private func checkSecurity(_ host: HostConfig) throws(EngineError) {
        _ = try SecurityOptions(host.securityOpt ?? [], noNewPrivilegesByDefault: false)
        _ = try CapabilityNames.resolved(
            add: host.capAdd?.words ?? [], drop: host.capDrop?.words ?? [], privileged: host.privileged)
        for (name, _) in (host.sysctls ?? [:]).sorted(by: { $0.key < $1.key }) {
            guard SysctlName.isNamespaced(name) || host.privileged else {
                throw .invalid("sysctl \(name) is not in a separate kernel namespace")
            }
            if name.hasPrefix("net."), host.networkMode == "host" {
                throw .invalid("sysctl '\(name)' not allowed in host network namespace")
            }
            if SysctlName.isIPC(name), host.ipcMode == "host" {
                throw .invalid("sysctl '\(name)' not allowed in host ipc namespace")
            }
        }
        for rule in host.deviceCgroupRules ?? [] { _ = try DeviceRule.parse(rule) }
    }

    /// What Docker has on other platforms or with extensions, and Pouch has not.
    private func refuseMissing(_ host: HostConfig) throws(EngineError) {
        if let request = host.deviceRequests?.first {
            let capabilities = (request.capabilities ?? []).map { "[" + $0.joined(separator: " ") + "]" }.joined()
            throw .invalid("could not select device driver \"\(request.driver)\" with capabilities: [\(capabilities)]")
        }
        for name in (host.storageOpt ?? [:]).keys.sorted() where name != "size" {
            throw .invalid("unknown option \(name) of --storage-opt: there is size")
        }
        if !host.cgroup.isEmpty { throw .invalid("HostConfig.Cgroup: use CgroupParent") }
        let windows: [(String, Bool)] = [
            ("CpuCount", host.cpuCount != 0), ("CpuPercent", host.cpuPercent != 0),
            ("IOMaximumIOps", host.iOMaximumIOps != 0), ("IOMaximumBandwidth", host.iOMaximumBandwidth != 0),
        ]
        for (name, isSet) in windows where isSet {
            throw .invalid("invalid option: HostConfig.\(name) is not supported on Linux")
        }
    }

    static let ulimitNames: Set<String> = [
        "core", "cpu", "data", "fsize", "locks", "memlock", "msgqueue", "nice", "nofile", "nproc", "rss", "rtprio",
        "rttime", "sigpending", "stack",
    ]
}

/// `80`, `80/tcp`, `8000-8010/udp`.
struct PortRange: Equatable {
    var first: Int
    var last: Int
    var transport: String

    init(parsing text: String) throws(EngineError) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        transport = parts.count > 1 ? String(parts[1]).lowercased() : "tcp"
        let ends = parts[0].split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count <= 2, ends.count <= 2, let first = Int(ends[0]), let last = Int(ends[ends.count - 1]),
            (0...65535).contains(first), (first...65535).contains(last)
        else { throw .invalid("invalid port specification: \"\(text)\"") }
        guard ["tcp", "udp", "sctp"].contains(transport) else { throw .invalid("invalid proto: \(transport)") }
        self.first = first
        self.last = last
    }
}

/// Which sysctls belong to a container's own namespaces.
enum SysctlName {
    private static let ipc: Set<String> = [
        "kernel.msgmax", "kernel.msgmnb", "kernel.msgmni", "kernel.sem", "kernel.shmall", "kernel.shmmax",
        "kernel.shmmni", "kernel.shm_rmid_forced",
    ]

    static func isIPC(_ name: String) -> Bool { ipc.contains(name) || name.hasPrefix("fs.mqueue.") }

    static func isNamespaced(_ name: String) -> Bool {
        isIPC(name) || name.hasPrefix("net.") || name == "kernel.hostname" || name == "kernel.domainname"
    }
}
