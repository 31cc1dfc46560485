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
    /// `name` stands in messages; `machine` is the number of processors of the largest machine, of which Google's requests
    /// are parts.
    ///
    /// - Throws: ``ManifestError`` with the line and the column of what cannot be read.
    package init(csv: String, name: String, machine: Double) throws(ManifestError) {
        let lines = csv.split(whereSeparator: \.isNewline)
        guard let first = lines.first else { throw ManifestError(name, "it is empty") }
        var rows = Rows(name: name)
        if first.hasPrefix("time,") {
            self.init(tasks: try Self.google(lines, &rows, machine: machine))
        } else {
            self.init(tasks: try Self.alibaba(lines, &rows))
        }
        guard !tasks.isEmpty else { throw ManifestError(name, "it has no task that ends") }
    }

    /// Cells as numbers, with the place of one that is none.
    private struct Rows {
        let name: String
        var line = 0
        var cells: [Substring] = []

        mutating func take(_ line: Substring, number: Int, columns: Int) throws(ManifestError) {
            self.line = number
            cells = line.split(separator: ",", omittingEmptySubsequences: false)
            guard cells.count == columns else {
                throw ManifestError("\(name): line \(number)", "expected \(columns) columns, not \(cells.count)")
            }
        }

        /// `fallback` for an empty cell, where there is one.
        func number(
            _ index: Int, _ column: String, upTo most: Double, default fallback: Double? = nil
        ) throws(ManifestError) -> Double {
            if cells[index].isEmpty, let fallback { return fallback }
            guard let value = Double(cells[index]), value >= 0, value <= most else {
                throw ManifestError(
                    "\(name): line \(line): \(column)", "expected a number from 0 to \(Figures.text(most))")
            }
            return value
        }
    }

    /// Thirty years: traces are of days or months.
    private static let longest = 1e9

    /// `task_name, instance_num, job_name, task_type, status, start_time, end_time, plan_cpu, plan_mem`: seconds,
    /// hundredths of a processor, hundredths of a machine's memory.
    ///
    /// Source: alibaba/clusterdata, cluster-trace-v2018, schema.txt.
    private static func alibaba(_ lines: [Substring], _ rows: inout Rows) throws(ManifestError) -> [Task] {
        var tasks: [Task] = []
        for (index, line) in lines.enumerated() {
            try rows.take(line, number: index + 1, columns: 9)
            let instances = Int(try rows.number(1, "instance_num", upTo: 1e6, default: 1))
            let start = try rows.number(5, "start_time", upTo: longest, default: 0)
            let end = try rows.number(6, "end_time", upTo: longest, default: 0)
            let cpu = try rows.number(7, "plan_cpu", upTo: 1e8, default: 50)
            let memory = try rows.number(8, "plan_mem", upTo: 1e6, default: 0.5)
            guard end >= start, start > 0 else { continue }  // the trace has tasks that never ended
            tasks.append(
                Task(
                    arrival: start, duration: max(1, end - start), name: "\(rows.cells[2])/\(rows.cells[0])",
                    user: "type-\(rows.cells[3])", cpu: cpu / 100, memory: min(1, memory / 100), instances: instances,
                    priority: -1))
        }
        return tasks
    }

    /// Columns by heading: `time` in microseconds, `type` (0 submit; 4 to 8 end), `collection_id`, `instance_index`,
    /// `priority`, `user`, `resource_request.cpus` and `.memory` as parts of the largest machine.
    ///
    /// Source: google/cluster-data, "Google cluster-usage traces v3".
    private static func google(
        _ lines: [Substring], _ rows: inout Rows, machine: Double
    ) throws(ManifestError) -> [Task] {
        let heading = lines[0].split(separator: ",", omittingEmptySubsequences: false).map(String.init)
        let name = rows.name
        func column(_ title: String) throws(ManifestError) -> Int {
            guard let index = heading.firstIndex(of: title) else {
                throw ManifestError("\(name): line 1", "there is no column \(title)")
            }
            return index
        }
        let (time, type) = (try column("time"), try column("type"))
        let (job, index) = (try column("collection_id"), try column("instance_index"))
        let (cpus, memory) = (try column("resource_request.cpus"), try column("resource_request.memory"))
        let (priority, user) = (try column("priority"), heading.firstIndex(of: "user"))
        var open: [String: Task] = [:]
        var tasks: [Task] = []
        for (number, line) in lines.enumerated().dropFirst() {
            try rows.take(line, number: number + 1, columns: heading.count)
            let at = try rows.number(time, "time", upTo: longest * 1e6)
            let kind = Int(try rows.number(type, "type", upTo: 100))
            let name = "\(rows.cells[job])/\(rows.cells[index])"
            if kind == 0 {
                open[name] = Task(
                    arrival: at / 1e6, duration: 0, name: name, user: user.map { String(rows.cells[$0]) } ?? "all",
                    cpu: try rows.number(cpus, heading[cpus], upTo: 1e3, default: 0) * machine,
                    memory: min(1, try rows.number(memory, heading[memory], upTo: 1e3, default: 0)), instances: 1,
                    priority: band(Int(try rows.number(priority, "priority", upTo: 1e6, default: 0))))
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
