internal import Cgroups
internal import LinuxKernel

extension Limit {
    /// Nil when there is none.
    var number: UInt64? {
        if case .at(let number) = self { number } else { nil }
    }
}

extension Stats.CPU {
    init(_ cpu: CgroupStatistics.CPU, processors: Int) {
        self.init()
        usage.total = cpu.total
        usage.kernel = cpu.system
        usage.user = cpu.user
        usage.perCPU = cpu.perProcessor.isEmpty ? nil : cpu.perProcessor
        system = Self.systemUsage()
        online = processors
        throttling.periods = cpu.periods
        throttling.throttled = cpu.throttledPeriods
        throttling.time = cpu.throttled
    }

    /// Nanoseconds of all processors since boot.
    ///
    /// Source: proc_stat(5); USER_HZ is 100 on every architecture we run on.
    static func systemUsage() -> UInt64? {
        guard let bytes = try? WholeFile.read("/proc/stat") else { return nil }
        let line = String(decoding: bytes.prefix { $0 != 10 }, as: UTF8.self)
        let numbers = line.split(separator: " ").dropFirst().prefix(8).compactMap { UInt64($0) }
        return numbers.reduce(0, +) * 10_000_000
    }
}

extension Stats.Memory {
    /// `machine` is the memory of the machine, which is the limit of who has none.
    init(_ memory: CgroupStatistics.Memory, machine: Int64) {
        self.init()
        guard let counter = memory.memory else { return }
        usage = counter.usage
        maximum = counter.peak
        failures = counter.failures
        limit = min(counter.limit.number ?? .max, UInt64(machine))
        var all: [String: UInt64] = [:]
        for entry in memory.details.entries { all[entry.name] = entry.value }
        details = all
    }
}

extension Stats.BlockIO.Entry {
    init(_ entry: CgroupStatistics.BlockIO.Entry) {
        self.init(
            major: UInt64(entry.major), minor: UInt64(entry.minor), op: entry.operation.lowercased(), value: entry.value
        )
    }
}
