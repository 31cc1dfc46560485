/// Where the time of an operation went, stage by stage.
struct Stopwatch: Sendable, CustomStringConvertible {
    private(set) var laps: [(String, Duration)] = []
    private var last = ContinuousClock.now

    init() {}

    /// Ends a stage.
    mutating func lap(_ stage: String) {
        let now = ContinuousClock.now
        laps.append((stage, last.duration(to: now)))
        last = now
    }

    /// Adds what somebody else measured.
    mutating func add(_ others: [(String, Duration)]) {
        laps += others
        last = .now
    }

    /// Such as `prepare=0.38ms write=0.12ms`.
    var description: String {
        laps.map { stage, time in
            let microseconds = time.nanoseconds / 1000
            let fraction = String(microseconds % 1000)
            return "\(stage)=\(microseconds / 1000)." + String(repeating: "0", count: 3 - fraction.count) + fraction
                + "ms"
        }.joined(separator: " ")
    }
}
