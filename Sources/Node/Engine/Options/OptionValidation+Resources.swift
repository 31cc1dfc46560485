extension OptionValidation {
    /// - Throws: ``EngineError/invalid(_:)`` for limits that cannot hold.
    /// - Returns: warnings.
    func checkResources(_ host: HostConfig) throws(EngineError) -> [String] {
        try checkMemory(host)
        try checkProcessors(host)
        guard host.blkioWeight == 0 || (10...1000).contains(host.blkioWeight) else {
            throw .invalid("Range of blkio weight is from 10 to 1000")
        }
        for device in host.blkioWeightDevice ?? [] where device.weight != 0 && !(10...1000).contains(device.weight) {
            throw .invalid("Range of blkio weight is from 10 to 1000")
        }
        var warnings: [String] = []
        if host.kernelMemory ?? 0 != 0 || host.kernelMemoryTCP ?? 0 != 0 {
            warnings.append("Specifying a kernel memory limit is deprecated and the kernel ignores it.")
        }
        if host.oomKillDisable == true, host.memory == 0 {
            warnings.append(
                "OOM killer is disabled for the container, but no memory limit is set, this can result in the system "
                    + "running out of resources.")
        }
        return warnings
    }

    private func checkMemory(_ host: HostConfig) throws(EngineError) {
        guard host.memory == 0 || host.memory >= Self.leastMemory else {
            throw .invalid("Minimum memory limit allowed is 6MB")
        }
        if host.memory > 0, host.memorySwap > 0, host.memorySwap < host.memory {
            throw .invalid("Minimum memoryswap limit should be larger than memory limit, see usage")
        }
        if host.memory == 0, host.memorySwap > 0 {
            throw .invalid("You should always set the Memory limit when using Memoryswap limit, see usage")
        }
        if let swappiness = host.memorySwappiness, swappiness != -1, !(0...100).contains(swappiness) {
            throw .invalid("Invalid value: \(swappiness), valid memory swappiness range is 0-100")
        }
        guard host.memoryReservation == 0 || host.memoryReservation >= Self.leastMemory else {
            throw .invalid("Minimum memory reservation allowed is 6MB")
        }
        if host.memory > 0, host.memoryReservation > 0, host.memory < host.memoryReservation {
            throw .invalid("Minimum memory limit can not be less than memory reservation limit, see usage")
        }
    }

    private func checkProcessors(_ host: HostConfig) throws(EngineError) {
        if host.nanoCpus != 0 {
            if host.cpuPeriod != 0 {
                throw .invalid("Conflicting options: Nano CPUs and CPU Period cannot both be set")
            }
            if host.cpuQuota != 0 {
                throw .invalid("Conflicting options: Nano CPUs and CPU Quota cannot both be set")
            }
            guard host.nanoCpus >= 10_000_000, host.nanoCpus <= Int64(processors) * 1_000_000_000 else {
                throw .invalid(
                    "range of CPUs is from 0.01 to \(processors).00, as there are only \(processors) CPUs available")
            }
        }
        guard host.cpuPeriod == 0 || (1000...1_000_000).contains(host.cpuPeriod) else {
            throw .invalid("CPU cfs period can not be less than 1ms (i.e. 1000) or larger than 1s (i.e. 1000000)")
        }
        guard host.cpuQuota <= 0 || host.cpuQuota >= 1000 else {
            throw .invalid("CPU cfs quota can not be less than 1ms (i.e. 1000)")
        }
        guard host.cpuShares >= 0 else {
            throw .invalid("invalid CPU shares (\(host.cpuShares)): value must be a positive integer")
        }
        if host.cpuRealtimeRuntime != 0, host.cpuRealtimePeriod != 0, host.cpuRealtimeRuntime > host.cpuRealtimePeriod {
            throw .invalid("cpu real-time runtime cannot be higher than cpu real-time period")
        }
        guard let cpus = Self.numbers(host.cpusetCpus) else {
            throw .invalid("Invalid value \(host.cpusetCpus) for cpuset cpus")
        }
        guard cpus.allSatisfy({ $0 < processors }) else {
            throw .invalid(
                "Requested CPUs are not available - requested \(host.cpusetCpus), available: 0-\(processors - 1)")
        }
        guard Self.numbers(host.cpusetMems) != nil else {
            throw .invalid("Invalid value \(host.cpusetMems) for cpuset mems")
        }
    }

    /// The numbers of `0-2,7`; nil when it is not written so.
    static func numbers(_ list: String) -> [Int]? {
        var numbers: [Int] = []
        guard !list.isEmpty else { return [] }
        for part in list.split(separator: ",", omittingEmptySubsequences: false) {
            let ends = part.split(separator: "-", omittingEmptySubsequences: false).map { Int($0) }
            guard ends.count <= 2, let first = ends[0], let last = ends[ends.count - 1], first >= 0, first <= last,
                last < 65536
            else { return nil }
            numbers += first...last
        }
        return numbers
    }
}
