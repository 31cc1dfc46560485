package import ClusterModel

/// Pods with arrival and duration, from a public cluster trace.
package struct Trace: Sendable {
    package struct Task: Sendable, Equatable {
        /// Seconds since the trace began.
        package var arrival: Double
        package var duration: Double
        package var name: String
        /// The tenant.
        package var user: String
        /// Processors of one instance.
        package var cpu: Double
        /// The part of a machine's memory that one instance asks for, from 0 to 1.
        package var memory: Double
        package var instances: Int
        package var priority: Int32

        package init(
            arrival: Double, duration: Double, name: String, user: String, cpu: Double, memory: Double, instances: Int,
            priority: Int32
        ) {
            self.arrival = arrival
            self.duration = duration
            self.name = name
            self.user = user
            self.cpu = cpu
            self.memory = memory
            self.instances = instances
            self.priority = priority
        }
    }

    /// By arrival.
    package var tasks: [Task]

    package init(tasks: [Task]) {
        self.tasks = tasks.sorted { ($0.arrival, $0.name) < ($1.arrival, $1.name) }
    }

    /// Reads Alibaba's `batch_task` of 2018 (no heading) or Google's `instance_events` of 2019 (with a heading).
    ///
    /// `machine` is the number of processors of the largest machine, of which Google's requests are parts.
    package init(csv: String, machine: Double) throws(ManifestError) {
        let lines = csv.split(whereSeparator: \.isNewline)
        guard let first = lines.first else { throw ManifestError("trace", "it is empty") }
        if first.hasPrefix("time,") {
            self.init(tasks: try Self.google(lines, machine: machine))
        } else {
            self.init(tasks: try Self.alibaba(lines))
        }
    }

    /// `task_name, instance_num, job_name, task_type, status, start_time, end_time, plan_cpu, plan_mem`: seconds,
    /// hundredths of a processor, hundredths of a machine's memory.
    ///
    /// Source: alibaba/clusterdata, cluster-trace-v2018, schema.txt.
    private static func alibaba(_ lines: [Substring]) throws(ManifestError) -> [Task] {
        var tasks: [Task] = []
        for (number, line) in lines.enumerated() {
            let cells = line.split(separator: ",", omittingEmptySubsequences: false)
            guard cells.count == 9, let instances = Int(cells[1]), let start = Double(cells[5]),
                let end = Double(cells[6])
            else { throw ManifestError("trace: line \(number + 1)", "expected the nine columns of batch_task") }
            guard end >= start, start > 0 else { continue }  // the trace has tasks that never ended
            tasks.append(
                Task(
                    arrival: start, duration: max(1, end - start), name: "\(cells[2])/\(cells[0])",
                    user: "type-\(cells[3])", cpu: (Double(cells[7]) ?? 50) / 100,
                    memory: min(1, (Double(cells[8]) ?? 0.5) / 100), instances: instances, priority: -1))
        }
        return tasks
    }

    /// Columns by heading: `time` in microseconds, `type` (0 submit; 4 to 8 end), `collection_id`, `instance_index`,
    /// `priority`, `user`, `resource_request.cpus` and `.memory` as parts of the largest machine.
    ///
    /// Source: google/cluster-data, "Google cluster-usage traces v3".
    private static func google(_ lines: [Substring], machine: Double) throws(ManifestError) -> [Task] {
        let heading = lines[0].split(separator: ",").map(String.init)
        func column(_ name: String) throws(ManifestError) -> Int {
            guard let index = heading.firstIndex(of: name) else { throw ManifestError("trace: line 1", "no \(name)") }
            return index
        }
        let (time, type) = (try column("time"), try column("type"))
        let (job, index) = (try column("collection_id"), try column("instance_index"))
        let (cpus, memory) = (try column("resource_request.cpus"), try column("resource_request.memory"))
        let (priority, user) = (try column("priority"), heading.firstIndex(of: "user"))
        var open: [String: Task] = [:]
        var tasks: [Task] = []
        for (number, line) in lines.enumerated().dropFirst() {
            let cells = line.split(separator: ",", omittingEmptySubsequences: false)
            guard cells.count == heading.count, let at = Double(cells[time]), let kind = Int(cells[type]) else {
                throw ManifestError("trace: line \(number + 1)", "expected \(heading.count) columns")
            }
            let name = "\(cells[job])/\(cells[index])"
            if kind == 0 {
                open[name] = Task(
                    arrival: at / 1e6, duration: 0, name: name, user: user.map { String(cells[$0]) } ?? "all",
                    cpu: (Double(cells[cpus]) ?? 0) * machine, memory: Double(cells[memory]) ?? 0, instances: 1,
                    priority: band(Int(cells[priority]) ?? 0))
            } else if (4...8).contains(kind), var task = open.removeValue(forKey: name) {
                task.duration = max(1, at / 1e6 - task.arrival)
                tasks.append(task)
            }
        }
        return tasks
    }

    /// The trace's tiers as our priorities: free, best-effort batch, mid, production, monitoring.
    private static func band(_ priority: Int) -> Int32 {
        switch priority {
        case ..<100: -2000
        case ..<116: -1
        case ..<120: 0
        case ..<360: 1000
        default: 1_000_000_000
        }
    }
}
