internal import JSON
internal import Units

/// Limits that `update` can also change.
struct LimitFlags {
    var blkioWeight: Int64?
    var cpuPeriod: Int64?
    var cpuQuota: Int64?
    var cpuRealtimePeriod: Int64?
    var cpuRealtimeRuntime: Int64?
    var cpuShares: Int64?
    /// In billionths of a CPU.
    var cpus: Int64?
    var cpusetCPUs: String?
    var cpusetMemory: String?
    var memory: Int64?
    var memoryReservation: Int64?
    var memorySwap: Int64?
    var pidsLimit: Int64?
    var restart: String?

    static var flags: [Flag<LimitFlags>] {
        [
            .number(
                "blkio-weight", "Block IO (relative weight), between 10 and 1000, or 0 to disable", as: "uint16",
                \.blkioWeight),
            .number("cpu-period", "Limit CPU CFS (Completely Fair Scheduler) period", \.cpuPeriod),
            .number("cpu-quota", "Limit CPU CFS (Completely Fair Scheduler) quota", \.cpuQuota),
            .number("cpu-rt-period", "Limit CPU real-time period in microseconds", \.cpuRealtimePeriod),
            .number("cpu-rt-runtime", "Limit CPU real-time runtime in microseconds", \.cpuRealtimeRuntime),
            .number("cpu-shares", short: "c", "CPU shares (relative weight)", \.cpuShares),
            Flag(long: "cpus", placeholder: "decimal", help: "Number of CPUs") { (limits, text) throws(FlagError) in
                guard let count = try? CPUCount(parsing: text) else {
                    throw FlagError(reason: "expected a number of CPUs such as 1.5")
                }
                limits.cpus = count.nano
            },
            .text("cpuset-cpus", "CPUs in which to allow execution (0-3, 0,1)", \.cpusetCPUs),
            .text("cpuset-mems", "MEMs in which to allow execution (0-3, 0,1)", \.cpusetMemory),
            .bytes("memory", short: "m", "Memory limit", \.memory),
            .bytes("memory-reservation", "Memory soft limit", \.memoryReservation),
            .bytes(
                "memory-swap", "Swap limit equal to memory plus swap: '-1' to enable unlimited swap", \.memorySwap),
            .number("pids-limit", "Tune container pids limit (set -1 for unlimited)", \.pidsLimit),
            .text("restart", "Restart policy to apply when a container exits", \.restart)
                .completing(.choices(["no", "always", "unless-stopped", "on-failure"])),
        ]
    }

    func fill(_ host: inout JSONObject) throws(Failure) {
        host.set("BlkioWeight", blkioWeight)
        host.set("CpuPeriod", cpuPeriod)
        host.set("CpuQuota", cpuQuota)
        host.set("CpuRealtimePeriod", cpuRealtimePeriod)
        host.set("CpuRealtimeRuntime", cpuRealtimeRuntime)
        host.set("CpuShares", cpuShares)
        host.set("NanoCpus", cpus)
        host.set("CpusetCpus", cpusetCPUs)
        host.set("CpusetMems", cpusetMemory)
        host.set("Memory", memory)
        host.set("MemoryReservation", memoryReservation)
        host.set("MemorySwap", memorySwap)
        host.set("PidsLimit", pidsLimit)
        if let restart { host["RestartPolicy"] = try Self.policy(restart) }
    }

    /// `on-failure:3` and its like.
    static func policy(_ text: String) throws(Failure) -> JSONValue {
        let (name, count) = split(text, at: ":")
        guard let count else { return ["Name": .string(name)] }
        guard let number = Int64(count) else {
            throw .message("invalid restart policy format: maximum retry count must be an integer: \(text)", code: 125)
        }
        return ["Name": .string(name), "MaximumRetryCount": .integer(number)]
    }
}

/// Limits that are fixed when the container is made.
struct ResourceFlags {
    var limits = LimitFlags()
    var blkioWeightDevices: [String] = []
    var readBytes: [String] = []
    var readOperations: [String] = []
    var writeBytes: [String] = []
    var writeOperations: [String] = []
    var kernelMemory: Int64?
    var swappiness: Int64?
    var disablesOOMKill = false
    var oomScore: Int64?
    var shmSize: Int64?
    var ulimits: [String] = []
    var devices: [String] = []
    var deviceRules: [String] = []
    var cgroupParent: String?

    static var flags: [Flag<ResourceFlags>] {
        LimitFlags.flags.map { $0.lifted(\.limits) } + [
            .list("blkio-weight-device", "Block IO weight (relative device weight)", \.blkioWeightDevices),
            .list("device-read-bps", "Limit read rate (bytes per second) from a device", \.readBytes),
            .list("device-read-iops", "Limit read rate (IO per second) from a device", \.readOperations),
            .list("device-write-bps", "Limit write rate (bytes per second) to a device", \.writeBytes),
            .list("device-write-iops", "Limit write rate (IO per second) to a device", \.writeOperations),
            .bytes("kernel-memory", "Kernel memory limit", \.kernelMemory),
            .number("memory-swappiness", "Tune container memory swappiness (0 to 100)", \.swappiness),
            .toggle("oom-kill-disable", "Disable OOM Killer", \.disablesOOMKill),
            .number("oom-score-adj", "Tune host's OOM preferences (-1000 to 1000)", \.oomScore),
            .bytes("shm-size", "Size of /dev/shm", \.shmSize),
            .list("ulimit", "Ulimit options", as: "ulimit", \.ulimits),
            .list("device", "Add a host device to the container", \.devices).completing(.files),
            .list("device-cgroup-rule", "Add a rule to the cgroup allowed devices list", \.deviceRules),
            .text("cgroup-parent", "Optional parent cgroup for the container", \.cgroupParent),
        ]
    }

    func fill(_ body: inout CreateBody) throws(Failure) {
        try limits.fill(&body.host)
        body.host.set("BlkioWeightDevice", try Self.devices(blkioWeightDevices, "Weight", "blkio-weight-device"))
        body.host.set("BlkioDeviceReadBps", try Self.devices(readBytes, "Rate", "device-read-bps"))
        body.host.set("BlkioDeviceReadIOps", try Self.devices(readOperations, "Rate", "device-read-iops"))
        body.host.set("BlkioDeviceWriteBps", try Self.devices(writeBytes, "Rate", "device-write-bps"))
        body.host.set("BlkioDeviceWriteIOps", try Self.devices(writeOperations, "Rate", "device-write-iops"))
        body.host.set("KernelMemory", kernelMemory)
        if let swappiness, swappiness != -1 { body.host.set("MemorySwappiness", swappiness) }
        body.host.set("OomKillDisable", disablesOOMKill)
        body.host.set("OomScoreAdj", oomScore)
        body.host.set("ShmSize", shmSize)
        var limits: [JSONValue] = []
        for text in ulimits { limits.append(try Self.ulimit(text)) }
        body.host.set("Ulimits", limits)
        try fillDevices(&body.host)
        body.host.set("DeviceCgroupRules", deviceRules)
        body.host.set("CgroupParent", cgroupParent)
    }

    /// `/dev/sda:1mb`: a device and a number.
    private static func devices(_ texts: [String], _ key: String, _ flag: String) throws(Failure) -> [JSONValue] {
        var values: [JSONValue] = []
        for text in texts {
            let colon = text.lastIndex(of: ":")
            let path = colon.map { String(text[..<$0]) } ?? ""
            guard path.hasPrefix("/dev/"), let colon,
                let number = try? parsedBytes(String(text[text.index(after: colon)...]))
            else {
                throw .message("invalid argument \"\(text)\" for \"--\(flag)\": expected /dev/device:number", code: 125)
            }
            values.append(.object(["Path": .string(path), key: .integer(number)]))
        }
        return values
    }

    /// Reads `nofile=1024:2048`.
    static func ulimit(_ text: String) throws(Failure) -> JSONValue {
        let (name, value) = split(text, at: "=")
        let (soft, hard) = split(value ?? "", at: ":")
        func number(_ text: String) -> Int64? { text == "unlimited" ? -1 : Int64(text) }
        guard let softLimit = number(soft), let hardLimit = number(hard ?? soft) else {
            throw .message("invalid argument \"\(text)\" for \"--ulimit\": expected name=soft[:hard]", code: 125)
        }
        guard hardLimit == -1 || (softLimit != -1 && softLimit <= hardLimit) else {
            throw .message(
                "invalid argument \"\(text)\" for \"--ulimit\": the soft limit must not exceed the hard limit",
                code: 125)
        }
        return ["Name": .string(name), "Soft": .integer(softLimit), "Hard": .integer(hardLimit)]
    }

    private func fillDevices(_ host: inout JSONObject) throws(Failure) {
        var mappings: [JSONValue] = []
        var named: [JSONValue] = []
        for text in devices {
            if !text.hasPrefix("/"), text.contains("="), text.contains("/") {
                named.append(.string(text))  // a CDI name such as vendor.com/class=device
            } else {
                mappings.append(try Self.device(text))
            }
        }
        host.set("Devices", mappings)
        if !named.isEmpty { host["DeviceRequests"] = [["Driver": "cdi", "DeviceIDs": .array(named)]] }
    }

    /// Reads `host[:container[:rwm]]` or `host:rwm`.
    static func device(_ text: String) throws(Failure) -> JSONValue {
        func isMode(_ text: String) -> Bool { !text.isEmpty && text.allSatisfy { "rwm".contains($0) } }
        let parts = text.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
        var (container, mode) = (parts[0], "rwm")
        switch parts.count {
        case 1: break
        case 2: if isMode(parts[1]) { mode = parts[1] } else { container = parts[1] }
        case 3 where isMode(parts[2]): (container, mode) = (parts[1], parts[2])
        default:
            throw .message(
                "invalid argument \"\(text)\" for \"--device\": expected host[:container[:rwm]]", code: 125)
        }
        return [
            "PathOnHost": .string(parts[0]), "PathInContainer": .string(container), "CgroupPermissions": .string(mode),
        ]
    }
}
