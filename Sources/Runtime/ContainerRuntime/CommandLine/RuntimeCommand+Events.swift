internal import Cgroups
internal import Glibc
internal import JSON
internal import LinuxKernel
internal import RuntimeSpec

extension RuntimeCommand {
    /// Does `events`: a line of JSON for each event, until the container ends.
    func events() throws(RuntimeError) {
        let (state, status) = try launcher.status(of: id)
        guard status != .stopped else { throw .notAllowed(operation: "watch", id: id, status: status) }
        let cgroup = try launcher.needCgroup(state)
        if options.isOn("stats") { return try printFigures(cgroup) }
        let milliseconds = try interval()
        let pidfd = try launcher.openProcess(of: state, for: "watch")
        var watch: OOMWatch
        do { watch = try OOMWatch(cgroup) } catch { throw .cgroup(error) }
        while true {
            var waits = [
                pollfd(fd: pidfd.raw, events: Int16(POLLIN), revents: 0),
                pollfd(fd: watch.descriptor, events: Int16(POLLIN), revents: 0),
            ]
            let ready = poll(&waits, 2, milliseconds)
            if waits[0].revents != 0 { return }
            if ready > 0, waits[1].revents != 0, case .killed? = try? watch.drain() {
                print(type: "oom", nil)
            }
            if ready == 0 { try printFigures(cgroup) }
        }
    }

    private func printFigures(_ cgroup: Cgroup) throws(RuntimeError) {
        do {
            print(type: "stats", StatisticsReport.json(try cgroup.statistics()))
        } catch {
            throw .cgroup(error)
        }
    }

    private func print(type: String, _ data: JSONValue?) {
        var event = JSONObject()
        event["type"] = .string(type)
        event["id"] = .string(id)
        if let data { event["data"] = data }
        Output.print(.object(event))
    }

    /// Reads a duration such as `5s`, `500ms` or `1m`, in milliseconds.
    private func interval() throws(RuntimeError) -> Int32 {
        let text = options["interval"] ?? "5s"
        let units: [(String, Double)] = [("ms", 1), ("s", 1000), ("m", 60_000), ("h", 3_600_000)]
        for (suffix, factor) in units where text.hasSuffix(suffix) {
            guard let number = Double(text.dropLast(suffix.count)), number * factor >= 1, number * factor < 2e9 else {
                break
            }
            return Int32(number * factor)
        }
        throw .invalid("--interval: \"\(text)\" is not a duration such as 5s")
    }
}

/// The figures of a group as runc's `events` prints them, which is what engines read.
enum StatisticsReport {
    static func json(_ figures: CgroupStatistics) -> JSONValue {
        var report = JSONObject()
        report["cpu"] = cpu(figures.cpu)
        report["memory"] = memory(figures.memory)
        if let pids = figures.pids {
            var json = JSONObject()
            json["current"] = number(pids.current)
            if case .at(let limit) = pids.limit { json["limit"] = number(limit) }
            report["pids"] = .object(json)
        }
        report["blkio"] = blockIO(figures.blockIO)
        var pages = JSONObject()
        for size in figures.hugePages {
            pages[size.pageSize] = [
                "usage": number(size.usage), "max": number(size.peak ?? 0), "failcnt": number(size.failures),
            ]
        }
        report["hugetlb"] = .object(pages)
        report["intel_rdt"] = [:]
        report["network_interfaces"] = .null
        return .object(report)
    }

    private static func number(_ value: UInt64) -> JSONValue {
        Int64(exactly: value).map { .integer($0) } ?? .unsigned(value)
    }

    private static func cpu(_ cpu: CgroupStatistics.CPU) -> JSONValue {
        [
            "usage": [
                "total": number(cpu.total), "percpu": .array(cpu.perProcessor.map(number)),
                "percpu_kernel": .array(cpu.perProcessorSystem.map(number)),
                "percpu_user": .array(cpu.perProcessorUser.map(number)), "kernel": number(cpu.system),
                "user": number(cpu.user),
            ],
            "throttling": [
                "periods": number(cpu.periods), "throttledPeriods": number(cpu.throttledPeriods),
                "throttledTime": number(cpu.throttled),
            ],
        ]
    }

    private static func memory(_ memory: CgroupStatistics.Memory) -> JSONValue {
        func counter(_ counter: CgroupStatistics.MemoryCounter?) -> JSONValue {
            guard let counter else { return [:] }
            var limit = UInt64(Int64.max)
            if case .at(let bytes) = counter.limit { limit = bytes }
            return [
                "limit": number(limit), "usage": number(counter.usage), "max": number(counter.peak ?? 0),
                "failcnt": number(counter.failures),
            ]
        }
        var raw = JSONObject()
        for entry in memory.details.entries { raw[entry.name] = number(entry.value) }
        return [
            "cache": number(memory.cache), "usage": counter(memory.memory), "swap": counter(memory.swap),
            "kernel": counter(memory.kernel), "kernelTCP": counter(memory.kernelTCP), "raw": .object(raw),
        ]
    }

    private static func blockIO(_ blockIO: CgroupStatistics.BlockIO) -> JSONValue {
        func entries(_ entries: [CgroupStatistics.BlockIO.Entry]) -> JSONValue {
            .array(
                entries.map {
                    [
                        "major": .integer(Int64($0.major)), "minor": .integer(Int64($0.minor)),
                        "op": .string($0.operation), "value": number($0.value),
                    ]
                })
        }
        return [
            "ioServiceBytesRecursive": entries(blockIO.serviceBytes), "ioServicedRecursive": entries(blockIO.serviced),
            "ioQueueRecursive": entries(blockIO.queued), "ioServiceTimeRecursive": entries(blockIO.serviceTime),
            "ioWaitTimeRecursive": entries(blockIO.waitTime), "ioMergedRecursive": entries(blockIO.merged),
            "ioTimeRecursive": entries(blockIO.time), "sectorsRecursive": entries(blockIO.sectors),
        ]
    }
}
