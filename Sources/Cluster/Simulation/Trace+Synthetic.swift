extension Trace {
    /// A sample with the shapes that the published analyses report: heavy-tailed durations and sizes, most tasks small
    /// and short, few tenants with most of the work, arrivals that follow the day.
    ///
    /// Source: Tirmazi et al., "Borg: the Next Generation", 2020 (sections 4 to 6); Guo et al., "Who Limits the
    /// Resource Efficiency of My Datacenter", 2019.
    package static func synthetic(tasks count: Int, hours: Double, seed: UInt64) -> Trace {
        var random = Random(state: seed)
        var tasks: [Task] = []
        for number in 0..<count {
            let arrival = random.arrival(within: hours * 3600)
            let user = Int(8 * random.unit() * random.unit() * random.unit())
            let isProduction = random.unit() < 0.2
            tasks.append(
                Task(
                    arrival: arrival, duration: min(hours * 3600, 30 * random.pareto(0.9)), name: "job-\(number)/0",
                    user: "user-\(user)", cpu: min(16, 0.1 * random.pareto(0.9)),
                    memory: min(0.5, 0.002 * random.pareto(0.9)),
                    instances: Int(min(100, random.pareto(1.1))), priority: isProduction ? 1000 : -1))
        }
        return Trace(tasks: tasks)
    }

    /// The tasks as lines of Alibaba's `batch_task`.
    package var alibabaCSV: String {
        tasks.map { task in
            let parts = task.name.split(separator: "/").map(String.init)
            let end = Int(task.arrival + task.duration)
            return [
                parts.last ?? "", "\(task.instances)", parts.first ?? "",
                String(task.user.drop { $0 != "-" }.dropFirst()),
                "Terminated", "\(Int(task.arrival) + 1)", "\(end + 1)", Figures.text(task.cpu * 100),
                Figures.text(task.memory * 100),
            ].joined(separator: ",")
        }
        .joined(separator: "\n") + "\n"
    }

    private struct Random {
        var state: UInt64

        mutating func unit() -> Double {
            state &+= 0x9E37_79B9_7F4A_7C15
            var mixed = state
            mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
            mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
            return Double((mixed ^ (mixed >> 31)) >> 11) / 9_007_199_254_740_992
        }

        /// At least 1, with a heavy tail: by the method of inversion, the power taken by repeated roots.
        mutating func pareto(_ shape: Double) -> Double {
            let rest = max(1e-9, 1 - unit())
            return shape >= 1 ? 1 / rest : 1 / (rest * rest.squareRoot().squareRoot().squareRoot())
        }

        /// Twice as likely at midday as at midnight.
        mutating func arrival(within seconds: Double) -> Double {
            while true {
                let at = unit() * seconds
                let hour = (at / 3600).truncatingRemainder(dividingBy: 24)
                let weight = 0.5 + 0.5 * (1 - abs(hour - 12) / 12)
                if unit() < weight { return at }
            }
        }
    }
}
