internal import Glibc

/// The two clocks of the shim, in nanoseconds.
enum Clocks {
    /// Since 1970, for people and files; may jump.
    static var wall: Int64 { read(CLOCK_REALTIME) }
    /// Never jumps; for intervals.
    static var steady: Int64 { read(CLOCK_MONOTONIC) }

    private static func read(_ clock: clockid_t) -> Int64 {
        var time = timespec()
        clock_gettime(clock, &time)
        return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }
}
