extension Cgroup {
    func blockIOStatistics() throws(CgroupError) -> CgroupStatistics.BlockIO {
        isOnV1(.blkio) ? try blockIOStatisticsOnV1() : CgroupStatistics.BlockIO(v2: try text("io.stat", of: .io) ?? "")
    }

    /// BFQ's counters where it runs, CFQ's on kernels that had it, else what the throttling layer counts.
    private func blockIOStatisticsOnV1() throws(CgroupError) -> CgroupStatistics.BlockIO {
        var blockIO = CgroupStatistics.BlockIO()
        blockIO.serviced = try entries("io_serviced_recursive")
        blockIO.serviceBytes = try entries("io_service_bytes_recursive")
        blockIO.serviceTime = try entries("io_service_time_recursive")
        blockIO.waitTime = try entries("io_wait_time_recursive")
        blockIO.merged = try entries("io_merged_recursive")
        blockIO.queued = try entries("io_queued_recursive")
        blockIO.time = try entries("time_recursive")
        blockIO.sectors = try entries("sectors_recursive")
        return blockIO
    }

    private func entries(_ name: String) throws(CgroupError) -> [CgroupStatistics.BlockIO.Entry] {
        for prefix in ["blkio.bfq.", "blkio.", "blkio.throttle."] {
            guard let text = try text(prefix + name, of: .blkio) else { continue }
            let entries = CgroupStatistics.BlockIO.entries(v1: text)
            if !entries.isEmpty { return entries }
        }
        return []
    }
}

extension CgroupStatistics.BlockIO {
    /// Lines `8:0 Read 4096`; the sum over all devices at the end has none and is left out.
    static func entries(v1 text: String) -> [Entry] {
        text.split(separator: "\n").compactMap { line in
            let words = line.split(separator: " ")
            guard words.count >= 2, let (major, minor) = device(words[0]) else { return nil }
            // `time` and `sectors` have no operation.
            guard let last = words.last, let value = UInt64(last) else { return nil }
            return Entry(
                major: major, minor: minor, operation: words.count == 3 ? String(words[1]) : "", value: value)
        }
    }

    /// `io.stat`: `8:0 rbytes=1 wbytes=2 rios=3 wios=4 dbytes=5 dios=6`, in v1's words.
    init(v2 text: String) {
        self.init()
        for line in text.split(separator: "\n") {
            let words = line.split(separator: " ")
            guard let first = words.first, let (major, minor) = Self.device(first) else { continue }
            for word in words.dropFirst() {
                let pair = word.split(separator: "=")
                guard pair.count == 2, let value = UInt64(pair[1]) else { continue }
                let entry = { Entry(major: major, minor: minor, operation: $0, value: value) }
                switch pair[0] {
                case "rbytes": serviceBytes.append(entry("Read"))
                case "wbytes": serviceBytes.append(entry("Write"))
                case "dbytes": serviceBytes.append(entry("Discard"))
                case "rios": serviced.append(entry("Read"))
                case "wios": serviced.append(entry("Write"))
                case "dios": serviced.append(entry("Discard"))
                default: continue
                }
            }
        }
    }

    private static func device(_ word: Substring) -> (UInt32, UInt32)? {
        let numbers = word.split(separator: ":")
        guard numbers.count == 2, let major = UInt32(numbers[0]), let minor = UInt32(numbers[1]) else { return nil }
        return (major, minor)
    }
}
