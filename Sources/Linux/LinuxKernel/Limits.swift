internal import CLinux
internal import Glibc

/// A resource that setrlimit(2) limits per process.
package enum LimitedResource: Int32, CaseIterable, Sendable {
    case cpu, fsize, data, stack, core, rss, nproc, nofile, memlock, `as`, locks, sigpending, msgqueue, nice, rtprio,
        rttime

    /// By its constant, such as `RLIMIT_NOFILE`.
    package init?(constant: String) {
        guard constant.hasPrefix("RLIMIT_"),
            let found = Self.allCases.first(where: { "\($0)" == constant.dropFirst(7).lowercased() })
        else { return nil }
        self = found
    }

    package var constant: String { "RLIMIT_" + "\(self)".uppercased() }
}

/// Scheduling, I/O priority and limits of the calling thread.
package enum Limits {
    /// - Throws: `EPERM` when `hard` is above the present one and `CAP_SYS_RESOURCE` is missing.
    package static func set(_ resource: LimitedResource, soft: UInt64, hard: UInt64) throws(SyscallError) {
        var limits = clinux_rlimit(soft: soft, hard: hard)
        try checkNegative("prlimit", resource.constant) { clinux_prlimit(0, resource.rawValue, &limits, nil) }
    }

    package static func current(_ resource: LimitedResource) throws(SyscallError) -> (soft: UInt64, hard: UInt64) {
        var limits = clinux_rlimit()
        try checkNegative("prlimit", resource.constant) { clinux_prlimit(0, resource.rawValue, nil, &limits) }
        return (limits.soft, limits.hard)
    }

    /// The scheduling policy and its numbers.
    ///
    /// Source: sched_setattr(2).
    package struct Scheduling: Hashable, Sendable {
        package var policy: UInt32
        package var flags: UInt64
        package var nice: Int32
        package var priority: UInt32
        package var runtime: UInt64
        package var deadline: UInt64
        package var period: UInt64

        package init(
            policy: UInt32, flags: UInt64 = 0, nice: Int32 = 0, priority: UInt32 = 0, runtime: UInt64 = 0,
            deadline: UInt64 = 0, period: UInt64 = 0
        ) {
            self.policy = policy
            self.flags = flags
            self.nice = nice
            self.priority = priority
            self.runtime = runtime
            self.deadline = deadline
            self.period = period
        }
    }

    package static func schedule(_ scheduling: Scheduling) throws(SyscallError) {
        var attributes = clinux_sched_attr(
            size: 48, policy: scheduling.policy, flags: scheduling.flags, nice: scheduling.nice,
            priority: scheduling.priority, runtime: scheduling.runtime, deadline: scheduling.deadline,
            period: scheduling.period)
        try checkNegative("sched_setattr") { clinux_sched_setattr(0, &attributes) }
    }

    /// Sets the I/O class (1 realtime, 2 best effort, 3 idle) and the level in it, of the calling thread.
    ///
    /// Source: ioprio_set(2).
    package static func setIOPriority(class kind: Int32, level: Int32) throws(SyscallError) {
        try checkNegative("ioprio_set") { clinux_ioprio_set(1, 0, kind << 13 | level) }
    }

    /// Confines `pid` (0: the caller) to these processors.
    package static func setAffinity(of pid: Int32 = 0, _ processors: [Int]) throws(SyscallError) {
        var mask = [UInt64](repeating: 0, count: (processors.max() ?? 0) / 64 + 1)
        for number in processors where number >= 0 { mask[number / 64] |= 1 << UInt64(number % 64) }
        let length = mask.count * 8
        try checkNegative("sched_setaffinity") { clinux_sched_setaffinity(pid, length, mask) }
    }
}
