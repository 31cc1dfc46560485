internal import RuntimeSpec

/// The limits of a container as the runtime takes them.
struct SpecResources {
    private let host: HostConfig
    private let blockDevices: [String: SpecInput.BlockNumber]
    private let devices: [SpecInput.HostDevice]

    init(
        _ host: HostConfig, blockDevices: [String: SpecInput.BlockNumber] = [:], devices: [SpecInput.HostDevice] = []
    ) {
        self.host = host
        self.blockDevices = blockDevices
        self.devices = devices
    }

    func all() throws(EngineError) -> RuntimeSpec.Resources {
        var resources = try limits()
        resources.devices = try deviceRules()
        return resources
    }

    /// Without devices: what an update changes.
    func limits() throws(EngineError) -> RuntimeSpec.Resources {
        RuntimeSpec.Resources(memory: memory(), cpu: processors(), pids: pids(), blockIO: try blockIO())
    }

    private func memory() -> RuntimeSpec.Resources.Memory? {
        var memory = RuntimeSpec.Resources.Memory()
        if host.memory > 0 {
            memory.limit = host.memory
            // Docker: as much swap again as memory, unless told.
            memory.swap = host.memorySwap == 0 ? host.memory * 2 : host.memorySwap
        } else if host.memorySwap == -1 {
            memory.swap = -1
        }
        if host.memoryReservation > 0 { memory.reservation = host.memoryReservation }
        if let swappiness = host.memorySwappiness, swappiness >= 0 { memory.swappiness = UInt64(swappiness) }
        if host.oomKillDisable == true { memory.disableOOMKiller = true }
        return memory == RuntimeSpec.Resources.Memory() ? nil : memory
    }

    private func processors() -> RuntimeSpec.Resources.CPU? {
        var cpu = RuntimeSpec.Resources.CPU()
        if host.cpuShares > 0 { cpu.shares = UInt64(host.cpuShares) }
        if host.nanoCpus > 0 {
            cpu.period = 100_000
            cpu.quota = host.nanoCpus / 10_000
        }
        if host.cpuPeriod > 0 { cpu.period = UInt64(host.cpuPeriod) }
        if host.cpuQuota != 0 { cpu.quota = host.cpuQuota }
        if host.cpuRealtimePeriod > 0 { cpu.realtimePeriod = UInt64(host.cpuRealtimePeriod) }
        if host.cpuRealtimeRuntime != 0 { cpu.realtimeRuntime = host.cpuRealtimeRuntime }
        if !host.cpusetCpus.isEmpty { cpu.cpus = host.cpusetCpus }
        if !host.cpusetMems.isEmpty { cpu.mems = host.cpusetMems }
        return cpu == RuntimeSpec.Resources.CPU() ? nil : cpu
    }

    private func pids() -> RuntimeSpec.Resources.Pids? {
        guard let limit = host.pidsLimit, limit != 0 else { return nil }
        return RuntimeSpec.Resources.Pids(limit: limit < 0 ? -1 : limit)
    }

    private func blockIO() throws(EngineError) -> RuntimeSpec.Resources.BlockIO? {
        var blockIO = RuntimeSpec.Resources.BlockIO()
        if host.blkioWeight > 0 { blockIO.weight = host.blkioWeight }
        var weights: [RuntimeSpec.Resources.WeightDevice] = []
        for device in host.blkioWeightDevice ?? [] {
            let number = try number(device.path)
            weights.append(.init(major: number.major, minor: number.minor, weight: device.weight))
        }
        if !weights.isEmpty { blockIO.weightDevice = weights }
        blockIO.throttleReadBpsDevice = try throttles(host.blkioDeviceReadBps)
        blockIO.throttleWriteBpsDevice = try throttles(host.blkioDeviceWriteBps)
        blockIO.throttleReadIOPSDevice = try throttles(host.blkioDeviceReadIOps)
        blockIO.throttleWriteIOPSDevice = try throttles(host.blkioDeviceWriteIOps)
        return blockIO == RuntimeSpec.Resources.BlockIO() ? nil : blockIO
    }

    private func throttles(_ devices: [ThrottleDevice]?) throws(EngineError) -> [RuntimeSpec.Resources.ThrottleDevice]?
    {
        var result: [RuntimeSpec.Resources.ThrottleDevice] = []
        for device in devices ?? [] {
            let number = try number(device.path)
            result.append(.init(major: number.major, minor: number.minor, rate: device.rate))
        }
        return result.isEmpty ? nil : result
    }

    private func number(_ path: String) throws(EngineError) -> SpecInput.BlockNumber {
        guard let number = blockDevices[path] else { throw .invalid("\(path): no such block device") }
        return number
    }

    private func deviceRules() throws(EngineError) -> [RuntimeSpec.Resources.DeviceCgroup] {
        typealias Rule = RuntimeSpec.Resources.DeviceCgroup
        if host.privileged { return [Rule(allow: true, access: "rwm")] }
        var rules = [Rule(allow: false, access: "rwm")]
        // Making nodes is harmless; using them is not.
        rules.append(Rule(allow: true, type: "c", access: "m"))
        rules.append(Rule(allow: true, type: "b", access: "m"))
        // null, zero, full, random, urandom, tty, console, ptmx, pts
        let harmless: [(Int64, Int64?)] = [
            (1, 3), (1, 5), (1, 7), (1, 8), (1, 9), (5, 0), (5, 1), (5, 2), (136, nil),
        ]
        for (major, minor) in harmless {
            rules.append(Rule(allow: true, type: "c", major: major, minor: minor, access: "rwm"))
        }
        for device in devices {
            rules.append(
                Rule(
                    allow: true, type: device.isBlock ? "b" : "c", major: device.major, minor: device.minor,
                    access: device.access))
        }
        for text in host.deviceCgroupRules ?? [] {
            let rule = try DeviceRule.parse(text)
            rules.append(
                Rule(allow: true, type: rule.type, major: rule.major, minor: rule.minor, access: rule.access))
        }
        return rules
    }
}
