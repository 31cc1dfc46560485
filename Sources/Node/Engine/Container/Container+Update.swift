internal import RuntimeSpec
internal import ShimProtocol

extension Container {
    /// Changes limits and restart policy, at once if it runs; what is refused leaves everything as it was.
    func update(_ update: UpdateConfig) async throws(EngineError) -> UpdateResponse {
        try await inTurn { () throws(EngineError) in
            guard machine.phase != .removing, machine.phase != .dead else {
                throw .conflict("Container \(id) is marked for removal and cannot be \"update\"")
            }
            var changed = record
            try Self.apply(update, to: &changed.hostConfig)
            let validation = OptionValidation(
                processors: services.machine.processors, runtimes: [changed.hostConfig.runtime ?? ""])
            try validation.checkHost(changed.hostConfig)
            var response = UpdateResponse()
            let warnings = try validation.checkResources(changed.hostConfig)
            if !warnings.isEmpty { response.warnings = warnings }
            if let run, machine.process != nil, run.exited.made == nil {
                let limits = try SpecResources(changed.hostConfig, blockDevices: try Self.numbers(changed.hostConfig))
                    .limits()
                _ = try await run.link.request(.update(limits))
            }
            try await updateQuota(update.diskQuota ?? [:], &changed)
            try await services.database.update(changed)
            record = changed
            machine.policy = changed.hostConfig.restartPolicy
            publish()
            announce("update")
            return response
        }
    }

    private static func numbers(_ host: HostConfig) throws(EngineError) -> [String: SpecInput.BlockNumber] {
        var numbers: [String: SpecInput.BlockNumber] = [:]
        let throttles = [
            host.blkioDeviceReadBps, host.blkioDeviceWriteBps, host.blkioDeviceReadIOps, host.blkioDeviceWriteIOps,
        ].flatMap { ($0 ?? []).map(\.path) }
        for path in throttles + (host.blkioWeightDevice ?? []).map(\.path) {
            guard let number = HostDevices.blockNumber(path) else { throw .invalid("\(path): no such block device") }
            numbers[path] = number
        }
        return numbers
    }

    /// What is 0, empty or absent stays.
    private static func apply(_ update: UpdateConfig, to host: inout HostConfig) throws(EngineError) {
        func set<Value: Zeroed>(_ value: Value?, _ path: WritableKeyPath<HostConfig, Value>) {
            if let value, value != .zero { host[keyPath: path] = value }
        }
        if let nano = update.nanoCpus, nano > 0 {
            if host.cpuPeriod > 0 {
                throw .invalid("Conflicting options: Nano CPUs cannot be updated as CPU Period has already been set")
            }
            if host.cpuQuota > 0 {
                throw .invalid("Conflicting options: Nano CPUs cannot be updated as CPU Quota has already been set")
            }
        }
        if host.nanoCpus > 0, update.cpuPeriod ?? 0 > 0 || update.cpuQuota ?? 0 > 0 {
            throw .invalid(
                "Conflicting options: CPU Period or Quota cannot be updated as NanoCPUs has already been set")
        }
        set(update.cpuShares, \.cpuShares)
        set(update.nanoCpus, \.nanoCpus)
        set(update.blkioWeight, \.blkioWeight)
        set(update.cpuPeriod, \.cpuPeriod)
        set(update.cpuQuota, \.cpuQuota)
        set(update.cpuRealtimePeriod, \.cpuRealtimePeriod)
        set(update.cpuRealtimeRuntime, \.cpuRealtimeRuntime)
        set(update.cpusetCpus, \.cpusetCpus)
        set(update.cpusetMems, \.cpusetMems)
        if let memory = update.memory, memory != 0 {
            let swap = update.memorySwap ?? 0
            if swap == 0, host.memorySwap > 0, memory > host.memorySwap {
                throw .invalid(
                    "Memory limit should be smaller than already set memoryswap limit, update the memoryswap at the same time"
                )
            }
            host.memory = memory
        }
        set(update.memorySwap, \.memorySwap)
        set(update.memoryReservation, \.memoryReservation)
        if let weights = update.blkioWeightDevice, !weights.isEmpty { host.blkioWeightDevice = weights }
        if let limits = update.blkioDeviceReadBps, !limits.isEmpty { host.blkioDeviceReadBps = limits }
        if let limits = update.blkioDeviceWriteBps, !limits.isEmpty { host.blkioDeviceWriteBps = limits }
        if let limits = update.blkioDeviceReadIOps, !limits.isEmpty { host.blkioDeviceReadIOps = limits }
        if let limits = update.blkioDeviceWriteIOps, !limits.isEmpty { host.blkioDeviceWriteIOps = limits }
        if let swappiness = update.memorySwappiness { host.memorySwappiness = swappiness }
        if let disabled = update.oomKillDisable { host.oomKillDisable = disabled }
        if let limit = update.pidsLimit, limit != 0 { host.pidsLimit = limit }
        if let policy = update.restartPolicy, !policy.name.isEmpty {
            guard !host.autoRemove || policy.kind == .no else {
                throw .invalid("Restart policy cannot be updated because AutoRemove is enabled for the container")
            }
            host.restartPolicy = policy
        }
        let unchangeable: [(String, Bool)] = [
            ("CgroupParent", !(update.cgroupParent ?? "").isEmpty), ("Devices", !(update.devices ?? []).isEmpty),
            ("DeviceCgroupRules", !(update.deviceCgroupRules ?? []).isEmpty),
            ("DeviceRequests", !(update.deviceRequests ?? []).isEmpty), ("Ulimits", !(update.ulimits ?? []).isEmpty),
            ("CpuCount", update.cpuCount ?? 0 != 0), ("CpuPercent", update.cpuPercent ?? 0 != 0),
            ("IOMaximumIOps", update.iOMaximumIOps ?? 0 != 0),
            ("IOMaximumBandwidth", update.iOMaximumBandwidth ?? 0 != 0),
        ]
        for (name, isSet) in unchangeable where isSet {
            throw .invalid("\(name) cannot be updated on a container that exists")
        }
    }
}
