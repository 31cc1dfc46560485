internal import JSON

/// The figures of one container at one moment, as `stats` shows them.
struct StatsSample: Equatable {
    var name = ""
    var id = ""
    var cpuPercent = 0.0
    var memory = 0.0
    var memoryLimit = 0.0
    var received = 0.0
    var sent = 0.0
    var blockRead = 0.0
    var blockWritten = 0.0
    var pids: Int64 = 0
    /// Whether the daemon sent figures; a stopped container has none.
    var isRunning = false
    /// Whether there was an earlier sample to take the CPU's share from.
    var hasBefore = false

    init() {}

    /// Reads what the API's stats say.
    ///
    /// Source: Docker Engine API 1.48, ContainerStats.
    init(_ json: JSONValue) {
        name = String((json["name"]?.stringValue ?? "").drop { $0 == "/" })
        id = json["id"]?.stringValue ?? ""
        let (cpu, before) = (json["cpu_stats"], json["precpu_stats"])
        let total = cpu?["cpu_usage"]?["total_usage"]?.doubleValue ?? 0
        let earlier = before?["cpu_usage"]?["total_usage"]?.doubleValue ?? 0
        let system = cpu?["system_cpu_usage"]?.doubleValue ?? 0
        let earlierSystem = before?["system_cpu_usage"]?.doubleValue ?? 0
        hasBefore = earlierSystem > 0
        isRunning = json["pids_stats"]?["current"] != nil || total > 0
        var cores = cpu?["online_cpus"]?.doubleValue ?? 0
        if cores == 0 { cores = Double(cpu?["cpu_usage"]?["percpu_usage"]?.arrayValue?.count ?? 1) }
        if total > earlier, system > earlierSystem {
            cpuPercent = (total - earlier) / (system - earlierSystem) * cores * 100
        }
        let statistics = json["memory_stats"]
        memory = statistics?["usage"]?.doubleValue ?? 0
        memoryLimit = statistics?["limit"]?.doubleValue ?? 0
        // Page cache that could go at once counts as free, as docker's client has it.
        let inactive = statistics?["stats"]?["total_inactive_file"] ?? statistics?["stats"]?["inactive_file"]
        if let inactive = inactive?.doubleValue, inactive < memory { memory -= inactive }
        for (_, network) in json["networks"]?.objectValue ?? [:] {
            received += network["rx_bytes"]?.doubleValue ?? 0
            sent += network["tx_bytes"]?.doubleValue ?? 0
        }
        for entry in json["blkio_stats"]?["io_service_bytes_recursive"]?.arrayValue ?? [] {
            let bytes = entry["value"]?.doubleValue ?? 0
            switch entry["op"]?.stringValue?.lowercased().first {
            case "r": blockRead += bytes
            case "w": blockWritten += bytes
            default: break
            }
        }
        pids = json["pids_stats"]?["current"]?.intValue ?? 0
    }

    func row(full: Bool) -> Listing.Row {
        func percent(_ number: Double) -> String { Human.formatted("%.2f%%", number) }
        let share = memoryLimit > 0 ? memory / memoryLimit * 100 : 0
        let shown: (String) -> JSONValue = { .string(isRunning ? $0 : "--") }
        return Listing.Row(fields: [
            "BlockIO": shown("\(Human.size(blockRead)) / \(Human.size(blockWritten))"),
            "CPUPerc": shown(percent(cpuPercent)), "Container": .string(full ? id : String(id.prefix(12))),
            "ID": .string(full ? id : String(id.prefix(12))), "MemPerc": shown(percent(share)),
            "MemUsage": isRunning
                ? .string("\(Human.binarySize(memory)) / \(Human.binarySize(memoryLimit))") : "-- / --",
            "Name": .string(name), "NetIO": shown("\(Human.size(received)) / \(Human.size(sent))"),
            "PIDs": shown("\(pids)"),
        ])
    }

    static func listing(_ samples: [StatsSample], full: Bool) -> Listing {
        Listing(
            headers: [
                ("Container", "CONTAINER"), ("ID", "CONTAINER ID"), ("Name", "NAME"), ("CPUPerc", "CPU %"),
                ("MemUsage", "MEM USAGE / LIMIT"), ("MemPerc", "MEM %"), ("NetIO", "NET I/O"),
                ("BlockIO", "BLOCK I/O"), ("PIDs", "PIDS"),
            ],
            table: "{{.ID}}\t{{.Name}}\t{{.CPUPerc}}\t{{.MemUsage}}\t{{.MemPerc}}\t{{.NetIO}}\t{{.BlockIO}}\t{{.PIDs}}",
            rows: samples.map { $0.row(full: full) })
    }
}
