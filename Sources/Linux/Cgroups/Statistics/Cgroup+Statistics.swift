extension Cgroup {
    /// Reads every counter of the group: some 20 small files on v1, 10 on v2.
    ///
    /// - Throws: ``CgroupError/kernel(doing:_:)``; files that are not there are counters that are not there.
    package func statistics() throws(CgroupError) -> CgroupStatistics {
        var statistics = CgroupStatistics()
        statistics.cpu = try cpuStatistics()
        statistics.memory = try memoryStatistics()
        statistics.pids = try pidsStatistics()
        statistics.blockIO = try blockIOStatistics()
        statistics.hugePages = try hugePagesStatistics()
        return statistics
    }

    /// A file of `controller` in this group.
    func text(_ file: String, of controller: ControllerName) throws(CgroupError) -> String? {
        guard let directory = directory(of: controller) else { return nil }
        return try GroupFile.read(directory + "/" + file)
    }

    func number(_ file: String, of controller: ControllerName) throws(CgroupError) -> UInt64? {
        Self.words(try text(file, of: controller)).first.flatMap { UInt64($0) }
    }

    /// A limit's file: `max` or v1's largest page count is no limit.
    func limit(_ file: String, of controller: ControllerName) throws(CgroupError) -> Limit {
        guard let word = Self.words(try text(file, of: controller)).first, let number = UInt64(word) else {
            return .unlimited
        }
        return number >= 0x7fff_ffff_ffff_0000 ? .unlimited : .at(number)
    }

    func isOnV1(_ controller: ControllerName) -> Bool {
        tree.mount(of: controller)?.hierarchy == .v1
    }

    private func pidsStatistics() throws(CgroupError) -> CgroupStatistics.Pids? {
        guard let current = try number("pids.current", of: .pids) else { return nil }
        return CgroupStatistics.Pids(current: current, limit: try limit("pids.max", of: .pids))
    }

    private func cpuStatistics() throws(CgroupError) -> CgroupStatistics.CPU {
        var cpu = CgroupStatistics.CPU()
        let figures = KeyedNumbers(try text("cpu.stat", of: .cpu) ?? "")
        cpu.periods = figures["nr_periods"] ?? 0
        cpu.throttledPeriods = figures["nr_throttled"] ?? 0
        cpu.bursts = figures["nr_bursts"] ?? 0
        guard isOnV1(.cpuacct) else {
            // v2 counts microseconds.
            cpu.throttled = (figures["throttled_usec"] ?? 0) &* 1000
            cpu.burst = (figures["burst_usec"] ?? 0) &* 1000
            cpu.total = (figures["usage_usec"] ?? 0) &* 1000
            cpu.user = (figures["user_usec"] ?? 0) &* 1000
            cpu.system = (figures["system_usec"] ?? 0) &* 1000
            return cpu
        }
        cpu.throttled = figures["throttled_time"] ?? 0
        cpu.burst = figures["burst_time"] ?? 0
        cpu.total = try number("cpuacct.usage", of: .cpuacct) ?? 0
        cpu.user = try number("cpuacct.usage_user", of: .cpuacct) ?? 0
        cpu.system = try number("cpuacct.usage_sys", of: .cpuacct) ?? 0
        cpu.perProcessor = try Self.words(text("cpuacct.usage_percpu", of: .cpuacct)).compactMap { UInt64($0) }
        for line in (try text("cpuacct.usage_all", of: .cpuacct) ?? "").split(separator: "\n").dropFirst() {
            let words = line.split(separator: " ")
            guard words.count == 3, let user = UInt64(words[1]), let system = UInt64(words[2]) else { continue }
            cpu.perProcessorUser.append(user)
            cpu.perProcessorSystem.append(system)
        }
        return cpu
    }

    private func hugePagesStatistics() throws(CgroupError) -> [CgroupStatistics.HugePages] {
        var all: [CgroupStatistics.HugePages] = []
        let onV1 = isOnV1(.hugetlb)
        for size in Self.hugePageSizes {
            let prefix = "hugetlb." + size
            guard let usage = try number(prefix + (onV1 ? ".usage_in_bytes" : ".current"), of: .hugetlb) else {
                continue
            }
            let failures =
                onV1
                ? try number(prefix + ".failcnt", of: .hugetlb)
                : KeyedNumbers(try text(prefix + ".events", of: .hugetlb) ?? "")["max"]
            all.append(
                CgroupStatistics.HugePages(
                    pageSize: size, usage: usage,
                    peak: onV1 ? try number(prefix + ".max_usage_in_bytes", of: .hugetlb) : nil,
                    failures: failures ?? 0))
        }
        return all
    }

    /// The machine's sizes of huge pages as the controller writes them, from `hugepages-2048kB` and such.
    static var hugePageSizes: [String] {
        children(of: "/sys/kernel/mm/hugepages").compactMap { name in
            guard name.hasPrefix("hugepages-"), name.hasSuffix("kB") else { return nil }
            guard let kilobytes = UInt64(name.dropFirst(10).dropLast(2)) else { return nil }
            if kilobytes >= 1 << 20 { return "\(kilobytes >> 20)GB" }
            return kilobytes >= 1 << 10 ? "\(kilobytes >> 10)MB" : "\(kilobytes)KB"
        }.sorted()
    }
}
