internal import Glibc

/// The `cpu` controller.
///
/// Source: cgroup-v2.rst, "CPU"; scheduler/sched-bwc.rst; scheduler/sched-rt-group.rst.
package struct CPU: Controller {
    /// How v1's shares (2 to 262144, usually 1024) become v2's weight (1 to 10000, usually 100).
    package enum SharesConversion: Hashable, Sendable {
        /// End to end on a straight line: 1024 shares become weight 39. What runc, crun, and Kubernetes for its pods
        /// have done since v2 exists, so that groups of several runtimes compare; the default here for that reason.
        case linear
        /// Through the usual value: 1024 shares become weight 100. What runc and crun changed to in 2025.
        case throughDefault
    }

    /// Relative to the neighbours: 1024 is usual.
    package var shares: UInt64?
    package var sharesConversion = SharesConversion.linear
    /// Microseconds of CPU time per period.
    package var quota: Limit?
    /// Microseconds.
    package var period: UInt64?
    /// Microseconds of unused quota that may be saved up; Linux 5.14.
    package var burst: UInt64?
    /// Runs only when nobody else wants to; Linux 5.15.
    package var isIdle: Bool?
    /// Microseconds of realtime scheduling per `realtimePeriod`; v1 only, may be negative for no limit.
    package var realtimeRuntime: Int64?
    package var realtimePeriod: UInt64?

    package init() {}

    package static func names(on hierarchy: Hierarchy) -> [ControllerName] { [.cpu] }

    package func settings(on hierarchy: Hierarchy) throws(CgroupError) -> [Setting] {
        let remedyForBurst = "leave the burst out, or use Linux 5.14 or newer"
        var settings = hierarchy == .v1 ? bandwidthOnV1() : try bandwidthOnV2()
        if let burst {
            settings.append(
                Setting(hierarchy == .v1 ? "cpu.cfs_burst_us" : "cpu.max.burst", "\(burst)", remedy: remedyForBurst))
        }
        var weight: [Setting] = []
        if let shares, shares != 0 {
            weight.append(
                hierarchy == .v1
                    ? Setting("cpu.shares", "\(shares)")
                    : Setting("cpu.weight", "\(Self.weight(ofShares: shares, sharesConversion))"))
        }
        if let isIdle {
            let idle = Setting(
                "cpu.idle", isIdle ? "1" : "0", remedy: "leave idle out, or use Linux 5.15 or newer")
            // An idle group takes no weight: set the weight while it is not idle.
            weight.insert(idle, at: isIdle ? weight.endIndex : weight.startIndex)
        }
        return weight + settings
    }

    private func bandwidthOnV1() -> [Setting] {
        var settings: [Setting] = []
        if let realtimePeriod, realtimePeriod != 0 {
            settings.append(Setting("cpu.rt_period_us", "\(realtimePeriod)", remedy: Self.remedyForRealtime))
        }
        if let realtimeRuntime, realtimeRuntime != 0 {
            settings.append(Setting("cpu.rt_runtime_us", "\(realtimeRuntime)", remedy: Self.remedyForRealtime))
        }
        if let period, period != 0 { settings.append(Setting("cpu.cfs_period_us", "\(period)")) }
        if let quota, !quota.isUnset { settings.append(Setting("cpu.cfs_quota_us", quota.written(on: .v1))) }
        return settings
    }

    private static let remedyForRealtime =
        "leave realtime out, or use a kernel with CONFIG_RT_GROUP_SCHED"

    private func bandwidthOnV2() throws(CgroupError) -> [Setting] {
        if (realtimeRuntime ?? 0) != 0 || (realtimePeriod ?? 0) != 0 {
            throw .unsupported(controller: "cpu", knob: "realtime runtime", remedy: "cgroup v2 has none; leave it out")
        }
        let quota = quota.flatMap { $0.isUnset ? nil : $0.written(on: .v2) }
        let period = period.flatMap { $0 == 0 ? nil : "\($0)" }
        switch (quota, period) {
        case (nil, nil): return []
        case (let quota?, nil): return [Setting("cpu.max", quota)]
        case (let quota?, let period?): return [Setting("cpu.max", "\(quota) \(period)")]
        case (nil, let period?): return [Setting("cpu.max", period, keepsFirstWord: true)]
        }
    }

    /// The v2 weight that stands for `shares`.
    package static func weight(ofShares shares: UInt64, _ conversion: SharesConversion = .linear) -> UInt64 {
        let shares = min(max(shares, 2), 262_144)
        switch conversion {
        case .linear: return 1 + (shares - 2) * 9999 / 262_142
        case .throughDefault:
            if shares == 262_144 { return 10_000 }
            let logarithm = log2(Double(shares))
            let exponent = (logarithm * logarithm + 125 * logarithm) / 612.0 - 7.0 / 34.0
            return UInt64(min(max(pow(10.0, exponent).rounded(.up), 1), 10_000))
        }
    }
}
