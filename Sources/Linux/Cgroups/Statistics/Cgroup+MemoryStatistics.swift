extension Cgroup {
    func memoryStatistics() throws(CgroupError) -> CgroupStatistics.Memory {
        isOnV1(.memory) ? try memoryStatisticsOnV1() : try memoryStatisticsOnV2()
    }

    private func memoryStatisticsOnV1() throws(CgroupError) -> CgroupStatistics.Memory {
        var memory = CgroupStatistics.Memory()
        memory.details = KeyedNumbers(try text("memory.stat", of: .memory) ?? "")
        memory.cache = memory.details["total_cache"] ?? memory.details["cache"] ?? 0
        memory.memory = try counterOnV1("memory")
        memory.swap = try counterOnV1("memory.memsw")
        memory.kernel = try counterOnV1("memory.kmem")
        memory.kernelTCP = try counterOnV1("memory.kmem.tcp")
        memory.processesKilled = KeyedNumbers(try text("memory.oom_control", of: .memory) ?? "")["oom_kill"] ?? 0
        return memory
    }

    private func counterOnV1(_ prefix: String) throws(CgroupError) -> CgroupStatistics.MemoryCounter? {
        guard let usage = try number(prefix + ".usage_in_bytes", of: .memory) else { return nil }
        return CgroupStatistics.MemoryCounter(
            usage: usage, peak: try number(prefix + ".max_usage_in_bytes", of: .memory),
            limit: try limit(prefix + ".limit_in_bytes", of: .memory),
            failures: try number(prefix + ".failcnt", of: .memory) ?? 0)
    }

    private func memoryStatisticsOnV2() throws(CgroupError) -> CgroupStatistics.Memory {
        var memory = CgroupStatistics.Memory()
        memory.details = KeyedNumbers(try text("memory.stat", of: .memory) ?? "")
        memory.cache = memory.details["file"] ?? 0
        let events = KeyedNumbers(try text("memory.events", of: .memory) ?? "")
        memory.processesKilled = events["oom_kill"] ?? 0
        if let usage = try number("memory.current", of: .memory) {
            memory.memory = CgroupStatistics.MemoryCounter(
                usage: usage, peak: try number("memory.peak", of: .memory), limit: try limit("memory.max", of: .memory),
                failures: events["max"] ?? 0)
        }
        if let usage = try number("memory.swap.current", of: .memory) {
            memory.swap = CgroupStatistics.MemoryCounter(
                usage: usage, peak: try number("memory.swap.peak", of: .memory),
                limit: try limit("memory.swap.max", of: .memory),
                failures: KeyedNumbers(try text("memory.swap.events", of: .memory) ?? "")["max"] ?? 0)
        }
        return memory
    }
}
