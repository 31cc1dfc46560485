/// Whether a container is well, from the results of its probes; the shell runs the probes and the clock.
struct HealthMachine: Equatable, Sendable {
    enum Status: String, Sendable {
        case starting, healthy, unhealthy
    }

    /// How and how often to probe.
    struct Plan: Equatable, Sendable {
        var command: [String]
        var interval: Duration
        var timeout: Duration
        var startPeriod: Duration
        var startInterval: Duration
        var retries: Int

        /// Nil when there is nothing to probe.
        init?(_ config: HealthcheckConfig?, shell: [String]?) {
            guard let config, let test = config.test, let kind = test.first else { return nil }
            switch kind {
            case "CMD" where test.count > 1: command = Array(test.dropFirst())
            case "CMD-SHELL" where test.count > 1:
                command = (shell ?? ["/bin/sh", "-c"]) + [test.dropFirst().joined(separator: " ")]
            default: return nil
            }
            interval = Self.duration(config.interval, otherwise: .seconds(30))
            timeout = Self.duration(config.timeout, otherwise: .seconds(30))
            startPeriod = Self.duration(config.startPeriod, otherwise: .zero)
            startInterval = Self.duration(config.startInterval, otherwise: .seconds(5))
            retries = (config.retries ?? 0) == 0 ? 3 : config.retries ?? 3
        }

        private static func duration(_ nanoseconds: Int64?, otherwise: Duration) -> Duration {
            guard let nanoseconds, nanoseconds > 0 else { return otherwise }
            return .nanoseconds(nanoseconds)
        }
    }

    let plan: Plan
    let startedAt: Timestamp
    private(set) var status = Status.starting
    private(set) var failingStreak = 0
    private(set) var log: [HealthResult] = []

    private static let keptResults = 5
    private static let longestOutput = 4096

    init(_ plan: Plan, startedAt: Timestamp) {
        self.plan = plan
        self.startedAt = startedAt
    }

    /// How long to wait before the next probe.
    func waitBeforeProbe(now: Timestamp) -> Duration {
        isInStartPeriod(now) && status == .starting && plan.startPeriod > .zero ? plan.startInterval : plan.interval
    }

    /// Takes a probe's result; says the new status when it changed.
    ///
    /// A failure in the start period does not count; the first success ends that period.
    mutating func record(_ result: HealthResult) -> Status? {
        var kept = result
        if kept.output.utf8.count > Self.longestOutput {
            kept.output = String(decoding: kept.output.utf8.prefix(Self.longestOutput), as: UTF8.self)
        }
        log.append(kept)
        if log.count > Self.keptResults { log.removeFirst() }
        let before = status
        if result.exitCode == 0 {
            failingStreak = 0
            status = .healthy
        } else if !(status == .starting && isInStartPeriod(result.start)) {
            failingStreak += 1
            if failingStreak >= plan.retries { status = .unhealthy }
        }
        return status == before ? nil : status
    }

    private func isInStartPeriod(_ now: Timestamp) -> Bool { startedAt.duration(to: now) < plan.startPeriod }

    var health: Health {
        var health = Health()
        health.status = status.rawValue
        health.failingStreak = failingStreak
        health.log = log
        return health
    }
}
